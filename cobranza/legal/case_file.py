"""A case as a person writes it: one TOML file, `CASE.toml`, beside a folder with its documents."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from cobranza.kernel import spanish
from cobranza.kernel.config import Strict, load
from cobranza.kernel.money import Money
from cobranza.legal.account_file import AccountFile, sheet_of
from cobranza.legal.case import (
    Case,
    Contact,
    Cost,
    Court,
    Document,
    DocumentKind,
    Party,
    Person,
    PriorClaim,
    PriorOutcome,
    Representative,
    Role,
)
from cobranza.legal.interest import ClaimDataError
from cobranza.regimes.interest import RateBook


class RepresentativeEntry(Strict):
    """`[[partes.representantes]]`: see `cobranza.legal.case.Representative`.

    Attributes:
        calidad: "abogado", "procurador", "apoderado" or "representante_legal".
        nombre: In full.
        id: Tax id of the person.
        colegiado: College and number.
        poder: Key of the document with the power, "" when none is needed.
    """

    calidad: Literal["abogado", "procurador", "apoderado", "representante_legal"]
    nombre: str = Field(min_length=1)
    id: str = ""
    colegiado: str = ""
    poder: str = ""


class PartyEntry(Strict):
    """`[[partes]]`: see `cobranza.legal.case.Party`."""

    papel: Role
    persona: Person = Person.LEGAL
    nombre: str = Field(min_length=1)
    id: str = ""
    clase_id: str = ""
    pais: str = "ES"
    domicilio: str = ""
    codigo_postal: str = ""
    localidad: str = ""
    provincia: str = ""
    correo: str = ""
    telefono: str = ""
    consumidor: bool = False
    representantes: tuple[RepresentativeEntry, ...] = ()


class CourtEntry(Strict):
    """`[organo]`: name as the writ addresses it, code and place."""

    nombre: str = Field(min_length=1)
    codigo: str = ""
    provincia: str = ""
    localidad: str = ""


class DocumentEntry(Strict):
    """`[[documentos]]`: see `cobranza.legal.case.Document`; `clave` defaults to the file's name without its suffix."""

    fichero: str = Field(min_length=1)
    titulo: str = Field(min_length=1)
    clave: str = ""
    clase: DocumentKind = DocumentKind.OTHER
    fecha: date | None = None
    prueba: tuple[str, ...] = ()
    original: bool = False
    confidencial: bool = False
    tachar: tuple[str, ...] = ()
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")


class PriorEntry(Strict):
    """`[[reclamaciones_previas]]`: see `cobranza.legal.case.PriorClaim`."""

    clase: Literal["masc", "requerimiento", "preaviso"]
    enviada: date
    medio: str = ""
    recibida: date | None = None
    ofrece_masc: bool = False
    resultado: PriorOutcome = PriorOutcome.NO_ANSWER
    documento: str = ""
    oferta_confidencial: bool = False


class CostEntry(Strict):
    """`[[costas]]`: text, amount in quotes, and the document that proves it."""

    texto: str = Field(min_length=1)
    importe: str
    moneda: str = "EUR"
    documento: str = ""


class ContactEntry(Strict):
    """`[[gestiones]]`: a contact with the debtor; `momento` with its offset."""

    momento: datetime
    canal: str
    texto: str
    resultado: str = ""


class CaseFile(Strict):
    """The whole file; `[cuenta]` is the same as the file of `cobranza legal sheet`."""

    expediente: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")
    pais: str = Field(pattern="^[A-Z]{2}$")
    procedimiento: str = Field(min_length=1)
    preparado: date
    titulo: str = Field(min_length=1)
    referencia: str = ""
    lugar: str = ""
    organo: CourtEntry
    partes: tuple[PartyEntry, ...]
    cuenta: AccountFile
    costas: tuple[CostEntry, ...] = ()
    hechos: tuple[str, ...] = ()
    fundamentos: tuple[str, ...] = ()
    suplico: tuple[str, ...] = ()
    documentos: tuple[DocumentEntry, ...] = ()
    reclamaciones_previas: tuple[PriorEntry, ...] = ()
    gestiones: tuple[ContactEntry, ...] = ()


def read_case(file: Path, book: RateBook) -> Case:
    """The case in `file`, with its account worked out.

    Raises:
        ConfigError: the file is no TOML, or a key is unknown, missing or wrong.
        ClaimDataError: an amount that is none, a side without a party, a reference that nothing answers to; and see
            `cobranza.legal.sheet.prepare` for its errors (an unknown or expired rate refuses by name).
    """
    if not file.is_file():
        raise ClaimDataError(f"No hay un fichero {file.name}.", remedy="Indique el fichero TOML del expediente.")
    return case_of(load(file, CaseFile), book)


