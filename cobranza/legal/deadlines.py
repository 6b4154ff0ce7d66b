"""Terms of procedure: which days count, when a notice counts as served, and until when something has to be done.

The data are `cobranza/regimes/<country>/deadlines.toml`: non-working days, the clock of notices and the terms, each
with its source. National and regional holidays come from the package `holidays`, local ones from ``config/legal.toml``.
Pure: days in the court's own calendar go in and come out.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import holidays
from pydantic import Field, model_validator

from cobranza import regimes
from cobranza.kernel import clock
from cobranza.kernel.config import Strict, load
from cobranza.kernel.errors import BusinessError

FILE = "deadlines.toml"
_LONGEST = 366  # days without a working one would mean that the data are wrong


class UnknownCalendar(BusinessError):
    """No deadlines are known for a country, or no such term or region."""

    code = "COB-EXP-040"
    remedy = "Añada «deadlines.toml» del país con su fuente, o corrija config/legal.toml."


class Closed(Strict):
    """`[[inhabiles]]`: days of every year that do not count; "MM-DD", both included, over the new year if need be."""

    desde: str = Field(pattern=r"^\d\d-\d\d$")
    hasta: str = Field(pattern=r"^\d\d-\d\d$")
    texto: str

    def holds(self, day: date) -> bool:
        """Whether `day` is one of them."""
        mark = f"{day:%m-%d}"
        if self.desde <= self.hasta:
            return self.desde <= mark <= self.hasta
        return mark >= self.desde or mark <= self.hasta


class Notices(Strict):
    """`[notificaciones]`: working days until an unopened notice counts as served (0: only opening serves it)."""

    dias_acceso: int = Field(default=0, ge=0)
    surte: Literal["mismo_dia", "siguiente_habil"] = "mismo_dia"
    hora_limite: time | None = None
    fuente: str = ""


class Grace(Strict):
    """`[gracia]`: hour of the working day after the last one until which a writ still counts."""

    hora: time
    fuente: str = ""


class Term(Strict):
    """`[[plazos]]`: how long there is for one thing.

    Attributes:
        id: Stable name.
        texto: For people.
        dias: Days, for `cuenta` "habiles" and "naturales".
        meses: Months, for `cuenta` "meses".
        cuenta: What is counted.
        nuestro: It runs for us, not for the debtor.
        procesal: A term of procedure: it goes on to the next working day and has the hours of grace. One of the civil
            law ends on its day, whatever day that is.
        fuente: Norm.
    """

    id: str = Field(pattern="^[a-z_]+$")
    texto: str
    dias: int = Field(default=0, ge=0)
    meses: int = Field(default=0, ge=0)
    cuenta: Literal["habiles", "naturales", "meses"]
    nuestro: bool = True
    procesal: bool = True
    fuente: str = Field(min_length=4)

    @model_validator(mode="after")
    def _length(self) -> Term:
        if not (self.meses if self.cuenta == "meses" else self.dias):
            raise ValueError(f"el plazo «{self.id}» no dice cuánto dura")
        return self


class Rules(Strict):
    """The whole file of one country."""

    WEEKEND: ClassVar[tuple[int, ...]] = (5, 6)

    pais: str
    festivos: str
    zona: str
    fin_de_semana: tuple[int, ...] = WEEKEND
    fuente: str
    verificado: date | None = None
    inhabiles: tuple[Closed, ...] = ()
    notificaciones: Notices = Notices()
    gracia: Grace | None = None
    plazos: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Until when something has to be done.

    Attributes:
        last_day: Last day of the term.
        until: Last instant that still counts, aware (with the hours of grace where the law gives them).
        first_day: First day that was counted.
        source: Norm.
        verified: A person has read the calendar's rules in their source.
    """

    last_day: date
    until: datetime
    first_day: date
    source: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The court calendar of a country, of one of its regions, with the local holidays that the house has written down.

    Attributes:
        rules: Of the country.
        region: As `holidays` names it ("MD"), "" for the country alone.
        local: Further days that do not count.
    """

    rules: Rules
    region: str = ""
    local: frozenset[date] = field(default_factory=frozenset)

    def why_closed(self, day: date) -> str:
        """Why a day does not count, "" when it does."""
        if day.weekday() in self.rules.fin_de_semana:
            return "fin de semana"
        if day in self.local:
            return "festivo local"
        for span in self.rules.inhabiles:
            if span.holds(day):
                return span.texto
        return _holidays(self.rules.festivos, self.region, day.year).get(day, "")

    def is_working(self, day: date) -> bool:
        """Whether a day counts."""
        return not self.why_closed(day)

    def next_working(self, day: date) -> date:
        """`day` itself when it counts, else the first one after it that does."""
        for step in range(_LONGEST):
            found = day + timedelta(days=step)
            if self.is_working(found):
                return found
        raise UnknownCalendar(f"{self.rules.pais}: ningún día hábil en un año desde {day.isoformat()}.")

    def add_working(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which is not counted itself."""
        found = day
        for _ in range(count):
            found = self.next_working(found + timedelta(days=1))
        return found

    def received(self, at: datetime) -> date:
        """The day on which a notice that arrived at `at` counts as received: later than the limit, the next one."""
        local = at.astimezone(clock.zone(self.rules.zona))
        day, limit = local.date(), self.rules.notificaciones.hora_limite
        if not self.is_working(day) or (limit is not None and local.time() >= limit):
            return self.next_working(day + timedelta(days=1))
        return day

    def opened_served(self, at: datetime) -> date:
        """The day on which a notice that was opened at `at` counts as served; its term begins the day after."""
        day = self.received(at)
        return self.add_working(day, 1) if self.rules.notificaciones.surte == "siguiente_habil" else day

    def unopened_served(self, available: datetime) -> date | None:
        """The day on which a notice that nobody opens counts as served; None where only opening serves."""
        days = self.rules.notificaciones.dias_acceso
        return self.add_working(self.received(available), days) if days else None

    def term(self, name: str) -> Term:
        """The term called `name`; raises `UnknownCalendar`."""
        found = next((each for each in self.rules.plazos if each.id == name), None)
        if found is None:
            known = ", ".join(each.id for each in self.rules.plazos)
            raise UnknownCalendar(f"{self.rules.pais}: no hay un plazo «{name}» (hay: {known or 'ninguno'}).")
        return found

    def due(self, term: Term, served: date, *, days: int | None = None) -> Deadline:
        """When a term that a notice of day `served` sets going is over.

        Args:
            term: Which.
            served: Day of the notice; the next day is the first that is counted.
            days: Another length, where the court's own ruling says one.
        """
        first = served + timedelta(days=1)
        length = term.dias if days is None else days
        if term.cuenta == "habiles":
            first, last = self.next_working(first), self.add_working(served, length)
        elif term.cuenta == "naturales":
            last = self.next_working(served + timedelta(days=length))
        else:
            last = self.next_working(_months_after(served, term.meses))
        if not term.procesal:
            last = served + timedelta(days=length) if term.cuenta != "meses" else _months_after(served, term.meses)
        return Deadline(
            last_day=last,
            until=self.last_instant(last) if term.procesal else self.end_of(last),
            first_day=first,
            source=term.fuente,
            verified=self.rules.verificado is not None,
        )

    def last_instant(self, last_day: date) -> datetime:
        """The last instant at which something due on `last_day` may be filed."""
        if self.rules.gracia is None:
            return self.end_of(last_day)
        return datetime.combine(self.add_working(last_day, 1), self.rules.gracia.hora, clock.zone(self.rules.zona))

    def end_of(self, day: date) -> datetime:
        """The last second of a day where the court is."""
        return datetime.combine(day, time(23, 59, 59), clock.zone(self.rules.zona))


