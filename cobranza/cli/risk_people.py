"""`cobranza risk decide|withdraw|care|contest|answer|list|credit-check`: what people do; a named account decides."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import click

PARENT = "risk"
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_PERSON = click.option("--person", required=True, metavar="CUENTA", help="Quién lo decide: una cuenta de la consola.")
_WHY = click.option("--why", required=True, metavar="TEXTO", help="Motivo; queda en la historia.")
_DEBTOR = click.argument("debtor", metavar="DEUDOR")


@click.command("decide")
@_DEBTOR
@click.argument("segment", type=click.Choice(["recordatorio", "negociacion", "caso_legal"]), metavar="TRATO")
@_WHY
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, metavar="DÍA", help="Último día en que vale.")
@_PERSON
@_JSON
def decide_command(debtor: str, segment: str, why: str, until: datetime | None, person: str, as_json: bool) -> None:
    """Una persona decide cómo se trata a un deudor; vale por encima de cualquier valoración."""
    from cobranza.cli.risk import find
    from cobranza.ledger.events import Actor
    from cobranza.risk import people

    last: date | None = None if until is None else until.date()
    made = people.decide(find(debtor), segment, reason=why, until=last, actor=Actor.person(person))
    told = {"debtor": made.debtor_id, "segment": made.segment, "by": made.by, "until": last and last.isoformat()}
    _told(told, as_json, f"Decidido por {made.by}: {made.get_segment_display()}.")


@click.command("withdraw")
@_DEBTOR
@_WHY
@_PERSON
@_JSON
def withdraw_command(debtor: str, why: str, person: str, as_json: bool) -> None:
    """Retira la decisión de una persona: vuelve a contar la valoración."""
    from cobranza.cli.risk import find
    from cobranza.ledger.events import Actor
    from cobranza.risk import people

    done = people.withdraw(find(debtor), reason=why, actor=Actor.person(person))
    _told({"withdrawn": done}, as_json, "Retirada." if done else "No había ninguna decisión.")


@click.command("care")
@_DEBTOR
@click.option("--why", default="", metavar="TEXTO", help="En palabras generales; nunca un diagnóstico.")
@click.option("--end", is_flag=True, help="Ya no hace falta.")
@_PERSON
@_JSON
def care_command(debtor: str, why: str, end: bool, person: str, as_json: bool) -> None:
    """Apunta que un deudor necesita cuidado especial: desde entonces lo lleva una persona."""
    from cobranza.cli.risk import find
    from cobranza.ledger.events import Actor
    from cobranza.risk import listening, people

    row, actor = find(debtor), Actor.person(person)
    if end:
        people.end_care(row, actor=actor)
    elif why.strip():
        people.care(row, reason=why, actor=actor)
    else:
        raise click.UsageError("Falta --why.")
    listening.catch_up(row.creditor_id)
    _told({"care": not end}, as_json, "Apuntado." if not end else "Terminado.")


@click.command("contest")
@_DEBTOR
@click.option("--said", default="", metavar="TEXTO", help="Lo que dice quien lo pide.")
@_PERSON
@_JSON
def contest_command(debtor: str, said: str, person: str, as_json: bool) -> None:
    """Pide que una persona revise la valoración de un deudor; lo pide él o quien lo representa."""
    from cobranza.cli.risk import find
    from cobranza.ledger.events import Actor
    from cobranza.risk import people

    row = people.contest(find(debtor), said=said, via=person, actor=Actor.person(person))
    _told({"contest": row.pk}, as_json, f"Petición {row.pk}: la revisa una persona.")


@click.command("answer")
@click.argument("number", type=int, metavar="PETICIÓN")
@click.option("--text", "text", required=True, metavar="TEXTO", help="Qué se ha revisado y qué sale.")
@_PERSON
@_JSON
def answer_command(number: int, text: str, person: str, as_json: bool) -> None:
    """Contesta a una petición de revisión."""
    from cobranza.cli.risk import NoSuchDebtor
    from cobranza.ledger.events import Actor
    from cobranza.risk import people
    from cobranza.risk.models import Contest

    row = Contest.objects.select_related("debtor").filter(pk=number).first()
    if row is None:
        raise NoSuchDebtor(f"No hay ninguna petición {number}.")
    made = people.answer(row, text=text, actor=Actor.person(person))
    _told({"contest": made.pk, "answered_by": made.answered_by}, as_json, f"Contestada por {made.answered_by}.")


@click.command("list-debtor")
@_DEBTOR
@click.option("--source", required=True, metavar="FICHERO", help="A qué fichero de solvencia.")
@click.option("--currency", default="EUR", show_default=True, metavar="MONEDA", help="De qué deuda.")
@click.option("--approve", is_flag=True, help="Una persona dice que sí.")
@click.option("--refuse", is_flag=True, help="Una persona dice que no.")
@click.option("--why", default="", metavar="TEXTO", help="Motivo de quien decide.")
@_PERSON
@_JSON
def list_command(
    debtor: str, source: str, currency: str, approve: bool, refuse: bool, why: str, person: str, as_json: bool
) -> None:
    """Propone comunicar una deuda a un fichero de solvencia, o lo decide. Nada se comunica sin una persona."""
    from cobranza.cli.risk import find
    from cobranza.ledger.events import Actor
    from cobranza.risk import people

    if approve and refuse:
        raise click.UsageError("O sí o no.")
    row = people.propose_listing(find(debtor), source, currency, actor=Actor.person(person))
    if approve or refuse:
        row = people.decide_listing(row, approve=approve, reason=why, actor=Actor.person(person))
    told = {"listing": row.pk, "state": row.state, "amount": str(row.amount), "currency": row.currency}
    _told(told, as_json, f"Comunicación {row.pk}: {row.get_state_display().lower()}.")


@click.command("credit-check")
@click.option("--tax-id", required=True, metavar="NIF", help="Identificación fiscal.")
@click.option("--country", default="ES", show_default=True, metavar="PAÍS", help="ISO 3166, dos letras.")
@click.option("--name", required=True, metavar="NOMBRE", help="Nombre o razón social.")
@click.option("--monthly", required=True, metavar="IMPORTE", help="Compras previstas al mes, con punto: 1500.00.")
@click.option("--currency", default="EUR", show_default=True, metavar="MONEDA", help="De las compras.")
@click.option("--years", type=float, default=None, metavar="AÑOS", help="Años en el negocio.")
@click.option("--references", type=click.IntRange(0), default=0, help="Proveedores que responden bien.")
@click.option("--incidents", type=click.IntRange(0), default=0, help="Impagos de los que se sabe.")
@_PERSON
@_JSON
def credit_command(
    tax_id: str,
    country: str,
    name: str,
    monthly: str,
    currency: str,
    years: float | None,
    references: int,
    incidents: int,
    person: str,
    as_json: bool,
) -> None:
    """Mira a un posible cliente: riesgo, límite y cómo venderle. Negarle la venta lo decide una persona."""
    from cobranza.kernel.money import Money
    from cobranza.kernel.spanish import write_money
    from cobranza.ledger.events import Actor
    from cobranza.risk import credit

    try:
        amount = Decimal(monthly)
    except InvalidOperation as exc:
        raise click.UsageError(f"«{monthly}» no es un importe.") from exc
    applicant = credit.Applicant(
        tax_id=tax_id, country=country.upper(), name=name, monthly=Money(currency.upper(), amount), years=years,
        references=references, incidents=incidents,
    )  # fmt: skip
    row, found = credit.check(applicant, actor=Actor.person(person))
    told = {
        "check": row.pk,
        "default": f"{found.default:.4f}",
        "band": found.band,
        "limit": str(found.limit.amount),
        "currency": found.limit.currency,
        "terms": found.terms,
        "needs_person": found.needs_person,
        "reasons": list(found.reasons),
        "missing": list(found.missing),
        "sources": [
            {
                "source": each.source, "weight": each.weight, "missing": each.missing,
                "report": None if each.report is None else {
                    name: value for name, value in asdict(each.report).items() if name != "owed"
                },
            }
            for each in found.answers
        ],
    }  # fmt: skip
    said = f"Riesgo {found.band} ({100 * found.default:.0f} %). Límite {write_money(found.limit)}; {found.terms}."
    if found.needs_person:
        said += " Si se le va a negar la venta, lo decide una persona."
    _told(told, as_json, "\n  ".join([said, *found.reasons, *(f"Falta {each}" for each in found.missing)]))


commands = [
    decide_command, withdraw_command, care_command, contest_command, answer_command, list_command, credit_command,
]  # fmt: skip


def _told(told: Any, as_json: bool, said: str) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str) if as_json else said)
