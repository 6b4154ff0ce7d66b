"""Accepting a filtered group at once: first exactly what would happen, then that and nothing else.

The preview carries a digest of what it showed: every proposal with its links, and which would be refused. When the
set is not the same at the moment of confirming, nothing happens.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Invoice
from cobranza.reconciliation import proposals
from cobranza.reconciliation.models import Decision, PostingIntent, Proposal
from cobranza.reconciliation.workbench import leases, on_account
from cobranza.reconciliation.workbench.queue import Filters
from cobranza.screens import formats

ZERO = Decimal(0)
MOST = 500
_TAKEN_BACK = (Decision.Kinds.REOPENED, Decision.Kinds.UNDONE)


class SetChanged(BusinessError):
    """The group is not the one that was shown."""

    code = "COB-MES-006"
    remedy = "No se ha aceptado nada. Mire otra vez el efecto y confirme si sigue de acuerdo."


@dataclass(frozen=True, slots=True)
class Refused:
    """One that would not be accepted."""

    proposal: Proposal
    why: str


@dataclass(frozen=True, slots=True)
class Total:
    """Money of one currency."""

    currency: str
    movements: int
    received: Decimal
    posted: Decimal
    documents: int
    rest: Decimal


@dataclass(frozen=True, slots=True)
class Preview:
    """What accepting the group would do.

    Attributes:
        ready: Would be accepted as proposed.
        refused: Would not, with the reason.
        totals: Per currency of the movements that would be accepted.
        digest: Of all this; the confirmation repeats it.
        over: How many more the filter finds than one go takes.
    """

    ready: tuple[Proposal, ...]
    refused: tuple[Refused, ...]
    totals: tuple[Total, ...]
    digest: str
    over: int


def preview(filters: Filters, person: str) -> Preview:
    """What accepting everything that the filters find would do now."""
    rows = filters.waiting()
    total = rows.count()
    wanted = list(
        rows.select_related("movement__account", "creditor").prefetch_related("matches__invoice__debtor", "decisions")[
            :MOST
        ]
    )
    return _weigh(wanted, person, total - len(wanted))


def accept(filters: Filters, person: str, digest: str) -> Preview:
    """Accept the group that was shown, all of it in one transaction.

    Raises:
        SetChanged: it is another by now; nothing was done.
    """
    with transaction.atomic():
        shown = preview(filters, person)
        _expect(shown, digest)
        movements = [row.movement_id for row in shown.ready]
        if leases.take_all(movements, person):
            raise SetChanged(_("Alguien ha abierto mientras tanto uno de los cobros."))
        pks = [row.pk for row in shown.ready]
        list(Proposal.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))
        # Once more, now that nobody else can touch them.
        _expect(preview(filters, person), digest)
        note = _("En bloque, %(n)s cobros") % {"n": len(pks)}
        for pk in pks:
            proposals.accept(pk, person=person, note=note)
        for movement in movements:
            leases.give_up(movement, person)
    return shown


def _expect(shown: Preview, digest: str) -> None:
    if shown.digest != digest:
        raise SetChanged(_("El grupo ha cambiado desde que lo vio."))
    if not shown.ready:
        raise SetChanged(_("No hay ninguno que se pueda aceptar."))


def _weigh(rows: list[Proposal], person: str, over: int) -> Preview:
    held = {turn.movement: turn for turn in leases.live([row.movement_id for row in rows]) if turn.person != person}
    going = set(
        PostingIntent.objects.filter(
            movement__in=[row.movement_id for row in rows], state__in=PostingIntent.LIVE
        ).values_list("movement", flat=True)
    )
    room: dict[int, Decimal] = {}
    ready: list[Proposal] = []
    refused: list[Refused] = []
    for row in rows:
        why = _why_not(row, held, going, room)
        if why:
            refused.append(Refused(row, why))
        else:
            ready.append(row)
            for match in row.matches.all():
                room[match.invoice_id] -= match.applied
    return Preview(tuple(ready), tuple(refused), _totals(ready), _digest(ready, refused), over)


def _why_not(row: Proposal, held: dict[int, leases.Turn], going: set[int], room: dict[int, Decimal]) -> str:
    matches = list(row.matches.all())
    if not matches:
        return _("No tiene propuesta.")
    if row.movement_id in held:
        turn = held[row.movement_id]
        return _("Lo tiene %(person)s hasta las %(hour)s.") % {"person": turn.person, "hour": leases.until(turn)}
    if row.movement_id in going:
        return _("Va de camino al ERP.")
    if row.state == Proposal.States.REFUSED:
        return _("El ERP ya lo rechazó una vez: hay que mirarlo.")
    if any(decision.kind in _TAKEN_BACK for decision in row.decisions.all()):
        return _("Alguien lo deshizo una vez: se decide uno a uno.")
    if not all(match.applied > 0 and match.to_post > 0 and match.invoice.kind == "invoice" for match in matches):
        return _("Lleva abonos o devoluciones: se decide uno a uno.")
    if row.unapplied:
        rest = formats.money(row.unapplied, row.movement.currency)
        return _("Sobran %(rest)s: hay que decir a quién quedan a cuenta.") % {"rest": rest}
    if sum((match.cash for match in matches), ZERO) > on_account.free(row.movement):
        return _("Al movimiento no le queda dinero para todo.")
    for match in matches:
        left = room.setdefault(match.invoice_id, match.invoice.open)
        if match.applied > left:
            figures = {"number": match.invoice.number, "left": formats.money(left, match.invoice.currency)}
            return _("%(number)s solo tiene libre %(left)s, contando los demás del grupo.") % figures
    return ""


def _totals(rows: list[Proposal]) -> tuple[Total, ...]:
    grouped: dict[str, list[Proposal]] = defaultdict(list)
    for row in rows:
        grouped[row.movement.currency].append(row)
    found = []
    for currency, members in sorted(grouped.items()):
        matches = [match for row in members for match in row.matches.all()]
        found.append(
            Total(
                currency=currency,
                movements=len(members),
                received=sum((row.movement.amount for row in members), ZERO),
                posted=sum((match.to_post for match in matches if match.invoice.currency == currency), ZERO),
                documents=len(matches),
                rest=sum((match.withheld + match.fee + match.discount for match in matches), ZERO),
            )
        )
    return tuple(found)


def _digest(ready: list[Proposal], refused: list[Refused]) -> str:
    whole = hashlib.sha256()
    for row in sorted(ready, key=lambda row: row.pk):
        figures = sorted((m.invoice_id, m.applied, m.withheld, m.fee, m.discount, m.cash) for m in row.matches.all())
        whole.update(f"{row.pk}:{row.state}:{row.updated_at.isoformat()}:{figures}\n".encode())
    for entry in sorted(refused, key=lambda entry: entry.proposal.pk):
        whole.update(f"-{entry.proposal.pk}\n".encode())
    return whole.hexdigest()


def documents_of(shown: Preview) -> dict[str, int]:
    """How many documents would be paid in full and in part, for the preview's words."""
    full = part = 0
    opens = dict(
        Invoice.objects.filter(pk__in={m.invoice_id for row in shown.ready for m in row.matches.all()}).values_list(
            "pk", "open"
        )
    )
    for row in shown.ready:
        for match in row.matches.all():
            if match.applied >= opens.get(match.invoice_id, ZERO):
                full += 1
            else:
                part += 1
    return {"full": full, "part": part}
