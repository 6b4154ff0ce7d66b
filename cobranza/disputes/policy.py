"""What a person has to see, and what never ends by itself. Pure.

A robot may sort, link, hold and acknowledge. It never believes a new account number, never ties a stranger to
somebody's documents, and never closes a case of a category whose file says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from cobranza.disputes.linking import Linked, flat
from cobranza.disputes.ports import Alternative, Category, Hold, Judgement, ReadMail, Zone
from cobranza.kernel.errors import BusinessError

ACCOUNTS = frozenset({"iban", "clabe", "cbu", "cci"})
CALL_BACK = (
    "Posible fraude: no se cambia ninguna cuenta ni se contesta por correo. Llame a un número que constara antes en la "
    "ficha, nunca al del mensaje, y anote con quién habló."
)


class UnknownCategory(BusinessError):
    """The classifier names a category that has no file."""

    code = "COB-DIS-010"
    remedy = "Añada su fichero a classifiers/disputes/categories/ o vuelva a entrenar con «cobranza disputes train»."


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Whether a person has to look at a case, and why.

    Attributes:
        reasons: Spanish, the gravest first; empty when nobody has to.
        alert: In red: it may be a fraud.
    """

    reasons: tuple[str, ...] = ()
    alert: bool = False

    @property
    def wanted(self) -> bool:
        """Somebody has to."""
        return bool(self.reasons)


def category(categories: Mapping[str, Category], slug: str) -> Category:
    """The category of that name; raises `UnknownCategory`."""
    found = categories.get(slug)
    if found is None:
        raise UnknownCategory(f"No hay ninguna categoría «{slug}» (hay: {', '.join(sorted(categories))}).")
    return found


def new_accounts(mail: ReadMail, known: Collection[str]) -> tuple[str, ...]:
    """Account numbers that the sender's words, or what they hand over, name and that nobody knew before.

    Args:
        mail: As read.
        known: Our own accounts and those that the debtor has paid from, without separators.
    """
    ours = {flat(number) for number in known}
    named = (one for one in mail.entities if one.type in ACCOUNTS and one.zone in (Zone.NEW, Zone.FORWARDED))
    return tuple(dict.fromkeys(one.value or one.text for one in named if flat(one.value or one.text) not in ours))


def outrank(judgement: Judgement, accounts: Sequence[str], categories: Mapping[str, Category]) -> Judgement:
    """The judgement that counts: a message with an account nobody knew is a change of bank details, whatever it says.

    The classifier does this too; here it holds for any classifier.
    """
    watched = [slug for slug, entry in categories.items() if entry.needs_callback]
    if not accounts or not watched or judgement.label in watched:
        return judgement
    top = watched[0]
    others = tuple(one for one in judgement.alternatives if one.label != top)
    return replace(
        judgement,
        label=top,
        secondary=judgement.secondary or judgement.label,
        confidence=1.0,
        alternatives=(Alternative(label=top, confidence=1.0), *others)[:3],
        abstain=False,
        reasons=(f"Nombra una cuenta que no consta: {', '.join(accounts[:3])}", *judgement.reasons),
    )


def review(judgement: Judgement, entry: Category, linked: Linked, names: Mapping[str, str]) -> Review:
    """Why a person has to look at a new case, if at all.

    Args:
        judgement: What counts, see `outrank`.
        entry: Its category.
        linked: What it was tied to.
        names: Spanish names of the categories.
    """
    reasons: list[str] = []
    if entry.needs_callback:
        reasons.append(CALL_BACK)
    if judgement.abstain:
        likely = [
            f"{names.get(one.label, one.label)} ({_percent(one.confidence)})" for one in judgement.alternatives[:3]
        ]
        reasons.append(f"No está claro qué pide: {', '.join(likely)}")
    if linked.suggested:
        numbers = ", ".join(document.number for document in linked.suggested[:5])
        reasons.append(f"Nombra documentos de otro deudor ({numbers}): compruebe quién escribe antes de unirlos")
    elif linked.party is None and (linked.candidates or entry.hold is not Hold.NONE):
        reasons.append("No se sabe de qué deudor es")
    if linked.party is not None and entry.hold is not Hold.NONE:
        doubtful = [one for one in linked.named if not one.sure]
        if doubtful:
            numbers = ", ".join(one.document.number for one in doubtful)
            reasons.append(f"No dice con exactitud el documento; parece {numbers}")
        elif not linked.named and entry.hold is Hold.DISPUTED_AMOUNT and not linked.suggested:
            reasons.append("No dice qué documento discute")
    return Review(reasons=tuple(reasons), alert=entry.needs_callback)


def closes_by_itself(entry: Category | None) -> bool:
    """Whether solving the ticket at the desk ends the case here, or a person has to say so.

    A category whose file is gone is not trusted to.
    """
    return entry is not None and not entry.never_automatic and not entry.needs_callback


def due(received: datetime, entry: Category) -> datetime | None:
    """By when somebody must have answered; None without a service level."""
    return received + timedelta(hours=entry.sla_hours) if entry.sla_hours else None


def _percent(confidence: float) -> str:
    return f"{Decimal(str(round(confidence * 100)))} %"
