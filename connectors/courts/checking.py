"""What a portal would refuse, found without asking it: its limits, and what its form needs of a case."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cobranza.legal.case import Party
from cobranza.legal.package import PackageFile
from cobranza.legal.ports import Filing, Objection
from cobranza.legal.requirements import Limits, requirements
from connectors.courts.words import Words


def check(words: Words, filing: Filing) -> tuple[Objection, ...]:
    """Every reason not to begin; see `CourtSession.check`."""
    limits = requirements(words.slug).limites
    return (*_package(limits, filing), *_form(words, filing))


def _package(limits: Limits, filing: Filing) -> Iterator[Objection]:
    files = filing.package.files
    if limits.ficheros and len(files) > limits.ficheros:
        yield _no("numero_ficheros", f"Son {len(files)} ficheros y se admiten {limits.ficheros}.")
    total = sum(file.size for file in files)
    if limits.por_envio and total > limits.por_envio:
        yield _no("tamano_envio", f"El envío ocupa {total} bytes y se admiten {limits.por_envio}.")
    for file in files:
        yield from _file(limits, file)


def _file(limits: Limits, file: PackageFile) -> Iterator[Objection]:
    if limits.por_fichero and file.size > limits.por_fichero:
        yield _no("tamano_fichero", f"Ocupa {file.size} bytes y se admiten {limits.por_fichero}.", file.name)
    if file.size == 0:
        yield _no("vacio", "Está vacío.", file.name)
    if len(file.name) > limits.nombre_maximo:
        yield _no("nombre", f"El nombre tiene {len(file.name)} caracteres.", file.name)
    if not re.fullmatch(f"[{limits.nombre_caracteres}]+", file.name):
        yield _no("nombre", "El nombre tiene caracteres que el portal no admite.", file.name)
    taken = limits.escrito if file.role == "escrito" else limits.formatos
    suffix = file.name.rpartition(".")[2].lower()
    if suffix not in taken:
        yield _no("formato", f"«{suffix}» no se admite; sí {', '.join(taken)}.", file.name)


def _form(words: Words, filing: Filing) -> Iterator[Objection]:
    package = filing.package
    if package.proceeding not in words.proceedings:
        yield _no("procedimiento", f"Aquí no se presenta «{package.proceeding}».")
    if words.reference and len(package.reference) > words.reference_longest:
        yield _no("referencia", f"La referencia pasa de {words.reference_longest} caracteres.")
    for party in (*filing.case.claimants, *filing.case.defendants):
        yield from _party(words, party)


def _party(words: Words, party: Party) -> Iterator[Objection]:
    if not party.tax_id:
        yield _no("nif", f"Falta el número fiscal de {party.name}.")
    if not party.address:
        yield _no("domicilio", f"Falta el domicilio de {party.name}.")
    if words.copy and not party.email:
        yield _no("correo_demandado", f"Falta el correo electrónico de {party.name}.")


def _no(code: str, text: str, file: str = "") -> Objection:
    return Objection(code=code, text=text, file=file)
