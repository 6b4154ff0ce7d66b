"""Whom an adviser calls next: everybody but those whom a reminder is enough, what is worth most first.

*cobro* orders by what is expected to come in at all, *caja* by what would not come by itself within a month and still
can be recovered. Amounts of several currencies are never summed or compared: a list is of one currency.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from django.db import connection, transaction

from cobranza.gate.acts import Decision
from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.ledger.models import Creditor, Debtor, Task
from cobranza.risk import reach
from cobranza.risk.models import NextAction
from cobranza.risk.next_action import Choice, Counts, choose
from cobranza.risk.settings import RiskSettings, risk_settings
from cobranza.risk.treatment import HIGH, LEGAL

Order = Literal["cobro", "caja"]
ORDERS: Final[tuple[Order, ...]] = ("cobro", "caja")
CHANNELS: Final = {
    "email": "correo", "sms": "SMS", "whatsapp": "WhatsApp", "call": "llamada", "letter": "carta",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One debtor on the list, in one currency.

    Attributes:
        claimable: Open and not held.
        overdue: Open and past due, held or not.
        worth: What the list is ordered by.
        segment: The verdict's while one runs.
        verdict: Who decided it; "" the score did.
    """

    debtor: int
    name: str
    currency: str
    claimable: Decimal
    overdue: Decimal
    worth: Decimal
    band: str
    segment: str
    proposed: str
    to_person: str
    pay_60: Decimal
    recovery: Decimal
    relapse: Decimal | None
    tags: tuple[str, ...]
    verdict: str
    rated_on: date


_WORTH: Final = {
    "cobro": "claimable * recovery",
    "caja": "claimable * greatest(recovery - pay_30, 0)",
}
_ROWS = """
WITH held AS (
    SELECT h.invoice_id, sum(coalesce(h.amount, i.open)) AS amount FROM ledger_hold h
    JOIN ledger_invoice i ON i.id = h.invoice_id
    WHERE h.released_at IS NULL AND i.creditor_id = %(creditor)s GROUP BY h.invoice_id
), owed AS (
    SELECT i.debtor_id, sum(greatest(i.open - coalesce(held.amount, 0), least(i.open, 0))) AS claimable,
           sum(i.open) FILTER (WHERE i.due_on < %(today)s) AS overdue
    FROM ledger_invoice i LEFT JOIN held ON held.invoice_id = i.id
    WHERE i.creditor_id = %(creditor)s AND i.currency = %(currency)s AND i.vanished_at IS NULL AND i.state <> 'settled'
    GROUP BY i.debtor_id HAVING sum(i.open) > 0
), listed AS (
    SELECT d.id, d.name, greatest(owed.claimable, 0) AS claimable, coalesce(owed.overdue, 0) AS overdue, r.band,
           coalesce(v.segment, r.segment) AS segment, r.proposed, r.to_person, r.pay_30, r.pay_60, r.recovery,
           r.relapse, r.tags, coalesce(v.by, '') AS verdict, r.as_of
    FROM owed JOIN ledger_debtor d ON d.id = owed.debtor_id
    JOIN ledger_rating r ON r.debtor_id = d.id AND r.current
    LEFT JOIN ledger_verdict v ON v.debtor_id = d.id AND v.ended_at IS NULL
              AND (v.until IS NULL OR v.until >= %(today)s)
    WHERE (coalesce(v.segment, r.segment) <> 'recordatorio' OR r.to_person <> '')
      AND (%(segment)s = '' OR coalesce(v.segment, r.segment) = %(segment)s) AND (%(band)s = '' OR r.band = %(band)s)
      AND (%(person)s = '' OR r.to_person <> '') AND (%(debtor)s = 0 OR d.id = %(debtor)s)
)
SELECT *, {worth} AS worth, count(*) OVER () FROM listed ORDER BY worth DESC, id LIMIT %(limit)s OFFSET %(start)s
"""


def rows(
    creditor: Creditor,
    currency: str,
    *,
    order: Order = "cobro",
    segment: str = "",
    band: str = "",
    person: bool = False,
    debtor: int = 0,
    today: date | None = None,
    start: int = 0,
    limit: int = 50,
) -> tuple[list[Row], int]:
    """A page of the list, and how many there are in all.

    Args:
        segment: Only these; "" all but those whom a reminder is enough.
        band: Only these; "" all.
        person: Only those whom a person has to lead.
        debtor: Only this one; 0 all.
    """
    day = today or clock.now().astimezone(clock.MADRID).date()
    values: dict[str, Any] = {
        "creditor": creditor.pk, "currency": currency, "today": day, "segment": segment, "band": band,
        "person": "si" if person else "", "debtor": debtor, "limit": limit, "start": start,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(worth=_WORTH[order]), values)
        found = cursor.fetchall()
    listed = [
        Row(
            debtor=each[0], name=each[1], currency=currency, claimable=_exact(each[2], currency),
            overdue=_exact(each[3], currency), band=each[4], segment=each[5], proposed=each[6], to_person=each[7],
            pay_60=each[9], recovery=each[10], relapse=each[11], tags=_tags(each[12]), verdict=each[13],
            rated_on=each[14], worth=_exact(each[15], currency),
        )
        for each in found
    ]  # fmt: skip
    return listed, int(found[0][16]) if found else 0


