"""Agreeing on a page: what is offered, the text that is accepted, and its proof."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cobranza.agreements import workflow as agreements
from cobranza.agreements.offers import Scenario
from cobranza.agreements.terms import AgreementError, Kind, Proposal
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.ledger import conversation
from cobranza.ledger.agreements import AgreementConflict
from cobranza.ledger.models import Agreement, Invoice
from cobranza.portal import formats
from cobranza.portal.account import Account
from cobranza.portal.models import Submission
from cobranza.portal.settings import PortalSettings
from cobranza.portal.visit import ROBOT, Visit
from cobranza.portal.workflow import CHANNEL, StaleForm, once


class OtherTerms(BusinessError):
    """What is accepted is not what would be concluded now."""

    code = "COB-PDE-006"
    remedy = "Vuelva a mirar las opciones: el saldo o el día han cambiado."


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to settle that this debtor may choose now.

    Attributes:
        key: Names exactly these days and amounts.
        text: What is accepted, whole, in the debtor's language.
        digest: SHA-256 of `text`: the form brings it back, so that nothing else is ever accepted.
    """

    key: str
    currency: str
    proposal: Proposal
    title: str
    text: str

    @property
    def digest(self) -> str:
        """See the class."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @property
    def waived(self) -> Money:
        """What is given up when it is kept to the end."""
        return self.proposal.waived.total


def options(visit: Visit, account: Account) -> list[Option]:
    """What may be chosen in one currency; nothing when nothing is overdue that is free to agree about."""
    try:
        found = agreements.offer(visit.debtor, account.currency, today=visit.today)
        covers = _covers(visit, account.currency)
    except AgreementError:
        return []
    return [_option(visit, account.currency, each, covers) for each in found]


def _covers(visit: Visit, currency: str) -> list[str]:
    """The invoices that an agreement would settle, with how much of each."""
    covers = agreements.owed_by(visit.debtor, currency, visit.today).covers
    rows = Invoice.objects.filter(pk__in=list(covers)).order_by("due_on", "number")
    return [f"{row.number} ({formats.money(covers[row.pk], currency, visit.country)})" for row in rows]


def _named(name: str, tax_id: str) -> str:
    return f"{name} ({tax_id})" if tax_id else name


def find(visit: Visit, accounts: tuple[Account, ...], key: str) -> Option | None:
    """The option of that key, as it would be concluded at this second."""
    return next((each for account in accounts for each in options(visit, account) if each.key == key), None)


def accept(visit: Visit, option: Option, number: str, digest: str, *, rules: PortalSettings) -> Submission:
    """Conclude what was read: the text with its hash, the second and the visit are the proof.

    Raises:
        OtherTerms: the text that was read is not the one of these terms, or they are not offered any more.
        StaleForm: the form has no number.
        TooOften: too much in an hour.
    """
    if not hmac.compare_digest(digest.encode("utf-8", "replace"), option.digest.encode("ascii")):
        raise OtherTerms("El texto aceptado no es el de este acuerdo.")

    def act(made: Submission) -> dict[str, Any]:
        word = conversation.note(
            f"portal:acepta:{made.key}",
            channel=CHANNEL,
            direction="in",
            subject=option.title,
            text=f"{option.text}\n\n{accepted_words()}",
            at=made.made_at,
            actor=ROBOT,
            debtor=visit.debtor,
            reference=f"envio:{made.pk}",
        )
        conversation.handled(word, by=CHANNEL)
        proof = f"{visit.mark}, formulario {made.key}, texto aceptado SHA-256 {option.digest}, comunicación {word.pk}"
        try:
            done = agreements.accept(
                visit.debtor, option.currency, option.key, channel=CHANNEL, proof=proof, actor=ROBOT, today=visit.today
            )
        except (AgreementError, AgreementConflict) as exc:
            raise OtherTerms(exc.message) from exc
        concluded = isinstance(done, Agreement)
        return {"agreement" if concluded else "waiting": done.pk, "text": option.digest}

    content = {"key": option.key, "text": option.digest}
    return once(visit, "acuerdo", number, content, act, rules=rules)


def accepted_words() -> str:
    """What ticking the box says."""
    return _("He leído este acuerdo y lo acepto.")


def _option(visit: Visit, currency: str, scenario: Scenario, covers: Iterable[str]) -> Option:
    proposal = scenario.proposal
    title = _title(visit, proposal)
    return Option(
        key=agreements.key_of(scenario),
        currency=currency,
        proposal=proposal,
        title=title,
        text="\n".join(_lines(visit, title, proposal, covers)),
    )


def _title(visit: Visit, proposal: Proposal) -> str:
    count = len(proposal.instalments)
    if proposal.kind is Kind.FULL:
        return _("Pagarlo todo antes del %(day)s") % {"day": _day(visit, proposal, 0)}
    if proposal.kind is Kind.PROMISE:
        return _("Pagarlo todo el %(day)s") % {"day": _day(visit, proposal, 0)}
    if proposal.kind is Kind.PART:
        return _("Una parte ahora y el resto el %(day)s") % {"day": _day(visit, proposal, -1)}
    return _("En %(count)d pagos") % {"count": count}


def _lines(visit: Visit, title: str, proposal: Proposal, covers: Iterable[str]) -> Iterator[str]:
    """The whole text; every figure is of the proposal itself."""
    yield _("Acuerdo de pago, %(day)s") % {"day": formats.long_day(visit.today, visit.language)}
    yield _("Acreedor: %(name)s") % {"name": _named(visit.creditor.name, visit.creditor.tax_id)}
    yield _("Deudor: %(name)s") % {"name": _named(visit.debtor.name, visit.debtor.tax_id)}
    yield _("Facturas: %(list)s") % {"list": ", ".join(covers)}
    yield f"{title}:"
    for row in proposal.instalments:
        yield _("- %(day)s: %(amount)s") % {
            "day": formats.long_day(row.due, visit.language),
            "amount": _money(visit, row.amount),
        }
    yield _("Total: %(amount)s.") % {"amount": _money(visit, proposal.total)}
    if proposal.deferral.amount:
        yield _("De ese total, %(amount)s son intereses por pagar a plazos.") % {
            "amount": _money(visit, proposal.deferral)
        }
    given_up = (
        (proposal.waived.interest, _("de intereses de demora")),
        (proposal.waived.costs, _("de gastos")),
        (proposal.waived.principal, _("de lo que debe")),
    )
    for money, what in given_up:
        if money.amount:
            yield _("Si se paga entero y en sus días, se le perdonan %(amount)s %(what)s.") % {
                "amount": _money(visit, money),
                "what": what,
            }
    yield _("Mientras se cumpla no recibirá recordatorios de la deuda; sí un aviso antes de cada pago.")
    yield _("Si un pago no se hace, hablaremos con usted; lo que quede sin pagar se seguirá debiendo.")
    yield _("Aceptarlo no le impide reclamar lo que crea incorrecto.")


def _money(visit: Visit, money: Money) -> str:
    return formats.money(money.amount, money.currency, visit.country)


def _day(visit: Visit, proposal: Proposal, index: int) -> str:
    return formats.long_day(proposal.instalments[index].due, visit.language)


__all__ = ["Option", "OtherTerms", "StaleForm", "accept", "accepted_words", "find", "options"]
