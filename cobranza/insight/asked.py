"""What the address of a dashboard asks for: period, company, currency, country, segment, strategy. Wrong falls back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.db.models import Sum
from django.utils.translation import gettext as _

from cobranza.insight import facts
from cobranza.insight.models import Cube
from cobranza.insight.ports import Slice
from cobranza.insight.sums import Step
from cobranza.kernel import clock
from cobranza.ledger.models import Creditor
from cobranza.ledger.tables_ratings import Segments

_MOST_DAYS = 366 * 5
PERIODS = ("30", "90", "365", "anterior", "propio")
OTHERS = {"pais": "country", "segmento": "segment", "estrategia": "strategy", "canal": "channel", "clase": "kind"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One filter as the form shows it."""

    name: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A slice with its steps, and the filters as the form shows them.

    Attributes:
        part: What is asked for.
        step: How its course is cut.
        period: Which of `PERIODS`.
        choices: Filters of the form.
    """

    part: Slice
    step: Step
    period: str
    choices: tuple[Choice, ...]

    def address(self, **changes: str) -> str:
        """The same as it goes behind a link; "" takes a key away."""
        given = {
            "periodo": self.period, "empresa": self.part.creditor, "moneda": self.part.currency,
            **{name: self.part.others.get(key, "") for name, key in OTHERS.items()},
        }  # fmt: skip
        if self.period == "propio":
            given |= {"desde": self.part.start.isoformat(), "hasta": self.part.end.isoformat()}
        return "?" + urlencode({key: value for key, value in {**given, **changes}.items() if value})

    @property
    def before(self) -> tuple[date, date]:
        """The period of the same length before this one."""
        length = self.part.end - self.part.start + timedelta(days=1)
        return self.part.start - length, self.part.start - timedelta(days=1)


def parse(given: Mapping[str, str]) -> Asked:
    """Read an address; what it says wrongly falls back to the default."""
    today = clock.now().astimezone(clock.MADRID).date()
    period = given.get("periodo", "365")
    start, end = _days(period, given, today)
    if period not in PERIODS:
        period = "365"
    known = _known(_clean(given.get("empresa", "")))
    creditor, currencies, countries, segments, strategies, creditors = known
    currency = _clean(given.get("moneda", ""))
    if currency not in currencies:
        currency = currencies[0] if currencies else "EUR"
    others = {}
    for name, key in OTHERS.items():
        value = _clean(given.get(name, ""))
        if value:
            others[key] = value
    part = Slice(start=start, end=end, creditor=creditor, currency=currency, others=others)
    names = dict(Segments.choices)
    choices = [
        Choice(
            name="moneda",
            label=_("Moneda"),
            value=currency,
            choices=tuple((each, each) for each in currencies or ["EUR"]),
        ),
        _choice("pais", _("País"), others.get("country", ""), [(each, each) for each in countries]),
        _choice("segmento", _("Segmento"), others.get("segment", ""), [(s, str(names.get(s, s))) for s in segments]),
        _choice("estrategia", _("Estrategia"), others.get("strategy", ""), [(each, each) for each in strategies]),
    ]
    if len(creditors) > 1:
        choices.insert(0, _choice("empresa", _("Empresa"), creditor, creditors))
    days = (end - start).days + 1
    step: Step = "day" if days <= 31 else "week" if days <= 120 else "month"
    return Asked(part=part, step=step, period=period, choices=tuple(choices))


def _choice(name: str, label: str, value: str, values: list[tuple[str, str]]) -> Choice:
    return Choice(name=name, label=label, value=value, choices=(("", _("Todos")), *values))


def _known(key: str) -> tuple[str, list[str], list[str], list[str], list[str], list[tuple[str, str]]]:
    """What there is to choose from, by what is in the day's sums."""
    creditors = list(Creditor.objects.order_by("name").values_list("key", "name"))
    creditor = key if key in dict(creditors) else ""
    rows = Cube.objects.filter(slug=facts.WALLET)
    if creditor:
        rows = rows.filter(creditor=creditor)
    grouped = rows.values_list("currency", "country", "segment").annotate(weight=Sum("den")).order_by()
    found = list(grouped)
    weights: dict[str, float] = {}
    for currency, _country, _segment, weight in found:
        weights[currency] = weights.get(currency, 0.0) + float(weight or 0)
    currencies = sorted(weights, key=lambda each: (-weights[each], each))
    countries = sorted({country for _c, country, _s, _w in found if country})
    segments = sorted({segment for _c, _p, segment, _w in found if segment})
    strategies = sorted(
        set(
            Cube.objects.filter(slug="tasa_de_contacto")
            .exclude(strategy="")
            .values_list("strategy", flat=True)
            .distinct()
        )
    )
    return creditor, currencies, countries, segments, strategies, creditors


def _days(period: str, given: Mapping[str, str], today: date) -> tuple[date, date]:
    if period == "propio":
        start, end = _day(given.get("desde", "")), _day(given.get("hasta", ""))
        if start and end and start <= end and (end - start).days < _MOST_DAYS:
            return start, end
    if period == "anterior":
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    if period in ("30", "90"):
        return today - timedelta(days=int(period) - 1), today
    year = today.year - 1 if today.month < 12 else today.year
    return date(year, today.month % 12 + 1, 1), today


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2200 else None


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:120]
