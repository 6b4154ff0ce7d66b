"""How payers and banks write: document numbers in full or in part, names as banks print them, lines cut short."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.bench.worlds.countries import Country
from tests.bench.worlds.parties import Party, brand, person_name
from tests.bench.worlds.profiles import Profile

NAMELESS = ("none", "theirs", "slip", "other")  # styles that do not identify the document
MONTHS = [
    "ENERO",
    "FEBRERO",
    "MARZO",
    "ABRIL",
    "MAYO",
    "JUNIO",
    "JULIO",
    "AGOSTO",
    "SEPTIEMBRE",
    "OCTUBRE",
    "NOVIEMBRE",
    "DICIEMBRE",
]
EMPTY_WORDS = (
    "PAGO",
    "TRANSFERENCIA",
    "PAGO SERVICIOS",
    "ORDEN DE PAGO",
    "PAGO DE FACTURAS",
    "PAGO A PROVEEDORES",
    "TRANSF A SU FAVOR",
    "LIQUIDACION {month}",
    "PAGOS {month}",
    "CONFIRMING PROVEEDORES",
    "{name}",
    "{name}",
    "",
)
DISCOUNT_WORDS = ("DTO P.P.", "MENOS PRONTO PAGO", "-PPAGO", "DTO. PRONTO PAGO")
PARTIAL_WORDS = ("A CTA", "ENTREGA A CUENTA", "PARCIAL", "PRIMER PLAZO", "PAGO PARCIAL")
REST_WORDS = ("RESTO", "PAGO FINAL", "PENDIENTE", "SALDO FRA")
AGENTS = (
    "FACTOR IBERICO CONFIRMING",
    "MERIDIANO FACTORING SA",
    "PAGOS A PROVEEDORES CONFIRMING BANCO DEL SUR",
    "FACTORAJE CONTINENTAL",
)
RETURN_WORDS = (
    "DEV. RECIBO {ref} {code}",
    "DEVOLUCION ADEUDO {ref} COD {code}",
    "RECIBO DEVUELTO {ref} MOT.{code}",
    "IMPAGADO RECIBO {ref} {code}",
    "R-TRANSACTION {code} {ref}",
)
RETURN_CODES = ("AC01", "AC04", "AC06", "AM04", "AM04", "AM04", "MD01", "MD01", "MD06", "MS02", "MS03", "SL01")
REMESA_WORDS = (
    "ABONO REMESA {ref}",
    "LIQ. REMESA ADEUDOS SEPA {ref}",
    "REMESA {ref} {count} RECIBOS",
    "ABONO ADEUDOS SDD {ref}",
)
DEPOSIT_PAYERS = ("BANCO DE LA NACION", "BANCO DE LA NACION - DETRACCIONES", "BN DETRACCIONES")
DEPOSIT_WORDS = (
    "DETRACCION {ref}",
    "DEPOSITO DETRACCION {percent}% {ref}",
    "SPOT {percent}% {ref}",
    "DETRAC. {ref}",
    "DETRACCION",
)
STRANGERS = ("COMERCIA TPV", "GETNET LIQUIDACIONES", "SEGUROS ATALAYA", "MUTUA CANTABRICA SEGUROS")
OTHER_INCOME = (
    "DEVOLUCION IVA",
    "LIQUIDACION TARJETAS TPV",
    "INDEMNIZACION SINIESTRO",
    "SUBVENCION",
    "ANTICIPO S/PEDIDO",
    "TRASPASO CUENTAS PROPIAS",
    "FIANZA ALQUILER",
    "PROVISION DE FONDOS",
    "INTERESES A SU FAVOR",
    "ABONO POR ERROR",
    "SALDO A SU FAVOR",
    "ENTREGA EFECTIVO",
)
OTHER_CHARGES = (
    "COMISION ADMINISTRACION",
    "PRIMA SEGURO",
    "ALQUILER LOCAL",
    "COMISION AVAL",
    "REINTEGRO",
    "TRASPASO CUENTAS PROPIAS",
)
_SEPARATORS = (", ", ",", " Y ", " - ", "-", "/", " ", " + ", ";")
_SEPARATOR_SHARES = (24, 14, 18, 10, 6, 6, 8, 8, 6)
_SHORTER = {
    "HERMANOS": "HNOS",
    "COMPANIA": "CIA",
    "CONSTRUCCIONES": "CONST",
    "INDUSTRIAS": "IND",
    "TRANSPORTES": "TRANSP",
}
_FORMS = {
    "S.L.": ("SL", "S L", "SOCIEDAD LIMITADA"),
    "S.A.": ("SA", "S A", "SOCIEDAD ANONIMA"),
    "S.L.U.": ("SLU", "S.L.", "SL UNIPERSONAL"),
    "S.Coop.": ("S COOP", "SDAD COOP"),
    "C.B.": ("CB", "COM B"),
    "S.A. de C.V.": ("SA DE CV", "SA CV", "S A DE C V"),
    "S. de R.L. de C.V.": ("S DE RL DE CV", "SRL DE CV", "SRL CV"),
    "S.A.S.": ("SAS", "S A S"),
    "LTDA": ("LTDA.", "LIMITADA"),
    "S.A.C.": ("SAC", "S A C"),
    "E.I.R.L.": ("EIRL", "E I R L"),
    "S.R.L.": ("SRL", "S R L"),
}


@dataclass(slots=True)
class Reference:
    """A document's number as payers take it apart."""

    prefix: str
    digits: str
    order: str

    @property
    def full(self) -> str:
        """The number as issued."""
        return self.prefix + self.digits


