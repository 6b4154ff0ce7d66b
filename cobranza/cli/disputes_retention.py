"""`cobranza disputes retention|forget`: what was written is forgotten when its time is over, or by a person's word."""

from __future__ import annotations

import getpass
import json
from typing import Any

import click

from cobranza.kernel.errors import BusinessError

NEEDS_DATABASE = True
PARENT = "disputes"
_MOST_TOLD = 1000


class NoMailError(BusinessError):
    """A mail that is not there."""

    code = "COB-DIS-021"
    remedy = "Mire su número en la pantalla «Correos» de la consola."


@click.command()
@click.option("--apply", "apply_", is_flag=True, help="Borra; sin esta opción solo cuenta qué se borraría.")
@click.option("--json", "as_json", is_flag=True, help="Resultado legible por máquina.")
def retention(apply_: bool, as_json: bool) -> None:
    """Borra los correos cuyo plazo de conservación ha pasado (config/disputes.toml); los hechos de sus casos quedan."""
    from cobranza.disputes import forgetting
    from cobranza.disputes.settings import read as settings
    from cobranza.ledger.events import Actor

    rules = settings().conservacion
    over = list(forgetting.due(rules))
    done = forgetting.retain(rules, actor=Actor.person(_person())) if apply_ else 0
    if as_json:
        told = {
            "with_case_days": rules.con_caso,
            "without_case_days": rules.sin_caso,
            "applied": apply_,
            "due": len(over),
            "erased": done,
            "mails": [_told(one) for one in over[:_MOST_TOLD]],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for one in over[:20]:
        click.echo(f"Correo {one.mail.pk}, de {one.since:%d/%m/%Y}: {one.why.lower()}.")
    if len(over) > 20:
        click.echo(f"… y {len(over) - 20} más.")
    if apply_:
        click.echo(f"{done} correos borrados.")
    else:
        click.echo(f"{len(over)} correos por borrar." + (" Con --apply se borran." if over else ""))


@click.command()
@click.argument("mail", metavar="CORREO", type=int)
@click.option("--reason", required=True, help="Por qué; queda en el registro de sucesos con su nombre.")
@click.option("--json", "as_json", is_flag=True, help="Resultado legible por máquina.")
def forget(mail: int, reason: str, as_json: bool) -> None:
    """Borra lo que dice un correo, sus adjuntos y quién lo escribió (derecho de supresión). No se puede deshacer."""
    from cobranza.disputes import forgetting
    from cobranza.disputes.models import Mail

    found = Mail.objects.select_related("dispute", "duplicate_of__dispute").filter(pk=mail).first()
    if found is None:
        raise NoMailError(f"No hay ningún correo {mail}.")
    done = forgetting.forget(found, person=_person(), reason=reason)
    case = found.dispute or (found.duplicate_of.dispute if found.duplicate_of else None)
    ticket = case.ticket if case is not None else ""
    if as_json:
        click.echo(json.dumps({"mail": mail, "erased": done, "ticket": ticket}, ensure_ascii=False, indent=2))
        return
    click.echo(f"{done} mensajes borrados." if done else "Ya estaba borrado.")
    if ticket:
        click.echo(f"Su ticket {ticket} sigue en la mesa, y el mensaje en su buzón: bórrelos allí.")


commands = [retention, forget]


def _told(one: Any) -> dict[str, Any]:
    return {"mail": one.mail.pk, "since": one.since.isoformat(), "case": one.mail.dispute_id, "why": one.why}


def _person() -> str:
    return f"cli:{getpass.getuser()}"
