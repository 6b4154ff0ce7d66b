"""What a court's portal takes and what a claim must bring: `connectors/courts/<slug>/requirements.toml`.

Data, not code: a lawyer changes a limit with its source and the day it was verified. The bundle reads the limits, the
checklist the conditions, the adapter of the portal neither.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from cobranza import suite
from cobranza.kernel.config import Strict, load
from cobranza.kernel.errors import BusinessError
from cobranza.legal.case import DocumentKind

FILE = "requirements.toml"


class UnknownCourtError(BusinessError):
    """No court of that name is installed."""

    code = "COB-LEG-010"
    remedy = "Elija uno de «cobranza legal courts»."


class Source(Strict):
    """Where a rule can be read and when somebody read it there; `verificado` empty means nobody has."""

    fuente: str = Field(min_length=4)
    verificado: date | None = None


class Limits(Source):
    """`[limites]`: what the portal takes. Sizes in bytes; 0 means that no limit is known.

    Attributes:
        por_fichero: Largest file.
        por_envio: Largest sum of one filing.
        ficheros: Most files of one filing, the main writ included.
        nombre_maximo: Longest file name, suffix included.
        nombre_caracteres: What a name may hold, as a regular expression's character class without brackets.
        formatos: Suffixes for annexes, lower case, without dot.
        escrito: Suffixes for the main writ.
        pdfa: "" or the level asked of PDF files ("2b").
        version_pdf: "" or the PDF version asked ("1.4").
        texto: Every page needs a text layer.
        firma_escrito: The main writ has to be signed by us (PAdES).
        firma_anexos: Every annex too, unless it is signed already.
        firma_nivel: PAdES level asked of our signatures; "" for any.
        ppp_maximo: Highest resolution of scanned images, 0 for any.
        gris: Scanned images in grey.
        kb_por_imagen: Largest image of a page, 0 for any.
        indice_primero: Our index of documents goes right after the writ, as an annex.
        documento_unico: "no" (one file for each annex, never combined), "si" (everything in one).
    """

    por_fichero: int = Field(default=0, ge=0)
    por_envio: int = Field(default=0, ge=0)
    ficheros: int = Field(default=0, ge=0)
    nombre_maximo: int = Field(default=60, ge=12)
    nombre_caracteres: str = "A-Za-z0-9._-"
    formatos: tuple[str, ...] = ("pdf",)
    escrito: tuple[str, ...] = ("pdf",)
    pdfa: Literal["", "1b", "2b", "3b"] = "2b"
    version_pdf: str = ""
    texto: bool = True
    firma_escrito: bool = False
    firma_anexos: bool = False
    firma_nivel: Literal["", "B-B", "B-T", "B-LT"] = ""
    ppp_maximo: int = Field(default=0, ge=0)
    gris: bool = False
    kb_por_imagen: int = Field(default=0, ge=0)
    indice_primero: bool = True
    documento_unico: Literal["no", "si"] = "no"


class Waiting(Source):
    """`[presentacion]`: how the portal behaves when something was sent.

    Attributes:
        espera_incierto: Seconds between the last sign of a filing of unknown fate and each look for it: longer than
            the portal's own maximum plus the time until a filing can be seen.
        referencia: The portal gives our reference back in its tray of sent filings.
        hora_limite: Local time until which a filing counts for the day ("15:00", "24:00").
        zona: IANA time zone of the court.
        por_sesion: One session at a time for each credential.
    """

    espera_incierto: int = Field(default=600, ge=1)
    referencia: bool = True
    hora_limite: str = "24:00"
    zona: str = "Europe/Madrid"
    por_sesion: bool = True


class CatalogueEntry(Strict):
    """`[catalogo]`: how the portal calls a kind of document."""

    codigo: str
    nombre: str


class Requirement(Source):
    """`[[requisitos]]`: one thing that a claim needs, checked by a rule of `cobranza.legal.checklist`.

    Attributes:
        id: Stable name ("masc_ofrecido").
        regla: Rule that decides it ("documento", "poder", "masc_enviado", "importe_maximo" …).
        texto: What is asked, as a lawyer reads it.
        clases: Kinds of document, for the rule "documento".
        importe: Limit, for the rules of amount.
        moneda: Of the limit.
        dias: For the rules of days.
        persona: Only for this kind of person, "" for both.
        consumidor: Only when the debtor is a consumer (True) or is none (False).
        procedimientos: Only for these proceedings; empty for all.
        bloquea: "presentar" (cannot be filed), "firmar" (cannot be signed off), "avisa" (only told).
        trae: Who has to bring it: "administracion", "abogado", "procurador", "cliente", "robot".
        remedio: What to do, imperative.
    """

    id: str = Field(pattern="^[a-z0-9_]+$")
    regla: str
    texto: str
    clases: tuple[DocumentKind, ...] = ()
    importe: Decimal | None = None
    moneda: str = ""
    dias: int = 0
    persona: Literal["", "fisica", "juridica"] = ""
    consumidor: bool | None = None
    procedimientos: tuple[str, ...] = ()
    bloquea: Literal["presentar", "firmar", "avisa"] = "presentar"
    trae: Literal["administracion", "abogado", "procurador", "cliente", "robot"] = "administracion"
    remedio: str


class Requirements(Strict):
    """The whole file of one court.

    Attributes:
        nombre: As people call it.
        pais: ISO 3166 alpha-2.
        procedimientos: Proceedings that can be filed here, slug → name.
        limites: What the portal takes.
        presentacion: How it behaves.
        catalogo: Its names for kinds of document; "otro" has to be there.
        requisitos: The checklist.
        plazos: Slug of the calendar of working days, as `cobranza.legal.deadlines` names it.
    """

    nombre: str
    pais: str = Field(pattern="^[A-Z]{2}$")
    procedimientos: dict[str, str]
    limites: Limits
    presentacion: Waiting
    catalogo: dict[DocumentKind, CatalogueEntry]
    requisitos: tuple[Requirement, ...] = ()
    plazos: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Requirements:
        if DocumentKind.OTHER not in self.catalogo:
            raise ValueError("falta «otro» en [catalogo]: es el nombre de lo que no tiene otro")
        names = [each.id for each in self.requisitos]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"el requisito «{twice[0]}» está dos veces")
        return self

    def catalogue(self, kind: DocumentKind) -> CatalogueEntry:
        """How the portal calls `kind`."""
        return self.catalogo.get(kind, self.catalogo[DocumentKind.OTHER])


def courts_folder() -> Path:
    """Where the courts live, one folder each."""
    return suite.root() / "connectors" / "courts"


def slugs() -> tuple[str, ...]:
    """Courts that are installed, sorted."""
    folder = courts_folder()
    return tuple(sorted(each.parent.name for each in folder.glob(f"*/{FILE}")))


@cache
def requirements(slug: str) -> Requirements:
    """What the court `slug` asks; dashes may stand for underscores.

    Raises:
        UnknownCourtError: it is not installed.
        ConfigError: its file is wrong; the message names the key.
    """
    name = slug.replace("-", "_")
    if name not in slugs():
        raise UnknownCourtError(f"No hay un juzgado «{slug}»; hay {', '.join(slugs()) or 'ninguno'}.")
    return load(courts_folder() / name / FILE, Requirements)
