"""`cobranza legal cases|case|alerts|…`: the legal room from the command line; decisions are of a named person."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.cli.legal import DAY
from cobranza.kernel.errors import EXIT_BUSINESS
from cobranza.kernel.spanish import write_amount, write_day

if TYPE_CHECKING:
    from cobranza.legal.models import LegalCase, Preparation
    from cobranza.legal.signing import Review

PARENT = "legal"
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_NUMBER = click.argument("number", metavar="EXPEDIENTE")
_PERSON = click.option(
    "--person", required=True, metavar="CUENTA", help="Quién lo decide: una cuenta del perfil legal."
)
_WHY = click.option("--why", required=True, metavar="TEXTO", help="Motivo; queda en la historia.")
_COMPANY = click.option("--company", default="", metavar="CLAVE", help="Solo este acreedor de config/companies.toml.")


@click.command("alerts")
@_COMPANY
@click.option("--on", type=DAY, metavar="DÍA", help="Día con que se mira; por defecto, hoy.")
@_JSON
def alerts(company: str, on: date | None, as_json: bool) -> None:
    """Avisa de los deudores que pasan un umbral de config/legal.toml: un expediente por deudor, una sola vez.

    Con una dirección en la asignación, el aviso sale también por correo; lo que no se pudo enviar se dice y se
    intenta en la próxima ocasión.
    """
    from cobranza.legal import workflow

    made = workflow.alert(workflow.open_shift(company), on=on)
    _sent, problems = workflow.write_letters()
    for each in problems:
        click.echo(f"Avisos por correo sin enviar: {each}", err=True)
    _cases(made, as_json)


@click.command("cases")
@click.option("--stage", default="", metavar="FASE", help="Solo esta fase, por ejemplo en_revision.")
@_JSON
def cases(stage: str, as_json: bool) -> None:
    """Lista los expedientes, el de plazo más próximo primero."""
    from django.db.models import F, Min, Q

    from cobranza.legal.models import LegalCase

    rows = LegalCase.objects.select_related("debtor", "creditor").annotate(
        next_until=Min("deadlines__until", filter=Q(deadlines__done_at=None, deadlines__ours=True))
    )
    if stage:
        rows = rows.filter(stage=stage)
    _cases(rows.order_by(F("next_until").asc(nulls_last=True), "number"), as_json)


@click.command("case")
@_NUMBER
@_JSON
def case(number: str, as_json: bool) -> None:
    """Muestra un expediente: lo que se reclama, lo que falta, quién ha firmado y qué ha dicho el juzgado."""
    from cobranza.legal import stages, workflow

    row = stages.find(number)
    review = workflow.look(row)
    if as_json:
        _print({**_case(row), **_review(row, review)})
        return
    _show(row, review)


@click.command("accept")
@_NUMBER
@_PERSON
@_JSON
def accept(number: str, person: str, as_json: bool) -> None:
    """Decide preparar la demanda: rellena partes y escrito; el robot la monta después."""
    from cobranza.legal import stages, workflow

    _cases([workflow.accept(stages.find(number), person=person)], as_json)


@click.command("put-off")
@_NUMBER
@click.option("--until", required=True, type=DAY, metavar="DÍA", help="Día en que vuelve a avisar.")
@_WHY
@_PERSON
@_JSON
def put_off(number: str, until: date, why: str, person: str, as_json: bool) -> None:
    """Decide que todavía no, hasta un día."""
    from cobranza.legal import handing, house, opening, stages, workflow

    workflow.require_legal(person)
    row = stages.find(number)
    today = handing.today(house.read(), row.country)
    _cases([opening.put_off(row, until=until, why=why, today=today, person=person)], as_json)


@click.command("discard")
@_NUMBER
@_WHY
@_PERSON
@_JSON
def discard(number: str, why: str, person: str, as_json: bool) -> None:
    """Decide que no se demanda: de esas facturas no se vuelve a avisar."""
    from cobranza.legal import opening, stages, workflow

    workflow.require_legal(person)
    _cases([opening.discard(stages.find(number), why=why, person=person)], as_json)


@click.command("document")
@_NUMBER
@click.argument("file", metavar="FICHERO", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", required=True, metavar="CLASE", help="factura, albaran, contrato, poder, reclamacion_previa …")
@click.option("--title", default="", metavar="TEXTO", help="Título en el índice; por defecto, el nombre del fichero.")
@click.option("--proves", multiple=True, metavar="FACTURA", help="Factura que prueba; se repite. Ninguna: todo.")
@click.option("--replaces", default="", metavar="CLAVE", help="Documento al que sustituye.")
@click.option("--confidential", is_flag=True, help="Confidencial de la negociación: nunca se presenta.")
@click.option("--person", required=True, metavar="CUENTA", help="Quién lo aporta.")
@_JSON
def document(
    number: str,
    file: Path,
    kind: str,
    title: str,
    proves: tuple[str, ...],
    replaces: str,
    confidential: bool,
    person: str,
    as_json: bool,
) -> None:
    """Añade FICHERO a un expediente; el mismo otra vez no cambia nada. Falta que lo revise el equipo jurídico."""
    from cobranza.ledger.events import Actor
    from cobranza.legal import dossier, house, stages
    from cobranza.legal.case import DocumentKind

    if kind not in {each.value for each in DocumentKind}:
        raise click.BadParameter(f"use una de: {', '.join(DocumentKind)}", param_hint="--kind")
    new = dossier.NewPaper(
        name=file.name,
        content=file.read_bytes(),
        kind=DocumentKind(kind),
        title=title,
        proves=proves,
        replaces=replaces,
        confidential=confidential,
    )
    made = dossier.add_paper(stages.find(number), new, house.read(), actor=Actor.person(person))
    told = {"case": made.case.number, "key": made.key, "sha256": made.sha256, "state": made.state}
    if as_json:
        _print(told)
    else:
        click.echo(f"{told['case']}: «{made.title}» ({made.key}), {made.get_state_display().lower()}")


@click.command("review")
@_NUMBER
@click.argument("key", metavar="CLAVE", default="")
@click.option("--accept/--reject", "yes", default=None, required=True, help="Aceptar o rechazar.")
@click.option("--comment", default="", metavar="TEXTO", help="Obligatorio para rechazar.")
@_PERSON
@_JSON
def review(number: str, key: str, yes: bool, comment: str, person: str, as_json: bool) -> None:
    """Acepta o rechaza el documento CLAVE; sin CLAVE acepta todos los pendientes."""
    from cobranza.legal import dossier, stages, workflow

    workflow.require_legal(person)
    row = stages.find(number)
    if key:
        dossier.review_paper(row, key, accept=yes, comment=comment, person=person)
    elif yes:
        dossier.accept_all(row, person=person)
    else:
        raise click.UsageError("Diga qué documento se rechaza.")
    rows = row.documents.filter(replaced_by=None).order_by("position")
    told = [{"key": each.key, "title": each.title, "state": each.state, "comment": each.comment} for each in rows]
    if as_json:
        _print({"case": row.number, "documents": told})
        return
    for each in told:
        click.echo(f"{each['state']:<10} {each['key']}  {each['title']} {each['comment']}".rstrip())


@click.command("prepare")
@click.argument("number", metavar="[EXPEDIENTE]", default="")
@_COMPANY
@_JSON
def prepare(number: str, company: str, as_json: bool) -> None:
    """Monta EXPEDIENTE, o todos los aceptados: expediente para leer y paquete para presentar, en revisión.

    Termina con 3 si alguno no se puede preparar; dice cuál y por qué.
    """
    from cobranza.kernel.errors import BusinessError
    from cobranza.legal import stages, workflow

    shift = workflow.open_shift(company)
    rows = [stages.find(number)] if number else workflow.to_prepare(shift)
    told: list[dict[str, Any]] = []
    failed = False
    for row in rows:
        try:
            told.append({"case": row.number, **_preparation(workflow.prepare(shift, row))})
        except BusinessError as exc:
            if number:
                raise
            failed = True
            told.append({"case": row.number, "error": exc.as_dict()})
    if as_json:
        _print({"prepared": told})
    else:
        for each in told:
            if "error" in each:
                click.echo(f"{each['case']}: {each['error']['message']} → {each['error']['remedy']}", err=True)
            else:
                click.echo(f"{each['case']}: {each['total']} {each['currency']}, paquete {each['package_hash']}")
    if failed:
        raise click.exceptions.Exit(EXIT_BUSINESS)


@click.command("sign-off")
@_NUMBER
@click.option("--package", default="", metavar="SHA256", help="Huella del paquete leído; por defecto, la del último.")
@_PERSON
@_JSON
def sign_off(number: str, package: str, person: str, as_json: bool) -> None:
    """Anota el visto bueno de una persona para exactamente un paquete, leído de nuevo byte a byte.

    Desde el importe de config/legal.toml firman dos personas distintas. Termina con 3 si no se puede firmar.
    """
    from cobranza.legal import building, stages, workflow

    row = stages.find(number)
    made = building.last_preparation(row)
    signature = workflow.sign(row, package or (made.package_hash if made is not None else ""), person=person)
    row = stages.find(number)
    found = workflow.look(row)
    told = {
        "case": row.number,
        "stage": row.stage,
        "package_hash": signature.package_hash,
        "person": person,
        "signed": len(found.signatures),
        "needed": found.needed,
    }
    if as_json:
        _print(told)
    else:
        click.echo(f"{row.number}: visto bueno de {person} ({told['signed']} de {told['needed']}); {row.stage}.")


@click.command("revoke")
@_NUMBER
@_WHY
@_PERSON
@_JSON
def revoke(number: str, why: str, person: str, as_json: bool) -> None:
    """Revoca el visto bueno de una persona: el expediente vuelve a revisión."""
    from cobranza.legal import signing, stages, workflow

    workflow.require_legal(person)
    signing.revoke(stages.find(number), why=why, person=person)
    _cases([stages.find(number)], as_json)


@click.command("return")
@_NUMBER
@_WHY
@_PERSON
@_JSON
def send_back(number: str, why: str, person: str, as_json: bool) -> None:
    """Devuelve un expediente a preparación con su motivo; los vistos buenos dejan de valer."""
    from cobranza.legal import signing, stages, workflow

    workflow.require_legal(person)
    _cases([signing.send_back(stages.find(number), why=why, person=person)], as_json)


@click.command("deadlines")
@_JSON
def deadlines(as_json: bool) -> None:
    """Lista los plazos abiertos, el que vence antes primero."""
    from cobranza.legal import agenda

    told = [
        {
            "case": each.case.number,
            "text": each.text,
            "last_day": each.last_day.isoformat(),
            "until": each.until.isoformat(),
            "ours": each.ours,
            "source": each.source,
            "verified": each.verified,
        }
        for each in agenda.open_deadlines()
    ]
    if as_json:
        _print({"deadlines": told})
        return
    table = Table("Último día", "Expediente", "Qué", "Fuente")
    for each in told:
        doubt = "" if each["verified"] else " (sin verificar)"
        row = (str(each["last_day"]), str(each["case"]), escape(str(each["text"])), escape(f"{each['source']}{doubt}"))
        table.add_row(*row)
    Console().print(table)


@click.command("rules")
@_JSON
def rules(as_json: bool) -> None:
    """Muestra las reglas que los requisitos de un juzgado pueden usar en «regla»."""
    from cobranza.legal.checklist_rules import RULES

    told = [{"rule": each.name, "needs": list(each.needs), "text": each.text} for each in RULES.values()]
    if as_json:
        _print({"rules": told})
        return
    table = Table("Regla", "Necesita", "Qué decide")
    for each in told:
        table.add_row(str(each["rule"]), ", ".join(each["needs"]), escape(str(each["text"])))
    Console().print(table)


def _cases(rows: Any, as_json: bool) -> None:
    found = list(rows)
    if as_json:
        _print({"cases": [_case(each) for each in found]})
        return
    table = Table("Expediente", "Deudor", "Reclamado", "Lo lleva", "Fase")
    for each in found:
        claimed = f"{write_amount(each.claimable)} {each.currency}"
        table.add_row(each.number, escape(each.debtor.name), claimed, each.assigned_to, str(each.get_stage_display()))
    Console().print(table)


def _case(row: LegalCase) -> dict[str, Any]:
    from cobranza.legal import agenda

    first = agenda.first_open(row)
    return {
        "case": row.number,
        "creditor": row.creditor.key,
        "debtor": row.debtor.name,
        "tax_id": row.debtor.tax_id,
        "stage": row.stage,
        "assigned_to": row.assigned_to,
        "claimable": str(row.claimable),
        "currency": row.currency,
        "court": row.court,
        "proceeding": row.proceeding,
        "registry": row.registry or None,
        "reasons": list(row.reasons),
        "deadline": first.last_day.isoformat() if first is not None else None,
        "problem": row.problem or None,
    }


def _review(row: LegalCase, found: Review) -> dict[str, Any]:
    sheet = found.case.sheet
    return {
        "total": str(found.case.total.amount),
        "principal": str(sheet.principal.amount),
        "interest": str(sheet.interest.amount),
        "recovery": str(sheet.recovery.amount),
        "until": sheet.until.isoformat(),
        "invoices": [{"number": each.invoice.reference, "total": str(each.total.amount)} for each in sheet.invoices],
        "documents": [
            {"key": each.key, "title": each.title, "kind": each.kind, "state": each.state, "sha256": each.sha256}
            for each in row.documents.filter(replaced_by=None).order_by("position")
        ],
        "checklist": [each.as_dict() for each in found.checks],
        "preparation": _preparation(found.preparation) if found.preparation is not None else None,
        "stale": list(found.stale),
        "signatures": [{"person": each.person, "at": each.at.isoformat()} for each in found.signatures],
        "needed": found.needed,
        "news": [
            {"kind": each.kind, "title": each.title, "detail": each.detail, "at": each.at.isoformat()}
            for each in row.news.order_by("at", "pk")
        ],
    }


def _preparation(made: Preparation) -> dict[str, Any]:
    from cobranza.legal import papers

    folder = papers.folder(made.case.number) / made.folder
    return {
        "preparation": made.ordinal,
        "package_hash": made.package_hash,
        "package": str(folder / made.package),
        "bundle": str(folder / made.bundle),
        "total": str(made.total),
        "currency": made.currency,
        "pages": made.pages,
        "preflight": list(made.preflight),
        "notes": list(made.notes),
    }


def _show(row: LegalCase, found: Review) -> None:
    console = Console(highlight=False)
    console.print(f"{row.number}: {escape(row.creditor.name)} contra {escape(row.debtor.name)}")
    console.print(f"Fase: {row.get_stage_display()}" + (f", lo lleva {row.assigned_to}" if row.assigned_to else ""))
    total = found.case.total
    console.print(
        f"Se reclaman {write_amount(total.amount)} {total.currency} hasta el {write_day(found.case.sheet.until)}"
    )
    for check in found.checks:
        if check.blocks or check.state.value == "avisa":
            console.print(f"  [{check.state.value}] {escape(check.requirement.texto)} {escape(check.detail)}")
    for line in found.stale:
        console.print(f"  [el paquete ya no vale] {escape(line)}")
    signed = ", ".join(each.person for each in found.signatures) or "nadie"
    console.print(f"Firmado por {signed} ({len(found.signatures)} de {found.needed})")
    if row.problem:
        console.print(f"{row.problem.get('message', '')} → {row.problem.get('remedy', '')}", markup=False)


def _print(told: dict[str, Any]) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))


commands = [
    alerts, cases, case, accept, put_off, discard, document, review, prepare, sign_off, revoke, send_back, deadlines,
    rules,
]  # fmt: skip
