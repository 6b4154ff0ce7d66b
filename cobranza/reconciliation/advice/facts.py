"""What an advice says outside its table: who pays, when, how much in all, in which currency, under which number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from cobranza.reconciliation.advice import layout, values
from cobranza.reconciliation.advice.ports import MAX_LINE, Cell, Page, Row, Value
from cobranza.reconciliation.advice.vocabulary import Label, Total, currency_in, label_of, role_of, simple, total_of
from cobranza.reconciliation.text import compact, plain

_MAX_NAME = 120
_TAX_LABEL = re.compile(
    r"\b(?:N\.?I\.?F\.?(?:/C\.?I\.?F\.?)?|C\.?I\.?F\.?(?:/N\.?I\.?F\.?)?|R\.?U\.?C\.?|R\.?F\.?C\.?|R\.?U\.?T\.?"
    r"|N\.?I\.?T\.?|C\.?U\.?I\.?T\.?|VAT(?: (?:NO|ID|NUMBER))?|TAX ID)(?: N)?[ .:]*"
    r"((?:[A-Z]{2})?[A-Z0-9][A-Z0-9.\-]{6,16}[A-Z0-9])\b"
)
_SENTENCE_TOTAL = re.compile(
    r"\b(?:IMPORTE|TOTAL|MONTO|SUMA|CANTIDAD|VALOR|AMOUNT|SUM|TRANSFERENCIA|PAGO|PAYMENT|TRANSFER)"
    r"(?: (?:TOTAL|NETO|LIQUIDO|NET|TRANSFERIDO|PAGADO))? (?:TOTAL )?"
    r"(?:DE|OF|ES DE|POR|FOR|POR IMPORTE DE|POR VALOR DE)(?: ES)? *[:=]? *$"
)
_SENTENCE_DAY = re.compile(
    r"\b(?:PAGO|PAGADO|PAGADA|TRANSFERENCIA|TRANSFERIDO|ABONO|ABONADO|PAYMENT|PAID|TRANSFER|TRANSFERRED|VALUE|VALOR|DEPOSITO|ORDENADO)\b"
    r"[^0-9]{0,60}$"
)
_ON_THE_DAY = re.compile(r"\b(?:CON FECHA(?: VALOR)?|EL DIA|HOY(?: DIA)?,?|FECHA VALOR|DATED|ON)[ :]*$")
_PAYING = re.compile(
    r"\b(?:PAGO|PAGADO|TRANSFERENCIA|TRANSFERID[OA]|ABONAD[OA]|ABONO|PAYMENT|PAID|TRANSFER|TRANSFERRED|DEPOSITO)\b"
)


@dataclass(slots=True)
class Facts:
    """What was found; every total with the words before it."""

    payer_name: str = ""
    payer_tax_id: str = ""
    tax_ids: list[str] = field(default_factory=list)
    paid_on: date | None = None
    method: str = ""
    reference: str = ""
    currencies: set[str] = field(default_factory=set)
    totals: list[tuple[Total, Value]] = field(default_factory=list)

    @property
    def currency(self) -> str:
        """The one currency named, "" when none or several."""
        return next(iter(self.currencies)) if len(self.currencies) == 1 else ""


def collect(outside: Sequence[tuple[Page, Sequence[Row]]], *, month_first: bool = False) -> Facts:
    """Gather the facts from the rows that stand in no table."""
    facts = Facts()
    dates: list[date] = []
    for page, rows in outside:
        lines = [(row, layout.phrases(row, page.grid)) for row in rows]
        for index, (_, cells) in enumerate(lines):
            below = lines[index + 1][1] if index + 1 < len(lines) else []
            for label, value in _pairs(cells, below):
                _take(facts, label, value, dates, month_first)
            _sentences(facts, " ".join(cell.text for cell in cells)[:MAX_LINE], month_first)
    if facts.paid_on is None and len(set(dates)) == 1:
        facts.paid_on = dates[0]
    if not facts.payer_tax_id and len(facts.tax_ids) == 1:
        facts.payer_tax_id = facts.tax_ids[0]
    return facts


def label_and_value(cell: Cell) -> tuple[str, str]:
    """A cell "Label: value" in two, ("", "") when it is none."""
    label, colon, value = cell.text.partition(":")
    return (label.strip(), value.strip()) if colon and value.strip() else ("", "")


def _pairs(cells: Sequence[Cell], below: Sequence[Cell]) -> Iterator[tuple[str, Value]]:
    for position, cell in enumerate(cells):
        if not isinstance(cell.value, str):
            continue
        label, value = label_and_value(cell)
        if label:
            yield label, value
            continue
        bare = cell.text.strip().rstrip(":").strip()
        known = label_of(bare) is not None or total_of(bare) is not None
        if known and position + 1 < len(cells):
            yield bare, cells[position + 1].value
        if known and (position + 1 == len(cells) or not cell.text.strip().endswith(":")):
            under = [other for other in below if other.left <= cell.right + 1 and cell.left <= other.right + 1]
            if len(under) == 1 and label_of(under[0].text) is None:
                yield bare, under[0].value


def _take(facts: Facts, label: str, held: Value, dates: list[date], month_first: bool) -> None:
    value = Cell(held, 0, 0).text.strip()
    total = total_of(label)
    amount = isinstance(held, Decimal) or (isinstance(held, str) and values.looks_like_amount(value))
    if total is not None and total is not Total.PARTIAL and amount:
        facts.totals.append((total, held))
        if code := currency_in(value) or currency_in(label):
            facts.currencies.add(code)
    kind = label_of(label)
    if kind is None:
        return
    if kind in (Label.PAID_ON, Label.DATE):
        found = values.day(value, month_first=month_first) or values.first_day(value, month_first=month_first)
        if found is not None and kind is Label.PAID_ON and facts.paid_on is None:
            facts.paid_on = found
        elif found is not None:
            dates.append(found)
    elif kind is Label.PAYER and not facts.payer_name and any(letter.isalpha() for letter in value):
        name, tax_id = _name_and_tax_id(value)
        facts.payer_name = name
        facts.payer_tax_id = facts.payer_tax_id or tax_id
    elif kind is Label.REFERENCE and not facts.reference and any(char.isdigit() for char in value):
        facts.reference = value[:_MAX_NAME]
    elif kind is Label.METHOD and not facts.method:
        facts.method = value[:_MAX_NAME]
    elif kind is Label.CURRENCY and (code := currency_in(value) or (value.upper() if _is_code(value) else "")):
        facts.currencies.add(code)
    elif kind is Label.TAX_ID and "PAGADOR" in plain(label) + simple(label) and not facts.payer_tax_id:
        facts.payer_tax_id = compact(value)


def _is_code(value: str) -> bool:
    return len(value) == 3 and value.isascii() and value.isalpha()


def _name_and_tax_id(value: str) -> tuple[str, str]:
    """A payer's name with its tax id behind it, in one cell."""
    found = _TAX_LABEL.search(plain(value))
    if found is None:
        inside = re.search(r"\(([A-Z0-9.\-]{8,16})\)", value.upper())
        if inside and sum(char.isdigit() for char in inside[1]) >= 6:
            return value[: inside.start()].strip(" ,-")[:_MAX_NAME], compact(inside[1])
        return value[:_MAX_NAME], ""
    cut = re.search(r"[\s,(\-]*\b(?:N\.?I\.?F|C\.?I\.?F|RUC|RFC|RUT|NIT|CUIT|VAT|Tax)\b", value, re.IGNORECASE)
    name = value[: cut.start()] if cut else value
    return name.strip(" ,-(")[:_MAX_NAME], compact(found[1])


def _sentences(facts: Facts, line: str, month_first: bool) -> None:
    flat = plain(line)
    for found in _TAX_LABEL.finditer(flat):
        tax_id = compact(found[1])
        if tax_id not in facts.tax_ids and sum(char.isdigit() for char in tax_id) >= 6:
            facts.tax_ids.append(tax_id)
    for start, _, written in values.amounts_in(flat):
        if _SENTENCE_TOTAL.search(flat[:start]):
            facts.totals.append((Total.PAYMENT, written))
            if code := currency_in(written):
                facts.currencies.add(code)
    if facts.paid_on is None:
        for found in re.finditer(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}|\d{4}-\d{2}-\d{2}", flat):
            value = values.day(found[0], month_first=month_first)
            before = flat[: found.start()]
            told = _SENTENCE_DAY.search(before) or (_ON_THE_DAY.search(before) and _PAYING.search(flat))
            if value is not None and told:
                facts.paid_on = value
                break


def is_label(text: str) -> bool:
    """Whether a text names a fact or a column, and so is no document."""
    return label_of(text) is not None or total_of(text) is not None or role_of(text) is not None
