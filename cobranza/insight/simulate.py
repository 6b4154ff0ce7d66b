"""A company's own year under another strategy: what its own contacts and hold-out can say about it, and no more.

Pure; frames in, a dataclass out, the draws have a fixed seed.

The response model is one of hazards: each day that an arrear is unpaid it may be paid, with a rate that depends on how
old it is and on who owes it (both strategies alike), times the effect of the newest contact of the last days, one per
channel. Within an age and a kind of payer, contacts are given by rule, and the hold-out has none: that is what makes
the effect an effect. Both strategies are replayed with the same model over the same arrears, so what the model gets
wrong for both cancels; the interval comes from drawing debtors anew, hold-out and treated each for themselves.

Sources: B. Efron and R. J. Tibshirani (1993), *An Introduction to the Bootstrap*; piecewise exponential hazards as
Poisson rates: N. Laird and D. Olivier (1981); shared gamma frailty by EM: J. P. Klein (1992).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln

from cobranza.kernel.errors import BusinessError

Floats = np.ndarray[Any, np.dtype[np.float64]]

FROM = -10
"""Days from the due day at which an arrear may be paid early, and contacts before the due day begin to count."""
LAST = 365
EDGES = (-10, 0, 3, 7, 15, 30, 60, 90, 180)
"""Ages at which the rate of paying may change."""
_AGES = LAST - FROM + 1
_FEWEST_CONTACTS = 20
_SPREADS = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5)
_PRIOR = 0.5


class NoHoldout(BusinessError):
    """A simulation without anybody to compare with."""

    code = "COB-INS-110"
    remedy = "Active un ensayo con «cuota_control» en config/dunning.toml y repita cuando el grupo tenga arreos."


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What happened, in one currency.

    Attributes:
        arrears: One row per debtor and due day; columns debtor (any), profile (str: what a strategy tells payers apart
            by), amount (float), term (float: days from issue to due day), held_out (bool: in the hold-out that day),
            paid_age (float: days after the due day on which it was settled; NaN when it is not), seen_until (int: age
            at the end of the year).
        contacts: One row per contact that left: arrear (index of `arrears`), age (int), channel (str).
    """

    arrears: pd.DataFrame
    contacts: pd.DataFrame


