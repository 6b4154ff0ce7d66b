"""What differs by country: money, taxes, withholdings, document series, bank channels and the words that payers use."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Withheld:
    """Shares of the taxable base, of the tax and of the total that a payer keeps back together."""

    net: Fraction = Fraction(0)
    tax: Fraction = Fraction(0)
    gross: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country's practice. Money in hundredths of the local currency.

    Attributes:
        series: Prefix and least width of the number, per invoice series.
        credit_series: The same for credit notes.
        first: Number before the first of each series.
        unit: What withholdings and discounts are rounded to.
        median: Middle of the totals.
        taxes: Percent and share of documents.
        channels: How movements arrive: name, share, characters that the text may have.
        odd: Small differences that payers leave.
        fees: Tariffs that banks keep from a transfer.
    """

    code: str
    currency: str
    weight: float
    series: tuple[tuple[str, int], ...]
    credit_series: tuple[str, int]
    first: int
    unit: int
    median: int
    taxes: tuple[tuple[int, float], ...]
    forms: tuple[tuple[str, float], ...]
    channels: tuple[tuple[str, float, int], ...]
    fees: tuple[int, ...]
    odd: tuple[int, ...]
    withheld: tuple[tuple[Withheld, float], ...]
    heads: tuple[str, ...]
    withheld_words: tuple[str, ...]
    authority: str


def _per_mille(value: str) -> Fraction:
    return Fraction(value) / 1000


_THIRDS = Fraction(2, 3)
_CO_BASE = (("25", 8), ("35", 8), ("40", 6), ("60", 3), ("110", 5))  # ReteFuente, per mille of the base, weight

