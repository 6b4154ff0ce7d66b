"""`cobranza dunning`: what a strategy would do today, account by account. Nothing is sent by it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click

from cobranza.dunning import accountfile, settings
from cobranza.dunning.account import Account
from cobranza.dunning.strategy import Nothing, Proposal, Strategy, propose
from cobranza.gate import policy
from cobranza.gate.days import open_day
from cobranza.kernel import clock
from cobranza.kernel.spanish import write_money
from cobranza.regimes.contact import ContactLaw

NEEDS_DATABASE = False


@click.group("dunning")
def group() -> None:
    """Contacto por etapas: qué propone una estrategia y por qué."""


@group.command("propose")
@click.option(
    "--accounts",
    "accounts_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    metavar="FICHERO",
    help="Las cuentas, en JSON.",
)
@click.option("--strategy", "name", default="general", show_default=True, help="Fichero de config/strategies/.")
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), metavar="DÍA", help="Día; si no, hoy.")
@click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
def propose_command(accounts_file: Path, name: str, on: datetime | None, as_json: bool) -> None:
    """Muestra lo que la estrategia haría hoy con cada cuenta, sin enviar nada.

    Lo propuesto pasa después por la compuerta: saldo, disputas, consentimiento y norma en el segundo del envío.

    \b
    Cada cuenta del fichero: key, country, debtor_type, language, segment,
    items    [{"number", "due", "claimable", "currency", "product"}]
    paid     [{"on", "days_late"}]: lo que pagó antes y con cuántos días de atraso
    channels ["email", "sms"]: los que tienen dirección y consentimiento
    sent     [{"on", "step", "anchor", "channel", "template", "answered"}]
    """
    today = on.date() if on is not None else clock.now().date()
    chosen = settings.strategy(name)
    found = [_proposed(account, chosen, today) for account in accountfile.read(accounts_file)]
    if as_json:
        click.echo(json.dumps([_plain(each) for each in found], ensure_ascii=False, indent=2))
        return
    for each in found:
        if isinstance(each, Nothing):
            click.echo(f"{each.account}: nada ({each.why})")
        else:
            how = f"{each.channel} · {each.template}" if each.channel else "tarea para una persona"
            click.echo(f"{each.account}: {each.step} · {how} · {write_money(each.amount)} ({each.why})")
    counted = Counter(each.step for each in found if isinstance(each, Proposal))
    click.echo(f"{sum(counted.values())} propuestas de {len(found)} cuentas, estrategia {name}@{chosen.version}")


@cache
def _law(country: str) -> ContactLaw:
    return policy.law(country)


def _proposed(account: Account, chosen: Strategy, today: date) -> Proposal | Nothing:
    law = _law(account.country)

    def permitted(day: date, channel: str) -> bool:
        return open_day(law, day, debtor_type=account.debtor_type, channel=channel)

    return propose(account, chosen, today, permitted)


def _plain(each: Proposal | Nothing) -> dict[str, Any]:
    if isinstance(each, Nothing):
        return {"account": each.account, "step": None, "why": each.why}
    return {
        "account": each.account,
        "step": each.step,
        "does": each.does,
        "channel": each.channel,
        "template": each.template,
        "amount": str(each.amount.amount),
        "currency": each.amount.currency,
        "items": [item.number for item in each.items],
        "anchor": each.anchor.isoformat(),
        "strategy": each.strategy,
        "key": each.key,
        "why": each.why,
    }
