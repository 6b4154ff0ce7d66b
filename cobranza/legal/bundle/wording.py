"""How each country writes amounts, days and tax ids in a court's papers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cobranza.kernel.money import Money, minor_units
from cobranza.legal.case import DocumentKind, Party, Person

_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"

MONTHS = _MONTHS.split()
KINDS = {
    DocumentKind.WRIT: "Escrito",
    DocumentKind.POWER: "Poder",
    DocumentKind.INVOICE: "Factura",
    DocumentKind.DELIVERY_NOTE: "Albarán",
    DocumentKind.CONTRACT: "Contrato",
    DocumentKind.ORDER: "Pedido",
    DocumentKind.PROMISSORY_NOTE: "Título cambiario",
    DocumentKind.ACKNOWLEDGEMENT: "Reconocimiento de deuda",
    DocumentKind.STATEMENT: "Extracto de cuenta",
    DocumentKind.CERTIFICATE: "Certificación",
    DocumentKind.ACCOUNT: "Liquidación de la deuda",
    DocumentKind.CONTACTS: "Acta de gestiones",
    DocumentKind.PRIOR_CLAIM: "Reclamación previa",
    DocumentKind.IDENTITY: "Documento de identidad",
    DocumentKind.FEE: "Tasa o arancel",
    DocumentKind.OTHER: "Documento",
}
QUALITIES = {
    "abogado": "abogado/a",
    "procurador": "procurador/a",
    "apoderado": "apoderado/a",
    "representante_legal": "representante legal",
}
_POINT_COUNTRIES = frozenset({"MX", "PE"})
_SIGNS = {"EUR": "{} €", "MXN": "${} M.N.", "PEN": "S/ {}", "COP": "${} COP", "CLP": "${} CLP", "ARS": "${} ARS"}
_TAX_IDS = {"ES": "NIF", "CO": "NIT", "MX": "RFC", "PE": "RUC", "CL": "RUT", "AR": "CUIT", "EC": "RUC"}


@dataclass(frozen=True, slots=True)
class Wording:
    """One country's way of writing."""

    country: str

    def figures(self, money: Money) -> str:
        """The amount without its currency: "1.234,56" or, in Mexico and Peru, "1,234.56".

        >>> from decimal import Decimal
        >>> debt = Money("EUR", Decimal("-1234.5"))
        >>> Wording("ES").figures(debt), Wording("MX").figures(debt)
        ('-1.234,50', '-1,234.50')
        """
        told = f"{money.rounded().amount:,.{minor_units(money.currency)}f}"
        if self.country in _POINT_COUNTRIES:
            return told
        return told.replace(",", "\0").replace(".", ",").replace("\0", ".")

    def money(self, money: Money) -> str:
        """The amount with its sign of currency, which never comes apart from it at the end of a line.

        >>> from decimal import Decimal
        >>> Wording("PE").money(Money("PEN", Decimal("10")))
        'S/\\xa010.00'
        """
        return _SIGNS.get(money.currency, "{} " + money.currency).format(self.figures(money)).replace(" ", "\u00a0")

    def percent(self, value: object) -> str:
        """A rate as the country writes it, without trailing zeros.

        >>> from decimal import Decimal
        >>> Wording("ES").percent(Decimal("11.1500")), Wording("MX").percent(Decimal("6.00"))
        ('11,15', '6.00')
        """
        whole, _, fraction = str(value).partition(".")
        told = f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
        return told if self.country in _POINT_COUNTRIES else told.replace(".", ",")

    def tax_id(self, party: Party) -> str:
        """ "NIF B48765432", or "" when it is unknown."""
        kind = party.tax_id_kind or _TAX_IDS.get(party.country, "identificación fiscal")
        return f"{kind} {party.tax_id}" if party.tax_id else ""

    def tax_id_kind(self) -> str:
        """How the country calls its tax id."""
        return _TAX_IDS.get(self.country, "Identificación fiscal")


def long_day(value: date) -> str:
    """A day as a writ is dated.

    >>> long_day(date(2025, 6, 1))
    '1 de junio de 2025'
    """
    return f"{value.day} de {MONTHS[value.month - 1]} de {value.year}"


def address(party: Party) -> str:
    """The party's address in one line, as far as it is known."""
    place = " ".join(each for each in (party.postal_code, party.locality) if each)
    province = f"({party.province})" if party.province and party.province != party.locality else ""
    return ", ".join(each for each in (party.address, f"{place} {province}".strip()) if each)


def person(party: Party) -> str:
    """What kind of person it is, in words."""
    return "persona física" if party.person is Person.NATURAL else "persona jurídica"


def listed(parts: list[str]) -> str:
    """Parts joined as in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b y c')
    """
    return " y ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])} y {parts[-1]}"
