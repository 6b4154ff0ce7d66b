"""Everything that is no PDF: who makes a PDF of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cobranza.legal.inputs.verdict import Verdict, reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job


def convert(job: Job) -> Verdict:
    """The verdict on a file that is no PDF, with its PDF in `out/`.

    Raises:
        Rejected: nobody takes that kind of file, or the file is broken or goes over a limit.
    """
    raise reject(
        "formato", f"No se admite este tipo de fichero ({job.media_type}).", "Guárdelo como PDF y tráigalo así."
    )
