"""`cobranza portal …`: the debtors' pages: serve them, and give and take personal links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cobranza.ledger.models import Debtor, Link

_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_DEBTOR = click.argument("debtor", metavar="DEUDOR")
_COMPANY = click.option("--company", default="", metavar="CLAVE", help="Acreedor, si la clave del deudor se repite.")


@click.group()
def portal() -> None:
    """Las páginas de los deudores: servirlas, y dar o retirar enlaces personales."""


@portal.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), help="Puerto; si no, el de config/portal.toml.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Dirección en la que escucha.")
def serve(port: int | None, host: str) -> None:
    """Sirve las páginas de los deudores, en un proceso aparte de la consola, y se queda."""
    import signal
    import subprocess
    import sys

    from cobranza.portal import server
    from cobranza.portal.settings import read

    entry = read()
    number = port or entry.puerto
    click.echo(f"Portal: {entry.direccion or f'http://127.0.0.1:{number}'}   (Ctrl-C para parar)")
    # A child, because this process has the staff's settings loaded and the portal never runs on them.
    child = subprocess.Popen(server.command(number, host))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        sys.exit(child.wait())
    except KeyboardInterrupt:
        child.wait()


@portal.command("link")
@_DEBTOR
@_COMPANY
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 365), help="Días que vale.")
@click.option("--person", required=True, metavar="CUENTA", help="Quién lo pide; queda en el registro.")
@_JSON
def link(debtor: str, company: str, days: int, person: str, as_json: bool) -> None:
    """Da un enlace nuevo a la página de DEUDOR (su clave en el ERP o su número). Es un secreto: se enseña una vez."""
    from cobranza.ledger import links
    from cobranza.ledger.events import Actor
    from cobranza.portal.settings import read

    row, token = links.issue(_debtor(debtor, company), days=days, actor=Actor.person(person))
    entry = read()
    url = f"{entry.direccion or f'http://127.0.0.1:{entry.puerto}'}/d/{token}/"
    if as_json:
        click.echo(json.dumps({**_row(row), "url": url}, ensure_ascii=False, indent=2))
    else:
        click.echo(url)


@portal.command("links")
@_DEBTOR
@_COMPANY
@_JSON
def links_of(debtor: str, company: str, as_json: bool) -> None:
    """Lista los enlaces de DEUDOR; las direcciones no se guardan ni se enseñan."""
    from cobranza.ledger.models import Link
    from cobranza.screens import formats

    rows = list(Link.objects.filter(debtor=_debtor(debtor, company)).order_by("pk"))
    if as_json:
        click.echo(json.dumps([_row(row) for row in rows], ensure_ascii=False, indent=2))
        return
    for row in rows:
        ended = f"retirado: {row.revoked_reason}" if row.revoked_at else f"hasta {formats.instant(row.expires_at)}"
        used = f", última entrada {formats.instant(row.used_at)}" if row.used_at else ", sin usar"
        click.echo(f"{row.pk}  {ended}{used}")
    if not rows:
        click.echo("No tiene ningún enlace.")


@portal.command("revoke")
@click.argument("number", metavar="ENLACE", type=int)
@click.option("--why", required=True, metavar="TEXTO", help="Motivo; queda en el registro.")
@click.option("--person", required=True, metavar="CUENTA", help="Quién lo decide.")
def revoke(number: int, why: str, person: str) -> None:
    """Retira el enlace número ENLACE: deja de abrir nada en ese momento."""
    from cobranza.kernel.errors import UsageError
    from cobranza.ledger import links
    from cobranza.ledger.events import Actor
    from cobranza.ledger.models import Link

    row = Link.objects.filter(pk=number).first()
    if row is None:
        raise UsageError(f"No hay ningún enlace {number}.", remedy="Vea los números con «cobranza portal links».")
    links.revoke(row, reason=why, actor=Actor.person(person))
    click.echo(f"Enlace {number} retirado.")


group = portal


def _debtor(said: str, company: str) -> Debtor:
    from cobranza.kernel.errors import UsageError
    from cobranza.ledger.models import Debtor

    every = Debtor.objects.filter(creditor__key=company) if company else Debtor.objects.all()
    found = list(every.filter(erp_key=said)[:2])
    if not found and said.isdigit() and len(said) < 18:  # the ERP's keys may look like our numbers, and come first
        found = list(every.filter(pk=int(said))[:2])
    if len(found) != 1:
        what = "Ningún deudor es" if not found else "Varios deudores son"
        raise UsageError(
            f"{what} «{said}».", remedy="Indique su clave en el ERP y, si se repite, el acreedor con --company."
        )
    return found[0]


def _row(row: Link) -> dict[str, object]:
    return {
        "link": row.pk,
        "debtor": row.debtor_id,
        "expires_at": row.expires_at.isoformat(),
        "used_at": row.used_at.isoformat() if row.used_at else None,
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
        "revoked_reason": row.revoked_reason,
    }
