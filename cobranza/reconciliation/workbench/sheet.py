"""The sheet on which a person says what a movement pays: rows of documents, their arithmetic, and what does not add up.

Every cent has a place: what the documents take and what is left on account must be the movement's money exactly.
Each objection names its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cobranza.kernel import spanish
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.money import minor_units
from cobranza.ledger.models import Allocation, Debtor, Invoice, Movement
from cobranza.reconciliation.proposals import Link
from cobranza.reconciliation.returns import covering
from cobranza.reconciliation.workbench.readings import Line, Reading, shared
from cobranza.regimes.payments import regime
from cobranza.screens import formats

ZERO = Decimal(0)
PARTS = ("applied", "withheld", "fee", "discount", "cash")
MOST_ROWS = 40
_RATE_STEP = Decimal("0.0000000001")
LABELS = {
    "applied": gettext_lazy("Se salda"),
    "withheld": gettext_lazy("Retención"),
    "fee": gettext_lazy("Gasto bancario"),
    "discount": gettext_lazy("Descuento"),
    "cash": gettext_lazy("Toma del cobro"),
}
Difference = Literal["withheld", "fee", "discount"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not add up.

    Attributes:
        field: Name of the form's field that has to change.
        message: In Spanish, with the figures.
    """

    field: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A document on the sheet.

    Attributes:
        invoice: With its debtor.
        typed: What stands in each box.
        figures: What it means; a box that cannot be read counts as zero and has a problem.
    """

    invoice: Invoice
    typed: Mapping[str, str]
    figures: Mapping[str, Decimal]
    foreign: bool

    @property
    def line(self) -> Line:
        """The row as a line."""
        one = Line(
            invoice=self.invoice,
            applied=self.figures["applied"],
            withheld=self.figures["withheld"],
            fee=self.figures["fee"],
            discount=self.figures["discount"],
        )
        if not self.foreign:
            return one
        cash = self.figures["cash"]
        rate = (cash / one.net).quantize(_RATE_STEP) if one.net else None
        return replace(one, cash=cash, rate=rate)

    @property
    def boxes(self) -> list[Box]:
        """The boxes to show."""
        shown = PARTS if self.foreign else PARTS[:-1]
        return [Box(f"{part}-{self.invoice.pk}", str(LABELS[part]), self.typed[part], part) for part in shown]


@dataclass(frozen=True, slots=True)
class Box:
    """One amount box."""

    name: str
    label: str
    text: str
    part: str


@dataclass(kw_only=True)
class Sheet:
    """What a person is about to say.

    Attributes:
        movement: The money, with its account.
        free: What of it can be given a place.
        country: Of the company, for the rates of withholding.
        rows: Documents in order.
        on_account: What stays with the customer, in the movement's currency.
        debtor: Whose it is then.
        by_hand: It stands in the ERP already.
        note: Free text.
        hints: What the person should know and need not change.
    """

    movement: Movement
    free: Decimal
    country: str = ""
    rows: list[Row] = field(default_factory=list)
    on_account: Decimal = ZERO
    on_account_text: str = ""
    debtor: Debtor | None = None
    by_hand: bool = False
    note: str = ""
    hints: list[str] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)
    known: list[Debtor] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """The rows as lines."""
        return [row.line for row in self.rows]

    @property
    def taken(self) -> Decimal:
        """What has a place, in the movement's currency."""
        return sum((line.taken for line in self.lines), ZERO) + self.on_account

    @property
    def left(self) -> Decimal:
        """What has none: positive is missing, negative is too much (the other way round when money goes out)."""
        return self.free - self.taken

    @property
    def postable(self) -> bool:
        """Whether a robot can register all of it: plain payments, and returns of payments that we registered."""
        return all(line.postable or self._returns(line) for line in self.lines)

    @property
    def debtors(self) -> list[Debtor]:
        """Customers that the money may be left with."""
        found = {row.invoice.debtor_id: row.invoice.debtor for row in self.rows}
        found |= {row.pk: row for row in self.known}
        if self.debtor is not None:
            found[self.debtor.pk] = self.debtor
        return sorted(found.values(), key=lambda row: (row.name, row.pk))

    @property
    def sums(self) -> list[tuple[str, str, str]]:
        """One line of arithmetic per document: (number, sum, what the withholding is)."""
        return [(line.invoice.number, line.sum, self.law(line)) for line in self.lines]

    def law(self, line: Line) -> str:
        """What a withholding is by law: "IRPF 15 % s/ 1.000,00"; its share when no rate gives it; "" for none."""
        if not line.withheld or not line.invoice.net:
            return ""
        bases = {"net": line.invoice.net, "tax": line.invoice.tax, "gross": line.invoice.gross}
        step = Decimal(1).scaleb(-minor_units(line.invoice.currency))
        for chain in regime(self.country).combinations(self.movement.booked_on) if self.country else ():
            due = sum((Fraction(bases[rate.base]) * rate.rate for rate in chain), Fraction(0))
            if abs(Fraction(line.withheld) - due) <= Fraction(step):
                names = " + ".join(rate.name for rate in chain)
                return f"{names} s/ {formats.money(bases[chain[0].base], line.invoice.currency)}"
        share = (line.withheld / line.invoice.net).quantize(Decimal("0.0001"))
        return _("%(share)s de la base: no es un tipo legal conocido") % {"share": formats.percent(share)}

    @cached_property
    def problems(self) -> list[Problem]:
        """Everything that does not add up, first what cannot be read."""
        found = list(self.unread)
        wrong = {problem.field for problem in found}
        if not self.rows and not self.on_account and not found:
            return [Problem("add", _("Elija una factura, o deje el dinero a cuenta de un cliente."))]
        for row in self.rows:
            found += [problem for problem in self._row(row) if problem.field not in wrong]
        if self.on_account < 0 or (self.on_account and self.movement.amount < 0):
            found.append(Problem("on_account", _("«A cuenta» no puede ser negativo ni venir de un cargo.")))
        elif self.on_account and self.debtor is None:
            found.append(Problem("debtor", _("«Cliente»: diga de quién es el dinero que queda a cuenta.")))
        if self.on_account and not self._fits(self.on_account, self.movement.currency):
            found.append(Problem("on_account", _("«A cuenta» tiene más decimales que la moneda.")))
        if not found:
            found += self._whole()
        if not found and not self.postable and not self.by_hand:
            found.append(
                Problem(
                    "by_hand",
                    _("Un abono o una devolución no lo registra ningún robot: hágalo y marque «Ya está en el ERP»."),
                )
            )
        return found

    @cached_property
    def settled(self) -> frozenset[int]:
        """Documents that the movement pays already; the ledger takes its money for each of them once."""
        if not self.movement.used:
            return frozenset()
        there = Allocation.objects.filter(movement=self.movement, reversed_at=None)
        return frozenset(there.values_list("invoice", flat=True))

    @property
    def wrong(self) -> dict[str, str]:
        """The first objection of each field."""
        found: dict[str, str] = {}
        for problem in self.problems:
            found.setdefault(problem.field, problem.message)
        return found

    @property
    def untouched(self) -> bool:
        """Whether nothing has been said yet: no reason to sound alarmed."""
        return not self.rows and not self.on_account_text and not self.unread

    @property
    def first_wrong(self) -> str:
        """The field to look at first, "" when all is well."""
        return self.problems[0].field if self.problems else ""

    def links(self, person: str) -> list[Link]:
        """The sheet as the proposals take it."""
        said = _("Lo repartió %(person)s a la vista del movimiento.") % {"person": person}
        found = []
        for line in self.lines:
            law = self.law(line)
            why = f"{line.invoice.number}: {line.sum}{f' ({law})' if law else ''}. {said}"
            found.append(
                Link(
                    invoice=line.invoice.pk,
                    applied=line.applied,
                    withheld=line.withheld,
                    fee=line.fee,
                    discount=line.discount,
                    cash=line.cash,
                    rate=line.rate,
                    explanation=why,
                )
            )
        return found

    def _row(self, row: Row) -> list[Problem]:
        invoice, line = row.invoice, row.line
        number, currency = invoice.number, invoice.currency

        def says(part: str, message: str) -> Problem:
            return Problem(f"{part}-{invoice.pk}", f"«{LABELS[part]}» ({number}): {message}")

        for part in PARTS:
            if not self._fits(row.figures[part], self.movement.currency if part == "cash" else currency):
                return [says(part, _("tiene más decimales que la moneda."))]
        if invoice.pk in self.settled:
            return [says("applied", _("este movimiento ya la salda: deshágalo y repártalo entero, o elija otra."))]
        if not line.applied:
            return [says("applied", _("ponga cuánto se salda, o quite la factura."))]
        comes_in = self.movement.amount > 0
        wanted_sign = 1 if comes_in and invoice.kind == "invoice" else -1
        if line.applied * wanted_sign < 0:
            return [says("applied", _("el signo no corresponde: un abono resta y una devolución reabre."))]
        most = abs(invoice.open) if comes_in else invoice.gross - invoice.open
        if abs(line.applied) > most:
            wrote = {"most": formats.money(most, currency), "wanted": formats.money(abs(line.applied), currency)}
            return [says("applied", _("son %(wanted)s y solo hay %(most)s.") % wrote)]
        for part in ("withheld", "discount"):
            if row.figures[part] * wanted_sign < 0:
                return [says(part, _("no puede ser negativo."))]
        if line.net * wanted_sign <= 0:
            part = max(("withheld", "fee", "discount"), key=lambda name: abs(row.figures[name]))
            return [says(part, _("se lleva todo lo que se salda: no queda nada cobrado."))]
        if row.foreign and row.figures["cash"] * wanted_sign <= 0:
            message = _("la factura es en %(theirs)s: diga cuánto toma del cobro, en %(ours)s.")
            return [says("cash", message % {"theirs": currency, "ours": self.movement.currency})]
        return []

    def _returns(self, line: Line) -> bool:
        comes_back = self.movement.amount < 0 and line.applied < 0 and line.invoice.kind == "invoice"
        return comes_back and bool(covering(line.invoice.pk, -line.applied))

    def _whole(self) -> list[Problem]:
        if not self.left:
            return []
        currency = self.movement.currency
        figures = {
            "left": formats.money(abs(self.left), currency),
            "whole": formats.money(abs(self.free), currency),
        }
        short = (self.left > 0) == (self.movement.amount > 0)
        row = self.rows[-1] if self.rows else None
        name = f"{'cash' if row.foreign else 'applied'}-{row.invoice.pk}" if row else "on_account"
        if short:
            message = _("Faltan %(left)s por repartir de %(whole)s: súbalo en «Se salda» o déjelo en «A cuenta».")
            return [Problem("on_account" if self.movement.amount > 0 else name, message % figures)]
        label = f"«{LABELS['applied']}» ({row.invoice.number})" if row else _("«A cuenta»")
        return [Problem(name, f"{label}: " + _("sobran %(left)s; el movimiento trae %(whole)s.") % figures)]

    @staticmethod
    def _fits(value: Decimal, currency: str) -> bool:
        return value == value.quantize(Decimal(1).scaleb(-minor_units(currency)))