def case_of(entry: CaseFile, book: RateBook) -> Case:
    """The case that `entry` describes; see `read_case` for the errors."""
    case = Case(
        id=entry.expediente,
        country=entry.pais,
        proceeding=entry.procedimiento,
        reference=entry.referencia,
        court=Court(
            name=entry.organo.nombre,
            code=entry.organo.codigo,
            province=entry.organo.provincia,
            locality=entry.organo.localidad,
        ),
        parties=tuple(_party(each) for each in entry.partes),
        title=entry.titulo,
        sheet=sheet_of(entry.cuenta, book),
        costs=tuple(
            Cost(text=each.texto, money=_money(each, f"costas «{each.texto}»"), document=each.documento)
            for each in entry.costas
        ),
        facts=entry.hechos,
        grounds=entry.fundamentos,
        petition=entry.suplico,
        documents=tuple(_document(each) for each in entry.documentos),
        prior_claims=tuple(_prior(each) for each in entry.reclamaciones_previas),
        contacts=tuple(_contact(each) for each in entry.gestiones),
        prepared_on=entry.preparado,
        place=entry.lugar,
    )
    _check(case)
    return case


def _check(case: Case) -> None:
    for role, found in ((Role.CLAIMANT, case.claimants), (Role.DEFENDANT, case.defendants)):
        if not found:
            raise ClaimDataError(
                f"El expediente {case.id} no tiene parte {role.value}.", remedy="Añada la parte en [[partes]]."
            )
    keys = [each.key for each in case.documents]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ClaimDataError(
            f"Hay dos documentos con la clave «{twice[0]}».", remedy="Dé a cada documento una «clave» distinta."
        )
    items = {each.invoice.reference for each in case.sheet.invoices}
    for document in case.documents:
        for reference in document.proves:
            if reference not in items:
                raise ClaimDataError(
                    f"El documento «{document.title}» dice probar «{reference}», que no está en [cuenta].",
                    remedy="Corrija «prueba» o añada la factura a la cuenta.",
                )
    named = [(f"la reclamación previa del {each.sent_on}", each.document) for each in case.prior_claims]
    named += [(f"la costa «{each.text}»", each.document) for each in case.costs]
    named += [(f"el representante {who.name}", who.power) for party in case.parties for who in party.representatives]
    for what, key in named:
        if key and case.document(key) is None:
            raise ClaimDataError(
                f"No hay ningún documento con la clave «{key}», que nombra {what}.",
                remedy="Añádalo en [[documentos]] o corrija la clave.",
            )


def _party(entry: PartyEntry) -> Party:
    return Party(
        role=entry.papel,
        person=entry.persona,
        name=entry.nombre,
        tax_id=entry.id.replace(" ", ""),
        tax_id_kind=entry.clase_id,
        country=entry.pais,
        address=entry.domicilio,
        postal_code=entry.codigo_postal,
        locality=entry.localidad,
        province=entry.provincia,
        email=entry.correo.lower(),
        phone=entry.telefono,
        consumer=entry.consumidor,
        representatives=tuple(
            Representative(
                quality=each.calidad,
                name=each.nombre,
                tax_id=each.id.replace(" ", ""),
                licence=each.colegiado,
                power=each.poder,
            )
            for each in entry.representantes
        ),
    )


def _document(entry: DocumentEntry) -> Document:
    parts = entry.fichero.replace("\\", "/").split("/")
    if entry.fichero.startswith(("/", "~")) or ".." in parts or ":" in parts[0]:
        raise ClaimDataError(
            f"El documento «{entry.titulo}» sale de la carpeta: {entry.fichero}.",
            remedy="Escriba la ruta dentro de la carpeta de documentos.",
        )
    return Document(
        key=entry.clave or Path(parts[-1]).stem,
        file="/".join(parts),
        title=entry.titulo,
        kind=entry.clase,
        dated=entry.fecha,
        proves=entry.prueba,
        original=entry.original,
        confidential=entry.confidencial,
        redact=entry.tachar,
        sha256=entry.sha256,
    )


def _prior(entry: PriorEntry) -> PriorClaim:
    return PriorClaim(
        kind=entry.clase,
        sent_on=entry.enviada,
        channel=entry.medio,
        reached_on=entry.recibida,
        offers_masc=entry.ofrece_masc,
        outcome=entry.resultado,
        document=entry.documento,
        confidential_offer=entry.oferta_confidencial,
    )


def _contact(entry: ContactEntry) -> Contact:
    if entry.momento.tzinfo is None:
        raise ClaimDataError(
            f"La gestión del {entry.momento} no dice su huso.", remedy="Escriba el momento con «+01:00» o «Z»."
        )
    return Contact(at=entry.momento.isoformat(), channel=entry.canal, text=entry.texto, outcome=entry.resultado)


def _money(entry: CostEntry, where: str) -> Money:
    try:
        return Money(entry.moneda, spanish.amount(entry.importe))
    except spanish.FormatError as exc:
        raise ClaimDataError(f"{where}: {exc.message}") from exc
