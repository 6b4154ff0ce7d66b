"""Paying on a page: what was chosen, laid on invoices, and the gateway's charge for it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from cobranza.agreements import workflow as agreements
from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.ledger.events import record
from cobranza.ledger.models import Debtor
from cobranza.payments import accounts
from cobranza.payments import workflow as payments
from cobranza.payments.models import Charge
from cobranza.payments.ports import ChargeState
from cobranza.portal import account
from cobranza.portal.account import Account
from cobranza.portal.visit import ROBOT, Visit
from cobranza.portal.workflow import ONCE, StaleForm

_SHOWN = timedelta(days=90)
_OPEN = (ChargeState.ASKED.value, ChargeState.PENDING.value, ChargeState.FAILED.value)
_MOST_LOOK_UPS = 3


class NothingToPay(BusinessError):
    """What was chosen is not owed now."""

    code = "COB-PDE-004"
    remedy = "Vuelva a abrir la página: el saldo ha cambiado."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be paid: invoice's id → amount, and the agreement whose instalment it is."""

    currency: str
    parts: Mapping[int, Decimal]
    agreement: int | None = None


def whole(found: Account) -> Wish:
    """All that is free to pay."""
    return part(found, found.free)


def part(found: Account, amount: Decimal) -> Wish:
    """An amount, laid on the oldest invoices first.

    Raises:
        NothingToPay: zero, or more than is owed.
    """
    if amount <= 0:
        raise NothingToPay(_("El importe tiene que ser mayor que cero."))
    if amount > found.free:
        raise NothingToPay(_("El importe pasa de lo que puede pagar ahora."))
    return Wish(currency=found.currency, parts=account.spread(amount, found.payable))


def invoices(found: Account, chosen: Collection[str]) -> Wish:
    """Whole invoices of this account; what is not of it is not found."""
    parts = {each.id: each.free for each in found.payable if str(each.id) in chosen}
    if not parts:
        raise NothingToPay(_("Esa factura no tiene nada pendiente de pagar."))
    total = sum(parts.values(), Decimal(0))
    if total > found.free:  # a credit note covers some of it
        return part(found, found.free)
    return Wish(currency=found.currency, parts=parts)


def instalment(found: Account, chosen: str) -> Wish:
    """The next payment of a running agreement, laid on the invoices that it covers."""
    for plan in found.plans:
        if plan.next is not None and str(plan.next.id) == chosen and (parts := agreements.to_pay(plan.agreement)):
            return Wish(currency=found.currency, parts=parts, agreement=plan.agreement.pk)
    raise NothingToPay(_("Ese plazo ya no está pendiente."))


def start(visit: Visit, number: str, wish: Wish, *, back_url: str) -> int:
    """Ask the gateway for a page; the same form gives the same charge. Returns its id.

    Raises:
        StaleForm: the form has no number.
        CannotPay: see `cobranza.payments.workflow.start`, as for the others.
    """
    if not ONCE.fullmatch(number):
        raise StaleForm("El formulario no trae su número.")
    key = f"portal:{visit.link.pk}:{number}"
    there = Charge.objects.filter(key=key, debtor=visit.debtor).first()
    if there is not None and there.url:
        return there.pk
    started = payments.start(
        visit.debtor, wish.parts, wish.currency, key=key, back_url=back_url, actor=ROBOT, agreement=wish.agreement
    )
    payload = {"link": visit.link.pk, "charge": started.charge_pk}
    record("portal.pays", visit.debtor, payload, ROBOT, creditor=visit.creditor.pk)
    return started.charge_pk


def online(visit: Visit, currency: str) -> bool:
    """Whether a payment in that currency could be started now."""
    return accounts.can_take(visit.creditor.key, currency)


def can_pay(charge: Charge) -> bool:
    """Whether the gateway's page may still be opened."""
    return charge.state in _OPEN and bool(charge.url) and clock.now() < charge.expires_at


def open_now(debtor: Debtor) -> list[Charge]:
    """Payments that were begun and can still be made."""
    rows = Charge.objects.filter(debtor=debtor, state__in=_OPEN, expires_at__gt=clock.now()).exclude(url="")
    return list(rows.order_by("-asked_at"))


def recent(debtor: Debtor) -> list[Charge]:
    """Payments of the last months, the latest first."""
    rows = Charge.objects.filter(debtor=debtor, asked_at__gt=clock.now() - _SHOWN)
    return list(rows.exclude(url="").order_by("-asked_at")[:20])


def look_up(debtor: Debtor) -> None:
    """Ask the gateway about payments that are open, so that who comes back sees what is true; it may be silent."""
    for row in open_now(debtor)[:_MOST_LOOK_UPS]:
        with contextlib.suppress(ApplicationError, BusinessError):
            payments.refresh(row)


def words(charge: Charge) -> tuple[str, str]:
    """How a payment stands, and a tone. Paid is said only when the gateway has confirmed it."""
    state = ChargeState(charge.state)
    if state in (ChargeState.ASKED, ChargeState.PENDING):
        if clock.now() >= charge.expires_at:
            return _("Caducado: no se ha cobrado nada"), "quiet"
        return _("Pendiente de confirmar"), "wait"
    return {
        ChargeState.PAID: (
            _("Pagado y contabilizado") if charge.settled_at else _("Pagado: confirmado por la pasarela"),
            "good",
        ),
        ChargeState.FAILED: (_("No se pudo cobrar"), "bad"),
        ChargeState.EXPIRED: (_("Caducado: no se ha cobrado nada"), "quiet"),
        ChargeState.REFUNDED: (_("Devuelto"), "quiet"),
        ChargeState.DISPUTED: (_("Reclamado a su banco"), "wait"),
    }[state]
