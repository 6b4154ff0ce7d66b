"""Paying through a gateway: start it, hear what the gateway says, look up what became of it.

Whatever comes twice, late or in the wrong order ends alike (`holding`). A started charge is written down before the
gateway is asked, with the key that the gateway keeps too: after a lost answer the same order gives the same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.kernel.money import Money, minor_units
from cobranza.kernel.spanish import write_money
from cobranza.ledger import holds
from cobranza.ledger.columns import ZERO
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Invoice
from cobranza.payments import accounts, holding
from cobranza.payments.booking import reconcile
from cobranza.payments.models import Charge, ChargePart, Heard
from cobranza.payments.ports import ChargeState, Checkout, GatewayRefused, Told
from cobranza.payments.settings import payment_settings

__all__ = ["CannotPay", "Started", "hear", "reconcile", "refresh", "refresh_open", "start", "state"]

_OPEN = (ChargeState.ASKED.value, ChargeState.PENDING.value, ChargeState.FAILED.value)


class CannotPay(BusinessError):
    """What somebody wants to pay is not owed, or another payment of it is under way."""

    code = "COB-PAG-005"
    remedy = "Vuelva a abrir la página: el saldo ha cambiado, o hay otro pago empezado."


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A payment that can be made now: the charge's id in our tables and the gateway's page."""

    charge_pk: int
    url: str


def start(
    debtor: Debtor,
    invoices: Mapping[int, Decimal],
    currency: str,
    *,
    key: str,
    back_url: str,
    actor: Actor,
    agreement: int | None = None,
) -> Started:
    """A page at the gateway on which exactly this is paid.

    The same key is the same charge. Another key for the same parts, while the first page is open, gives that page
    again: somebody who went back and chose anew pays once.

    Args:
        invoices: Invoice's id → amount in major units, no more than is free of it.
        key: Idempotency key, unique for ever.
        back_url: Our page; coming back to it proves nothing.
        actor: Who asks, "portal" mostly.
        agreement: Whose instalment is paid.

    Raises:
        CannotPay: nothing is owed of it, or another charge for one of the invoices is under way or paid.
        NoGateway: no account takes it.
        GatewayRefused: the account does not.
        GatewayDown: ask again with the same key.
    """
    if not key or len(key) > 120 or not invoices:
        raise CannotPay("No se dice qué se paga.")
    charge = _asked(debtor, dict(invoices), currency, key, back_url, actor, agreement)
    if charge.state not in _OPEN or clock.now() >= charge.expires_at:
        raise CannotPay("Este pago ya se hizo o ha caducado.")
    if charge.url:
        return Started(charge_pk=charge.pk, url=charge.url)
    account = accounts.named(charge.gateway)
    text = payment_settings().texto.replace("{acreedor}", debtor.creditor.name)
    asked = Checkout(
        key=charge.key,
        money=Money(charge.currency, charge.amount),
        text=text,
        back_url=charge.back_url,
        expires_at=charge.expires_at,
    )
    try:
        page = account.checkout(asked)
    except GatewayRefused as exc:
        _told(charge.pk, Told(charge_id="", state=ChargeState.FAILED, at=clock.now(), reason=exc.message))
        raise
    with transaction.atomic():
        charge = _locked(charge.pk)
        charge.charge_id, charge.url = page.charge_id, page.url
        if charge.state == ChargeState.ASKED.value:
            charge.state = ChargeState.PENDING.value
        holding.keep(charge, "charge.page")
    return Started(charge_pk=charge.pk, url=page.url)


def hear(slug: str, headers: Mapping[str, str], body: bytes, url: str) -> int:
    """One call to our webhook; a second delivery changes nothing.

    Args:
        slug: Account of `config/gateways.toml`.
        headers: As they came, any case.
        body: Raw.
        url: The whole address that was called, as the gateway knows it.

    Returns:
        How many charges it changed.

    Raises:
        ForgedCall: wrong signature, or too old.
        NoGateway: no such account.
        GatewayDown: it could not be read now; the gateway calls again.
    """
    account, count = accounts.named(slug), 0
    for told in account.events(headers, body, url):
        count += _heard(slug, told)
    return count


def state(charge_pk: int) -> ChargeState:
    """What became of a charge, as far as we know now.

    Raises:
        Charge.DoesNotExist: there is none.
    """
    return ChargeState(Charge.objects.values_list("state", flat=True).get(pk=charge_pk))


def refresh(charge: Charge | int) -> Charge:
    """Ask the gateway what became of a charge.

    Raises:
        GatewayDown: it cannot be asked now; nothing changed.
    """
    row = Charge.objects.get(pk=charge.pk if isinstance(charge, Charge) else charge)
    told = accounts.named(row.gateway).lookup(row.key, row.charge_id)
    if told is not None:
        _told(row.pk, told)
    elif row.state in _OPEN and clock.now() >= row.expires_at:
        _told(row.pk, Told(charge_id="", state=ChargeState.EXPIRED, at=clock.now(), reason="No llegó a pagarse."))
    row.refresh_from_db()
    return row


def refresh_open(creditor: int, now: datetime | None = None) -> tuple[int, int]:
    """Ask for every charge of a company that may still change, so that no lost call goes unnoticed.

    Returns:
        How many were asked for, and how many could not be.
    """
    moment = now or clock.now()
    rows = Charge.objects.filter(creditor=creditor).filter(
        Q(state__in=_OPEN) | Q(state=ChargeState.PAID.value, settled_at=None) | Q(state=ChargeState.DISPUTED.value)
    )
    done = failed = 0
    for pk in rows.filter(asked_at__gte=moment - timedelta(days=120)).values_list("pk", flat=True):
        try:
            refresh(pk)
            done += 1
        except (ApplicationError, BusinessError):
            failed += 1
    return done, failed