@dataclass(slots=True)
class Line:
    """What the bank passes on of one payment, in the order of payments.csv."""

    name: str
    account: str
    tax_id: str
    text: str
    structured: str
    end_to_end: str


def plain(text: str) -> str:
    """Upper case without accents.

    >>> plain("Peña y Cía")
    'PENA Y CIA'
    """
    if text.isascii():
        return text.upper()
    return "".join(c for c in unicodedata.normalize("NFD", text.upper()) if not unicodedata.combining(c))


def slip(text: str, rng: Random) -> str:
    """One typing mistake in the digits: swapped, dropped, doubled or replaced."""
    places = [place for place, c in enumerate(text) if c.isdigit()][-5:]
    if len(places) < 2:
        return text
    at = rng.choice(places[1:])
    kind = rng.randrange(4)
    if kind == 0 and text[at - 1].isdigit() and text[at - 1] != text[at]:
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + str((int(text[at]) + rng.randrange(1, 10)) % 10) + text[at + 1 :]


def quote(style: str, document: Reference, other: Reference, rng: Random) -> str:
    """One document as `style` names it; `other` is another document of the same customer."""
    if style == "full":
        return document.full
    if style == "joined":
        if rng.random() < 0.6:
            return "".join(c for c in document.full if c.isalnum())
        return "".join(c if c.isalnum() else " " for c in document.full)
    if style == "sequence":
        return document.digits
    if style == "short":
        short = document.digits.lstrip("0")
        return document.prefix + short if rng.random() < 0.3 else short
    if style == "order" and document.order:
        return f"{rng.choice(('PEDIDO ', 'OC ', 'S/PEDIDO ', ''))}{document.order}"
    if style == "slip":
        return slip(document.full if rng.random() < 0.6 else document.digits, rng)
    if style == "other":
        return other.full
    return f"{rng.choice(('N/REF ', 'S/PEDIDO ', 'EXPTE ', 'ORDEN ', 'ALBARAN '))}{rng.randrange(10_000, 99_999_999)}"