def written(value: Decimal, currency: str) -> str:
    """An amount as it stands in a box; "" for nothing."""
    if not value:
        return ""
    return formats.amount(value, minor_units(currency)).replace(formats.MINUS, "-")


def propose(
    movement: Movement,
    free: Decimal,
    lines: Sequence[Line],
    *,
    country: str = "",
    debtor: Debtor | None = None,
    rest_on_account: bool = True,
) -> Sheet:
    """A sheet that starts from these lines; what they leave goes on account when they are all of one customer."""
    sheet = Sheet(movement=movement, free=free, country=country, debtor=debtor)
    sheet.rows = [_row_of(movement, line) for line in lines[:MOST_ROWS]]
    customers = {line.invoice.debtor_id: line.invoice.debtor for line in lines}
    if sheet.debtor is None and len(customers) == 1:
        sheet.debtor = next(iter(customers.values()))
    rest = free - sum((line.taken for line in lines), ZERO)
    if rest_on_account and rest > 0 and movement.amount > 0 and not any(row.foreign for row in sheet.rows):
        sheet.on_account = rest
        sheet.on_account_text = written(rest, movement.currency)
    return sheet


def of_reading(movement: Movement, free: Decimal, reading: Reading | None, country: str = "") -> Sheet:
    """The sheet of a reading, empty without one."""
    if reading is None:
        return Sheet(movement=movement, free=free, country=country)
    return propose(movement, free, reading.lines, country=country)


