"""Any file that the back office brings, turned into what can be shown and filed, with a verdict that says why.

    with Converter(cache) as converter:
        for taken in converter.take_all(files):
            taken.verdict.state, taken.filed, taken.view

Nothing here knows a database, a case or a court.
"""

from __future__ import annotations

from cobranza.legal.inputs.converter import Converter
from cobranza.legal.inputs.tools import InputToolMissing, Tools
from cobranza.legal.inputs.verdict import Finding, InputLimits, State, Taken, Verdict

__all__ = ["Converter", "Finding", "InputLimits", "InputToolMissing", "State", "Taken", "Tools", "Verdict"]
