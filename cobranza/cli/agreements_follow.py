"""`cobranza agreements list|show|follow|answer|waiting|approve|refuse`: running agreements; a named person decides."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money

if TYPE_CHECKING:
    from cobranza.agreements.models import Waiting
    from cobranza.ledger.models import Agreement

PARENT = "agreements"
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_PERSON = click.option("--person", required=True, metavar="CUENTA", help="Quién lo decide: una cuenta de la consola.")
_COMPANY = click.option("--company", required=True, metavar="CLAVE", help="Acreedor, como en config/companies.toml.")


class NoSuch(BusinessError):
    """An agreement or a request that does not exist."""

    code = "COB-ACU-005"
    remedy = "Mire los números con «cobranza agreements list» o «cobranza agreements waiting»."


@click.command("list")
@click.option("--company", default="", metavar="CLAVE", help="Solo este acreedor de config/companies.toml.")
@click.option("--standing", default="", metavar="ESTADO", help="Solo los que están así, por ejemplo impago.")
@click.option("--all", "everything", is_flag=True, help="También los que han terminado.")
@_JSON
def list_command(company: str, standing: str, everything: bool, as_json: bool) -> None:
    """Lista los acuerdos de pago y cómo van, los que peor van primero."""
    from cobranza.ledger.models import Agreement

    rows = Agreement.objects.select_related("debtor", "creditor").order_by("-standing", "pk")
    if company:
        rows = rows.filter(creditor__key=company)
    if standing:
        rows = rows.filter(standing=standing)
    elif not everything:
        rows = rows.filter(ended_at=None)
    told = [_agreement(row) for row in rows]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for row in rows:
        total = write_money(Money(row.currency, row.total))
        click.echo(f"{row.pk:>6}  {row.get_standing_display():<20} {total:>20}  {row.debtor.name}")
    if not told:
        click.echo("No hay acuerdos.")


@click.command("show")
@click.argument("number", type=int, metavar="ACUERDO")
@_JSON
def show_command(number: int, as_json: bool) -> None:
    """Enseña un acuerdo: cada pago, lo que ha entrado, cómo va y qué señales da."""
    from cobranza.agreements import workflow
    from cobranza.kernel import clock

    row = _find(number)
    today = clock.now().astimezone(clock.MADRID).date()
    following = workflow.standing_of(row, today)
    told = _agreement(row) | {
        "instalments": [
            {
                "number": each.number,
                "due": each.instalment.due.isoformat(),
                "amount": str(each.instalment.amount.amount),
                "paid": str(each.paid.amount),
                "closed_on": None if each.closed_on is None else each.closed_on.isoformat(),
            }
            for each in following.rows
        ],
        "misses": following.misses,
        "beyond": str(following.beyond.amount),
        "signs": list(following.at_risk),
        "standing_today": following.standing.value,
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(f"Acuerdo {row.pk} de {row.debtor.name}: {row.get_standing_display().lower()}")
    for each in following.rows:
        closed = f"pagado el {write_day(each.closed_on)}" if each.closed_on else f"pagado {write_money(each.paid)}"
        click.echo(
            f"  {each.number}. {write_day(each.instalment.due)} {write_money(each.instalment.amount):>18}  {closed}"
        )
    for sign in following.at_risk:
        click.echo(f"  Atención: {sign}.")


@click.command("follow")
@_COMPANY
@_JSON
def follow_command(company: str, as_json: bool) -> None:
    """Sigue los acuerdos: cierra cuotas con el dinero, recuerda las que vienen y avisa a las personas."""
    from cobranza.agreements import shift

    room = shift.open_shift(company)
    done, failed = shift.read_payments(room)
    told = {"payments": done, "unanswered": failed, **shift.follow(room)}
    _counted(told, as_json)


@click.command("answer")
@_COMPANY
@_JSON
def answer_command(company: str, as_json: bool) -> None:
    """Contesta lo que los deudores han escrito; lo que no se puede acordar sin una persona, se le pasa."""
    from cobranza.agreements import shift

    _counted(dict(shift.answer(shift.open_shift(company))), as_json)


@click.command("waiting")
@_JSON
def waiting_command(as_json: bool) -> None:
    """Lista los acuerdos que esperan aprobación, con los límites que pasan y quién decide."""
    from cobranza.agreements.models import Waiting

    rows = list(Waiting.objects.filter(state=Waiting.States.ASKED).select_related("debtor").order_by("asked_at", "pk"))
    if as_json:
        click.echo(json.dumps([_waiting(row) for row in rows], ensure_ascii=False, indent=2))
        return
    for row in rows:
        total = write_money(Money(row.currency, row.total))
        click.echo(
            f"{row.pk:>6}  {row.debtor.name}: {total}. Decide: {row.role} ({row.people}). {'; '.join(row.reasons)}"
        )
    if not rows:
        click.echo("No hay nada que aprobar.")


@click.command("approve")
@click.argument("number", type=int, metavar="SOLICITUD")
@click.option("--why", default="", metavar="TEXTO", help="Motivo; queda en la historia.")
@_PERSON
@_JSON
def approve_command(number: int, why: str, person: str, as_json: bool) -> None:
    """Aprueba un acuerdo que espera; si hacen falta dos personas, espera a la segunda."""
    from cobranza.agreements import workflow
    from cobranza.ledger.events import Actor

    _decided(workflow.approve(_request(number), actor=Actor.person(person), reason=why), as_json)


@click.command("refuse")
@click.argument("number", type=int, metavar="SOLICITUD")
@click.option("--why", required=True, metavar="TEXTO", help="Motivo; queda en la historia.")
@_PERSON
@_JSON
def refuse_command(number: int, why: str, person: str, as_json: bool) -> None:
    """Rechaza un acuerdo que espera."""
    from cobranza.agreements import workflow
    from cobranza.ledger.events import Actor

    _decided(workflow.refuse(_request(number), actor=Actor.person(person), reason=why), as_json)


commands = [
    list_command, show_command, follow_command, answer_command, waiting_command, approve_command, refuse_command,
]  # fmt: skip


def _find(number: int) -> Agreement:
    from cobranza.ledger.models import Agreement

    row = Agreement.objects.select_related("debtor__creditor", "creditor").filter(pk=number).first()
    if row is None:
        raise NoSuch(f"No hay ningún acuerdo {number}.")
    return row


def _request(number: int) -> Waiting:
    from cobranza.agreements.models import Waiting

    row = Waiting.objects.filter(pk=number).first()
    if row is None:
        raise NoSuch(f"No hay ninguna solicitud {number}.")
    return row


def _decided(made: Agreement | Waiting, as_json: bool) -> None:
    from cobranza.ledger.models import Agreement

    if isinstance(made, Agreement):
        told, said = {"agreement": _agreement(made)}, f"Aprobado: acuerdo {made.pk}, {made.approved_by}."
    else:
        names = list(made.decisions.filter(approves=True).values_list("person", flat=True))
        told, said = {"request": _waiting(made)}, f"Solicitud {made.pk}: {made.get_state_display().lower()}."
        if made.state == made.States.ASKED:
            said += f" Ha aprobado {', '.join(names)}; falta otra persona."
    click.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else said)


def _counted(told: dict[str, int], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name, count in told.items():
        click.echo(f"{_COUNTED.get(name, name)}: {count}")


_COUNTED = {
    "payments": "Pagos de pasarela leídos",
    "unanswered": "Pagos sin respuesta de la pasarela",
    "followed": "Acuerdos seguidos",
    "paid": "Cuotas cerradas",
    "reminded": "Recordatorios pedidos",
    "call": "Llamadas por hacer",
    "person": "Pasados a una persona",
    "kept": "Acuerdos cumplidos",
    "broken": "Acuerdos rotos",
    "answered": "Mensajes contestados",
    "agreed": "Acuerdos cerrados",
    "handed": "Pasados a una persona",
    "stopped": "Bajas anotadas",
    "left": "Dejados a quien lleva la conversación",
}


def _agreement(row: Agreement) -> dict[str, Any]:
    return {
        "number": row.pk,
        "key": row.key,
        "creditor": row.creditor.key,
        "debtor": row.debtor.name,
        "kind": row.kind,
        "currency": row.currency,
        "total": _text(row.total, row.currency),
        "waived": _text(row.waived_principal + row.waived_interest + row.waived_costs, row.currency),
        "standing": row.standing,
        "accepted_at": row.accepted_at.isoformat(),
        "channel": row.channel,
        "approved_by": row.approved_by,
    }


def _waiting(row: Waiting) -> dict[str, Any]:
    return {
        "number": row.pk,
        "debtor": row.debtor.name,
        "currency": row.currency,
        "total": _text(row.total, row.currency),
        "role": row.role,
        "people": row.people,
        "beyond": row.beyond,
        "reasons": row.reasons,
        "state": row.state,
        "asked_by": row.asked_by_name,
        "approved_by": list(row.decisions.filter(approves=True).values_list("person", flat=True)),
        "proposal": row.proposal,
    }


def _text(amount: Decimal, currency: str) -> str:
    """At the currency's own precision; the columns keep more decimals."""
    return f"{Money(currency, amount).rounded().amount:f}"
