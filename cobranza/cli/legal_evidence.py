"""`cobranza legal prior|priors|prior-remove|defendant|claim`: what the screens take by form, by command.

The same forms check it; who says it is a named person.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cobranza.cli.legal import DAY
from cobranza.kernel.spanish import write_day

if TYPE_CHECKING:
    from django.forms import BaseForm

    from cobranza.legal.models import Defendant, LegalCase, Prior

PARENT = "legal"
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_NUMBER = click.argument("number", metavar="EXPEDIENTE")
_WHO = click.option("--person", required=True, metavar="CUENTA", help="Quién lo dice.")
_LAWYER = click.option(
    "--person", required=True, metavar="CUENTA", help="Quién lo decide: una cuenta del perfil legal."
)
_DEFENDANT = {
    "name": "Nombre completo.",
    "tax_id": "NIF o equivalente.",
    "address": "Calle y número.",
    "postal_code": "Código postal.",
    "locality": "Localidad.",
    "province": "Provincia.",
    "country": "País (ISO, dos letras).",
    "email": "Correo.",
    "phone": "Teléfono.",
}


@click.command("prior")
@_NUMBER
@click.option("--kind", default="masc", show_default=True, metavar="CLASE", help="masc, requerimiento o preaviso.")
@click.option("--channel", default="burofax", show_default=True, metavar="MEDIO", help="burofax, acta_notarial …")
@click.option("--sent", required=True, type=DAY, metavar="DÍA", help="Día en que se envió.")
@click.option("--reached", type=DAY, metavar="DÍA", help="Día en que llegó; sin él, no consta.")
@click.option("--offers", is_flag=True, help="Nombra la deuda y ofrece negociar.")
@click.option("--outcome", default="", metavar="RESULTADO", help="Por defecto, sin respuesta.")
@click.option("--confidential", is_flag=True, help="Cita una oferta confidencial: su justificante no se presenta.")
@click.option("--document", default="", metavar="CLAVE", help="Documento del expediente que lo prueba.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FICHERO",
    help="Justificante que se añade al expediente con ella.",
)
@_WHO
@_JSON
def prior(number: str, file: Path | None, as_json: bool, **given: Any) -> None:
    """Anota en un expediente un intento de acuerdo (MASC) o un requerimiento, con su justificante.

    Termina con 3 si los días no cuadran. Falta que el equipo jurídico revise el justificante.
    """
    from cobranza.ledger.events import Actor
    from cobranza.legal import agenda, dossier, forms, handing, house, stages
    from cobranza.legal.case import DocumentKind, PriorOutcome

    if file is not None and given["document"]:
        raise click.UsageError("Indique --file o --document, no los dos.")
    row, settings, person = stages.find(number), house.read(), given["person"]
    key = given["document"]
    if file is not None:
        new = dossier.NewPaper(
            name=file.name,
            content=file.read_bytes(),
            kind=DocumentKind.PRIOR_CLAIM,
            title=f"Justificante del {write_day(given['sent'])}",
            dated=given["reached"] or given["sent"],
            confidential=given["confidential"],
        )
        key = dossier.add_paper(row, new, settings, actor=Actor.person(person)).key
    data = {
        "kind": given["kind"],
        "channel": given["channel"],
        "sent_on": given["sent"],
        "reached_on": given["reached"],
        "outcome": given["outcome"] or PriorOutcome.NO_ANSWER.value,
        "offers_masc": given["offers"],
        "confidential_offer": given["confidential"],
        "document_key": key,
    }
    form = forms.PriorForm(row, data)
    _check(form)
    today = handing.today(settings, row.country)
    made = dossier.add_prior(row, form.save(commit=False), document=key, today=today, person=person)
    agenda.set_masc(row, made, settings, actor=Actor.person(person))
    _priors(row, as_json, only=made)


@click.command("priors")
@_NUMBER
@_JSON
def priors(number: str, as_json: bool) -> None:
    """Lista los intentos de acuerdo y requerimientos de un expediente."""
    from cobranza.legal import stages

    _priors(stages.find(number), as_json)


@click.command("prior-remove")
@_NUMBER
@click.argument("prior_id", metavar="NÚMERO", type=int)
@click.option("--why", required=True, metavar="TEXTO", help="Motivo; queda en la historia.")
@_WHO
@_JSON
def prior_remove(number: str, prior_id: int, why: str, person: str, as_json: bool) -> None:
    """Quita un intento de acuerdo de un expediente; queda en la historia."""
    from cobranza.ledger.events import Actor
    from cobranza.legal import agenda, dossier, stages

    row = stages.find(number)
    dossier.remove_prior(row, prior_id, why=why, person=person)
    agenda.close_if_there(row, [f"masc:{prior_id}"], actor=Actor.person(person))
    _priors(row, as_json)


def _defendant_options(command: Any) -> Any:
    for name, told in reversed(_DEFENDANT.items()):
        command = click.option(f"--{name.replace('_', '-')}", default=None, metavar="TEXTO", help=told)(command)
    return command


@click.command("defendant")
@_NUMBER
@_defendant_options
@click.option("--kind", type=click.Choice(["fisica", "juridica"]), help="Clase de persona.")
@click.option("--consumer/--no-consumer", default=None, help="Actúa como consumidor o no.")
@click.option("--person", default="", metavar="CUENTA", help="Quién lo corrige: una cuenta del perfil legal.")
@_JSON
def defendant(number: str, kind: str | None, person: str, as_json: bool, **given: Any) -> None:
    """Muestra los datos del demandado; con datos nuevos, los corrige. El juzgado sigue a su domicilio."""
    from django.forms import model_to_dict

    from cobranza.legal import forms, house, stages, workflow
    from cobranza.legal.dossier import save_defendant
    from cobranza.legal.opening import NothingToClaim

    row = stages.find(number)
    target = row.defendants.order_by("pk").first()
    if target is None:
        raise NothingToClaim(f"{number} todavía no tiene demandado.", remedy="Acéptelo con «cobranza legal accept».")
    changes = {name: value for name, value in given.items() if value is not None}
    changes |= {"person": kind} if kind else {}
    if changes:
        if not person:
            raise click.UsageError("Diga quién lo corrige con --person.")
        workflow.require_legal(person)
        form = forms.DefendantForm(model_to_dict(target, fields=forms.DefendantForm.Meta.fields) | changes,
                                   instance=target)  # fmt: skip
        _check(form)
        save_defendant(row, form.save(commit=False), house.read(), person=person)
        row = stages.find(number)
        target = row.defendants.get(pk=target.pk)
    shown = _plain(target)
    if as_json:
        _print({"case": row.number, "organ": row.organ, "court": row.court, "defendant": shown})
        return
    for name, value in shown.items():
        click.echo(f"{name:<12} {value}")
    click.echo(f"{'organ':<12} {row.organ}")


@click.command("claim")
@_NUMBER
@click.option("--concept", required=True, type=click.Choice(["interes", "indemnizacion"]), help="Sobre qué se decide.")
@click.option("--waive/--keep", "waive", default=None, required=True, help="Renunciar, o volver a reclamarlo.")
@click.option("--invoice", default="", metavar="FACTURA", help="Solo esta; por defecto, todas.")
@click.option("--why", default="", metavar="TEXTO", help="Motivo; obligatorio para renunciar.")
@_LAWYER
@_JSON
def claim(number: str, concept: str, waive: bool, invoice: str, why: str, person: str, as_json: bool) -> None:
    """Renuncia a los intereses o a la indemnización de una factura o de todas, o los vuelve a reclamar."""
    from cobranza.legal import building, dossier, stages, workflow
    from cobranza.legal.dossier import BadPaper

    workflow.require_legal(person)
    row = stages.find(number)
    if invoice:
        item = next((each for each in building.items(row) if each.reference == invoice), None)
        if item is None:
            raise BadPaper(f"{number} no reclama {invoice}.", remedy="Mire sus facturas con «cobranza legal case».")
        dossier.decide_claim(row, item.pk, concept, waive=waive, why=why, person=person)
    else:
        dossier.decide_claims(row, concept, waive=waive, why=why, person=person)
    told = [
        {
            "invoice": item.reference,
            "concept": each.concept,
            "waived": each.waived,
            "why": each.why,
            "person": each.person,
        }
        for item in building.items(row)
        for each in building.waivers(item).values()
    ]
    if as_json:
        _print({"case": row.number, "decisions": told})
        return
    for each in told:
        what = "se renuncia" if each["waived"] else "se reclama"
        click.echo(f"{each['invoice']}: {each['concept']}, {what} ({each['person']}) {each['why']}".rstrip())


def _check(form: BaseForm) -> None:
    """Say what the form would say on the screen, as a mistake in the command."""
    if form.is_valid():
        return
    wrong = [
        f"{form[name].label if name in form.fields else name}: {' '.join(str(each) for each in told)}"
        for name, told in form.errors.items()
    ]
    raise click.UsageError(" ".join(wrong))


def _priors(row: LegalCase, as_json: bool, *, only: Prior | None = None) -> None:
    rows = row.priors.filter(removed_at=None).select_related("document").order_by("sent_on", "pk")
    told = [_prior(each) for each in rows if only is None or each.pk == only.pk]
    if as_json:
        _print({"case": row.number, "priors": told})
        return
    for each in told:
        reached = f"llegó el {each['reached_on']}" if each["reached_on"] else "no consta que llegara"
        click.echo(f"{each['id']}: {each['kind']} por {each['channel']} del {each['sent_on']}, {reached}; "
                   f"{each['document'] or 'sin justificante'}")  # fmt: skip


def _prior(row: Prior) -> dict[str, Any]:
    def day(value: date | None) -> str | None:
        return value.isoformat() if value is not None else None

    return {
        "id": row.pk,
        "kind": row.kind,
        "channel": row.channel,
        "sent_on": day(row.sent_on),
        "reached_on": day(row.reached_on),
        "offers_masc": row.offers_masc,
        "outcome": row.outcome,
        "confidential_offer": row.confidential_offer,
        "document": row.document.key if row.document is not None else None,
    }


def _plain(row: Defendant) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("person", *_DEFENDANT, "consumer")}


def _print(told: dict[str, Any]) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))


commands = [prior, priors, prior_remove, defendant, claim]
