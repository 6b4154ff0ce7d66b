"""Why a bank gave a collection back, read from what its movement says: the detail's code, the text, the bank's mark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from cobranza.kernel.spanish import plain
from cobranza.ledger.models import Movement
from cobranza.regimes.payments import wording
from cobranza.regimes.returns import Category, ReturnCode, return_codes

_PUNCTUATION = re.compile(r"[^A-Z0-9]+")
_NO_REASON = "Devolución sin motivo conocido"
_ASK_THE_BANK = "Pregunte a su banco por qué lo devolvieron."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReason:
    """What a movement says about its return.

    Attributes:
        code: The bank's ("AM04"), "" when it says only that it is a return.
        text: In Spanish.
        category: What it says about the debt; a value of `regimes.returns.Category`.
        may_retry: Presenting it again, once our own data are right, makes sense without asking the debtor first.
        advice: What to do, in Spanish.
        told_by: "detail" (a structured field), "text" (the code or its words in the text) or "mark" (the bank's code of
            the movement, or the word "devolución").
    """

    code: str
    text: str
    category: str
    may_retry: bool
    advice: str
    told_by: str


def read(movement: Movement, amount: Decimal | None = None) -> ReturnReason | None:
    """The reason that a movement gives; None when nothing in it says that something came back.

    Args:
        movement: Any.
        amount: Of the return that is meant, where the movement holds several.
    """
    known = return_codes()
    codes = _detail_codes(movement, amount)
    if codes:
        code = codes[0] if len(codes) == 1 else ""  # several reasons, and nothing tells which is meant
        found = known.reasons.get(code)
        return _reason(found, "detail") if found is not None else _unknown(code, "detail")
    text = _PUNCTUATION.sub(" ", plain(f"{movement.text} {movement.reference}"))
    marked = _marked(movement) or _said(text)
    if not marked:
        return None
    written = _code_in(text) or next((to for words, to in known.phrases if _holds(text, words)), "")
    if written:
        return _reason(known.reasons[written], "text")
    return _unknown("", "mark")


def _detail_codes(movement: Movement, amount: Decimal | None) -> list[str]:
    details: list[dict[str, Any]] = movement.details if isinstance(movement.details, list) else []
    coded = [detail for detail in details if detail.get("return_reason")]
    if amount is not None and len(coded) > 1:
        coded = [one for one in coded if one.get("amount") and abs(Decimal(str(one["amount"]))) == abs(amount)] or coded
    return sorted({str(detail["return_reason"]).strip().upper() for detail in coded})


def _marked(movement: Movement) -> bool:
    """The bank's own code of the movement says that it is a return."""
    known, code = return_codes(), movement.bank_code.upper()
    first, _, rest = code.partition("/")
    if first.isdigit():
        return first in known.n43
    if rest and len(first) == 4:
        return code.rsplit("/", 1)[-1] in known.camt
    return bool({first, rest} & known.mt940)


def _said(text: str) -> bool:
    """The text says so in words: those that matching listens for, and some more."""
    return any(_holds(text, word) for word in (*wording().hints["return"], *return_codes().words))


def _code_in(text: str) -> str:
    found = _codes().search(text)
    return found[0] if found else ""


@cache
def _codes() -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Z0-9])(?:{'|'.join(sorted(return_codes().reasons))})(?![A-Z0-9])")


def _holds(text: str, words: str) -> bool:
    return f" {words} " in f" {text} "


def _reason(found: ReturnCode, told_by: str) -> ReturnReason:
    return ReturnReason(
        code=found.code,
        text=found.text,
        category=str(found.category),
        may_retry=found.may_retry,
        advice=found.advice,
        told_by=told_by,
    )


def _unknown(code: str, told_by: str) -> ReturnReason:
    return ReturnReason(
        code=code,
        text=f"{_NO_REASON} ({code})" if code else _NO_REASON,
        category=str(Category.UNKNOWN),
        may_retry=False,
        advice=_ASK_THE_BANK,
        told_by=told_by,
    )
