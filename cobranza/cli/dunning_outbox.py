"""`cobranza dunning plan|queue|send|messages`: the day's reminders of a company, from the ledger to the outbox."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money

PARENT = "dunning"

_COMPANY = click.argument("company", metavar="EMPRESA")
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")


@click.command("plan")
@_COMPANY
@_JSON
def plan_command(company: str, as_json: bool) -> None:
    """Muestra lo que la estrategia haría hoy con cada deudor y lo que dice la compuerta. No cambia nada."""
    from cobranza.dunning import workflow

    found = list(workflow.plan(_creditor(company)))
    if as_json:
        click.echo(json.dumps([_planned(each) for each in found], ensure_ascii=False, indent=2))
        return
    for each in found:
        click.echo(f"{each.name}: {_said(each)}")
    counted = Counter("sale" if each.goes else "no sale" for each in found)
    click.echo(f"{len(found)} cuentas: {counted['sale']} mensajes para la cola")


@click.command("queue")
@_COMPANY
@click.option("--user", default="", metavar="USUARIO", help="Quién lo pone en cola; sin él, el robot.")
@_JSON
def queue_command(company: str, user: str, as_json: bool) -> None:
    """Pone en la cola los mensajes de hoy que la compuerta no deniega. Repetirlo no duplica nada."""
    from cobranza.dunning import workflow
    from cobranza.dunning.store import ROBOT
    from cobranza.ledger.events import Actor

    creditor = _creditor(company)
    actor = Actor.person(user) if user else ROBOT
    day = workflow.queue_all(creditor, actor=actor)
    if as_json:
        told = {
            "queued": [_planned(each) for each in day.queued],
            "tasks": [_planned(each) for each in day.tasks],
            "not_queued": [_planned(each) for each in day.held],
            "wished": [_message(each) for each in day.wishes],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for each in (*day.tasks, *day.held):
        click.echo(f"{each.name}: {_said(each)}")
    click.echo(
        f"{len(day.queued)} mensajes en cola y {len(day.wishes)} pedidos por otros procesos, "
        f"{len(day.tasks)} tareas para personas, {len(day.held)} cuentas sin mensaje"
    )


@click.command("send")
@_COMPANY
@click.option("--limit", default=500, show_default=True, metavar="N", help="Mensajes, como mucho.")
@_JSON
def send_command(company: str, limit: int, as_json: bool) -> None:
    """Envía lo que toca; la compuerta decide otra vez cada mensaje en el segundo del envío."""
    from cobranza.dunning import workflow

    done = workflow.send(_creditor(company), limit=limit)
    if as_json:
        click.echo(json.dumps({state.value: count for state, count in sorted(done.items())}, ensure_ascii=False))
        return
    told = ", ".join(f"{count} {state.value}" for state, count in sorted(done.items()))
    click.echo(told or "No había nada que enviar.")


@click.command("messages")
@_COMPANY
@click.option("--state", default="", metavar="ESTADO", help="Solo los de ese estado.")
@_JSON
def messages_command(company: str, state: str, as_json: bool) -> None:
    """Lista los mensajes de una empresa: qué se envió o se retuvo, y qué regla lo decidió."""
    from cobranza.dunning.models import Message

    rows = Message.objects.filter(creditor=_creditor(company)).select_related("debtor").order_by("queued_at", "pk")
    if state:
        rows = rows.filter(state=state)
    if as_json:
        click.echo(json.dumps([_message(each) for each in rows], ensure_ascii=False, indent=2))
        return
    for each in rows:
        amount = write_money(Money(each.currency, each.amount)) if each.amount is not None else ""
        why = f" ({each.reason})" if each.reason else ""
        click.echo(f"{each.debtor.name}: {each.step} · {each.channel} · {each.state} {amount}{why}")


def _creditor(key: str) -> Any:
    from cobranza.ledger.models import Creditor

    found = Creditor.objects.filter(key=key).first()
    if found is None:
        known = ", ".join(Creditor.objects.values_list("key", flat=True)) or "ninguna"
        raise BusinessError(
            f"El libro no tiene una empresa «{key}» (hay: {known}).", remedy="Lea antes su ERP y sus bancos."
        )
    return found


def _said(each: Any) -> str:
    from cobranza.dunning.strategy import Nothing

    if isinstance(each.found, Nothing):
        return f"nada ({each.found.why})"
    if each.decision is None:
        return f"{each.found.step}: tarea para una persona ({each.found.why})"
    if each.arm == "holdout":
        return "nada (grupo de control)"
    if each.stands and not each.goes:
        return f"{each.found.step}: ya está en la cola o se anuló ({each.stands})"
    told = "; ".join(each.decision.reasons) or "permitido"
    what = f"{each.found.step} · {each.found.channel} · {write_money(each.found.amount)}"
    return f"{what} · {each.decision.verdict.value} ({told})"


def _planned(each: Any) -> dict[str, Any]:
    from cobranza.dunning.strategy import Nothing

    plain: dict[str, Any] = {"debtor": each.debtor, "name": each.name, "currency": each.currency, "arm": each.arm}
    if isinstance(each.found, Nothing):
        return plain | {"step": None, "why": each.found.why, "goes": False}
    found, decision = each.found, each.decision
    return plain | {
        "key": found.key,
        "step": found.step,
        "does": found.does,
        "channel": found.channel,
        "template": found.template,
        "amount": str(found.amount.amount),
        "strategy": found.strategy,
        "why": found.why,
        "goes": each.goes,
        "decision": None if decision is None else decision.verdict.value,
        "until": decision.until.isoformat() if decision is not None and decision.until else None,
        "rules": [] if decision is None else list(decision.rules),
        "reasons": [] if decision is None else list(decision.reasons),
    }


def _message(each: Any) -> dict[str, Any]:
    return {
        "key": each.key,
        "debtor": each.debtor.name,
        "step": each.step,
        "channel": each.channel,
        "address": each.address,
        "template": each.template,
        "state": each.state,
        "amount": None if each.amount is None else str(each.amount),
        "currency": each.currency,
        "reason": each.reason,
        "rules": each.rules,
        "sent_at": each.sent_at.isoformat() if each.sent_at else None,
        "provider_id": each.provider_id,
    }


commands = [plan_command, queue_command, send_command, messages_command]