def quote_list(documents: Sequence[Reference], rng: Random) -> tuple[str, bool]:
    """Several documents, and whether the list is whole and right."""
    first = documents[0]
    row = [int(document.digits) for document in documents]
    same = all(document.prefix == first.prefix for document in documents)
    if same and len(row) > 2 and row == list(range(row[0], row[0] + len(row))) and rng.random() < 0.5:
        return f"{first.full} {rng.choice(('A', 'AL', 'HASTA'))} {documents[-1].digits.lstrip('0')}", True
    kind = rng.random()
    if kind < 0.06:
        return f"{first.full} {rng.choice(('Y OTRAS', 'Y MAS', 'Y SIGUIENTES'))}", False
    separator = rng.choices(_SEPARATORS, _SEPARATOR_SHARES)[0]
    if kind < 0.16 and same and _tails_suffice(row):
        return rng.choice("/-").join([first.full, *(document.digits[-3:] for document in documents[1:])]), True
    style = rng.choices(("full", "sequence", "short"), (52, 16, 32))[0]
    words = [
        quote(style, document, document, rng) if style != "short" else document.digits.lstrip("0")
        for document in documents
    ]
    whole = True
    mistake = rng.random()
    if mistake < 0.04:
        del words[rng.randrange(len(words))]
        whole = False
    elif mistake < 0.07:
        at = rng.randrange(len(words))
        words[at] = slip(words[at], rng)
        whole = False
    return separator.join(words), whole


def _tails_suffice(row: list[int]) -> bool:
    """Whether the last three digits say each number, given the first: all lie within its thousand."""
    return all(number // 1000 == row[0] // 1000 for number in row)


def without_reference(party: Party, month: int, rng: Random) -> str:
    """A text that names no document."""
    return rng.choice(EMPTY_WORDS).format(month=MONTHS[month - 1], name=plain(party.core))


def printed_name(party: Party, profile: Profile, rng: Random) -> str:
    """The payer as its bank prints it."""
    kind = rng.random()
    if kind < 0.09:
        name, form = plain(party.trade_name), ""
    elif kind < 0.27:
        name, form = plain(party.core), ""
    elif kind < 0.40 and party.form in _FORMS:
        name, form = plain(party.core), rng.choice(_FORMS[party.form])
    elif kind < 0.55:
        name, form = party.core.upper(), party.form.upper()
    else:
        name, form = plain(party.core), party.form.upper()
    if party.person and rng.random() < 0.15:
        words = name.split()
        name = " ".join(words[-2:] + words[:-2])
    if rng.random() < profile.damage:
        name, form = _damaged(name, form, rng)
    return f"{name} {form}".strip()


def _damaged(name: str, form: str, rng: Random) -> tuple[str, str]:
    kind = rng.random()
    if kind < 0.5:
        return f"{name} {form}"[: rng.choice((18, 20, 25, 30))].strip(), ""
    if kind < 0.75:
        at = rng.randrange(1, max(2, len(name) - 1))
        if rng.random() < 0.5:
            return name[:at] + name[at + 1 :], form
        return name[:at] + name[at : at + 2][::-1] + name[at + 2 :], form
    if kind < 0.87 and not name.isascii():
        return "".join(c for c in name.encode().decode("cp1252", "ignore") if c.isprintable()), form
    words = [_SHORTER.get(word, word) for word in name.split()]
    return " ".join("&" if word == "Y" else word for word in words), form


def stranger(country: Country, rng: Random) -> str:
    """Somebody who is no customer of ours."""
    kind = rng.random()
    if kind < 0.35:
        return country.authority
    if kind < 0.7:
        return rng.choice(STRANGERS)
    return plain(person_name(rng) if kind < 0.85 else f"{brand(rng)} {rng.choice(country.forms)[0]}")


def end_to_end(quoted: str, rng: Random) -> str:
    """The payer's own key: none, a random one, or now and then the number."""
    kind = rng.random()
    if kind < 0.45:
        return "NOTPROVIDED"
    if kind < 0.51 and quoted:
        return quoted
    return f"{rng.getrandbits(64):016X}"


def on_paper(name: str, text: str, channel: str, width: int, rng: Random) -> tuple[str, str]:
    """Name and text within what the channel carries; Norma 43 often has the name in the text only."""
    if channel == "n43" and name and rng.random() < 0.42:
        text = f"{rng.choice(('TRF. DE', 'TRANSF. DE', 'ORDENANTE', 'TRANSFERENCIA DE'))} {name} {text}"
        name = "" if rng.random() < 0.93 else name
    if channel == "mt940" and len(text) > 27 and rng.random() < 0.3:
        text = " ".join(text[start : start + 27].strip() for start in range(0, len(text), 27))
    return name, text[:width].rstrip()
