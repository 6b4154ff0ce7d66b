"""Companies whose debtors answer to contacts in a way that we know."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cobranza.insight.simulate import EDGES, FROM, LAST, Schedule, Year

CURRENT: Schedule = {
    "bueno": [(3, "email"), (20, "email"), (45, "letter")],
    "cronico": [(3, "email"), (8, "ivr"), (20, "email"), (45, "letter")],
}
OTHER: Schedule = {
    "bueno": [(-2, "email"), (3, "email"), (10, "ivr"), (20, "email")],
    "cronico": [(-2, "email"), (3, "ivr"), (8, "ivr"), (15, "ivr"), (30, "email")],
}
COSTS = {"email": 0.01, "ivr": 0.12, "letter": 1.6}
RATES = {
    "bueno": (0.02, 0.06, 0.05, 0.04, 0.03, 0.02, 0.012, 0.006, 0.002),
    "cronico": (0.004, 0.015, 0.015, 0.015, 0.012, 0.01, 0.008, 0.005, 0.002),
}
FACTORS = {"email": 1.5, "ivr": 2.2, "letter": 1.3}
WINDOW = 7


def hazard(profile: str, schedule: Schedule, factors: Mapping[str, float] = FACTORS) -> np.ndarray:
    """Chance of paying on each age from `FROM`, given unpaid, under a schedule."""
    ages = np.arange(FROM, LAST + 1)
    rate = np.array(RATES[profile])[np.searchsorted(np.array(EDGES), ages, side="right") - 1]
    factor = np.ones(len(ages))
    for age, channel in sorted(schedule.get(profile, ())):
        factor[(ages > age) & (ages <= age + WINDOW)] = factors[channel]
    return 1 - np.exp(-rate * factor)


def company(
    seed: int,
    *,
    debtors: int = 1200,
    share: float = 0.25,
    factors: Mapping[str, float] = FACTORS,
    frailty: float = 0.0,
) -> Year:
    """A year of a company; each debtor has one to three arrears, a share of debtors is never written to.

    Args:
        frailty: Spread of what makes debtors differ that nobody records; 0: only their profile does.
    """
    random = np.random.default_rng(seed)
    arrears: list[tuple[object, ...]] = []
    contacts: list[tuple[int, int, str]] = []
    chances = {(name, held): hazard(name, {} if held else CURRENT, factors) for name in RATES for held in (True, False)}
    for debtor in range(debtors):
        held, profile = bool(random.random() < share), str(random.choice(["bueno", "cronico"], p=[0.6, 0.4]))
        own = random.gamma(1 / frailty, frailty) if frailty else 1.0
        for _ in range(int(random.integers(1, 4))):
            until = int(random.integers(30, LAST))
            chance = 1 - (1 - chances[profile, held]) ** own
            hit = np.flatnonzero(random.random(len(chance)) < chance)
            paid = float(hit[0] + FROM) if len(hit) and hit[0] + FROM <= until else np.nan
            number = len(arrears)
            amount = float(np.exp(random.normal(6, 0.8)))
            arrears.append((debtor, profile, amount, 30.0, held, paid, until))
            if not held:
                last = until if np.isnan(paid) else paid - 1
                contacts += [(number, age, channel) for age, channel in CURRENT[profile] if age <= last]
    names = ["debtor", "profile", "amount", "term", "held_out", "paid_age", "seen_until"]
    return Year(
        arrears=pd.DataFrame(arrears, columns=names),
        contacts=pd.DataFrame(contacts, columns=["arrear", "age", "channel"]),
    )


def truth(
    year: Year, schedule: Schedule, factors: Mapping[str, float] = FACTORS, frailty: float = 0.0
) -> dict[str, float]:
    """What the year's arrears would give on average under a schedule, by the way that they really answer."""
    paid = days = total = made = 0.0
    curves = {}
    for name in RATES:
        passed = -np.cumsum(np.log1p(-hazard(name, schedule, factors)))
        alive = (1 + frailty * passed) ** (-1 / frailty) if frailty else np.exp(-passed)
        before = np.concatenate([[1.0], alive[:-1]])
        curves[name] = alive, before, np.cumsum(before)
    for profile, amount, term, until in year.arrears[["profile", "amount", "term", "seen_until"]].itertuples(
        index=False
    ):
        alive, before, waited = curves[profile]
        place = int(min(until, LAST)) - FROM
        paid += amount * (1 - alive[place])
        days += amount * (term + waited[place] + FROM)
        total += amount
        made += sum(before[age - FROM] for age, _channel in schedule[profile] if age <= until)
    return {"recovery": paid / total, "dso": days / total, "contacts": made}
