"""`cobranza legal bundle`: a case and its documents into what is reviewed and what is filed; needs no database."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS, UsageError
from cobranza.kernel.secrets import Secret, SecretError, resolve

if TYPE_CHECKING:
    from cobranza.legal.bundle import Bundle, Signer

PARENT = "legal"
NEEDS_DATABASE = False
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_PASSWORD_BYTES = 4096


@click.command("bundle")
@click.argument("case_file", metavar="CASE.toml", type=_FILE)
@click.option("--documents", required=True, type=_FOLDER, help="Carpeta con los documentos que nombra CASE.toml.")
@click.option("--court", required=True, metavar="SLUG", help="Juzgado: uno de «cobranza legal courts».")
@click.option("--out", required=True, type=_FOLDER, help="Carpeta en la que se deja todo.")
@click.option("--writ", type=_FILE, help="Escrito corregido por el abogado (DOCX o PDF), en lugar del generado.")
@click.option("--cache", type=_FOLDER, help="Carpeta de las conversiones hechas; por defecto, la de la instalación.")
@click.option("--sign", "certificate", type=_FILE, metavar="PKCS12", help="Firma con ese certificado.")
@click.option("--password", "reference", metavar="REFERENCIA", help="Dónde está la contraseña: env:, file: o keyring:.")
@click.option("--password-fd", type=int, metavar="N", help="Descriptor del que se lee la contraseña.")
@click.option("--level", type=click.Choice(["B-B", "B-T", "B-LT"]), default="B-B", help="Nivel PAdES de la firma.")
@click.option("--tsa", default="", metavar="URL", help="Sello de tiempo RFC 3161, para B-T y B-LT.")
@click.option("--trust", type=_FILE, metavar="PEM", help="Raíces de la firma y del sello de tiempo, para B-LT.")
@_JSON
def bundle(
    case_file: Path,
    documents: Path,
    court: str,
    out: Path,
    writ: Path | None,
    cache: Path | None,
    certificate: Path | None,
    reference: str | None,
    password_fd: int | None,
    level: Any,
    tsa: str,
    trust: Path | None,
    as_json: bool,
) -> None:
    """Prepara un expediente: el PDF para revisarlo y el paquete para presentarlo, con índice, folios y huellas.

    Termina con 3 si algo impide presentarlo: un documento rechazado, un límite del portal que no se puede cumplir.
    """
    from cobranza.legal.bundle import default_cache, prepare
    from cobranza.legal.case_file import read_case
    from cobranza.legal.inputs import Converter
    from cobranza.legal.settings import rate_book

    signer = _signer(certificate, reference, password_fd, level, tsa, trust)
    case = read_case(case_file, rate_book())
    with Converter(cache or default_cache()) as converter:
        made = prepare(case, documents, court, out, signer=signer, converter=converter, writ=writ)
    if as_json:
        click.echo(json.dumps({"out": str(out), **made.as_dict()}, ensure_ascii=False, indent=2))
    else:
        _show(made, out)
    if made.blocked:
        click.get_current_context().exit(EXIT_BUSINESS)


@click.command("courts")
@_JSON
def courts(as_json: bool) -> None:
    """Muestra los juzgados instalados, qué procedimientos admiten y sus límites, con su fuente."""
    from cobranza.legal.requirements import requirements, slugs

    found = {slug: requirements(slug) for slug in slugs()}
    if as_json:
        plain = [{"court": slug, **each.model_dump(mode="json")} for slug, each in found.items()]
        click.echo(json.dumps({"courts": plain}, ensure_ascii=False, indent=2))
        return
    table = Table("Juzgado", "País", "Nombre", "Procedimientos", "Por fichero", "Por envío", "Formatos", "Comprobado")
    for slug, each in found.items():
        limits = each.limites
        table.add_row(
            slug,
            each.pais,
            escape(each.nombre),
            escape(", ".join(each.procedimientos)),
            _size(limits.por_fichero),
            _size(limits.por_envio),
            ", ".join(limits.formatos),
            limits.verificado.strftime("%d/%m/%Y") if limits.verificado else "sin comprobar",
        )
    Console().print(table)


@click.group("package")
def package() -> None:
    """Paquetes de presentación ya preparados."""


@package.command("verify")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--expected", default="", metavar="SHA256", help="Huella que se firmó; sin ella, la del manifiesto.")
@_JSON
def verify(folder: Path, expected: str, as_json: bool) -> None:
    """Comprueba que los ficheros de DIR son, byte a byte, los del manifiesto. Termina con 3 si algo ha cambiado."""
    from cobranza.legal.package import read_package

    found = read_package(folder, expected=expected)
    if as_json:
        plain = {"ok": True, "case": found.case, "court": found.court, "files": len(found.files)}
        click.echo(json.dumps({**plain, "hash": found.hash, "fingerprint": found.fingerprint}, indent=2))
        return
    click.echo(f"{found.case}: {len(found.files)} ficheros, sin cambios. Huella del paquete: {found.hash}")


commands = [bundle, courts, package]


def _signer(
    certificate: Path | None,
    reference: str | None,
    password_fd: int | None,
    level: Any,
    tsa: str,
    trust: Path | None,
) -> Signer | None:
    from cobranza.legal.bundle.signing import certificates, load_signer

    if certificate is None:
        if reference or password_fd is not None or tsa or trust or level != "B-B":
            raise UsageError("Hay opciones de firma y falta --sign.")
        return None
    if (reference is None) == (password_fd is None):
        raise UsageError("Para firmar hace falta la contraseña: --password o --password-fd.")
    password = resolve(reference) if reference is not None else _read_password(int(password_fd or 0))
    roots = certificates(trust.read_bytes()) if trust is not None else ()
    return load_signer(certificate.read_bytes(), password, level=level, tsa=tsa, trust=roots)


def _read_password(descriptor: int) -> Secret:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as given:
            content = given.read(_PASSWORD_BYTES)
    except OSError as exc:
        raise SecretError(f"No se puede leer la contraseña del descriptor {descriptor}.") from exc
    return Secret(content.decode("utf-8").rstrip("\r\n"))


def _show(made: Bundle, out: Path) -> None:
    console = Console()
    table = Table(title=f"Presentación · {made.package.hash[:16]}…", title_justify="left")
    for name in ("N.º", "Fichero", "Págs.", "KB", "PDF/A", "Firma"):
        table.add_column(name, justify="right" if name in ("N.º", "Págs.", "KB") else "left", overflow="fold")
    for each in made.package.files:
        row = (str(each.order), escape(each.name), str(each.pages), f"{each.size / 1024:.0f}")
        table.add_row(*row, each.pdfa or "no", "sí" if each.signed else "")
    console.print(table)
    console.print(f"Para revisar: {escape(str(made.review))} ({made.pages} folios)", highlight=False)
    for finding in made.findings:
        colour = "red" if finding.blocking else "yellow"
        console.print(
            f"[{colour}]{'IMPIDE' if finding.blocking else 'aviso'}[/] {escape(finding.text)}", highlight=False
        )
    if made.blocked:
        console.print("No se puede presentar así: corrija lo que impide y vuelva a prepararlo.", highlight=False)


def _size(limit: int) -> str:
    return f"{limit / 1_048_576:.1f} MiB" if limit else "–"
