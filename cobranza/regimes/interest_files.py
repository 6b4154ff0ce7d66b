"""Reads ``<country>/interest.toml`` into a `RateBook`; a file that contradicts itself is refused by name."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args

from cobranza.kernel.money import Money
from cobranza.regimes.interest import (
    Debtor,
    Imputation,
    Method,
    Parties,
    Rate,
    RateBook,
    Recovery,
    Regime,
    Series,
    Start,
    ordered_rates,
)
from cobranza.regimes.interest_errors import Period
from cobranza.regimes.payments import RegimeError

_HERE = Path(__file__).resolve().parent


def read(folder: Path = _HERE) -> RateBook:
    """Every ``<country>/interest.toml`` under `folder`.

    Raises:
        RegimeError: the file and what is wrong with it.
    """
    regimes: dict[str, Regime] = {}
    series: dict[str, Series] = {}
    defaults: dict[tuple[str, Debtor], str] = {}
    for file in sorted(folder.glob("*/interest.toml")):
        name = f"{file.parent.name}/{file.name}"
        try:
            raw = tomllib.loads(file.read_text(encoding="utf-8"))
            sources = raw.get("sources", {})
            for entry in raw["series"]:
                one = _series(entry, sources)
                if series.setdefault(one.slug, one) is not one:
                    raise ValueError(f"la serie «{one.slug}» está dos veces")
            for entry in raw["regime"]:
                rule = _regime(entry, file.parent.name.upper())
                if regimes.setdefault(rule.slug, rule) is not rule:
                    raise ValueError(f"el régimen «{rule.slug}» está dos veces")
            for debtor, slug in raw["defaults"].items():
                defaults[(file.parent.name.upper(), _word(debtor, Debtor))] = slug
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise RegimeError(f"{name}: no se puede leer ({exc}).") from exc
        except (KeyError, ValueError, TypeError, InvalidOperation) as exc:
            raise RegimeError(f"{name}: falta o no vale {exc}.") from exc
    _check(regimes, series, defaults)
    return RateBook(regimes=regimes, series=series, defaults=defaults)


def _series(entry: dict[str, Any], sources: dict[str, Any]) -> Series:
    slug = entry["slug"]
    return Series(
        slug=slug,
        name=entry["name"],
        publisher=entry["publisher"],
        period=_word(entry["period"], Period),
        joins_equal=entry.get("joins_equal", False),
        rates=ordered_rates(slug, (_rate(each, sources) for each in entry["rates"])),
    )


def _rate(entry: dict[str, Any], sources: dict[str, Any]) -> Rate:
    source = sources[entry["source"]]
    until = entry.get("until")
    return Rate(
        since=_day(entry["since"]),
        until=_day(entry["review_by"] if until is None else until),
        percent=Decimal(_text(entry["rate"])),
        source=source["text"],
        verified_on=_day(source["verified_on"]) if "verified_on" in source else None,
        result=Decimal(_text(entry["result"])) if "result" in entry else None,
        open_ended=until is None,
    )


def _regime(entry: dict[str, Any], country: str) -> Regime:
    return Regime(
        slug=entry["slug"],
        country=country,
        name=entry["name"],
        norm=entry["norm"],
        currency=entry["currency"],
        series=entry["series"],
        times=Decimal(_text(entry.get("times", "1"))),
        plus=Decimal(_text(entry.get("plus", "0"))),
        places=entry.get("places"),
        method=_word(entry["method"], Method),
        parties=_word(entry["parties"], Parties),
        instead=entry.get("instead", ""),
        start=_word(entry["start"], Start),
        at_due=entry.get("at_due", False),
        capped=entry.get("capped", False),
        imputation=_word(entry["imputation"], Imputation),
        imputation_norm=entry["imputation_norm"],
        recovery=_recovery(entry["recovery"], entry["currency"]) if "recovery" in entry else None,
        note=entry.get("note", ""),
    )


def _recovery(entry: dict[str, Any], currency: str) -> Recovery:
    return Recovery(
        money=Money(currency, Decimal(_text(entry["amount"]))), since=_day(entry["since"]), norm=entry["norm"]
    )


def _check(regimes: dict[str, Regime], series: dict[str, Series], defaults: dict[tuple[str, Debtor], str]) -> None:
    for regime in regimes.values():
        if regime.series not in series:
            raise RegimeError(f"{regime.slug}: no hay una serie «{regime.series}».")
        if regime.instead and regime.instead not in regimes:
            raise RegimeError(f"{regime.slug}: no hay un régimen «{regime.instead}».")
        for rate in series[regime.series].rates:
            made = regime.applied(rate.percent)
            if rate.result is not None and made != rate.result:
                raise RegimeError(
                    f"{regime.slug}, {rate.since}: de {rate.percent} sale {made} y lo publicado es {rate.result}."
                )
    for (country, debtor), slug in defaults.items():
        if slug not in regimes:
            raise RegimeError(f"{country.lower()}/interest.toml: no hay un régimen «{slug}» para {debtor}.")


def _text(value: object) -> str:
    if not isinstance(value, str):  # a TOML float has lost its exact figure already
        raise TypeError(f"{value!r}: los tipos y los importes van entre comillas")
    return value


def _day(value: object) -> date:
    if type(value) is not date:
        raise TypeError(f"{value!r}: se espera un día, aaaa-mm-dd")
    return value


def _word(value: object, allowed: Any) -> Any:
    if value not in get_args(allowed):
        raise ValueError(f"«{value}» (se admite: {', '.join(get_args(allowed))})")
    return value