SPAIN = Country(
    code="ES",
    currency="EUR",
    weight=0.50,
    series=(("FC26/", 5), ("26-V-", 6), ("VTA", 7), ("B/2026/", 5)),
    credit_series=("AB26/", 5),
    first=2140,
    unit=1,
    median=36_000,
    taxes=((21, 0.88), (10, 0.12)),
    forms=(("S.L.", 0.62), ("S.A.", 0.14), ("S.L.U.", 0.14), ("S.Coop.", 0.04), ("C.B.", 0.06)),
    channels=(("n43", 0.45, 76), ("camt", 0.35, 140), ("mt940", 0.20, 140)),
    fees=(40, 90, 180, 350, 450, 700, 900, 1400, 1800, 2400, 3000),
    odd=(1, 1, 2, 3, 5, -1, -2, -5),
    withheld=(
        (Withheld(net=_per_mille("150")), 0.55),
        (Withheld(net=_per_mille("190")), 0.20),
        (Withheld(net=_per_mille("70")), 0.20),
        (Withheld(net=_per_mille("20")), 0.03),
        (Withheld(net=_per_mille("10")), 0.02),
    ),
    heads=("PAGO FACTURA ", "FRA ", "FACT. ", "S/FRA ", "PAGO S/FACTURA ", "LIQ. FRA ", "FACTURA NUM ", "FRA. N. ", ""),
    withheld_words=("MENOS IRPF", "- RETENCION", "RET. IRPF", "NETO DE RETENCION"),
    authority="AGENCIA ESTATAL TRIBUTARIA AEAT",
)
MEXICO = Country(
    code="MX",
    currency="MXN",
    weight=0.25,
    series=(("B-", 5), ("INV", 6), ("FM ", 7)),
    credit_series=("NCR-", 5),
    first=14_250,
    unit=1,
    median=720_000,
    taxes=((16, 0.88), (0, 0.12)),
    forms=(("S.A. de C.V.", 0.62), ("S. de R.L. de C.V.", 0.22), ("S.C.", 0.10), ("S.A.P.I. de C.V.", 0.06)),
    channels=(("spei", 0.80, 40), ("csv", 0.20, 60)),
    fees=(580, 754, 1160, 5800, 11600, 23200, 29000, 40600, 58000),
    odd=(1, 1, 2, 3, 5, -1, -2, -5),
    withheld=(
        (Withheld(net=_per_mille("100")), 0.22),
        (Withheld(net=_per_mille("100"), tax=_THIRDS), 0.30),
        (Withheld(net=_per_mille("12.5")), 0.22),
        (Withheld(net=_per_mille("12.5"), tax=_THIRDS), 0.14),
        (Withheld(net=_per_mille("60")), 0.06),
        (Withheld(net=_per_mille("40")), 0.06),
    ),
    heads=("PAGO FACTURA ", "FACT ", "PAGO FOLIO ", "FACTURA ", "PAGO DE CFDI ", "PAGO ", ""),
    withheld_words=("RET ISR", "MENOS RETENCIONES", "RET ISR E IVA"),
    authority="TESORERIA DE LA FEDERACION SAT",
)
COLOMBIA = Country(
    code="CO",
    currency="COP",
    weight=0.15,
    series=(("FV-", 5), ("FVTA", 6), ("FEL7", 8)),
    credit_series=("NCE", 6),
    first=860,
    unit=100,
    median=115_000_000,
    taxes=((19, 0.88), (5, 0.12)),
    forms=(("S.A.S.", 0.70), ("LTDA", 0.16), ("S.A.", 0.14)),
    channels=(("pse", 0.71, 80), ("csv", 0.29, 60)),
    fees=(120_000, 390_000, 785_000, 1_350_000, 2_780_000, 4_600_000, 9_500_000),
    odd=(100, 100, 200, 500, -100, -500, 5000),
    withheld=(
        *((Withheld(net=_per_mille(base)), weight / 60) for base, weight in _CO_BASE),
        *((Withheld(net=_per_mille(base), tax=Fraction(15, 100)), weight / 150) for base, weight in _CO_BASE),
        *((Withheld(net=_per_mille(base) + _per_mille("9.66")), weight / 150) for base, weight in _CO_BASE),
        *((Withheld(net=_per_mille(base) + _per_mille("11.04")), weight / 200) for base, weight in _CO_BASE),
        *(
            (Withheld(net=_per_mille(base) + _per_mille("9.66"), tax=Fraction(15, 100)), weight / 200)
            for base, weight in _CO_BASE
        ),
    ),
    heads=("PAGO FACTURA ", "FACT ", "PAGO FV ", "CANC FACT ", "FACTURA DE VENTA ", ""),
    withheld_words=("RETEFUENTE", "MENOS RTE FTE", "NETO RETENCIONES"),
    authority="DIAN DEVOLUCIONES",
)
PERU = Country(
    code="PE",
    currency="PEN",
    weight=0.10,
    series=(("F002-", 8), ("F021-", 8), ("E002-", 6)),
    credit_series=("FC02-", 6),
    first=5310,
    unit=1,
    median=146_000,
    taxes=((18, 0.88), (0, 0.12)),
    forms=(("S.A.C.", 0.66), ("E.I.R.L.", 0.18), ("S.R.L.", 0.12), ("S.A.", 0.04)),
    channels=(("cce", 0.70, 30), ("csv", 0.30, 60)),
    fees=(120, 350, 500, 1200, 2500, 4500, 8000, 12_000),
    odd=(1, 1, 2, 3, 5, -1, -2, -5),
    withheld=((Withheld(gross=_per_mille("30")), 1.0),),
    heads=("CANC. FACT ", "FACTURA ", "PAGO FACT. ", "CANCELA ", "FACT ELECTRONICA ", ""),
    withheld_words=("RET 3% IGV", "MENOS RETENCION"),
    authority="SUNAT",
)
COUNTRIES = (SPAIN, MEXICO, COLOMBIA, PERU)
DOLLAR = {"MXN": 18.2, "COP": 4150.0, "PEN": 3.72}  # local money per dollar on the first day
DETRACCIONES = ((4, 0.27), (10, 0.19), (12, 0.54))  # percent of the total, share
