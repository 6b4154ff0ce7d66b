"""Before the first miss: somebody up to date who is likely to let the next due day pass. One open warning each.

A warning is no accusation and nothing leaves by it: its owner calls, offers another calendar or a discount, or decides
that there is nothing to do; what came of it is noted by the money, or by a person.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Min

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money
from cobranza.ledger import tasks
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Agreement, Creditor, Invoice, Rating, Task
from cobranza.risk.models import EarlyWarning
from cobranza.risk.settings import risk_settings

GRACE: Final = 3
"""Days after the due day until which a payment counts as made in time: banks need them."""
_TASKS: Final = {
    EarlyWarning.Actions.CALL: Task.Kinds.CALL,
    EarlyWarning.Actions.RESTRUCTURE: Task.Kinds.NEGOTIATE,
    EarlyWarning.Actions.DISCOUNT: Task.Kinds.NEGOTIATE,
}


class WarningError(BusinessError):
    """An action on a warning that is closed, or that does not exist."""

    code = "COB-RIE-007"
    remedy = "Mire los avisos abiertos con «cobranza risk warn»."


_LIKELY = """
SELECT r.id, sum(i.open) AS amount, min(i.due_on), min(i.currency)
FROM ledger_rating r JOIN ledger_debtor d ON d.id = r.debtor_id
JOIN ledger_invoice i ON i.debtor_id = d.id AND i.vanished_at IS NULL AND i.open > 0
     AND i.due_on BETWEEN %(today)s AND %(until)s
WHERE r.current AND d.creditor_id = %(creditor)s AND r.first_miss >= %(least)s
  AND NOT EXISTS (SELECT 1 FROM risk_earlywarning w WHERE w.debtor_id = d.id
                  AND (w.closed_at IS NULL OR w.closed_at >= %(lately)s))
  AND NOT EXISTS (SELECT 1 FROM ledger_invoice o WHERE o.debtor_id = d.id AND o.vanished_at IS NULL AND o.open > 0
                  AND o.due_on < %(today)s)
