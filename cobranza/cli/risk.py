"""`cobranza risk`: who will pay, who is about to stop paying, and why. Robots score; people decide."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from cobranza.kernel.errors import BusinessError

if TYPE_CHECKING:
    from cobranza.ledger.models import Creditor, Debtor, Rating

_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_COMPANY = click.option("--company", required=True, metavar="CLAVE", help="Acreedor, como en config/companies.toml.")
_DEBTOR = click.argument("debtor", metavar="DEUDOR")


class NoSuchDebtor(BusinessError):
    """A debtor, or a company, that is not in the ledger."""

    code = "COB-RIE-009"
    remedy = "Use el número del deudor o su clave en el ERP; «cobranza risk worklist» los enseña."


@click.group("risk")
def group() -> None:
    """Riesgo: quién pagará, quién está a punto de dejar de pagar, y por qué."""


@group.command("score")
@click.option("--company", default="", metavar="CLAVE", help="Todos los deudores de este acreedor.")
@click.option("--debtor", default="", metavar="DEUDOR", help="Solo este deudor.")
@_JSON
def score_command(company: str, debtor: str, as_json: bool) -> None:
    """Valora a los deudores con lo que se sabe hoy; lo que no cambia no se escribe otra vez."""
    from cobranza.risk import scoring
    from cobranza.risk.listening import ROBOT

    if bool(company) == bool(debtor):
        raise click.UsageError("Indique --company o --debtor.")
    if debtor:
        row = scoring.score([find(debtor).pk], actor=ROBOT)[0]
        _print(of_rating(row), as_json, _sentence(row))
        return
    run = scoring.score_creditor(creditor(company), actor=ROBOT)
    said = (
        f"{run.debtors} deudores valorados con {run.model}: {run.written} valoraciones escritas, {run.changed} cambian "
        f"de trato. Los lleva una persona: {run.to_person}. Propuestos como caso legal: {run.proposed}."
    )
    _print(asdict(run), as_json, said)


@group.command("show")
@_DEBTOR
@_JSON
def show_command(debtor: str, as_json: bool) -> None:
    """Enseña cómo se trata a un deudor hoy: la valoración y, si la hay, la decisión de una persona."""
    from cobranza.ledger import ratings
    from cobranza.risk import aftercare, listening

    row = find(debtor)
    listening.catch_up(row.creditor_id)
    standing = ratings.standing(row)
    if standing is None:
        _print({"debtor": row.pk, "standing": None}, as_json, f"{row.name} no tiene valoración.")
        return
    advice = aftercare.recommendation(standing.rating)
    told = {
        "debtor": row.pk,
        "name": row.name,
        "segment": standing.segment,
        "band": standing.band,
        "to_person": standing.to_person,
        "by": standing.by,
        "rating": of_rating(standing.rating) if standing.rating else None,
        "recommendation": None if advice is None else asdict(advice),
    }
    said = f"{row.name}: riesgo {standing.band}, trato «{standing.segment}» (lo dice {standing.by})."
    if standing.to_person:
        said += f" Lo lleva una persona: {standing.to_person}."
    if advice is not None:
        said += f" {advice.text}"
    _print(told, as_json, said)


@group.command("explain")
@_DEBTOR
@_JSON
def explain_command(debtor: str, as_json: bool) -> None:
    """Explica una valoración y la calcula otra vez con lo guardado: dice si sale lo mismo."""
    from cobranza.risk import explaining

    told = explaining.explain(find(debtor).pk)
    if as_json:
        plain = {
            "rating": of_rating(told.rating),
            "equal": told.equal,
            "differences": {name: {"stored": one, "again": two} for name, (one, two) in told.differences.items()},
            "reasons": [asdict(each) | {"as_of": each.as_of.isoformat()} for each in told.reasons],
            "changes": [asdict(each) for each in told.changes],
        }
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    click.echo(_sentence(told.rating))
    for reason in told.reasons:
        sign = "a favor" if reason.points >= 0 else "en contra"
        click.echo(f"  {sign} ({reason.points:+.2f}): {reason.text} Dato del {reason.as_of:%d/%m/%Y}.")
    for change in told.changes:
        also = f" y el trato «{change.segment}»" if change.turns else ""
        click.echo(f"  {change.what}: {100 * change.pay_60:.0f} % a 60 días, riesgo {change.band}{also}.")
    for line in told.rating.missing:
        click.echo(f"  Falta: {line}.")
    if told.equal is None:
        click.echo(f"El modelo {told.rating.model} ya no está instalado: no se puede calcular otra vez.")
    else:
        click.echo("Calculada otra vez sale lo mismo." if told.equal else f"NO sale lo mismo: {told.differences}.")


@group.command("worklist")
@_COMPANY
@click.option("--order", type=click.Choice(["cobro", "caja"]), default="cobro", show_default=True, help="Qué va antes.")
@click.option("--currency", default="", metavar="MONEDA", help="Vacío: la de más deudores.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Cuántos.")
@click.option("--actions", is_flag=True, help="Con la acción, el canal, el tono y la hora que se proponen.")
@_JSON
def worklist_command(company: str, order: str, currency: str, limit: int, actions: bool, as_json: bool) -> None:
    """Lista a quién llamar, lo que más se espera cobrar primero; a quien le basta un recordatorio no sale."""
    from cobranza.kernel import clock
    from cobranza.kernel.money import Money
    from cobranza.kernel.spanish import write_money
    from cobranza.risk import listening, reach, worklist
    from cobranza.risk.settings import risk_settings

    owner = creditor(company)
    listening.catch_up(owner)
    known = worklist.currencies(owner)
    code = currency or (known[0] if known else "EUR")
    rows, total = worklist.rows(owner, code, order=order, limit=limit)  # type: ignore[arg-type]
    told: list[dict[str, Any]] = []
    counts = None
    for row in rows:
        entry = {name: _plain(value) for name, value in asdict(row).items()}
        if actions:
            if counts is None:
                settings = risk_settings().lista
                counts = reach.house(owner, clock.now(), memory=settings.memoria_dias,
                                     answer_days=settings.respuesta_dias)  # fmt: skip
            made = worklist.next_action(row, counts)
            entry["next"] = {
                "action": made.action, "channel": made.channel, "tone": made.tone, "at": _plain(made.at),
                "chance": str(made.chance), "reason": made.reason,
            }  # fmt: skip
        told.append(entry)
    if as_json:
        click.echo(json.dumps({"currency": code, "order": order, "total": total, "rows": told}, ensure_ascii=False,
                              indent=2))  # fmt: skip
        return
    for row, entry in zip(rows, told, strict=True):
        worth = write_money(Money(code, row.worth))
        click.echo(f"{row.debtor:>8}  {worth:>18}  {row.band:<6} {row.segment:<12} {row.name}")
        if "next" in entry:
            click.echo(f"          {entry['next']['action']}: {entry['next']['reason']}")
    click.echo(f"{len(rows)} de {total} deudores en {code}.")


@group.command("warn")
@_COMPANY
@_JSON
def warn_command(company: str, as_json: bool) -> None:
    """Avisa de quien está al corriente y puede no pagar lo próximo; apunta qué fue de los avisos anteriores."""
    from cobranza.risk import listening, warning
    from cobranza.risk.models import EarlyWarning

    owner = creditor(company)
    listening.catch_up(owner)
    followed = warning.follow(owner, actor=listening.ROBOT)
    opened = warning.look_out(owner, actor=listening.ROBOT)
    rows = EarlyWarning.objects.filter(debtor__creditor=owner, closed_at=None).select_related("debtor")
    told = {
        "opened": len(opened),
        "closed": dict(followed),
        "open": [
            {
                "warning": row.pk, "debtor": row.debtor_id, "name": row.debtor.name, "due_on": row.due_on.isoformat(),
                "probability": str(row.probability), "amount": str(row.amount), "currency": row.currency,
                "owner": row.owner, "action": row.action,
            }
            for row in rows.order_by("due_on", "pk")
        ],
    }  # fmt: skip
    said = f"{len(opened)} avisos nuevos, {sum(followed.values())} cerrados, {len(told['open'])} abiertos."  # type: ignore[arg-type]
    _print(told, as_json, said)


@group.command("sources")
@_COMPANY
@click.option("--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Deudores, como mucho.")
@_JSON
def sources_command(company: str, limit: int, as_json: bool) -> None:
    """Pregunta a las fuentes de solvencia por los deudores de los que no hay un informe reciente."""
    from cobranza.ledger.models import Debtor
    from cobranza.risk import sources

    owner = creditor(company)
    debtors = Debtor.objects.filter(creditor=owner, invoices__open__gt=0, invoices__vanished_at=None).distinct()
    told = sources.refresh(debtors.select_related("creditor").order_by("pk"), limit=limit)
    said = f"{told['read']} informes nuevos, {told['unknown']} desconocidos, {told['failed']} sin respuesta."
    _print(told, as_json, said)


def creditor(key: str) -> Creditor:
    """The company of that key."""
    from cobranza.ledger.models import Creditor

    found = Creditor.objects.filter(key=key).first()
    if found is None:
        raise NoSuchDebtor(f"El registro no tiene ningún acreedor «{key}».")
    return found


def find(text: str) -> Debtor:
    """A debtor by number or by the ERP's key."""
    from cobranza.ledger.models import Debtor

    rows = Debtor.objects.select_related("creditor")
    found = rows.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 18 else None
    named = list(rows.filter(erp_key=text)[:2]) if found is None else []
    if found is None and len(named) == 1:
        found = named[0]
    if found is None:
        raise NoSuchDebtor(f"No hay un deudor «{text}», o hay varios.")
    return found


def of_rating(row: Rating) -> dict[str, Any]:
    """A score as programs read it."""
    names = ("pay_30", "pay_60", "pay_90", "days_late", "recovery", "first_miss", "relapse")
    return {
        "rating": row.pk,
        "debtor": row.debtor_id,
        "as_of": row.as_of.isoformat(),
        "model": row.model,
        **{name: _plain(getattr(row, name)) for name in names},
        "band": row.band,
        "segment": row.segment,
        "proposed": row.proposed,
        "to_person": row.to_person,
        "reasons": row.reasons,
        "missing": row.missing,
        "tags": row.tags,
    }


def _sentence(row: Rating) -> str:
    said = (
        f"Deudor {row.debtor_id} al {row.as_of:%d/%m/%Y}: riesgo {row.band}, trato «{row.segment}»; paga lo vencido a "
        f"60 días con un {100 * row.pay_60:.0f} %, se espera cobrar el {100 * row.recovery:.0f} %."
    )
    return f"{said} Lo lleva una persona: {row.to_person}." if row.to_person else said


def _print(told: Any, as_json: bool, said: str) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=_plain) if as_json else said)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) or hasattr(value, "isoformat") else value
