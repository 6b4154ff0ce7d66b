"""`cobranza insight watch|alerts|alert|forecast|simulate|sample|quality`: what is off, what comes in, what would be."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cobranza.kernel.errors import UsageError
from cobranza.kernel.spanish import write_amount, write_day

if TYPE_CHECKING:
    from cobranza.insight.models import Alert
    from cobranza.ledger.models import Creditor

PARENT = "insight"
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_COMPANY = click.option("--company", required=True, metavar="CLAVE", help="Acreedor de config/companies.toml.")
_CURRENCY = click.option("--currency", default="", metavar="COD", help="Moneda; se puede callar si solo hay una.")
_PERSON = click.option("--person", required=True, metavar="CUENTA", help="Quién lo hace: una cuenta de la consola.")


@click.command("watch")
@click.option("--until", type=_DAY, help="Último día que se comprueba; por defecto, ayer.")
@click.option("--rehearse", is_flag=True, help="Solo dice qué alertas se abrirían.")
@_JSON
def watch_command(until: datetime | None, rehearse: bool, as_json: bool) -> None:
    """Comprueba cada cifra contra su historia y su objetivo; abre una alerta por desviación y avisa."""
    from cobranza.insight import alert_mail, alerts, figures, settings

    done = alerts.watch(figures.read(fresh=True), settings.read(), until=_date(until), rehearse=rehearse)
    if not rehearse:
        done.sent, done.problems = alert_mail.send_planned()
    told = {
        "checked": done.checked,
        "opened": [_alert(each) for each in done.opened],
        "closed": [_alert(each) for each in done.closed],
        "short_history": done.short,
        "mailed": done.sent,
        "not_mailed": list(done.problems),
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for each in done.opened:
        click.echo(f"Alerta {each.pk or '(ensayo)'}: {each.why}")
    for each in done.closed:
        click.echo(f"Cerrada la alerta {each.pk}: {each.figure} ({each.part_key}) ha vuelto a lo habitual.")
    for problem in done.problems:
        click.echo(f"Sin enviar por correo: {problem}", err=True)
    click.echo(
        f"{done.checked} cifras comprobadas, {len(done.opened)} alertas nuevas, {len(done.closed)} cerradas, "
        f"{len(done.short)} con poca historia."
    )


@click.command("alerts")
@click.option("--all", "everything", is_flag=True, help="También las cerradas.")
@_JSON
def alerts_command(everything: bool, as_json: bool) -> None:
    """Lista las alertas abiertas, las más recientes primero."""
    from cobranza.insight import alerts
    from cobranza.insight.models import Alert

    rows = list(Alert.objects.order_by("-opened_at", "-pk") if everything else alerts.open_alerts())
    if as_json:
        click.echo(json.dumps([_alert(row) for row in rows], ensure_ascii=False, indent=2))
        return
    for row in rows:
        state = f"cerrada el {write_day(row.closed_on)}" if row.closed_on else row.assigned_to or "sin asignar"
        click.echo(f"{row.pk:>6}  {write_day(row.opened_on)}  {row.why}  [{state}]")
    if not rows:
        click.echo("No hay alertas.")


@click.command("alert")
@click.argument("number", type=int, metavar="ALERTA")
@click.option("--seen", is_flag=True, help="Deja dicho que se ha visto.")
@click.option("--assign", "to", default="", metavar="CUENTA", help="La pasa a esta persona.")
@click.option("--comment", default="", metavar="TEXTO", help="Añade un comentario.")
@click.option("--new-level", "why", default="", metavar="MOTIVO", help="Da por bueno el nivel nuevo y la cierra.")
@_PERSON
@_JSON
def alert_command(number: int, seen: bool, to: str, comment: str, why: str, person: str, as_json: bool) -> None:
    """Enseña una alerta con las filas que la causan, y anota lo que se hace con ella."""
    from cobranza.insight import alerts
    from cobranza.ledger.events import Actor

    row, actor = alerts.find(number), Actor.person(person)
    if seen:
        row = alerts.acknowledge(row, actor=actor)
    if to:
        row = alerts.assign(row, to, actor=actor)
    if comment:
        alerts.comment(row, comment, actor=actor)
    if why:
        row = alerts.accept_level(row, why=why, actor=actor)
    notes = [
        {"kind": each.kind, "at": each.at.isoformat(), "by": each.by, "text": each.text}
        for each in row.notes.order_by("at", "pk")
    ]
    if as_json:
        told = _alert(row) | {"rows": row.rows, "notes": notes}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(row.why)
    for each in notes:
        click.echo(f"  {each['at'][:16]}  {each['by']}: {each['kind']} {each['text']}".rstrip())
    click.echo(f"{len(row.rows)} filas de la causa; con --json se enseñan todas.")


@click.command("forecast")
@_COMPANY
@_CURRENCY
@click.option("--as-of", type=_DAY, help="Último día conocido; por defecto, ayer.")
@_JSON
def forecast_command(company: str, currency: str, as_of: datetime | None, as_json: bool) -> None:
    """Prevé los cobros por semana, con su intervalo, y dice cuánto acertó en el pasado."""
    from cobranza.insight import forecast_reading, settings

    creditor, coin = _creditor(company, currency)
    found = forecast_reading.make(creditor, coin, settings.read().prevision, _date(as_of))
    forecast_reading.keep(creditor, coin, found)
    if as_json:
        told = {
            "creditor": company,
            "currency": coin,
            "as_of": found.as_of.isoformat(),
            "level": f"{found.level:.3f}",
            "open": str(found.open),
            "held": str(found.held),
            "beyond": str(found.beyond),
            "weeks": [forecast_reading.week_dict(each) for each in found.weeks],
            "back_test": forecast_reading.quality_dict(found) or None,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for each in found.weeks:
        click.echo(
            f"{write_day(each.start)} – {write_day(each.end)}  {write_amount(each.expected):>16} {coin}  "
            f"({write_amount(each.low)} – {write_amount(each.high)})"
        )
    click.echo(
        f"Pendiente: {write_amount(found.open)} {coin}; retenido y sin prever: {write_amount(found.held)} {coin}."
    )
    click.echo(_tested(found))


@click.command("simulate")
@_COMPANY
@_CURRENCY
@click.option(
    "--strategy",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FICHERO",
    help="La otra estrategia: un TOML como los de config/strategies/.",
)
@click.option("--until", type=_DAY, help="Último día del año que se repite; por defecto, ayer.")
@click.option("--person", default="cli", metavar="CUENTA", help="Quién la pide; queda con el resultado.")
@_JSON
def simulate_command(
    company: str, currency: str, file: Path, until: datetime | None, person: str, as_json: bool
) -> None:
    """Repite el año de una empresa con otra estrategia: DSO, cobro, contactos y coste, con lo que no puede saber."""
    from cobranza.insight import settings, simulate_reading

    creditor, coin = _creditor(company, currency)
    made = simulate_reading.run(creditor, coin, file, settings.read(), by=person, until=_date(until))
    if as_json:
        told = {
            "number": made.pk,
            "creditor": company,
            "currency": coin,
            "strategy": made.strategy,
            "from": made.start.isoformat(),
            "to": made.end.isoformat(),
            **made.result,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    result = made.result
    click.echo(
        f"{made.strategy} frente a {result['current_strategy']}, del {write_day(made.start)} al {write_day(made.end)}"
    )
    for name, key in (
        ("DSO (días)", "dso_days"),
        ("Cobrado", "recovery"),
        ("Contactos", "contacts"),
        ("Coste", "cost"),
    ):
        each = result[key]
        sure = "" if each["says"] else "; el intervalo incluye que no cambie nada"
        click.echo(
            f"  {name}: {each['current']} → {each['other']}; diferencia {each['difference']} "
            f"(entre {each['low']} y {each['high']}){sure}"
        )
    click.echo("Lo que no puede saber:")
    for sentence in result["cannot_know"]:
        click.echo(f"  - {sentence}")


@click.command("sample")
@click.option("--week", type=_DAY, help="Un día de la semana; por defecto, la última completa.")
@_JSON
def sample_command(week: datetime | None, as_json: bool) -> None:
    """Saca la muestra de contactos de una semana para revisarlos; repetirlo no cambia nada."""
    from cobranza.insight import reviewing, settings

    made = reviewing.sample(settings.read().calidad, _date(week))
    if as_json:
        told = {"week": made.week.isoformat(), "contacts": made.contacts, "drawn": made.drawn, "new": made.new}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(
        f"Semana del {write_day(made.week)}: {made.contacts} contactos, {made.drawn} en la muestra, {made.new} nuevos."
    )


@click.command("quality")
@click.option(
    "--by",
    type=click.Choice(["author", "kind", "template", "channel"]),
    default="author",
    show_default=True,
    help="Por quién contactó, por persona o robot, por plantilla o por canal.",
)
@click.option("--since", type=_DAY, required=True, help="Primer día.")
@click.option("--until", type=_DAY, required=True, help="Último día.")
@_JSON
def quality_command(by: Any, since: datetime, until: datetime, as_json: bool) -> None:
    """Resultados de las revisiones por persona, robot, plantilla o canal, con su intervalo."""
    from cobranza.insight import reviewing, settings

    found = reviewing.results(by, since=since.date(), until=until.date(), settings=settings.read().calidad)
    if as_json:
        told = [
            {
                "group": each.group,
                "reviews": each.reviews,
                "stands_for": each.stands_for,
                "score": f"{each.score:.2f}",
                "score_low": f"{each.score_low:.2f}",
                "score_high": f"{each.score_high:.2f}",
                "passed": f"{each.passed:.4f}",
                "passed_low": f"{each.passed_low:.4f}",
                "passed_high": f"{each.passed_high:.4f}",
            }
            for each in found
        ]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for each in found:
        click.echo(
            f"{each.group:<30} {each.score:5.1f} puntos ({each.score_low:.1f} a {each.score_high:.1f}); aprueba el "
            f"{100 * each.passed:.0f} % ({100 * each.passed_low:.0f} a {100 * each.passed_high:.0f} %); "
            f"{each.reviews} revisiones"
        )
    if not found:
        click.echo("No hay revisiones hechas en esos días con el formulario de hoy.")


commands = [
    watch_command, alerts_command, alert_command, forecast_command, simulate_command, sample_command, quality_command,
]  # fmt: skip


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _creditor(key: str, currency: str) -> tuple[Creditor, str]:
    """The company and one currency of it."""
    from cobranza.insight import forecast_reading
    from cobranza.ledger.models import Creditor

    found = Creditor.objects.filter(key=key).first()
    if found is None:
        known = ", ".join(Creditor.objects.order_by("key").values_list("key", flat=True))
        raise UsageError(f"No hay ninguna empresa «{key}» en el registro (hay: {known or 'ninguna'}).")
    there = forecast_reading.currencies(found)
    if not currency and len(there) > 1:
        raise UsageError(f"«{key}» factura en {', '.join(there)}.", remedy="Diga cuál con --currency.")
    return found, currency or (there[0] if there else "EUR")


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "number": row.pk,
        "figure": row.figure,
        "part": row.part,
        "cause": row.cause,
        "direction": row.direction,
        "worse": row.worse,
        "opened_on": row.opened_on.isoformat(),
        "value": str(row.value),
        "expected": str(row.expected),
        "low": None if row.low is None else str(row.low),
        "high": None if row.high is None else str(row.high),
        "why": row.why,
        "owner": row.owner,
        "assigned_to": row.assigned_to,
        "acknowledged_by": row.acknowledged_by,
        "closed_on": None if row.closed_on is None else row.closed_on.isoformat(),
    }


def _tested(found: Any) -> str:
    tested = found.tested
    if tested is None or tested.coverage is None:
        return "Sin historia bastante para medir cuánto acierta: tome el intervalo con reserva."
    return (
        f"Medido en {tested.origins} semanas pasadas: {_share(tested.coverage)} dentro del intervalo (se busca el "
        f"{_share(found.level)}); error del {_share(tested.wape)}, frente al {_share(tested.naive_recent)} de repetir "
        f"las cuatro últimas semanas y al {_share(tested.naive_due)} de esperar el vencimiento."
    )


def _share(value: float) -> str:
    return f"{write_amount(Decimal(repr(float(value))) * 100, 1)} %"