Schedule = Mapping[str, Sequence[tuple[int, str]]]
"""By profile: the (age, channel) of each contact that a strategy makes while the arrear is unpaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure under both strategies, and their difference with its interval.

    Attributes:
        current: Under the strategy in force.
        other: Under the other one.
        difference: `other` − `current`.
        low: Of the difference.
        high: Of the difference.
    """

    current: float
    other: float
    difference: float
    low: float
    high: float

    @property
    def says(self) -> bool:
        """Whether the interval leaves out "no difference"."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How much likelier a payment is on a day after a contact than without one.

    Attributes:
        channel: Of the contact.
        factor: On the rate of paying; 1 is no effect.
        low: Of the factor.
        high: Of the factor.
        contacts: That it was estimated from.
    """

    channel: str
    factor: float
    low: float
    high: float
    contacts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Both strategies over the same year.

    Attributes:
        dso: Days from issue to payment, by amount, cut at the end of the year.
        recovery: Share of the amount that is paid by then.
        contacts: That leave.
        cost: Of them.
        effects: The response model.
        arrears: Replayed.
        debtors: Of them.
        held_out: Debtors in the hold-out.
        observed: Share of the amount that was in truth paid by those treated.
        modelled: The same by the model under the strategy in force: how well it repeats the year.
        unknown: Channels of the other strategy without enough contacts; taken as without effect.
        level: Of the intervals.
        cannot_know: Spanish sentences, all of them to be shown.
    """

    dso: Measure
    recovery: Measure
    contacts: Measure
    cost: Measure
    effects: tuple[Effect, ...]
    arrears: int
    debtors: int
    held_out: int
    observed: float
    modelled: float
    unknown: tuple[str, ...]
    level: float
    cannot_know: tuple[str, ...]


def simulate(
    year: Year,
    current: Schedule,
    other: Schedule,
    costs: Mapping[str, float],
    *,
    window: int = 7,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 20260102,
    least: int = 30,
) -> Simulation:
    """Replay a year under another strategy.

    Args:
        year: What happened.
        current: Contacts of the strategy in force, by profile.
        other: Contacts of the strategy that is tried.
        costs: Of one contact, by channel; a channel that is not named costs nothing.
        window: Days after a contact in which it may have an effect.
        level: Of the intervals.
        draws: Of the bootstrap.
        seed: Of it.
        least: Debtors that the hold-out must have.

    Raises:
        NoHoldout: too few debtors in the hold-out, or none treated.
    """
    arrears = year.arrears
    held = arrears.loc[arrears["held_out"].to_numpy(dtype=bool), "debtor"].nunique()
    if held < least or held == arrears["debtor"].nunique():
        raise NoHoldout(
            f"El grupo de control tiene {held} deudores y hacen falta {least}, y otros a los que se escriba."
        )
    profiles = sorted(set(arrears["profile"]))
    used = year.contacts["channel"].value_counts() if len(year.contacts) else pd.Series(dtype=int)
    channels = sorted(str(name) for name, count in used.items() if count >= _FEWEST_CONTACTS)
    cells = _Cells(year, profiles, channels, window)
    random = np.random.default_rng(seed)
    weights = np.vstack([np.ones(cells.debtors), _draws(random, cells.held_out, draws)])
    spread = cells.weigh_debtors()
    rates, factors = _fit(weights, cells)
    shape = _Shape(arrears, profiles)
    now = _replay(shape, rates, factors, spread, current, profiles, channels, costs, window)
    then = _replay(shape, rates, factors, spread, other, profiles, channels, costs, window)
    unknown = tuple(sorted({name for steps in other.values() for _age, name in steps} - set(channels)))
    treated = arrears[~arrears["held_out"].to_numpy(dtype=bool)]
    paid = float(treated.loc[treated["paid_age"].notna(), "amount"].sum() / max(treated["amount"].sum(), 1e-9))
    found = Simulation(
        dso=_measure(now["dso"], then["dso"], level),
        recovery=_measure(now["recovery"], then["recovery"], level),
        contacts=_measure(now["contacts"], then["contacts"], level),
        cost=_measure(now["cost"], then["cost"], level),
        effects=tuple(
            Effect(channel=name, factor=float(factors[0, i]), **_range(factors[1:, i], level), contacts=int(used[name]))
            for i, name in enumerate(channels)
        ),
        arrears=len(arrears),
        debtors=cells.debtors,
        held_out=int(held),
        observed=paid,
        modelled=float(now["recovery"][0]),
        unknown=unknown,
        level=level,
        cannot_know=(),
    )
    return replace(found, cannot_know=_cannot_know(found, window))


class _Cells:
    """Days at risk and payments of each debtor, by age, profile and newest contact."""

    def __init__(self, year: Year, profiles: list[str], channels: list[str], window: int) -> None:
        arrears = year.arrears
        codes, _names = pd.factorize(arrears["debtor"])
        self.debtors = int(codes.max()) + 1
        self.held_out = np.zeros(self.debtors, dtype=bool)
        self.held_out[codes[arrears["held_out"].to_numpy(dtype=bool)]] = True
        self.groups, self.states = len(EDGES) * len(profiles), len(channels) + 1
        place = {name: i for i, name in enumerate(profiles)}
        profile = arrears["profile"].map(place).to_numpy(dtype=np.int64)
        paid = arrears["paid_age"].to_numpy(dtype=np.float64)
        seen = np.minimum(arrears["seen_until"].to_numpy(dtype=np.int64), LAST)
        ends = np.where(np.isnan(paid), seen, np.minimum(np.maximum(np.nan_to_num(paid), FROM), seen)).astype(np.int64)
        settled = ~np.isnan(paid) & (paid <= seen)
        size = self.debtors * self.groups * self.states
        self.days, self.paid = np.zeros(size), np.zeros(size)
        touched = _touched(year, channels, window)
        bucket = _buckets()
        for age in range(FROM, LAST + 1):  # a year of days, each over all arrears at once
            at_risk = np.flatnonzero(ends >= age)
            if not len(at_risk):
                break
            state = touched.get(age)
            now = np.zeros(len(arrears), dtype=np.int64)
            if state is not None:
                now[state[0]] = state[1]
            group = bucket[age - FROM] * len(profiles) + profile[at_risk]
            cell = (codes[at_risk] * self.groups + group) * self.states + now[at_risk]
            self.days += np.bincount(cell, minlength=size)
            left = settled[at_risk] & (ends[at_risk] == age)
            self.paid += np.bincount(cell[left], minlength=size)
        self.days -= self.paid / 2  # a payment ends its day on average in the middle of it: rates, not shares of a day
        whole = (self.debtors, self.groups * self.states)
        self.days, self.paid = self.days.reshape(whole), self.paid.reshape(whole)

    def weigh_debtors(self) -> float:
        """Weigh each debtor's days by how readily that debtor pays, and tell by how much debtors differ.

        Who pays readily leaves first, so those that are left look as if contacts worked less. Each debtor's own
        readiness (gamma, mean 1) is told from all its arrears; the spread is the likeliest of a few.

        Returns:
            The variance of readiness; 0 when debtors of a profile are alike.
        """
        events = self.paid.sum(axis=1)
        best: tuple[float, float, Floats] | None = None
        bare = self.days
        for spread in _SPREADS:
            ready = np.ones(self.debtors)
            hazard = np.zeros(self.debtors)
            for _ in range(40 if spread else 1):
                self.days = bare * ready[:, None]
                rates, factors = _fit(np.ones((1, self.debtors)), self)
                cell = (rates[0][:, None] * np.concatenate([[1.0], factors[0]])[None, :]).ravel()
                hazard = bare @ cell
                if not spread:
                    break
                updated = (1 / spread + events) / (1 / spread + hazard)
                updated /= updated.mean()
                if np.max(np.abs(updated - ready)) < 1e-4:
                    break
                ready = updated
            likely = float(self.paid.sum(axis=0) @ np.log(np.maximum(cell, 1e-300)))
            if spread:
                shape = 1 / spread
                each = gammaln(shape + events) - gammaln(shape) + shape * np.log(shape)
                likely += float(np.sum(each - (shape + events) * np.log(shape + hazard)))
            else:
                likely -= float(hazard.sum())
            if best is None or likely > best[0] + 0.5:
                best = (likely, spread, ready)
        if best is None:
            raise ValueError("no spreads")
        self.days = bare * best[2][:, None]
        return best[1]


def _touched(year: Year, channels: list[str], window: int) -> dict[int, tuple[Any, Any]]:
    """By age: which arrears had a contact in the days before, and the number of its channel (1…); the newest counts."""
    found: dict[int, dict[int, int]] = {}
    place = {name: i + 1 for i, name in enumerate(channels)}
    where = pd.Series(np.arange(len(year.arrears)), index=year.arrears.index)
    rows = year.contacts[year.contacts["arrear"].isin(where.index)].sort_values("age", kind="stable")
    for arrear, age, channel in zip(where.loc[rows["arrear"]], rows["age"], rows["channel"], strict=True):
        number = place.get(str(channel))
        if number is None:
            continue
        for day in range(int(age) + 1, int(age) + window + 1):
            found.setdefault(day, {})[int(arrear)] = number
    return {
        age: (np.fromiter(each, dtype=np.int64), np.fromiter(each.values(), dtype=np.int64))
        for age, each in found.items()
    }  # fmt: skip


def _draws(random: np.random.Generator, held_out: Any, draws: int) -> Floats:
    """How often each debtor is drawn, hold-out and treated each as many as there are: (draws, debtors)."""
    weights = np.zeros((draws, len(held_out)))
    for part in (held_out, ~held_out):
        count = int(part.sum())
        if count:
            weights[:, part] = random.multinomial(count, np.full(count, 1 / count), size=draws)
    return weights


def _fit(weights: Floats, cells: _Cells) -> tuple[Floats, Floats]:
    """Rates by group (draws, groups) and factors by channel (draws, channels): Poisson likelihood, by turns.

    A little of the common rate is added to each group and of "no effect" to each channel, so that none is empty.
    """
    shape = (len(weights), cells.groups, cells.states)
    days = (weights @ cells.days).reshape(shape)
    paid = (weights @ cells.paid).reshape(shape)
    common = paid.sum(axis=(1, 2)) / np.maximum(days.sum(axis=(1, 2)), 1.0)
    more = (_PRIOR / np.maximum(common, 1e-9))[:, None]
    factors = np.ones((len(weights), cells.states))
    rates = np.broadcast_to(common[:, None], shape[:2]).copy()
    for _ in range(60):
        rates = (paid.sum(axis=2) + _PRIOR) / (np.einsum("rgs,rs->rg", days, factors) + more)
        expected = np.einsum("rgs,rg->rs", days, rates)
        updated = (paid.sum(axis=1) + _PRIOR) / (expected + _PRIOR)
        updated[:, 0] = 1.0
        if np.max(np.abs(np.log(updated / factors))) < 1e-7:
            factors = updated
            break
        factors = updated
    return rates, factors[:, 1:]


class _Shape:
    """The arrears as sums by profile and by the age at the end of the year: all that a replay needs of them."""

    def __init__(self, arrears: pd.DataFrame, profiles: list[str]) -> None:
        place = {name: i for i, name in enumerate(profiles)}
        profile = arrears["profile"].map(place).to_numpy(dtype=np.int64)
        until = np.clip(arrears["seen_until"].to_numpy(dtype=np.int64), FROM, LAST) - FROM
        cell, size = profile * _AGES + until, len(profiles) * _AGES
        amount = arrears["amount"].to_numpy(dtype=np.float64)
        self.amounts = np.bincount(cell, amount, minlength=size).reshape(-1, _AGES)
        self.counts = np.bincount(cell, minlength=size).astype(np.float64).reshape(-1, _AGES)
        self.total = max(float(amount.sum()), 1e-9)
        self.term = float(arrears["term"].to_numpy(dtype=np.float64) @ amount) / self.total


def _replay(
    shape: _Shape,
    rates: Floats,
    factors: Floats,
    spread: float,
    schedule: Schedule,
    profiles: list[str],
    channels: list[str],
    costs: Mapping[str, float],
    window: int,
) -> dict[str, Floats]:
    """The year's figures under a schedule, one per draw."""
    bucket, draws = _buckets(), len(rates)
    recovery, waits, contacts, cost = (np.zeros(draws) for _ in range(4))
    for number, profile in enumerate(profiles):
        steps = sorted(schedule.get(profile, ()))
        hazard = rates[:, bucket * len(profiles) + number].copy()  # (draws, ages)
        newest = np.zeros(_AGES, dtype=np.int64)
        for age, name in steps:
            if name in channels:
                newest[max(age + 1 - FROM, 0) : max(age + window + 1 - FROM, 0)] = channels.index(name) + 1
        hazard *= np.concatenate([np.ones((draws, 1)), factors], axis=1)[:, newest]
        passed = np.cumsum(hazard, axis=1)
        # unpaid at the end of each age, over debtors who differ in readiness
        alive = (1 + spread * passed) ** (-1 / spread) if spread else np.exp(-passed)
        before = np.concatenate([np.ones((draws, 1)), alive[:, :-1]], axis=1)
        recovery += (1 - alive) @ shape.amounts[number]
        waits += (np.cumsum(before, axis=1) + FROM) @ shape.amounts[number]
        still = np.cumsum(shape.counts[number][::-1])[::-1]  # arrears that are seen at least until that age
        for age, name in steps:
            if FROM <= age <= LAST:
                made = before[:, age - FROM] * still[age - FROM]
                contacts += made
                cost += made * costs.get(name, 0.0)
    return {
        "recovery": recovery / shape.total,
        "dso": shape.term + waits / shape.total,
        "contacts": contacts,
        "cost": cost,
    }


