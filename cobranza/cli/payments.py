"""`cobranza payments`: what debtors paid through a gateway, and whether the bank has it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money

if TYPE_CHECKING:
    from cobranza.payments.models import Charge

_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_COMPANY = click.option("--company", required=True, metavar="CLAVE", help="Acreedor, como en config/companies.toml.")


@click.group("payments")
def group() -> None:
    """Pagos por pasarela: qué se pagó y si su dinero está en el banco."""


@group.command("list")
@_COMPANY
@click.option("--all", "everything", is_flag=True, help="También los ya contabilizados, fallidos y caducados.")
@_JSON
def list_command(company: str, everything: bool, as_json: bool) -> None:
    """Lista los pagos por pasarela, el último primero."""
    from cobranza.payments.models import Charge

    rows = Charge.objects.filter(creditor__key=company).select_related("debtor").order_by("-pk")
    if not everything:
        rows = rows.filter(settled_at=None).exclude(state__in=("fallido", "caducado"))
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows], ensure_ascii=False, indent=2))
        return
    for row in rows:
        money = write_money(Money(row.currency, row.amount))
        where = "en el banco" if row.settled_at else "sin contabilizar"
        click.echo(
            f"{row.pk:>6}  {row.get_state_display():<20} {money:>18}  {where:<17} {row.gateway}  {row.debtor.name}"
        )
    if not rows:
        click.echo("No hay pagos.")


@group.command("reconcile")
@_COMPANY
@_JSON
def reconcile_command(company: str, as_json: bool) -> None:
    """Pregunta a las pasarelas por lo que falta y casa sus transferencias con el banco. Se puede repetir."""
    from cobranza.agreements import shift
    from cobranza.payments import workflow

    room = shift.open_shift(company)
    done, failed = workflow.refresh_open(room.creditor.pk)
    told = {"asked": done, "unanswered": failed, **workflow.reconcile(room.creditor)}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name, count in told.items():
        click.echo(f"{_COUNTED.get(name, name)}: {count}")


_COUNTED = {
    "asked": "Pagos leídos",
    "unanswered": "Pagos sin respuesta",
    "recognised": "Contabilizados por una persona",
    "booked": "Contabilizados ahora",
    "reopened": "Vueltos a retener (se deshizo su aplicación)",
    "person": "Pasados a una persona",
    "unread": "Listas de abonos sin leer",
}


def _plain(row: Charge) -> dict[str, Any]:
    return {
        "number": row.pk,
        "key": row.key,
        "debtor": row.debtor.name,
        "gateway": row.gateway,
        "currency": row.currency,
        "amount": _text(row.amount, row.currency),
        "paid": _text(row.paid, row.currency),
        "returned": _text(row.returned, row.currency),
        "fee": None if row.fee is None else _text(row.fee, row.currency),
        "payout": row.payout,
        "state": row.state,
        "booked": row.settled_at is not None,
        "asked_at": row.asked_at.isoformat(),
    }


def _text(amount: Decimal, currency: str) -> str:
    """At the currency's own precision; the columns keep more decimals."""
    return f"{Money(currency, amount).rounded().amount:f}"