@cache
def rules(country: str) -> Rules:
    """The rules of a country (ISO alpha-2); raises `UnknownCalendar`, `ConfigError`."""
    file = Path(regimes.__file__).parent / country.lower() / FILE
    if not file.is_file():
        raise UnknownCalendar(f"No se conocen los plazos de «{country}».")
    return load(file, Rules)


def calendar(country: str, region: str = "", local: Iterable[date] = ()) -> Calendar:
    """The calendar of a country and a region of it.

    Raises:
        UnknownCalendar: nothing is known of the country, or it has no such region.

    >>> spain = calendar("ES", "MD")
    >>> spain.due(spain.term("pago_u_oposicion"), date(2026, 7, 20)).last_day
    datetime.date(2026, 9, 15)
    """
    found = Calendar(rules=rules(country), region=region, local=frozenset(local))
    _holidays(found.rules.festivos, region, 2026)
    return found


@lru_cache(maxsize=64)
def _holidays(country: str, region: str, year: int) -> dict[date, str]:
    try:
        # One year at a time: the package widens its table as it is asked, and a cached dict must not change.
        return dict(holidays.country_holidays(country, subdiv=region or None, years=year))
    except NotImplementedError as exc:
        raise UnknownCalendar(f"No se conocen los festivos de «{country}-{region}».") from exc


def _months_after(day: date, count: int) -> date:
    """The same day `count` months later; the last of the month when there is no such day.

    >>> _months_after(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.month - 1 + count, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, months.monthrange(year, month)[1]))