def _buckets() -> Any:
    return np.searchsorted(np.array(EDGES), np.arange(FROM, LAST + 1), side="right") - 1


def _measure(now: Floats, then: Floats, level: float) -> Measure:
    apart = then - now
    return Measure(
        current=float(now[0]), other=float(then[0]), difference=float(apart[0]), **_range(apart[1:], level)
    )  # fmt: skip


def _range(values: Floats, level: float) -> dict[str, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return {"low": float(low), "high": float(high)}


def _cannot_know(found: Simulation, window: int) -> tuple[str, ...]:
    told = [
        f"El efecto de un contacto sale de comparar a quienes se escribió con {found.held_out} deudores del grupo de "
        "control de esta empresa. Sin ese grupo no habría con qué comparar, y lo que no se probó en él no se sabe.",
        f"Se supone que un contacto actúa en los {window} días siguientes, lo mismo a cualquier edad de la deuda, y "
        "que insistir no cansa: una estrategia mucho más insistente que las probadas rendirá menos de lo dicho.",
        "No sabe cómo reaccionarían los deudores a palabras, plantillas u horas que nunca se usaron, ni cuenta quejas, "
        "bajas o clientes perdidos.",
        "El intervalo dice cuánto puede equivocarse la respuesta estimada. No incluye que el año que viene sea "
        "distinto: otra coyuntura, otros clientes, otros precios.",
        "No predice el año que viene: repite el pasado con los mismos deudores y vencimientos.",
    ]
    if found.unknown:
        told.insert(
            0,
            f"De estos canales no hay contactos bastantes para medir nada, y se cuentan como si no tuvieran efecto: "
            f"{', '.join(found.unknown)}.",
        )
    if abs(found.modelled - found.observed) > 0.05:
        told.insert(
            0,
            f"El modelo repite mal el año: da un cobro del {100 * found.modelled:.0f} % y fue del "
            f"{100 * found.observed:.0f} %. Tome las diferencias con más reserva que su intervalo.",
        )
    return tuple(told)
