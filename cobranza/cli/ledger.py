"""`cobranza ledger`: what the ledger holds, and the proof that nobody altered it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS, BusinessError

_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas.")


class NotInLedger(BusinessError):
    """Nothing in the ledger is called that."""

    code = "COB-LIB-030"
    remedy = "Compruebe el número; «cobranza ledger balance» muestra los acreedores."


@click.group("ledger")
def group() -> None:
    """El libro: facturas, movimientos, aplicaciones y la cadena de sucesos."""


@group.command()
@click.option(
    "--anchor", "anchors", multiple=True, metavar="ANCLA", help="Cabeza anotada antes (cadena@número:hash); repetible."
)
@_JSON
def verify(anchors: tuple[str, ...], as_json: bool) -> None:
    """Comprueba que nada se ha alterado y nombra lo que sí. Termina con 3 si encuentra algo."""
    from cobranza.ledger import verification

    report = verification.verify([verification.Head.read(text) for text in anchors])
    if as_json:
        _print(
            {
                "ok": report.ok,
                "events": report.events,
                "rows": report.rows,
                "heads": [
                    {"chain": head.chain, "seq": head.seq, "hash": head.hash, "anchor": str(head)}
                    for head in report.heads
                ],
                "problems": [
                    {"kind": problem.kind, "where": problem.where, "message": problem.message}
                    for problem in report.problems
                ],
                "untold": report.untold,
            }
        )
    else:
        for problem in report.problems:
            click.echo(f"{problem.where}: {problem.message}")
        if report.untold:
            click.echo(f"… y {report.untold} más.")
        click.echo(f"{report.events} sucesos y {report.rows} filas comprobados.")
        for head in report.heads:
            click.echo(f"Ancla: {head}")
        click.echo("Todo está como se dejó." if report.ok else "Hay filas alteradas.", err=not report.ok)
    if not report.ok:
        raise click.exceptions.Exit(EXIT_BUSINESS)


@group.command()
@click.option("--since", type=click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Desde (UTC).")
@click.option("--kind", help="Solo los de esta clase, por ejemplo «posting.posted».")
@click.option("--subject", help="Solo los de esta fila, por ejemplo «invoice:12».")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Como mucho.")
@_JSON
def events(since: datetime | None, kind: str | None, subject: str | None, limit: int, as_json: bool) -> None:
    """Muestra los sucesos más recientes, del más antiguo al más nuevo."""
    from cobranza.ledger.canonical import instant
    from cobranza.ledger.models import Event

    rows = Event.objects.order_by("-at", "-pk")
    if since is not None:
        rows = rows.filter(at__gte=since.replace(tzinfo=UTC))
    if kind:
        rows = rows.filter(kind=kind)
    if subject:
        rows = rows.filter(subject=subject)
    found = list(rows[:limit])[::-1]
    if as_json:
        _print(
            {
                "events": [
                    {
                        "chain": event.chain_id,
                        "seq": event.seq,
                        "at": instant(event.at),
                        "kind": event.kind,
                        "actor": {"kind": event.actor_kind, "name": event.actor_name},
                        "subject": event.subject,
                        "payload": event.payload,
                        "hash": event.hash,
                    }
                    for event in found
                ]
            }
        )
        return
    table = Table()
    for heading in ("Cadena", "N.º", "Cuándo (UTC)", "Suceso", "Quién", "Sobre"):
        table.add_column(heading, overflow="fold")
    for event in found:
        when = f"{event.at.astimezone(UTC):%d/%m/%Y %H:%M:%S}"
        table.add_row(event.chain_id, str(event.seq), when, event.kind, event.actor_name, event.subject)
    Console().print(table)


@group.command()
@_JSON
def balance(as_json: bool) -> None:
    """Resume lo pendiente y lo cobrado sin aplicar de cada acreedor, por moneda."""
    from cobranza.ledger import summary

    rows = summary.balances()
    if as_json:
        _print({"balances": [row.as_dict() for row in rows]})
        return
    from cobranza.kernel.spanish import write_amount

    table = Table()
    for heading in ("Acreedor", "Moneda", "Facturas abiertas", "Pendiente", "Abonos sin usar", "Cobros sin aplicar"):
        table.add_column(heading, justify="left" if heading in ("Acreedor", "Moneda") else "right")
    for row in rows:
        figures = (write_amount(row.open), write_amount(row.credit), write_amount(row.unapplied))
        table.add_row(row.creditor, row.currency, str(row.documents), *figures)
    Console().print(table)


@group.command()
@click.argument("numero")
@_JSON
def show(numero: str, as_json: bool) -> None:
    """Muestra la factura NUMERO con todo lo que se le ha aplicado."""
    from cobranza.kernel.spanish import write_amount, write_day
    from cobranza.ledger.canonical import amount, plain
    from cobranza.ledger.models import Invoice

    found = Invoice.objects.filter(number=numero).select_related("debtor", "creditor").order_by("pk")
    if not found:
        raise NotInLedger(f"No hay ninguna factura «{numero}».")
    told: list[dict[str, Any]] = []
    for row in found:
        parts = [
            {
                "id": part.pk,
                "movement": part.movement_id,
                "applied": amount(part.applied),
                "withheld": amount(part.withheld),
                "fee": amount(part.fee),
                "discount": amount(part.discount),
                "cash": amount(part.cash),
                "in_erp": amount(part.in_erp),
                "rule": part.rule,
                "explanation": part.explanation,
                "decided_by": {"kind": part.decided_by, "name": part.decided_by_name},
                "reversed": part.reversed_at is not None,
            }
            for part in row.allocations.order_by("pk")
        ]
        told.append(
            plain(
                {
                    "id": row.pk,
                    "creditor": row.creditor.key,
                    "number": row.number,
                    "kind": row.kind,
                    "debtor": row.debtor.name,
                    "due_on": row.due_on,
                    "currency": row.currency,
                    "gross": row.gross,
                    "elsewhere": row.elsewhere,
                    "allocated": row.allocated,
                    "open": row.open,
                    "state": row.state,
                    "read_at": row.read_at,
                    "allocations": parts,
                }
            )
        )
        if not as_json:
            click.echo(
                f"{row.number} · {row.debtor} · vence {write_day(row.due_on)} · {Invoice.States(row.state).label}"
            )
            click.echo(f"  Total {write_amount(row.gross)} · pendiente {write_amount(row.open)} {row.currency}")
            for part in row.allocations.order_by("pk"):
                undone = " (anulada)" if part.reversed_at else ""
                click.echo(f"  {write_amount(part.applied)} · {part.decided_by_name} · {part.explanation}{undone}")
    if as_json:
        _print({"invoices": told})


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_written))


def _written(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(type(value).__name__)
