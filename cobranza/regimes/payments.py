"""What a customer may keep back from a payment, by country and day, and how names and banks write: data with sources.

The data stand in ``<country>/payments.toml`` and ``wording.toml`` beside this file.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cobranza.kernel.errors import BusinessError

Base = Literal["net", "tax", "gross"]
_HERE = Path(__file__).resolve().parent


class RegimeError(BusinessError):
    """A country's parameters that cannot be read."""

    code = "COB-REG-001"
    remedy = "Revise el fichero de parámetros del país; cada tipo lleva base, vigencia y fuente."


@dataclass(frozen=True, slots=True, kw_only=True)
class Withholding:
    """One rate that a payer withholds on account of our taxes.

    Attributes:
        name: As shown to staff, "IRPF 15 %".
        rate: Exact fraction of `base`.
        base: What the rate is taken of: taxable base, tax or total.
        adds_to: Prefixes of the names it may be combined with.
        since: First day in force.
        until: Last day in force, None while it is.
        source: Norm that sets it.
    """

    name: str
    rate: Fraction
    base: Base
    adds_to: tuple[str, ...]
    since: date
    until: date | None
    source: str

    def in_force(self, day: date) -> bool:
        """Whether the rate applied on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A share that the payer pays into our account at a third party (Peru's detracción).

    Attributes:
        name: As shown to staff.
        rates: Exact fractions of the total.
        unit: Hundredths that a deposit is rounded to (100 is one sol).
        payers: Names under which the depositary's transfer arrives.
        words: Words of the remittance that announce it.
        since: First day in force.
        source: Norm that sets it.
    """

    name: str
    rates: tuple[Fraction, ...]
    unit: int
    payers: tuple[str, ...]
    words: tuple[str, ...]
    since: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRegime:
    """What may lawfully or customarily separate a payment from its invoice in one country.

    Attributes:
        country: ISO 3166 alpha-2.
        unit: Hundredths that a withholding is rounded to.
        fee_cap: Hundredths of the local currency that a bank may take from one transfer.
        rounding: Hundredths that payers commonly round off.
        return_charge: Hundredths that a creditor passes on at most for a direct debit that came back.
        vat: Value added tax on bank charges, a fraction; 0 where it is not known.
        withholdings: Single rates and their lawful combinations are built from these.
        deposit: Deposit scheme, None when the country has none.
    """

    country: str
    unit: int
    fee_cap: int
    rounding: int = 0
    return_charge: int = 0
    vat: Fraction = Fraction(0)
    withholdings: tuple[Withholding, ...] = ()
    deposit: Deposit | None = None

    def combinations(self, day: date) -> tuple[tuple[Withholding, ...], ...]:
        """Rates that may be withheld together on `day`: each alone, and each `adds_to` chain."""
        alive = [rate for rate in self.withholdings if rate.in_force(day)]
        chains: list[tuple[Withholding, ...]] = [(rate,) for rate in alive if not rate.adds_to]
        for rate in (rate for rate in alive if rate.adds_to):
            prefixes = tuple(rate.adds_to)
            chains += [(*chain, rate) for chain in list(chains) if chain[-1].name.startswith(prefixes)]
        return tuple(chains)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How payers and banks write; plain upper case. See ``wording.toml``."""

    legal_forms: tuple[str, ...]
    weak_words: frozenset[str]
    document_words: frozenset[str]
    hints: dict[str, tuple[str, ...]]
    nothing: tuple[str, ...]
    agents: tuple[str, ...]
    abbreviations: dict[str, str]
    field_limits: dict[str, int]


@cache
def regime(country: str) -> PaymentRegime:
    """Parameters of `country` (ISO alpha-2); a country without a file withholds nothing and caps fees at zero.

    Raises:
        RegimeError: the file is there and cannot be read.

    >>> [rate.name for rate in regime("ES").withholdings][:2]
    ['IRPF 15 %', 'IRPF 7 %']
    """
    if not country.isalpha() or len(country) != 2:
        return PaymentRegime(country=country, unit=1, fee_cap=0)
    file = _HERE / country.lower() / "payments.toml"
    if not file.is_file():
        return PaymentRegime(country=country, unit=1, fee_cap=0)
    raw = _read(file)
    try:
        return PaymentRegime(
            country=country.upper(),
            unit=_hundredths(raw["unit"]),
            fee_cap=_hundredths(raw["fee_cap"]),
            rounding=_hundredths(raw["rounding"]),
            return_charge=_hundredths(raw.get("return_charge", "0")),
            vat=Fraction(raw.get("vat", "0")),
            withholdings=tuple(_withholding(entry) for entry in raw.get("withholding", ())),
            deposit=_deposit(raw["deposit"]) if "deposit" in raw else None,
        )
    except (KeyError, ValueError, TypeError) as exc:
        raise RegimeError(f"{file.parent.name}/{file.name}: falta o no vale {exc}.") from exc


@cache
def wording() -> Wording:
    """The words of ``wording.toml``."""
    raw = _read(_HERE / "wording.toml")
    return Wording(
        legal_forms=tuple(raw["legal_forms"]),
        weak_words=frozenset(raw["weak_words"]),
        document_words=frozenset(raw["document_words"]),
        hints={kind: tuple(words) for kind, words in raw["hints"].items()},
        nothing=tuple(raw["nothing"]["words"]),
        agents=tuple(raw["agents"]["words"]),
        abbreviations=dict(raw["abbreviations"]),
        field_limits={channel: int(size) for channel, size in raw["field_limits"].items()},
    )


@cache
def fingerprint() -> str:
    """SHA-256 of every file that this module reads: two runs with the same one had the same data of every country."""
    told = hashlib.sha256()
    for file in sorted([*_HERE.glob("*/payments.toml"), _HERE / "wording.toml"]):
        told.update(f"{file.parent.name}/{file.name}\n".encode())
        told.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return told.hexdigest()


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise RegimeError(f"{file.name}: no se puede leer ({exc}).") from exc


def _hundredths(text: str) -> int:
    value = Fraction(text) * 100
    if value.denominator != 1 or value < 0:
        raise ValueError(text)
    return int(value)


def _withholding(entry: dict[str, Any]) -> Withholding:
    base = entry["base"]
    if base not in ("net", "tax", "gross"):
        raise ValueError(f"base = {base!r}")
    return Withholding(
        name=entry["name"],
        rate=Fraction(entry["rate"]),
        base=base,
        adds_to=tuple(entry.get("adds_to", ())),
        since=entry["since"],
        until=entry.get("until"),
        source=entry["source"],
    )


def _deposit(entry: dict[str, Any]) -> Deposit:
    return Deposit(
        name=entry["name"],
        rates=tuple(Fraction(rate) for rate in entry["rates"]),
        unit=_hundredths(entry["unit"]),
        payers=tuple(entry["payers"]),
        words=tuple(entry["words"]),
        since=entry["since"],
        source=entry["source"],
    )
