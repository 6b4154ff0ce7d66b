"""A debt claim as data: who claims what of whom, before which court, and what proves it.

One model for every country (its shape is that of the European order for payment, Form A: evidence points at claim
items, interest points at claim items). It knows no files' bytes, no database and no court's way of working: those read
it. The account of the claim (principal, interest, compensation) is `cobranza.legal.sheet.Sheet`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cobranza.kernel.money import Money
from cobranza.legal.sheet import Sheet


class Role(StrEnum):
    """What a party is in the proceeding; the values are those of the case file."""

    CLAIMANT = "demandante"
    DEFENDANT = "demandado"


class Person(StrEnum):
    """Natural or legal person."""

    NATURAL = "fisica"
    LEGAL = "juridica"


class DocumentKind(StrEnum):
    """What a document is, in words common to all courts; a court's own catalogue is in its requirements file."""

    WRIT = "escrito"
    POWER = "poder"
    INVOICE = "factura"
    DELIVERY_NOTE = "albaran"
    CONTRACT = "contrato"
    ORDER = "pedido"
    PROMISSORY_NOTE = "titulo_cambiario"
    ACKNOWLEDGEMENT = "reconocimiento_deuda"
    STATEMENT = "extracto"
    CERTIFICATE = "certificacion"
    ACCOUNT = "liquidacion"
    CONTACTS = "acta_gestiones"
    PRIOR_CLAIM = "reclamacion_previa"
    IDENTITY = "identidad"
    FEE = "tasa"
    OTHER = "otro"


class PriorOutcome(StrEnum):
    """What came of a prior claim."""

    NO_ANSWER = "sin_respuesta"
    REFUSED = "rechazada"
    ANSWERED = "contestada"
    AGREED = "acuerdo"
    OPEN = "en_curso"


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """Who acts or signs for a party.

    Attributes:
        quality: "abogado", "procurador", "apoderado", "representante_legal".
        name: In full.
        tax_id: Of the person.
        licence: College and number, where the profession has one.
        power: `Document.key` of the power of attorney, "" when none is needed.
    """

    quality: str
    name: str
    tax_id: str = ""
    licence: str = ""
    power: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A claimant or a defendant.

    Attributes:
        role: Side.
        person: Natural or legal.
        name: In full, as registered.
        tax_id: NIF, RFC, NIT, RUC, RUT or CUIT, no blanks; "" when unknown.
        tax_id_kind: As the country calls it; "" lets the country tell.
        country: ISO 3166 alpha-2.
        address: One line; "" when unknown.
        postal_code: As written.
        locality: Town.
        province: Or state, department, region.
        email: Lower case, "" when unknown.
        phone: As written.
        consumer: Acts outside a trade; bars business interest and asks for the check of unfair terms.
        representatives: Who acts for it.
    """

    role: Role
    person: Person
    name: str
    tax_id: str = ""
    tax_id_kind: str = ""
    country: str = "ES"
    address: str = ""
    postal_code: str = ""
    locality: str = ""
    province: str = ""
    email: str = ""
    phone: str = ""
    consumer: bool = False
    representatives: tuple[Representative, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """The organ that the claim is addressed to; `name` is how the writ addresses it."""

    name: str
    code: str = ""
    province: str = ""
    locality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One piece of evidence or paper of the case, as brought by the back office.

    Attributes:
        key: Short name, unique in the case ("factura-2024-117").
        file: Path inside the documents folder, with forward slashes.
        title: As the index shows it.
        kind: What it is.
        dated: Day of the document, None when it has none.
        proves: References of the claim's items (invoice numbers) that it supports; empty for the whole claim.
        original: An electronic original (signed, or issued so); False for a copy or a scan.
        confidential: Belongs to a confidential negotiation: never leaves the house.
        redact: Literal strings that must be gone from what is filed (an account, a health datum).
        sha256: What the file had when it was taken into the case, "" when it was not recorded.
    """

    key: str
    file: str
    title: str
    kind: DocumentKind
    dated: date | None = None
    proves: tuple[str, ...] = ()
    original: bool = False
    confidential: bool = False
    redact: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorClaim:
    """An attempt to settle before court (Spain: MASC), or a demand for payment.

    Attributes:
        kind: "masc", "requerimiento" or "preaviso".
        sent_on: Day of sending.
        channel: "burofax", "correo_certificado", "acta_notarial", "correo_electronico_certificado" …
        reached_on: Day on which it reached the debtor or was left at disposal; None when it did not.
        offers_masc: It names the debt and offers a way of negotiating.
        outcome: What came of it.
        document: `Document.key` that proves it, "" when none does yet.
        confidential_offer: An offer of the negotiation is quoted in it: that document may not be filed.
    """

    kind: str
    sent_on: date
    channel: str = ""
    reached_on: date | None = None
    offers_masc: bool = False
    outcome: PriorOutcome = PriorOutcome.NO_ANSWER
    document: str = ""
    confidential_offer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A cost that is claimed beside the debt: burofax, fee, lawyer where the law grants it."""

    text: str
    money: Money
    document: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One act of collection, a row of the *acta de gestiones*; `event` is the ledger's event that proves it."""

    at: str
    channel: str
    text: str
    outcome: str = ""
    event: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The whole case.

    Attributes:
        id: "EXP-2026-000123"; names the output folder.
        country: ISO 3166 alpha-2: whose law.
        proceeding: Slug of the country's proceeding ("monitorio", "ejecutivo", "ejecutivo_mercantil" …).
        reference: Our own mark towards the court, short and unique; "" takes `id`.
        court: Organ.
        parties: At least one claimant and one defendant.
        title: What the debt rests on, a sentence.
        sheet: The account, item by item.
        costs: Beside the account.
        facts: Paragraphs, numbered by whoever writes them.
        grounds: Legal grounds, paragraphs.
        petition: What the court is asked for, paragraphs.
        documents: In the order of the index.
        prior_claims: Before court.
        contacts: What was done to collect, oldest first.
        prepared_on: Day that every generated page bears (never the wall clock: same case, same bytes).
        place: Of signing.
    """

    id: str
    country: str
    proceeding: str
    court: Court
    parties: tuple[Party, ...]
    title: str
    sheet: Sheet
    prepared_on: date
    reference: str = ""
    costs: tuple[Cost, ...] = ()
    facts: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    petition: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    prior_claims: tuple[PriorClaim, ...] = ()
    contacts: tuple[Contact, ...] = ()
    place: str = ""

    @property
    def own_reference(self) -> str:
        """The mark that a court may give back to us."""
        return self.reference or self.id

    @property
    def claimants(self) -> tuple[Party, ...]:
        """Who claims."""
        return tuple(party for party in self.parties if party.role is Role.CLAIMANT)

    @property
    def defendants(self) -> tuple[Party, ...]:
        """Who owes."""
        return tuple(party for party in self.parties if party.role is Role.DEFENDANT)

    @property
    def consumer(self) -> bool:
        """One of the defendants acts as a consumer."""
        return any(party.consumer for party in self.defendants)

    @property
    def total(self) -> Money:
        """What is claimed: the account and the costs, as shown line by line."""
        return self.sheet.total + Money.total(self.sheet.currency, (cost.money for cost in self.costs))

    def document(self, key: str) -> Document | None:
        """The document of that key, None when there is none."""
        return next((each for each in self.documents if each.key == key), None)
