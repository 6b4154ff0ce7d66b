"""The report as tables: the same ones on the screen, in the CSV and in the workbook."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _

from cobranza.reconciliation.figures.insight import Bucket, Precision, Rate
from cobranza.reconciliation.figures.query import MATURE_DAYS, Report
from cobranza.screens import formats

Kind = Literal["text", "count", "share", "money", "minutes"]
_UNKNOWN = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure and what it is.

    Attributes:
        value: None where there is nothing to count.
        kind: How it is written.
        currency: Of a "money".
        bar: Draw the share beside it.
    """

    value: str | int | Decimal | None
    kind: Kind = "text"
    currency: str = ""
    bar: bool = False

    @property
    def shown(self) -> str:
        """As people read it, in their language."""
        if self.value is None:
            return _UNKNOWN
        if isinstance(self.value, str):
            return self.value
        if self.kind == "share":
            return formats.percent(Decimal(self.value))
        if self.kind == "money":
            return formats.money(Decimal(self.value), self.currency)
        return formats.amount(Decimal(self.value), 0)

    @property
    def width(self) -> int:
        """Of the bar, 0 to 100."""
        return round(100 * self.value) if self.bar and isinstance(self.value, Decimal) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table of the report.

    Attributes:
        key: Short name, for anchors.
        title: Heading.
        note: How to read it, and what it assumes.
        columns: Headings; those of figures are set flush right.
        rows: The first cell names the row.
    """

    key: str
    title: str
    note: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheets(report: Report) -> list[Sheet]:
    """The whole report, most important first, in the person's language."""
    rates = (
        (_("Documentos"), True),
        (_("Sin intervención"), True),
        (_("Por documento"), True),
        (_("Cobros"), True),
        (_("Por cobro"), True),
    )
    return [
        Sheet(
            key="banks",
            title=_("Sin intervención, por banco"),
            note=_(
                "Parte de los documentos que fueron del banco al ERP sin que nadie los tocara. Lo que espera decisión "
                "cuenta como no automático, y lo que alguien deshizo también."
            ),
            columns=((_("Banco"), False), *rates),
            rows=(*(_rate(rate, rate.key) for rate in report.by_bank), _rate(report.total, _("Todos"))),
        ),
        Sheet(
            key="months",
            title=_("Sin intervención, por mes"),
            note=_("Por el mes en que el banco anotó el cobro."),
            columns=((_("Mes"), False), *rates),
            rows=tuple(_rate(rate, _month(rate.key)) for rate in report.by_month),
        ),
        Sheet(
            key="precision",
            title=_("Acierto de lo automático"),
            note=_(
                "Medido con lo que las personas deshicieron después. El intervalo es del 95 % (Clopper y Pearson): con "
                "pocos cobros es ancho. Lo reciente aún puede corregirse; por eso va aparte lo que ya ha madurado."
            ),
            columns=(
                (_("Qué"), False),
                (_("Cobros"), True),
                (_("Corregidos"), True),
                (_("Acierto"), True),
                (_("Al menos"), True),
                (_("Como mucho"), True),
            ),
            rows=(
                _precision(report.precision, _("Todo lo automático")),
                _precision(report.mature, _("Con más de %(days)d días") % {"days": MATURE_DAYS}),
            ),
        ),
        _saved(report),
        Sheet(
            key="ageing",
            title=_("Dinero sin aplicar"),
            note=_(
                "Hoy, por días desde la fecha valor. Cuenta lo que queda a cuenta de un cliente; no lo que no es cobro "
                "de clientes."
            ),
            columns=(
                (_("Antigüedad"), False),
                (_("Movimientos"), True),
                (_("Importe"), True),
                (_("De ello, a cuenta"), True),
            ),
            rows=tuple(_bucket(bucket) for bucket in report.ageing),
        ),
        Sheet(
            key="reasons",
            title=_("Por qué hizo falta una persona"),
            note=_("Un motivo por cobro: el de la última propuesta del motor."),
            columns=((_("Motivo"), False), (_("Cobros"), True), (_("Parte"), True)),
            rows=tuple(
                (
                    Cell(value=reason.text),
                    Cell(value=reason.payments, kind="count"),
                    Cell(value=reason.share, kind="share", bar=True),
                )
                for reason in report.reasons
            ),
        ),
    ]


def _rate(rate: Rate, name: str) -> tuple[Cell, ...]:
    return (
        Cell(value=name),
        Cell(value=rate.documents, kind="count"),
        Cell(value=rate.documents_automatic, kind="count"),
        Cell(value=rate.by_document, kind="share", bar=True),
        Cell(value=rate.payments, kind="count"),
        Cell(value=rate.by_payment, kind="share", bar=True),
    )


def _month(key: str) -> str:
    year, _dash, month = key.partition("-")
    return f"{month}/{year}"


def _precision(found: Precision, name: str) -> tuple[Cell, ...]:
    some = bool(found.payments)
    return (
        Cell(value=name),
        Cell(value=found.payments, kind="count"),
        Cell(value=found.corrected, kind="count"),
        Cell(value=found.share, kind="share", bar=True),
        Cell(value=found.low if some else None, kind="share"),
        Cell(value=found.high if some else None, kind="share"),
    )


def _saved(report: Report) -> Sheet:
    saved = report.saved
    note = _("Supuesto: %(payment)s min por cobro y %(document)s min por documento (%(source)s).") % {
        "payment": formats.amount(saved.per_payment, 1),
        "document": formats.amount(saved.per_document, 1),
        "source": saved.source,
    }
    return Sheet(
        key="minutes",
        title=_("Minutos de revisión ahorrados"),
        note=note,
        columns=((_("Qué"), False), (_("Cuántos"), True), (_("Minutos"), True)),
        rows=(
            (
                Cell(value=_("Cobros automáticos")),
                Cell(value=saved.payments, kind="count"),
                Cell(value=saved.per_payment * saved.payments, kind="minutes"),
            ),
            (
                Cell(value=_("Documentos automáticos")),
                Cell(value=saved.documents, kind="count"),
                Cell(value=saved.per_document * saved.documents, kind="minutes"),
            ),
            (Cell(value=_("Total")), Cell(value=None, kind="count"), Cell(value=saved.minutes, kind="minutes")),
        ),
    )


def _bucket(bucket: Bucket) -> tuple[Cell, ...]:
    if bucket.last is None:
        name = _("%(currency)s, %(first)d días o más") % {"currency": bucket.currency, "first": bucket.first}
    else:
        name = _("%(currency)s, de %(first)d a %(last)d días") % {
            "currency": bucket.currency,
            "first": bucket.first,
            "last": bucket.last,
        }
    return (
        Cell(value=name),
        Cell(value=bucket.movements, kind="count"),
        Cell(value=bucket.amount, kind="money", currency=bucket.currency),
        Cell(value=bucket.on_account, kind="money", currency=bucket.currency),
    )
