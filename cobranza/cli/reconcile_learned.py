"""`cobranza reconcile learned`: what the company's own confirmations taught, and how to take it back."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS, BusinessError
from cobranza.kernel.spanish import write_day

if TYPE_CHECKING:
    from cobranza.ledger.models import Creditor
    from cobranza.reconciliation.learning.models import Fact, Tombstone, Version
    from cobranza.reconciliation.learning.workflow import Trained

PARENT = "reconcile"

_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas.")
_COMPANY = click.option("--company", metavar="EMPRESA", help="La de config/companies.toml; sobra si solo hay una.")
_NOTE = click.option("--note", default="", help="Por qué, para quien lo lea después.")


class WhichCompany(BusinessError):
    """The company is not there, or several are and none was named."""

    code = "COB-CON-061"
    remedy = "Indique la empresa con --company; «cobranza ledger balance» las muestra."


@click.group(name="learned")
def group() -> None:
    """Lo aprendido de las decisiones de las personas: verlo, olvidarlo, entrenar y volver atrás."""


@group.command(name="list")
@_COMPANY
@click.option("--kind", type=click.Choice(["alias", "account", "habit"]), help="Solo los de esta clase.")
@click.option("--debtor", metavar="CLAVE", help="Solo lo de este deudor (su clave en el ERP).")
@_JSON
def show(company: str | None, kind: str | None, debtor: str | None, as_json: bool) -> None:
    """Enseña cada nombre, cuenta y costumbre aprendidos, se usen o no, y lo que se ordenó olvidar."""
    from cobranza.reconciliation.learning.models import Fact, Tombstone

    creditor = _creditor(company)
    rows = Fact.objects.filter(creditor=creditor).select_related("debtor")
    graves = Tombstone.objects.filter(creditor=creditor, lifted_at=None).select_related("debtor")
    if kind:
        rows = rows.filter(kind=kind)
    if debtor:
        rows, graves = rows.filter(debtor__erp_key=debtor), graves.filter(debtor__erp_key=debtor)
    found, forgotten = list(rows.order_by("debtor__name", "kind", "pk")), list(graves.order_by("pk"))
    if as_json:
        _print(
            {
                "company": creditor.key,
                "facts": [_fact(row) for row in found],
                "forgotten": [_grave(row) for row in forgotten],
            }
        )
        return
    table = Table("N.º", "Cliente", "Qué", "Valor", "Confirman", "En contra", "Último", "Se usa")
    for row in found:
        used = "sí" if row.usable else f"no: {row.why}"
        numbers = (str(row.confirmations), str(row.contradictions), write_day(row.last_on))
        table.add_row(str(row.pk), row.debtor.name, Fact.Kinds(row.kind).label, row.shown, *numbers, used)
    _draw(table if found else "Todavía no se ha aprendido nada.")
    for grave in forgotten:
        what = Fact.Kinds(grave.kind).label.lower() if grave.kind else "todo"
        click.echo(f"Olvido {grave.pk}: {what} de {grave.debtor.name}, por {grave.person} el {write_day(grave.at)}.")


@group.command()
@click.argument("facts", metavar="[NÚMERO]...", nargs=-1, type=click.IntRange(1))
@click.option("--debtor", metavar="CLAVE", help="Todo lo de este deudor (su clave en el ERP), y que no enseñe más.")
@_COMPANY
@_NOTE
@_JSON
def forget(facts: tuple[int, ...], debtor: str | None, company: str | None, note: str, as_json: bool) -> None:
    """Olvida para siempre lo aprendido con esos números de «list», o todo lo de un deudor."""
    from django.db import transaction

    from cobranza.ledger.models import Debtor
    from cobranza.reconciliation.learning import workflow

    if bool(facts) == bool(debtor):
        raise click.UsageError("Diga qué olvidar: números de «list», o --debtor.")
    with transaction.atomic():
        if debtor:
            row = Debtor.objects.filter(creditor=_creditor(company), erp_key=debtor).first()
            if row is None:
                raise workflow.LearningError(f"No hay ningún deudor con la clave «{debtor}».")
            graves = [workflow.forget_debtor(row, person=_person(), note=note)]
        else:
            graves = [workflow.forget(fact, person=_person(), note=note) for fact in dict.fromkeys(facts)]
    if as_json:
        _print({"forgotten": [_grave(grave) for grave in graves]})
    else:
        click.echo(f"Olvidado. No se volverá a aprender: olvido {', '.join(str(grave.pk) for grave in graves)}.")


@group.command()
@click.argument("tombstone", metavar="OLVIDO", type=click.IntRange(1))
@_JSON
def allow(tombstone: int, as_json: bool) -> None:
    """Permite aprender de nuevo lo que se ordenó olvidar."""
    from cobranza.reconciliation.learning import workflow

    row = workflow.allow(tombstone, person=_person())
    if as_json:
        _print({"allowed": row.pk})
    else:
        click.echo("Permitido: se aprenderá de nuevo en la próxima conciliación.")


@group.command()
@_COMPANY
@click.option("--apply", "act", is_flag=True, help="Sin esta opción solo se dice qué saldría.")
@_JSON
def train(company: str | None, act: bool, as_json: bool) -> None:
    """Aprende cuánto creer al motor y con qué umbral; entra en uso si lo prueban las confirmaciones apartadas.

    Termina con 3 si la versión nueva no mejora lo que hay: queda guardada como rechazada, con sus cifras.
    """
    from cobranza.ledger.events import Actor
    from cobranza.reconciliation.learning import workflow

    creditor = _creditor(company)
    actor = Actor.person(_person())
    if act:
        workflow.learn(creditor, actor=actor)
    trained = workflow.train(creditor, actor=actor, apply=act)
    if as_json:
        _print(_trained(trained))
    else:
        _show_trained(trained, act)
    if trained.verdict is not None and not trained.verdict.better:
        raise click.exceptions.Exit(EXIT_BUSINESS)


@group.command()
@_COMPANY
@_JSON
def versions(company: str | None, as_json: bool) -> None:
    """Enseña todas las versiones entrenadas: la que está en uso, las retiradas y las rechazadas."""
    from cobranza.reconciliation.learning.models import Version

    creditor = _creditor(company)
    rows = list(Version.objects.filter(creditor=creditor).order_by("number"))
    if as_json:
        _print({"company": creditor.key, "versions": [_version(row) for row in rows]})
        return
    table = Table("Versión", "Estado", "Umbral", "Aprendida de", "Hecha", "Por", "Motivo")
    for row in rows:
        state = Version.States(row.state).label
        made = (str(row.examples), write_day(row.made_at), row.made_by_name)
        table.add_row(str(row.number), state, _threshold(row), *made, row.reason)
    _draw(table if rows else "No hay ninguna versión: se cree al motor tal cual.")


@group.command()
@_COMPANY
@click.option("--to", "number", type=click.IntRange(0), help="A esta versión; 0 es como vino de fábrica.")
@_NOTE
@_JSON
def rollback(company: str | None, number: int | None, note: str, as_json: bool) -> None:
    """Retira la versión en uso y vuelve a la anterior, o a la que se diga."""
    from cobranza.reconciliation.learning import workflow

    back = workflow.roll_back(_creditor(company), person=_person(), to=number, note=note)
    if as_json:
        _print({"live": _version(back) if back is not None else None})
    else:
        click.echo(f"En uso: versión {back.number}." if back is not None else "En uso: el motor tal cual, de fábrica.")


def _creditor(key: str | None) -> Creditor:
    from cobranza.ledger.models import Creditor

    rows = list(Creditor.objects.filter(key=key) if key else Creditor.objects.order_by("key"))
    if len(rows) != 1:
        there = ", ".join(Creditor.objects.order_by("key").values_list("key", flat=True)) or "ninguna"
        raise WhichCompany(
            f"No hay ninguna empresa «{key}» (hay: {there})." if key else f"Hay estas empresas: {there}."
        )
    return rows[0]


def _person() -> str:
    return f"cli:{getpass.getuser()}"


def _fact(row: Fact) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "debtor": {"id": row.debtor_id, "key": row.debtor.erp_key, "name": row.debtor.name},
        "value": row.value,
        "shown": row.shown,
        "confirmations": row.confirmations,
        "contradictions": row.contradictions,
        "first_on": row.first_on.isoformat(),
        "last_on": row.last_on.isoformat(),
        "used": row.usable,
        "why_not": row.why,
        "decisions": row.decisions,
    }


def _grave(row: Tombstone) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind or "all",
        "debtor": {"id": row.debtor_id, "key": row.debtor.erp_key},
        "person": row.person,
        "at": row.at.isoformat(),
        "note": row.note,
    }


def _version(row: Version) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "threshold": None if row.threshold is None else str(row.threshold),
        "examples": row.examples,
        "made_at": row.made_at.isoformat(),
        "made_by": row.made_by_name,
        "live_since": row.live_since.isoformat() if row.live_since else None,
        "retired_at": row.retired_at.isoformat() if row.retired_at else None,
        "reason": row.reason,
        "points": row.points,
        "trial": row.trial,
    }


def _trained(trained: Trained) -> dict[str, Any]:
    gate = trained.gate
    return {
        "version": _version(trained.version) if trained.version is not None else None,
        "examples": trained.examples,
        "check": trained.check,
        "better": trained.verdict.better if trained.verdict is not None else None,
        "reason": trained.reason,
        "threshold": None if gate is None or gate.threshold is None else str(gate.threshold),
        "threshold_why": gate.why if gate is not None else "",
        "trial": trained.verdict.told() if trained.verdict is not None else None,
    }


def _show_trained(trained: Trained, act: bool) -> None:
    click.echo(f"{trained.examples} confirmaciones enseñan y {trained.check} comprueban.")
    if trained.verdict is not None and trained.gate is not None:
        table = Table("", "En uso", "Candidata")
        now, new = trained.verdict.live, trained.verdict.candidate
        table.add_row("Brier", f"{now.brier:.4f}", f"{new.brier:.4f}")
        table.add_row("ECE", f"{now.ece:.4f}", f"{new.ece:.4f}")
        table.add_row("Correctos sobre el umbral", f"{now.right} de {now.automatic}", f"{new.right} de {new.automatic}")
        _draw(table)
        click.echo(f"Umbral: {trained.gate.why}")
    click.echo(trained.reason)
    if trained.version is not None:
        click.echo(f"Versión {trained.version.number}: {trained.version.get_state_display().lower()}.")
    elif not act:
        click.echo("No se ha guardado nada; hágalo con --apply.")


def _threshold(row: Version) -> str:
    if row.threshold is None:
        return "el de la empresa"
    return "nadie" if row.threshold > 1 else str(row.threshold)


def _draw(what: Table | str) -> None:
    if isinstance(what, str):
        click.echo(what)
    else:
        Console(soft_wrap=False).print(what)


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