GROUP BY r.id HAVING count(DISTINCT i.currency) = 1 ORDER BY amount DESC, r.id LIMIT %(limit)s
"""


def look_out(creditor: Creditor, *, actor: Actor, today: date | None = None) -> list[EarlyWarning]:
    """Open a warning for whoever is likely to miss a due day soon, the largest amounts first; nobody has two."""
    entry = risk_settings().avisos
    now = clock.now()
    day = today or now.astimezone(clock.MADRID).date()
    values: dict[str, Any] = {
        "creditor": creditor.pk, "today": day, "until": day + timedelta(days=entry.plazo_dias),
        "least": entry.probabilidad, "lately": now - timedelta(days=entry.plazo_dias), "limit": entry.por_noche,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LIKELY, values)
        found = cursor.fetchall()
    ratings = Rating.objects.select_related("debtor").in_bulk([row[0] for row in found])
    opened = []
    for pk, amount, due_on, currency in found:
        rating = ratings[pk]
        with transaction.atomic():
            row, new = EarlyWarning.objects.get_or_create(
                debtor=rating.debtor,
                closed_at=None,
                defaults={
                    "rating": rating, "probability": rating.first_miss, "signals": rating.reasons, "due_on": due_on,
                    "amount": amount, "currency": currency, "opened_at": now, "owner": entry.responsable,
                },
            )  # fmt: skip
            if new:
                payload = {"probability": rating.first_miss, "due_on": due_on.isoformat(), "amount": amount}
                record("warning.opened", rating.debtor, payload, actor, creditor=creditor, seals=[row])
                opened.append(row)
    return opened


def act(row: EarlyWarning | int, action: str, *, actor: Actor, note: str = "", owner: str = "") -> EarlyWarning:
    """The owner does something about it: a task where somebody has to talk to them; "nada" says that nothing is done.

    Raises:
        WarningError: closed, a robot, or no such action.
    """
    if actor.kind != "person" or action not in EarlyWarning.Actions.values:
        raise WarningError(f"«{action}» por {actor.name} no es una acción de una persona sobre un aviso.")
    with transaction.atomic():
        found = _open(row)
        found.action, found.acted_at, found.acted_by = action, clock.now(), actor.name
        found.note, found.owner = note.strip()[:2000], owner or found.owner or actor.name
        found.save(update_fields=["action", "acted_at", "acted_by", "note", "owner"])
        payload = {"warning": found.pk, "action": action}
        creditor = found.debtor.creditor_id
        record("warning.acted", found.debtor, payload, actor, creditor=creditor, seals=[found])
        kind = _TASKS.get(EarlyWarning.Actions(action))
        if kind is not None:
            tasks.open_task(
                found.debtor,
                f"riesgo:aviso:{found.pk}:{action}",
                kind=kind.value,
                due_on=min(found.due_on, clock.now().astimezone(clock.MADRID).date() + timedelta(days=2)),
                why=_ask(found, action),
                source=f"aviso:{found.pk}",
                actor=actor,
            )
    return found


def dismiss(row: EarlyWarning | int, *, actor: Actor, note: str) -> EarlyWarning:
    """A person says that there was no reason for it.

    Raises:
        WarningError: closed, a robot, or no note.
    """
    if actor.kind != "person" or not note.strip():
        raise WarningError("Un aviso lo descarta una persona, con su motivo.")
    with transaction.atomic():
        found = _open(row)
        found.note = note.strip()[:2000]
        return _close(found, EarlyWarning.Outcomes.FALSE, actor)


def follow(creditor: Creditor, *, actor: Actor, today: date | None = None) -> Counter[str]:
    """Note what came of the open warnings whose due day has passed, or that ended in an agreement."""
    day = today or clock.now().astimezone(clock.MADRID).date()
    told = Counter[str]()
    for row in EarlyWarning.objects.filter(debtor__creditor=creditor, closed_at=None).select_related("debtor"):
        outcome = _came_of(row, day)
        if outcome is not None:
            with transaction.atomic():
                _close(_open(row), outcome, actor)
            told[outcome.value] += 1
    return told


def _came_of(row: EarlyWarning, today: date) -> EarlyWarning.Outcomes | None:
    if Agreement.objects.filter(debtor=row.debtor, accepted_at__gte=row.opened_at).exists():
        return EarlyWarning.Outcomes.AGREED
    rows = Invoice.objects.filter(debtor=row.debtor, due_on=row.due_on, vanished_at=None, created_at__lte=row.opened_at)
    left = rows.filter(open__gt=0).aggregate(first=Min("due_on"))["first"]
    if left is None:
        return EarlyWarning.Outcomes.PAID
    return EarlyWarning.Outcomes.MISSED if today > row.due_on + timedelta(days=GRACE) else None


def _open(row: EarlyWarning | int) -> EarlyWarning:
    pk = row.pk if isinstance(row, EarlyWarning) else row
    found = EarlyWarning.objects.select_for_update(of=("self",)).select_related("debtor").filter(pk=pk).first()
    if found is None or found.closed_at is not None:
        raise WarningError(f"El aviso {pk} no está abierto.")
    return found


def _close(row: EarlyWarning, outcome: EarlyWarning.Outcomes, actor: Actor) -> EarlyWarning:
    row.outcome, row.closed_at, row.closed_by = outcome, clock.now(), actor.name
    row.save(update_fields=["outcome", "closed_at", "closed_by", "note"])
    payload = {"warning": row.pk, "outcome": outcome.value}
    record("warning.closed", row.debtor, payload, actor, creditor=row.debtor.creditor_id, seals=[row])
    return row


def _ask(row: EarlyWarning, action: str) -> str:
    owed = write_money(Money(row.currency, Decimal(row.amount)).rounded())
    what = {
        "llamar": "Llame antes de que venza",
        "reestructurar": "Ofrezca otro calendario antes de que venza",
        "descuento": f"Ofrezca el {risk_settings().avisos.descuento} % por pagar antes del vencimiento",
    }[action]
    told = f"{what}: {owed} el {write_day(row.due_on)}. Probabilidad de impago: {100 * row.probability:.0f} %."
    return f"{told} {row.note}".strip()
