"""`cobranza agreements`: what a debtor may be offered, to the cent, and who has to approve it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cobranza.agreements import debtfile, settings
from cobranza.agreements.assistant.dialogue import Talk, Turn, Voice, answer
from cobranza.agreements.offers import Scenario, offers
from cobranza.agreements.terms import Debt, Kind
from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money

NEEDS_DATABASE = False

_SAID = {
    Kind.FULL: "Pago total",
    Kind.PART: "Una parte ahora y el resto después",
    Kind.PROMISE: "Promesa de pago",
    Kind.INSTALMENTS: "Plan de cuotas",
}


@click.group("agreements")
def group() -> None:
    """Acuerdos de pago: qué se puede ofrecer y quién lo aprueba."""


@group.command("offers")
@click.option(
    "--debt",
    "debt_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    metavar="FICHERO",
    help="La deuda, en JSON.",
)
@click.option("--approved", is_flag=True, help="Solo lo que se puede acordar sin que lo apruebe nadie.")
@click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
def offers_command(debt_file: Path, approved: bool, as_json: bool) -> None:
    """Calcula los escenarios de acuerdo de una deuda según config/agreements.toml.

    El fichero lleva estas claves (solo «principal» es obligatoria; los importes, como texto):

    \b
    country, currency, debtor_type   ES, EUR, consumer o business
    as_of                            día de las cifras; si no, hoy
    principal, interest, costs       lo que se debe
    disputed                         parte del principal en disputa: no entra en el acuerdo
    capacity, pay_day                lo que puede pagar al mes y qué día cobra
    risk, broken_agreements          bajo, medio o alto; acuerdos incumplidos
    """
    debt = debtfile.read(debt_file, clock.now().date())
    found = [
        each
        for each in offers(debt, settings.agreement_settings().policy())
        if not approved or each.approval.state == "approved"
    ]
    if as_json:
        click.echo(json.dumps(_plain(debt, found), ensure_ascii=False, indent=2))
        return
    click.echo(f"Deuda que se puede acordar: {write_money(debt.covered)} a {write_day(debt.as_of)}")
    for number, each in enumerate(found, start=1):
        _say(number, each)
    if not found:
        click.echo("No hay ninguna oferta dentro de los límites; decide una persona.")


def _say(number: int, scenario: Scenario) -> None:
    proposal, approval = scenario.proposal, scenario.approval
    many = len(proposal.instalments)
    title = _SAID[proposal.kind] + (f" ({many} cuotas)" if proposal.kind is Kind.INSTALMENTS else "")
    click.echo(f"\n{number}. {title}: {write_money(proposal.total)}, valor hoy {write_money(scenario.value.npv)}")
    for row in proposal.instalments:
        click.echo(f"   {write_day(row.due)}  {write_money(row.amount):>20}")
    if proposal.waived.total:
        click.echo(f"   Se perdonan {write_money(proposal.waived.total)}.")
    if scenario.fits is False:
        click.echo("   Supera lo que el deudor puede pagar al mes.")
    if approval.state == "approved":
        click.echo("   Se puede acordar ya.")
    else:
        who = f"{approval.people} personas con papel {approval.role}" if approval.people > 1 else approval.role
        beyond = " (ningún nivel llega)" if approval.beyond else ""
        click.echo(f"   Lo aprueba: {who}{beyond}: {'; '.join(approval.reasons)}.")


def _plain(debt: Debt, found: list[Scenario]) -> dict[str, Any]:
    return {
        "as_of": debt.as_of.isoformat(),
        "currency": debt.currency,
        "covered": str(debt.covered.amount),
        "disputed": str(debt.disputed.amount),
        "scenarios": [_scenario(each) for each in found],
    }


def _scenario(each: Scenario) -> dict[str, Any]:
    proposal, value, approval = each.proposal, each.value, each.approval
    return {
        "kind": proposal.kind.value,
        "total": _text(proposal.total),
        "instalments": [
            {
                "due": row.due.isoformat(),
                "amount": _text(row.amount),
                "principal": _text(row.principal),
                "interest": _text(row.interest),
                "costs": _text(row.costs),
                "deferral": _text(row.deferral),
            }
            for row in proposal.instalments
        ],
        "waived": {
            "interest": _text(proposal.waived.interest),
            "costs": _text(proposal.waived.costs),
            "principal": _text(proposal.waived.principal),
            "total": _text(proposal.waived.total),
        },
        "deferral": _text(proposal.deferral),
        "npv": _text(value.npv),
        "cost": _text(value.cost),
        "fits_capacity": each.fits,
        "approval": {
            "state": approval.state,
            "role": approval.role,
            "people": approval.people,
            "beyond": approval.beyond,
            "reasons": list(approval.reasons),
        },
    }


def _text(money: Money) -> str:
    return str(money.amount)


@group.command("talk")
@click.option(
    "--debt",
    "debt_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    metavar="FICHERO",
    help="La deuda, en JSON; como en «offers».",
)
@click.option("--say", "said", multiple=True, metavar="TEXTO", help="Lo que dice el deudor; se puede repetir.")
@click.option("--identified/--unknown", default=True, help="El que escribe ha demostrado quién es, o no.")
@click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
def talk_command(debt_file: Path, said: tuple[str, ...], identified: bool, as_json: bool) -> None:
    """Prueba el asistente de negociación con una deuda: qué contesta, qué haría y por qué. No se envía nada."""
    debt = debtfile.read(debt_file, clock.now().date())
    policy = settings.agreement_settings().policy()
    voice = Voice(debtor="Deudor de prueba", creditor="Acreedor de prueba", link="https://ejemplo.invalid/d/prueba")
    state, turns = Talk(identified=identified), []
    for message in said:
        turn = answer(state, message, debt, policy, voice)
        state = turn.talk
        turns.append((message, turn))
    if as_json:
        click.echo(json.dumps([_turn(message, turn) for message, turn in turns], ensure_ascii=False, indent=2))
        return
    for message, turn in turns:
        click.echo(f"> {message}\n{turn.text}")
        for does, why in turn.does:
            click.echo(f"  [{does.value}: {why}]")


def _turn(message: str, turn: Turn) -> dict[str, Any]:
    read = turn.understood
    return {
        "said": message,
        "intent": read.intent.value if read else None,
        "confidence": read.confidence if read else None,
        "reply": turn.text,
        "phase": turn.talk.phase.value,
        "does": [{"act": does.value, "why": why} for does, why in turn.does],
        "agreed": None if turn.agreed is None else _scenario(turn.agreed),
    }
