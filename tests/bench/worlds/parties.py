"""Invented customers: names, tax numbers and accounts with right check digits, groups and paying habits."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from stdnum.iso7064 import mod_97_10

from tests.bench.worlds.countries import COUNTRIES, Country, Withheld

_T = TypeVar("_T")

_WORDS = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
TRADES: list[str] = _WORDS["trades"]
PLACES: list[str] = _WORDS["places"]
SURNAMES: list[str] = _WORDS["surnames"]
FIRST: list[str] = _WORDS["first"]
_ONSETS = [
    "b",
    "br",
    "c",
    "cl",
    "d",
    "f",
    "fl",
    "g",
    "j",
    "l",
    "ll",
    "m",
    "n",
    "p",
    "pr",
    "qu",
    "r",
    "s",
    "t",
    "tr",
    "v",
    "y",
    "z",
]
_NUCLEI = ["a", "e", "i", "o", "u", "ai", "ei", "io", "ea"]
_CODAS = ["", "", "", "n", "l", "r", "s", "k"]


@dataclass(slots=True)
class Party:
    """A customer as our file has it, and how it pays.

    Attributes:
        core: Legal name without its legal form.
        habit: Withholding it applies as an agent, None when it applies none.
        strange: Accounts it pays from that our file does not know.
        debit: Share of its documents that we collect by direct debit.
    """

    id: str
    number: int
    country: Country
    legal_name: str
    core: str
    form: str
    trade_name: str
    tax_id: str
    account: str
    group: str
    terms: int
    person: bool
    habit: Withheld | None
    debit: float
    strange: list[str] = field(default_factory=list)


def draw(count: int, rng: Random) -> list[Party]:
    """Draw `count` customers; each country with customers gets its share, the first four cover every country."""
    weights = [country.weight for country in COUNTRIES]
    groups = max(1, round(count * 0.05))
    parties = []
    for number in range(count):
        country = COUNTRIES[number] if number < len(COUNTRIES) else rng.choices(COUNTRIES, weights)[0]
        parties.append(_party(number, country, groups, rng))
    return parties


def _party(number: int, country: Country, groups: int, rng: Random) -> Party:
    person = rng.random() < 0.05
    form = "" if person else pick(country.forms, rng)
    core = person_name(rng) if person else _company(rng)
    plain = core if rng.random() < 0.5 else brand(rng)
    return Party(
        id=f"C{number:07d}",
        number=number,
        country=country,
        legal_name=f"{core} {form}".strip(),
        core=core,
        form=form,
        trade_name=core.split()[-1] if person and rng.random() < 0.5 else plain,
        tax_id=tax_id(country.code, form, person, rng),
        account=account(country.code, rng),
        group=f"G{rng.randrange(groups):06d}" if rng.random() < 0.12 else "",
        terms=rng.choices((15, 30, 60, 90), (15, 42, 30, 13))[0],
        person=person,
        habit=pick(country.withheld, rng) if rng.random() < 0.25 else None,
        debit=0.62 if country.code == "ES" and rng.random() < 0.2 else 0.0,
        strange=[account(country.code, rng)],
    )


def person_name(rng: Random) -> str:
    """First name, sometimes two, and two surnames."""
    first = rng.choice(FIRST) if rng.random() < 0.7 else " ".join(rng.sample(FIRST, 2))
    return f"{first} {rng.choice(SURNAMES)} {rng.choice(SURNAMES)}"


def brand(rng: Random) -> str:
    """A word that nobody else uses: two to four syllables."""
    syllables = rng.choices((2, 3, 4), (3, 5, 2))[0]
    word = "".join(rng.choice(_ONSETS) + rng.choice(_NUCLEI) for _ in range(syllables)) + rng.choice(_CODAS)
    return word.capitalize()


def _company(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.22:
        return f"{rng.choice(TRADES)} {rng.choice(PLACES)}"
    if kind < 0.40:
        return f"{rng.choice(TRADES)} Hermanos {rng.choice(SURNAMES)}"
    if kind < 0.58:
        return f"{rng.choice(TRADES)} {rng.choice(SURNAMES)} {rng.choice(SURNAMES)}"
    if kind < 0.70:
        ending = rng.choice(("Hijos", "Asociados", "Compañía", "Cía"))
        return f"{rng.choice(SURNAMES)} y {rng.choice(SURNAMES)} {ending}"
    if kind < 0.86:
        return f"{brand(rng)} {rng.choice(TRADES)}"
    return brand(rng)


def tax_id(country: str, form: str, person: bool, rng: Random) -> str:
    """A tax number of the country's shape: NIF, RFC, NIT with its digit, or RUC."""
    if country == "ES":
        if person:
            digits = rng.randrange(10_000_000, 99_999_999)
            return f"{digits:08d}{'TRWAGMYFPDXBNJZSQVHLCKE'[digits % 23]}"
        letter = {"S.A.": "A", "S.Coop.": "F", "C.B.": "E"}.get(form, "B")
        body = f"{rng.randrange(1, 53):02d}{rng.randrange(100_000):05d}"
        doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[0::2])
        control = -(doubled + sum(int(digit) for digit in body[1::2])) % 10
        return f"{letter}{body}{control}"
    if country == "MX":
        letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVXYZ") for _ in range(4 if person else 3))
        day = f"{rng.randrange(60, 100):02d}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
        tail = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ123456789") for _ in range(2))
        return f"{letters}{day}{tail}{rng.choice('0123456789A')}"
    if country == "CO":
        body = f"{rng.choice((8, 9))}{rng.randrange(100_000_000):08d}"
        total = sum(int(d) * w for d, w in zip(reversed(body), (3, 7, 13, 17, 19, 23, 29, 37, 41), strict=True)) % 11
        return f"{body}{total if total < 2 else 11 - total}"
    body = f"{10 if person else 20}{rng.randrange(100_000_000):08d}"
    total = 11 - sum(int(d) * w for d, w in zip(body, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
    return f"{body}{total % 10}"


def account(country: str, rng: Random) -> str:
    """IBAN in Spain, CLABE in Mexico, plain number in Colombia, CCI in Peru."""
    if country == "ES":
        bank = rng.choice(("0019", "0061", "0078", "0136", "0198", "0234", "3025", "3058"))
        office, holder = f"{bank}{rng.randrange(10_000):04d}", f"{rng.randrange(10**10):010d}"
        body = f"{office}{_ccc_digit('00' + office)}{_ccc_digit(holder)}{holder}"
        check = 98 - int(f"{body}142800") % 97  # "ES00" as digits
        return f"ES{check:02d}{body}"
    if country == "MX":
        body = f"{rng.choice(('030', '036', '042', '062', '106', '137'))}{rng.randrange(10**14):014d}"
        total = sum(int(d) * w % 10 for d, w in zip(body, (3, 7, 1) * 6, strict=False))
        return f"{body}{-total % 10}"
    if country == "CO":
        return f"{rng.randrange(10**10, 10**11)}"
    return f"{rng.choice(('018', '035', '038', '049', '053'))}{rng.randrange(10**17):017d}"


def _ccc_digit(ten: str) -> int:
    """Control digit of half of a Spanish account number."""
    rest = (
        11 - sum(int(digit) * weight for digit, weight in zip(ten, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6), strict=True)) % 11
    )
    return {10: 1, 11: 0}.get(rest, rest)


def creditor_reference(digits: str) -> str:
    """ISO 11649: RF, two check digits and the reference."""
    return f"RF{mod_97_10.calc_check_digits(digits + 'RF')}{digits}"


def pick(options: tuple[tuple[_T, float], ...], rng: Random) -> _T:
    """Draw one option by its weight."""
    return rng.choices([option for option, _ in options], [weight for _, weight in options])[0]
