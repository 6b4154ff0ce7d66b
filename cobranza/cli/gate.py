"""`cobranza gate`: whether something may be sent to a debtor at a given second, and the rules that say so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from cobranza.gate import policy, sms, statefile, texts
from cobranza.gate.acts import Act, Balance, Consent, Decision, Purpose, State, Verdict
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.kernel.errors import EXIT_BUSINESS, UsageError
from cobranza.regimes.contact import CHANNELS, DEBTOR_TYPES, RECIPIENTS, ContactLaw

NEEDS_DATABASE = False

_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_MOST_TEXT = 1_000_000
_SAID = {Verdict.ALLOW: "Permitido", Verdict.DEFER: "Aplazado", Verdict.DENY: "Denegado"}


@click.group("gate")
def group() -> None:
    """Compuerta de envíos: qué se puede mandar a un deudor, cuándo y por qué."""


@group.command()
@click.option("--country", required=True, metavar="PAÍS", help="País cuya norma se aplica: ES, MX, CO, PE, CL, AR, EC.")
@click.option("--debtor-type", type=click.Choice(DEBTOR_TYPES), default="consumer", help="Consumidor o empresa.")
@click.option("--channel", type=click.Choice(CHANNELS), required=True, help="Canal del envío.")
@click.option("--at", metavar="INSTANTE", help="Segundo del envío, ISO 8601 con desfase; por defecto, ahora.")
@click.option("--purpose", type=click.Choice([each.value for each in Purpose]), default="claim", help="Para qué.")
@click.option("--recipient", type=click.Choice(RECIPIENTS), default="debtor", help="A quién.")
@click.option("--address", default="", metavar="DIRECCIÓN", help="Número o correo al que va.")
@click.option("--amount", metavar="IMPORTE", help="Lo que se reclama, con punto decimal.")
@click.option("--zone", default="", metavar="ZONA", help="Zona IANA del deudor; si no, la del estado o la del desfase.")
@click.option("--region", default="", metavar="REGIÓN", help="Para festivos regionales: CT, MD…")
@click.option("--form", "forms", multiple=True, metavar="FORMA", help="Cómo es: court_look, hidden_number…")
@click.option("--topic", "topics", multiple=True, metavar="TEMA", help="De qué habla: reason_for_non_payment…")
@click.option("--overdue-days", type=int, metavar="DÍAS", help="Días de atraso.")
@click.option("--unattended", is_flag=True, help="Nadie lo mira antes de salir.")
@click.option(
    "--state",
    "state_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FICHERO",
    help="Estado del deudor en JSON. Sin él solo se mira la norma: horas, festivos, destinatario y formas.",
)
@_JSON
def check(
    country: str,
    debtor_type: str,
    channel: str,
    at: str | None,
    purpose: str,
    recipient: str,
    address: str,
    amount: str | None,
    zone: str,
    region: str,
    forms: tuple[str, ...],
    topics: tuple[str, ...],
    overdue_days: int | None,
    unattended: bool,
    state_file: Path | None,
    as_json: bool,
) -> None:
    """Decide un envío: allow (se puede), defer (a partir de «until»; null espera un dato fresco) o deny.

    Termina con 0 sea cual sea la respuesta. El fichero de --state lleva estas claves, todas opcionales, con
    instantes ISO 8601 con desfase e importes como texto; una clave desconocida se rechaza:

    \b
    balance          {"open": "1000.00", "disputed": "200.00", "read_at": "…"}
    zone, region     zona IANA del deudor; región de sus festivos
    local_holidays   ["2026-08-06"]
    consents         [{"channel", "given_at", "proof", "address", "revoked_at", "other_hours"}]
    opt_outs         [{"at", "channel"}]: canal vacío, todos
    preferences      {"channels": [], "weekdays": [0], "start": "09:00", "end": "12:00"}: lunes es 0
    given_addresses  direcciones que dio el deudor
    agreements       [{"kind": "plan" o "promise", "good", "covers", "due"}]
    contacts         [{"at", "channel", "recipient", "address", "reached", "reference"}]
    blocks           [{"kind", "reason", "since", "until"}]: concurso, juzgado, retención
    happened         [{"event": "payment" o "dispute_closed", "at"}]
    inbound          [{"channel", "at"}]: lo que escribió el deudor
    """
    law = policy.law(country)
    second = _instant(at)
    asked = Act(
        country=law.country,
        debtor_type=debtor_type,
        channel=channel,
        at=second,
        purpose=Purpose(purpose),
        recipient=recipient,
        address=address,
        amount=_amount(amount),
        forms=frozenset(forms),
        topics=frozenset(topics),
        overdue_days=overdue_days,
        unattended=unattended,
    )
    state = _assumed(asked) if state_file is None else statefile.read(state_file)
    state = replace(
        state, zone=zone or state.zone or _zone_of(second, law, given=at is not None), region=region or state.region
    )
    decision = decide(asked, state, law)
    if state_file is None:
        told = "Sin --state solo se ha mirado la norma: ni saldo, ni consentimiento, ni contactos anteriores."
        decision = replace(decision, warnings=(*decision.warnings, told), claimable=None)
    if as_json:
        _print({**decision.as_dict(law), "country": law.country, "confirmed_by_lawyer_on": _confirmed(law)})
    else:
        _show(decision, law)


@group.command()
@click.argument("file", metavar="FICHERO", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--country", required=True, metavar="PAÍS", help="ES, MX, CO, PE, CL, AR, EC.")
@click.option("--channel", type=click.Choice(CHANNELS), required=True, help="Canal por el que iría.")
@click.option("--debtor-type", type=click.Choice(DEBTOR_TYPES), default="consumer", help="Consumidor o empresa.")
@click.option("--subject", default="", metavar="ASUNTO", help="Asunto, sobre o lo que otros pueden ver.")
@click.option("--sender", "senders", multiple=True, metavar="NOMBRE", help="Quién escribe.")
@click.option("--creditor", "creditors", multiple=True, metavar="NOMBRE", help="Por cuenta de quién.")
@click.option("--host", "hosts", multiple=True, metavar="DOMINIO", help="Dominio de páginas nuestras.")
@click.option("--language", type=click.Choice(["es", "en", "pt"]), default="es", help="Idioma del deudor.")
@click.option("--on", metavar="DÍA", help="Día del envío, AAAA-MM-DD; por defecto, hoy.")
@click.option("--overdue-days", type=int, metavar="DÍAS", help="Días de atraso.")
@click.option("--court-begun", is_flag=True, help="Ya hay una acción judicial en marcha.")
@_JSON
def lint(
    file: Path,
    country: str,
    channel: str,
    debtor_type: str,
    subject: str,
    senders: tuple[str, ...],
    creditors: tuple[str, ...],
    hosts: tuple[str, ...],
    language: str,
    on: str | None,
    overdue_days: int | None,
    court_begun: bool,
    as_json: bool,
) -> None:
    """Revisa el texto de FICHERO (UTF-8) como lo recibiría el deudor, con los campos ya rellenos.

    Termina con 3 si hay algo que no puede enviarse.
    """
    law = policy.law(country)
    if file.stat().st_size > _MOST_TEXT:
        raise UsageError(f"{file.name} es demasiado grande para ser un mensaje.")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{file.name} no está en UTF-8.", remedy="Guárdelo como UTF-8.") from exc
    message = texts.Message(
        text=text,
        subject=subject,
        channel=channel,
        debtor_type=debtor_type,
        on=_day(on) or clock.now().date(),
        senders=senders,
        creditors=creditors,
        own_hosts=frozenset(hosts),
        language=language,
        court_begun=court_begun,
        overdue_days=overdue_days,
    )
    found = texts.lint(message, law)
    size = sms.size(text)
    if as_json:
        listed = [
            {"rule": each.rule, "text": each.told, "words": each.words, "source": law.by_id[each.rule].source}
            for each in found
        ]
        told = {"encoding": size.encoding, "units": size.units, "parts": size.parts, "culprits": size.culprits}
        _print({"country": law.country, "findings": listed, "sms": told})
    else:
        for each in found:
            words = f" «{each.words}»" if each.words else ""
            click.echo(f"{each.rule}: {each.told}{words} ({law.by_id[each.rule].source})")
        if channel == "sms":
            click.echo(f"{size.units} unidades en {size.encoding}: {size.parts} SMS.")
        if not found:
            click.echo("Nada que objetar.")
    if found:
        raise click.exceptions.Exit(EXIT_BUSINESS)


@group.command()
@click.option("--country", required=True, metavar="PAÍS", help="ES, MX, CO, PE, CL, AR, EC.")
@click.option("--on", metavar="DÍA", help="Solo las vigentes ese día, AAAA-MM-DD.")
@_JSON
def rules(country: str, on: str | None, as_json: bool) -> None:
    """Lista las reglas de contacto de un país con su fuente y su vigencia; las propias llevan PROPIA."""
    law = policy.law(country)
    day = _day(on)
    found = [rule for rule in law.rules if day is None or rule.in_force(day)]
    if as_json:
        listed = [
            {
                "id": rule.id,
                "text": rule.text,
                "source": rule.source,
                "since": rule.since.isoformat(),
                "until": rule.until.isoformat() if rule.until else None,
                "house": rule.house,
                "applies_to": sorted(rule.applies_to or DEBTOR_TYPES),
                "channels": sorted(rule.channels or CHANNELS),
            }
            for rule in found
        ]
        told = {"country": law.country, "zones": list(law.zones), "confidence": law.confidence}
        _print({**told, "confirmed_by_lawyer_on": _confirmed(law), "rules": listed})
        return
    for rule in found:
        ends = f" hasta {rule.until:%d/%m/%Y}" if rule.until else ""
        click.echo(f"{rule.id}: {rule.text}")
        click.echo(f"  {rule.source}. Desde {rule.since:%d/%m/%Y}{ends}.")
    click.echo(f"Confirmado por un abogado: {_confirmed(law) or 'no'}. Confianza en las fuentes: {law.confidence}.")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as exc:
        raise UsageError(f"«{text}» no es un día.", remedy="Escríbalo como AAAA-MM-DD.") from exc


def _instant(text: str | None) -> datetime:
    if text is None:
        return clock.now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise UsageError(f"«{text}» no es un instante.", remedy="Por ejemplo 2026-03-07T15:00:00-05:00.") from exc
    if found.tzinfo is None:
        raise UsageError(f"«{text}» no dice su desfase.", remedy="Añádalo: 2026-03-07T15:00:00-05:00.")
    return found


def _amount(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation as exc:
        raise UsageError(f"«{text}» no es un importe.", remedy="Escríbalo con punto decimal: 1234.56.") from exc


def _assumed(act: Act) -> State:
    """A debtor with nothing against the act, so that the law alone speaks."""
    return State(
        balance=Balance(open=act.amount or Decimal(1), read_at=act.at),
        consents=(Consent(channel=act.channel, given_at=act.at, proof="supuesto"),),
        given_addresses=frozenset({act.address}),
    )


def _zone_of(at: datetime, law: ContactLaw, *, given: bool) -> str:
    """The first of the country's zones that has the offset written in ``--at``; empty when none has."""
    if not given:
        return ""
    names = (name for name in law.zones if at.astimezone(clock.zone(name)).utcoffset() == at.utcoffset())
    return next(names, "")


def _confirmed(law: ContactLaw) -> str | None:
    return law.confirmed_by_lawyer_on.isoformat() if law.confirmed_by_lawyer_on else None


def _show(decision: Decision, law: ContactLaw) -> None:
    said = _SAID[decision.verdict]
    if decision.verdict is Verdict.DEFER:
        when = f"hasta {decision.until:%d/%m/%Y %H:%M:%S %Z}" if decision.until else "hasta leer el saldo de nuevo"
        said = f"{said} {when}"
    click.echo(f"{said}.")
    for name, reason in zip(decision.rules, decision.reasons, strict=False):
        click.echo(f"  {name}: {reason} ({law.by_id[name].source})")
    if decision.claimable is not None:
        click.echo(f"Se puede reclamar como mucho {decision.claimable:f}.")
    for warning in decision.warnings:
        click.echo(f"Aviso: {warning}")


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