def currencies(creditor: Creditor) -> list[str]:
    """Currencies in which somebody owes, the one of most debtors first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency FROM ledger_invoice WHERE creditor_id = %s AND vanished_at IS NULL AND state <> 'settled'"
            " GROUP BY currency ORDER BY count(DISTINCT debtor_id) DESC, currency",
            [creditor.pk],
        )
        return [str(row[0]) for row in cursor.fetchall()]


def next_action(row: Row, counts: Counts, *, now: datetime | None = None) -> NextAction:
    """What to do about one of them today, worked out once a day and kept with its reason.

    Args:
        row: Of `rows`.
        counts: `reach.house` of the company: the same for all of its debtors.
    """
    at = now or clock.now()
    day = at.astimezone(clock.MADRID).date()
    there = NextAction.objects.filter(debtor=row.debtor, day=day).first()
    if there is not None:
        return there
    debtor = Debtor.objects.select_related("creditor").get(pk=row.debtor)
    made = _proposed(row, debtor, counts, at, risk_settings())
    with transaction.atomic():
        kept, _ = NextAction.objects.get_or_create(
            debtor=debtor,
            day=day,
            defaults={
                "action": made.action, "channel": made.channel, "tone": made.tone, "at": made.at,
                "chance": made.chance, "worth": made.worth, "currency": made.currency, "reason": made.reason,
                "evidence": made.evidence, "made_at": at,
            },
        )  # fmt: skip
    return kept


def _proposed(row: Row, debtor: Debtor, counts: Counts, at: datetime, settings: RiskSettings) -> NextAction:
    """Which action, then which way of reaching them."""
    entry = settings.lista
    found = reach.read(debtor, max(row.claimable, Decimal(0)), at, memory=entry.memoria_dias,
                       answer_days=entry.respuesta_dias)  # fmt: skip
    costs = {channel: Decimal(text) for channel, text in entry.coste.items()}
    ways, refused = reach.ways(found, at, entry.horas, costs, entry.descanso_dias)
    own = reach.own(found)
    action, why = _what(row, found)
    if action == "llamar":  # by telephone where that is allowed, else a person writes
        calls = [way for way in ways if way.channel == "call"]
        action, ways = ("llamar", calls) if calls or not ways else ("escribir", ways)
    choice = choose(ways, own, counts, worth=row.worth, prior=entry.peso_previo)
    tone = _tone(row, own)
    told = [why]
    if action in ("revisar", "expediente"):
        choice = None
    elif choice is None:
        action = "corregir" if not found.addresses else action
        told.append(_nobody(found, refused))
    else:
        told.append(_because(choice))
    return NextAction(
        debtor=debtor,
        action=action,
        channel=choice.way.channel if choice else "",
        tone=tone,
        at=choice.way.at if choice else None,
        chance=Decimal(f"{choice.chance:.5f}") if choice else Decimal(0),
        worth=row.worth,
        currency=row.currency,
        reason=" ".join(told),
        evidence={
            "own": dict(sorted(own.channel.items())),
            "house": dict(sorted(counts.channel.items())),
            "ways": len(ways),
            "refused": {channel: list(said.reasons) for channel, said in sorted(refused.items())},
            "prior": entry.peso_previo,
        },
    )


def _what(row: Row, found: reach.Reach) -> tuple[str, str]:
    """The action and why, Spanish."""
    if row.segment == LEGAL:
        return "expediente", f"{row.verdict} lo ha decidido caso legal: se prepara el expediente."
    if row.proposed == LEGAL and not row.verdict:
        return "revisar", "Los números lo proponen como caso legal: antes de nada lo mira una persona."
    if Task.objects.filter(debtor=row.debtor, kind__in=("contestar", "aprobar"), done_at=None).exists():
        return "contestar", "Espera una respuesta nuestra."
    if any(not each.good for each in found.state.agreements):
        return "llamar", "Tiene un impago en su acuerdo de pago: conviene hablarlo antes de que se rompa."
    if row.to_person:
        return "llamar", f"Lo lleva una persona: {row.to_person}."
    if row.pay_60 < Decimal("0.45"):
        return "negociar", "Es poco probable que pague todo de una vez: ofrézcale un plan."
    return "escribir", "Es probable que pague si se le facilita."


def _tone(row: Row, own: Counts) -> str:
    if "cuidado especial" in row.to_person:
        return "cuidado"
    unanswered = own.all[1] - own.all[0]
    return "firme" if row.band == HIGH and unanswered >= 3 else "amable" if own.all[1] < 2 else "claro"


def _because(choice: Choice) -> str:
    channel = CHANNELS.get(choice.way.channel, choice.way.channel)
    answered, many = choice.own
    mine = f"ha respondido {answered} de {many} veces" if many else "nunca se le ha contactado así"
    others, all_ = choice.others
    everybody = f"; los demás, {others} de {all_}" if all_ else ""
    return (
        f"Por {channel} hacia las {choice.way.hour}:00 {mine}{everybody}: responde con un {100 * choice.chance:.0f} %."
    )


def _nobody(found: reach.Reach, refused: dict[str, Decision]) -> str:
    if not found.addresses:
        return "No hay ninguna dirección ni teléfono: corrija los datos de contacto."
    told = "; ".join(f"{CHANNELS.get(channel, channel)}: {said.reasons[0]}" for channel, said in refused.items())
    return f"La compuerta no permite ningún contacto en los próximos días. {told}".strip()


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = json.loads(value)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _exact(value: Decimal, currency: str) -> Decimal:
    return Money(currency, Decimal(value)).rounded().amount