def read(movement: Movement, free: Decimal, posted: Mapping[str, str], *, creditor: int, country: str = "") -> Sheet:
    """A sheet as it was typed. What it names and is not the company's is left out."""
    sheet = Sheet(movement=movement, free=free, country=country)
    wanted = [int(name[8:]) for name in posted if name.startswith("applied-") and name[8:].isdecimal()][:MOST_ROWS]
    documents = Invoice.objects.filter(creditor=creditor).select_related("debtor").in_bulk(wanted)
    for pk in dict.fromkeys(wanted):
        if pk in documents:
            sheet.rows.append(_row_typed(sheet, documents[pk], posted))
    sheet.on_account_text = posted.get("on_account", "").strip()[:30]
    sheet.on_account = _read(sheet, "on_account", str(_("A cuenta")), sheet.on_account_text)
    debtor = posted.get("debtor", "")
    if debtor.isdecimal():
        sheet.debtor = Debtor.objects.filter(creditor=creditor, pk=int(debtor)).first()
    sheet.by_hand = posted.get("by_hand", "") == "on"
    sheet.note = posted.get("note", "").replace("\x00", "").strip()[:500]
    return sheet


def explain_difference(sheet: Sheet, kind: Difference) -> Sheet:
    """The documents in full, and what is missing put down as `kind` on the largest of them."""
    lines = [Line(invoice=line.invoice, applied=line.invoice.open) for line in sheet.lines if line.invoice.open]
    missing = sum((line.applied for line in lines), ZERO) - sheet.free
    fresh = propose(sheet.movement, sheet.free, lines, country=sheet.country, debtor=sheet.debtor)
    _keep(sheet, fresh)
    if not lines or any(row.foreign for row in sheet.rows):
        fresh.hints.append(_("Elija primero la factura, en la moneda del cobro."))
    elif missing <= 0:
        fresh.hints.append(_("Lo pendiente no pasa de lo cobrado: no hay diferencia que explicar."))
    else:
        largest = max(range(len(lines)), key=lambda place: (lines[place].applied, -place))
        parts: dict[str, Decimal] = {kind: missing}
        lines[largest] = Line(invoice=lines[largest].invoice, applied=lines[largest].applied, **parts)
        fresh = propose(sheet.movement, sheet.free, lines, country=sheet.country, debtor=sheet.debtor)
        _keep(sheet, fresh)
    return fresh


