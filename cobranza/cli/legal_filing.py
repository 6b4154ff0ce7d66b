"""`cobranza legal file|filings|follow|decide`: filing at a court, what became of it, and what the court says."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS, EXIT_OUTSIDE, EXIT_PERSON, UsageError

if TYPE_CHECKING:
    from cobranza.legal.filing.models import CourtFiling
    from cobranza.legal.filing.protocol import Progress

PARENT = "legal"
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LONGEST_NAP = 30.0
_VERDICTS = ("presentado", "no_consta", "otra_vez", "retirar")
_EXITS = {"presentado": 0, "rechazado": EXIT_BUSINESS, "retirado": EXIT_BUSINESS, "revision_humana": EXIT_PERSON}


@click.command("file")
@click.argument("case", metavar="EXPEDIENTE", required=False)
@click.option("--folder", type=_FOLDER, metavar="DIR", help="Carpeta de un paquete ya preparado, en vez de EXPEDIENTE.")
@click.option("--case-file", type=_FILE, metavar="CASE.toml", help="El expediente del paquete, con --folder.")
@click.option("--court", metavar="SLUG", help="Juzgado, con --folder; por defecto, el del paquete.")
@click.option("--credential", default="", metavar="NOMBRE", help="Acceso de config/courts.toml; si no, el primero.")
@click.option("--corrects", default="", metavar="REGISTRO", help="Registro de la presentación que se subsana.")
@click.option("--wait", default=0, metavar="MINUTOS", help="Cuánto se espera a que se aclare; 0 vuelve enseguida.")
@_JSON
def file(
    case: str | None,
    folder: Path | None,
    case_file: Path | None,
    court: str | None,
    credential: str,
    corrects: str,
    wait: int,
    as_json: bool,
) -> None:
    """Presenta un expediente firmado, una sola vez, y guarda su acuse comprobado. Repetirlo sigue donde quedó.

    Termina con 0 si está presentado, 3 si el portal no lo admite, 4 si hay que volver más tarde y 5 si lo tiene que
    mirar una persona.
    """
    from cobranza.kernel import clock

    if bool(case) == bool(folder):
        raise UsageError("Indique un EXPEDIENTE o --folder, uno de los dos.")
    limit = time.monotonic() + 60 * wait
    while True:
        progress = _file_folder(folder, case_file, court, credential, corrects) if folder else _file_case(str(case))
        left = limit - time.monotonic()
        if progress.due_at is None or left <= 0:
            break
        pause = (progress.due_at - clock.now()).total_seconds()
        time.sleep(min(max(pause, 0.2), left, _LONGEST_NAP))
    _show_one(progress, as_json)


def _file_case(case: str) -> Progress:
    from cobranza.legal.filing import workflow
    from cobranza.legal.filing.models import CourtFiling

    # What may have been sent is cleared up first, whatever has become of its sign-off meanwhile.
    for row in CourtFiling.objects.filter(case=case, state__in=("enviando", "incierto")):
        progress = workflow.look(row)
        if progress.due_at is not None or progress.settled:
            return progress
    return workflow.file_ready(workflow.find_ready(case))


def _file_folder(folder: Path, case_file: Path | None, court: str | None, credential: str, corrects: str) -> Progress:
    from cobranza.legal.case_file import read_case
    from cobranza.legal.filing import settings, workflow
    from cobranza.legal.filing.records import Claim
    from cobranza.legal.package import read_package
    from cobranza.legal.settings import rate_book

    if case_file is None:
        raise UsageError("--folder necesita --case-file: el formulario del portal se rellena con el expediente.")
    package = read_package(folder)
    slug = (court or package.court).replace("-", "_")
    if slug != package.court:
        raise UsageError(f"El paquete se preparó para «{package.court}» y no para «{slug}».")
    case = read_case(case_file, rate_book())
    if case.id != package.case:
        raise UsageError(f"El paquete es de {package.case} y el expediente, {case.id}.")
    claim = Claim(
        case=case,
        package=package,
        folder=folder,
        credential=credential or settings.entry(slug).credencial,
        corrects=corrects,
    )
    return workflow.filer(slug, lambda _case, _package: True).file(claim)


@click.command("filings")
@click.argument("number", metavar="NÚMERO", required=False, type=int)
@click.option("--state", metavar="ESTADO", help="Solo las que están así: incierto, revision_humana, presentado…")
@_JSON
def filings(number: int | None, state: str | None, as_json: bool) -> None:
    """Muestra las presentaciones y cómo están; con NÚMERO, la historia de una, paso a paso."""
    from cobranza.legal.filing.journal import row_of
    from cobranza.legal.filing.models import CourtFiling

    if number is not None:
        _show_history(row_of(number), as_json)
        return
    rows = CourtFiling.objects.order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    found = list(rows[:500])
    if as_json:
        click.echo(json.dumps({"filings": [as_dict(row) for row in found]}, ensure_ascii=False, indent=2))
        return
    table = Table("N.º", "Expediente", "Juzgado", "Estado", "Registro", "Presentado", "En el juzgado", "Problema")
    for row in found:
        table.add_row(
            str(row.pk),
            escape(row.case),
            row.court,
            str(row.get_state_display()),
            escape(row.registry),
            _moment(row.filed_at),
            row.stage,
            escape(row.problem[:80]),
        )
    Console().print(table)


@click.command("follow")
@click.option("--court", metavar="SLUG", help="Solo ese juzgado.")
@click.option("--open", "open_notices", is_flag=True, help="Abre las notificaciones: su plazo empieza a correr.")
@_JSON
def follow(court: str | None, open_notices: bool, as_json: bool) -> None:
    """Lee en los portales el estado de lo presentado, sus notificaciones y los motivos de lo que no se admitió."""
    from cobranza.legal.filing import following, workflow

    slug = (court or "").replace("-", "_")
    told = []
    for name, credential in following.courts():
        if slug in ("", name):
            folder = workflow.evidence_folder() / "seguimiento" / name
            told.append(following.follow(name, credential, evidence=folder, open_notices=open_notices or None))
    plain = [
        {
            "court": each.court,
            "cases": each.cases,
            "moved": [{"case": case, "stage": stage} for case, stage in each.moved],
            "notices": each.notices,
            "opened": each.opened,
            "rejections": {
                case: [{"code": r.code, "text": r.text, "remedy": r.remedy, "brings": r.brings} for r in reasons]
                for case, reasons in each.rejections.items()
            },
            "problems": each.problems,
        }
        for each in told
    ]
    if as_json:
        click.echo(json.dumps({"courts": plain}, ensure_ascii=False, indent=2))
        return
    if not told:
        click.echo("No hay nada presentado que seguir.")
    for each in told:
        click.echo(f"{each.court}: {each.cases} asuntos, {len(each.moved)} con novedades, {len(each.notices)} avisos.")
        for case, stage in each.moved:
            click.echo(f"  {case}: {stage}")
        for case, reasons in each.rejections.items():
            for reason in reasons:
                click.echo(f"  {case}: {reason.text} → {reason.remedy}")
        for case, problem in each.problems.items():
            click.echo(f"  {case}: {problem}", err=True)


@click.command("decide")
@click.argument("number", metavar="NÚMERO", type=int)
@click.argument("verdict", metavar="RESPUESTA", type=click.Choice(_VERDICTS))
@click.option("--registry", default="", metavar="REGISTRO", help="Con «presentado»: se comprueba su acuse.")
@click.option("--by", required=True, metavar="PERSONA", help="Quién lo decide.")
@_JSON
def decide(number: int, verdict: str, registry: str, by: str, as_json: bool) -> None:
    """Dice una persona qué fue de una presentación que la espera.

    «presentado» pide el registro y comprueba su acuse; «no_consta», que seguro que no se registró y se puede enviar
    otra vez; «otra_vez», que no llegó a enviarse y se empieza de nuevo; «retirar», que no se presenta.
    """
    from cobranza.legal.filing import workflow

    if (verdict == "presentado") != bool(registry):
        raise UsageError("--registry va con «presentado», y solo con él.")
    row = workflow.decide(number, verdict, by=by, registry=registry)
    if as_json:
        click.echo(json.dumps(as_dict(row), ensure_ascii=False, indent=2))
        return
    click.echo(f"Presentación {row.pk} de {row.case}: {row.get_state_display()}.")


commands = [file, filings, follow, decide]


def as_dict(row: CourtFiling) -> dict[str, Any]:
    """A filing with stable keys."""
    return {
        "filing": row.pk,
        "case": row.case,
        "court": row.court,
        "state": row.state,
        "registry": row.registry,
        "former_registries": row.former_registries,
        "csv": row.csv,
        "filed_at": _iso(row.filed_at),
        "receipt_sha256": row.receipt_sha256,
        "package_hash": row.package_hash,
        "reference": row.reference,
        "corrects": row.corrects,
        "sends": row.sends,
        "due_at": _iso(row.due_at),
        "deadline": _iso(row.deadline),
        "problem_code": row.problem_code,
        "problem": row.problem,
        "notices": row.notices,
        "stage": row.stage,
        "number": row.number,
        "general_id": row.general_id,
        "reasons": row.reasons,
        "answer_by": row.answer_by.isoformat() if row.answer_by else None,
    }


def _show_one(progress: Progress, as_json: bool) -> None:
    from cobranza.legal.filing.journal import row_of

    row = row_of(progress.entry.id)
    if as_json:
        click.echo(json.dumps(as_dict(row), ensure_ascii=False, indent=2))
    else:
        click.echo(f"{row.case}: {row.get_state_display()}. {row.registry} {row.problem}".rstrip())
        if row.due_at is not None:
            click.echo(f"Se puede seguir a partir de {_moment(row.due_at)}.")
        for notice in row.notices:
            click.echo(notice)
    click.get_current_context().exit(_EXITS.get(row.state, EXIT_OUTSIDE))


def _show_history(row: CourtFiling, as_json: bool) -> None:
    steps = list(row.steps.order_by("pk"))
    if as_json:
        history = [
            {
                "at": _iso(step.at),
                "state": step.state,
                "why": step.why,
                "by": step.by,
                "objections": step.objections,
                "proof": step.proof_folder,
                "proof_sha256": step.proof_sha256,
            }
            for step in steps
        ]
        click.echo(json.dumps({**as_dict(row), "steps": history}, ensure_ascii=False, indent=2))
        return
    table = Table("Cuándo", "Estado", "Qué", "Pruebas", title=f"{row.case} · {row.court}")
    for step in steps:
        table.add_row(_moment(step.at), str(step.get_state_display()), escape(step.why), escape(step.proof_folder))
    Console().print(table)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(at: datetime | None) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(at):%d/%m/%Y %H:%M:%S}" if at else ""
