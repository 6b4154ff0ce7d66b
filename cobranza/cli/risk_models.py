"""`cobranza risk train|models|use|rollback|card|drift`: what the judges of payers learned, and whether it holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS, BusinessError

if TYPE_CHECKING:
    from cobranza.ledger.models import Creditor

PARENT = "risk"

_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas.")
_MODEL = click.option("--model", "slug", default="gradiente", show_default=True, metavar="MODELO", help="Cuál.")
_COMPANY = click.option("--company", metavar="EMPRESA", help="Solo los deudores de esta empresa; si no, los de todas.")


class WhichCompany(BusinessError):
    """The company is not there."""

    code = "COB-RIE-052"
    remedy = "«cobranza ledger balance» muestra las empresas que hay."


@click.command("train")
@_MODEL
@_COMPANY
@click.option("--apply", "act", is_flag=True, help="Sin esta opción solo se dice qué saldría.")
@click.option("--new-check", is_flag=True, help="Congela de nuevo el conjunto de comprobación, con lo de hoy.")
@_JSON
def train(slug: str, company: str | None, act: bool, new_check: bool, as_json: bool) -> None:
    """Aprende del propio libro quién paga; entra en uso si no es peor en el conjunto de comprobación congelado.

    Termina con 3 si la versión nueva es peor que la que está en uso: queda guardada como rechazada, con sus cifras.
    """
    from cobranza.risk import training

    done = training.train(
        slug,
        _creditor(company),
        apply=act,
        new_check=new_check,
        tell=lambda text: click.echo(text, err=True),
    )
    if as_json:
        _print({**done.card, "applied": done.folder is not None and not done.refused})
    else:
        click.echo(done.text)
        if done.folder is None:
            click.echo("No se ha guardado nada; hágalo con --apply.")
        elif not done.refused:
            click.echo(f'En uso: {done.judge.name}. Para que valore, ponga modelo = "{slug}" en config/risk.toml.')
    if done.refused:
        raise click.exceptions.Exit(EXIT_BUSINESS)


@click.command("models")
@_JSON
def models(as_json: bool) -> None:
    """Enseña los modelos y sus versiones: la que está en uso, las guardadas y las rechazadas."""
    from cobranza.risk import training

    rows = [row for who in training.learners().values() for row in who.versions()]
    if as_json:
        _print({"rules": training.rules().name, "versions": rows})
        return
    click.echo(f"Reglas del primer día: {training.rules().name}")
    if not rows:
        click.echo("No se ha entrenado nada: valoran las reglas.")
        return
    table = Table("Modelo", "Versión", "Estado", "Entrenada", "AUC a 60 días", "Brier", "Motivo")
    states = {"in_use": "en uso", "kept": "guardada", "refused": "rechazada"}
    for row in rows:
        found: dict[str, Any] = row["figures"].get("pay_60", {})
        figures = (f"{found['auc']:.3f}", f"{found['brier']:.4f}") if found else ("", "")
        why = "; ".join(row["refused"])
        table.add_row(row["slug"], row["version"], states[row["state"]], row["trained"][:10], *figures, why)
    Console(soft_wrap=False).print(table)


@click.command("use")
@click.argument("version", metavar="VERSIÓN")
@_MODEL
@_JSON
def use(version: str, slug: str, as_json: bool) -> None:
    """Pone en uso una versión guardada, también una rechazada: es decisión de una persona."""
    from cobranza.risk import training

    training.learner(slug).use(version)
    if as_json:
        _print({"model": slug, "in_use": version})
    else:
        click.echo(f"En uso: {slug}/{version}.")


@click.command("rollback")
@_MODEL
@_JSON
def rollback(slug: str, as_json: bool) -> None:
    """Vuelve a la versión que estaba en uso antes."""
    from cobranza.risk import training

    former = training.learner(slug).roll_back()
    if as_json:
        _print({"model": slug, "in_use": former})
    elif former:
        click.echo(f"En uso: {slug}/{former}.")
    else:
        click.echo(f'«{slug}» queda sin versión en uso; ponga modelo = "reglas" en config/risk.toml.')


@click.command("card")
@click.argument("version", metavar="[VERSIÓN]", required=False)
@_MODEL
@_JSON
def card(version: str | None, slug: str, as_json: bool) -> None:
    """Enseña la ficha de una versión (por defecto, la que está en uso): datos, resultados, equidad y límites."""
    from cobranza.risk import training

    who = training.learner(slug)
    live = who.live()
    wanted = version or (live.name.partition("/")[2] if live is not None else "")
    if not wanted:
        raise training.TrainingError(
            f"«{slug}» no tiene ninguna versión en uso.", remedy="Entrénelo con «cobranza risk train»."
        )
    data, text = who.card(wanted)
    if as_json:
        _print(data)
    else:
        click.echo(text)


@click.command("drift")
@_MODEL
@_COMPANY
@_JSON
def drift(slug: str, company: str | None, as_json: bool) -> None:
    """Compara los deudores de hoy con aquellos de los que aprendió la versión en uso (índice de estabilidad, PSI).

    Termina con 3 si algo pasa del umbral de alarma: toca entrenar de nuevo.
    """
    from cobranza.risk import training
    from cobranza.risk.model_card import title

    found = training.watch(slug, creditor=_creditor(company))
    if as_json:
        _print(found)
    else:
        click.echo(f"{found['name']}: {found['debtors']} deudores de hoy.")
        table = Table("Dato", "PSI", "")
        for name, value in list(found["psi"].items())[:12]:
            mark = "alarma" if name in found["alarmed"] else "aviso" if name in found["warned"] else ""
            table.add_row(title(name), f"{value:.3f}", mark)
        Console(soft_wrap=False).print(table)
    if found["alarmed"]:
        raise click.exceptions.Exit(EXIT_BUSINESS)


commands = [train, models, use, rollback, card, drift]


def _creditor(key: str | None) -> Creditor | None:
    from cobranza.ledger.models import Creditor

    if key is None:
        return None
    row = Creditor.objects.filter(key=key).first()
    if row is None:
        there = ", ".join(Creditor.objects.order_by("key").values_list("key", flat=True)) or "ninguna"
        raise WhichCompany(f"No hay ninguna empresa «{key}» (hay: {there}).")
    return row


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