def _asked(
    debtor: Debtor,
    invoices: dict[int, Decimal],
    currency: str,
    key: str,
    back_url: str,
    actor: Actor,
    agreement: int | None,
) -> Charge:
    now = clock.now()
    with transaction.atomic():
        locked = Debtor.objects.select_for_update(no_key=True).select_related("creditor").get(pk=debtor.pk)
        there = Charge.objects.filter(key=key).first()
        if there is not None:
            if _parts(there) != invoices or there.debtor_id != debtor.pk:
                raise CannotPay("La clave del pago es de otro pago.")
            if there.state in _OPEN:
                _check(locked, invoices, currency)
            return there
        _check(locked, invoices, currency)
        same = _under_way(invoices, now)
        if same is not None:
            return same
        charge = Charge.objects.create(
            key=key,
            creditor_id=locked.creditor_id,
            debtor=locked,
            agreement_id=agreement,
            currency=currency,
            amount=sum(invoices.values(), ZERO),
            gateway=accounts.for_payment(locked.creditor.key, currency).slug,
            back_url=back_url,
            asked_at=now,
            expires_at=now + timedelta(minutes=payment_settings().caducidad_minutos),
            asked_by=actor.name,
        )
        parts = ChargePart.objects.bulk_create(
            [ChargePart(charge=charge, invoice_id=pk, amount=amount) for pk, amount in sorted(invoices.items())]
        )
        payload = {"key": key, "amount": charge.amount, "gateway": charge.gateway, "parts": len(parts)}
        record("charge.asked", locked, payload, actor, creditor=locked.creditor_id, seals=[charge, *parts])
    return charge


def _parts(charge: Charge) -> dict[int, Decimal]:
    return dict(charge.parts.values_list("invoice", "amount"))


def _under_way(invoices: dict[int, Decimal], now: datetime) -> Charge | None:
    """The open charge for exactly these parts; raises when one of them is in another open charge."""
    rows = Charge.objects.filter(parts__invoice__in=list(invoices), state__in=_OPEN, expires_at__gt=now).distinct()
    for charge in rows:
        if _parts(charge) == invoices:
            return charge
        until = charge.expires_at.astimezone(clock.MADRID)
        raise CannotPay(
            "Hay otro pago empezado con alguna de estas facturas.",
            remedy=f"Termínelo, o espere a que caduque (a las {until:%H:%M}).",
        )
    return None


def _check(debtor: Debtor, invoices: dict[int, Decimal], currency: str) -> None:
    rows = Invoice.objects.select_for_update(no_key=True).in_bulk(list(invoices))
    unit = Decimal(1).scaleb(-minor_units(currency))
    for pk, amount in invoices.items():
        invoice = rows.get(pk)
        if invoice is None or invoice.debtor_id != debtor.pk or invoice.currency != currency:
            raise CannotPay(f"La factura {pk} no es de {debtor.name} en {currency}.")
        free = invoice.open - holds.held(invoice)
        if invoice.kind != "invoice" or not 0 < amount <= free or amount % unit:
            raise CannotPay(
                f"De la factura {invoice.number} no se pueden pagar {write_money(Money(currency, amount))}."
            )


def _heard(slug: str, told: Told) -> bool:
    charge_pk = _find(slug, told)
    if charge_pk is not None and told.state is ChargeState.PAID and told.money is None and told.paid is None:
        # It says that something was paid and not how much: only the gateway's own books can tell.
        return _look_up(charge_pk, slug, told)
    return _write(slug, told, charge_pk, told)


def _look_up(charge_pk: int, slug: str, told: Told) -> bool:
    """Look up what a call only hinted at, then count the call."""
    row = Charge.objects.get(pk=charge_pk)
    looked_up = accounts.named(row.gateway).lookup(row.key, row.charge_id)
    return _write(slug, told, charge_pk, looked_up or told)


def _write(slug: str, told: Told, charge_pk: int | None, taken: Told) -> bool:
    with transaction.atomic():
        charge = None if charge_pk is None else _locked(charge_pk)
        if told.event:
            heard, new = Heard.objects.get_or_create(
                gateway=slug,
                event=told.event,
                about=told.key or told.charge_id,
                defaults={"charge": charge, "state": told.state.value, "at": told.at, "received_at": clock.now()},
            )
            if not new:
                return False
        changed = charge is not None and holding.take(charge, taken)
        if changed and told.event:
            Heard.objects.filter(pk=heard.pk).update(changed=True)
    return changed


def _find(slug: str, told: Told) -> int | None:
    rows = Charge.objects.filter(gateway=slug)
    if told.key:
        return rows.filter(key=told.key).values_list("pk", flat=True).first()
    if told.charge_id:
        return rows.filter(charge_id=told.charge_id).values_list("pk", flat=True).first()
    return None


def _told(charge_pk: int, told: Told) -> bool:
    with transaction.atomic():
        return holding.take(_locked(charge_pk), told)


def _locked(charge_pk: int) -> Charge:
    """The charge, behind its debtor: the order in which everybody locks."""
    debtor = Charge.objects.values_list("debtor", flat=True).get(pk=charge_pk)
    Debtor.objects.select_for_update(no_key=True).get(pk=debtor)
    return Charge.objects.select_for_update(no_key=True, of=("self",)).select_related("debtor").get(pk=charge_pk)
