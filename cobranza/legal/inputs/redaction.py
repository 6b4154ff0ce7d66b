"""Redaction that removes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cobranza.legal.inputs.pdfa import Made
from cobranza.legal.inputs.verdict import reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job


def redact(job: Job, made: Made) -> Made:
    """Take the strings of the job out of `made`."""
    raise reject("tachado", "Todavía no se puede tachar.", "Táchelo a mano.")