def as_partial(sheet: Sheet, *, more: Iterable[Invoice] = ()) -> Sheet:
    """The money shared out among the documents as far as it goes, the oldest first; the rest of them stays open."""
    documents = {line.invoice.pk: line.invoice for line in sheet.lines}
    documents |= {row.pk: row for row in more}
    lines = shared(sheet.movement, sheet.free, list(documents.values())[:MOST_ROWS])
    fresh = propose(sheet.movement, sheet.free, lines, country=sheet.country, debtor=sheet.debtor)
    _keep(sheet, fresh)
    if not lines:
        fresh.hints.append(_("Elija primero una factura con saldo pendiente."))
    return fresh


def whole_on_account(sheet: Sheet) -> Sheet:
    """No documents: all the money stays with the customer."""
    fresh = propose(sheet.movement, sheet.free, (), country=sheet.country, debtor=sheet.debtor)
    fresh.known = sheet.debtors
    if fresh.debtor is None and len(fresh.known) == 1:
        fresh.debtor = fresh.known[0]
    _keep(sheet, fresh)
    return fresh


def with_document(sheet: Sheet, invoice: Invoice) -> Sheet:
    """One more row, with as much as the money left allows; what was on account makes room for it."""
    if any(row.invoice.pk == invoice.pk for row in sheet.rows) or len(sheet.rows) >= MOST_ROWS:
        return sheet
    room = sheet.left + sheet.on_account
    [*lines] = shared(sheet.movement, room, [invoice])
    if not lines:
        lines = [Line(invoice=invoice, applied=ZERO)]
    rows = [*sheet.rows, _row_of(sheet.movement, lines[0])]
    rest = max(sheet.free - sum((row.line.taken for row in rows), ZERO), ZERO)
    kept = min(sheet.on_account, rest)
    text = written(kept, sheet.movement.currency)
    return replace(sheet, rows=rows, on_account=kept, on_account_text=text, known=sheet.debtors)


def without_document(sheet: Sheet, pk: int) -> Sheet:
    """The sheet without that row."""
    return replace(sheet, rows=[row for row in sheet.rows if row.invoice.pk != pk], known=sheet.debtors)


def _keep(old: Sheet, new: Sheet) -> None:
    """What the person said about the whole stays when the rows change."""
    new.note, new.by_hand = old.note, old.by_hand
    new.known = old.debtors


def _row_of(movement: Movement, line: Line) -> Row:
    currency, foreign = line.invoice.currency, line.invoice.currency != movement.currency
    figures = {
        "applied": line.applied,
        "withheld": line.withheld,
        "fee": line.fee,
        "discount": line.discount,
        "cash": line.cash or ZERO,
    }
    typed = {part: written(value, movement.currency if part == "cash" else currency) for part, value in figures.items()}
    return Row(invoice=line.invoice, typed=typed, figures=figures, foreign=foreign)


def _row_typed(sheet: Sheet, invoice: Invoice, posted: Mapping[str, str]) -> Row:
    typed = {part: posted.get(f"{part}-{invoice.pk}", "").strip()[:30] for part in PARTS}
    figures = {
        part: _read(sheet, f"{part}-{invoice.pk}", f"{LABELS[part]} ({invoice.number})", text)
        for part, text in typed.items()
    }
    return Row(invoice=invoice, typed=typed, figures=figures, foreign=invoice.currency != sheet.movement.currency)


def _read(sheet: Sheet, name: str, label: str, text: str) -> Decimal:
    if not text:
        return ZERO
    try:
        value = spanish.amount(text)
    except CobranzaError as exc:
        sheet.unread.append(Problem(name, f"«{label}»: {exc.message} {exc.remedy}"))
        return ZERO
    if abs(value) >= Decimal("1e12"):
        sheet.unread.append(Problem(name, f"«{label}»: " + _("es demasiado grande.")))
        return ZERO
    return value
