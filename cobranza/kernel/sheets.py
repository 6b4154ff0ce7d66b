"""Text that goes into cells: nothing that somebody wrote to us may become a formula."""

from __future__ import annotations

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_CONTROL = {code: None for code in range(32) if code not in (9, 10, 13)}


def harmless(text: str) -> str:
    """The text as a cell may hold it: with an apostrophe before it when a spreadsheet would take it for a formula.

    Source: OWASP, CSV injection.

    >>> harmless("=cmd|' /C calc'!A0"), harmless("Pago F-1"), harmless("-5 %")
    ("'=cmd|' /C calc'!A0", 'Pago F-1', "'-5 %")
    """
    clean = text.translate(_CONTROL)
    return "'" + clean if clean.lstrip(" ").startswith(_STARTERS) else clean
