"""Which country a message comes from: the currency of a bare «$», the order of 3/4, the shape of a tax id hang on it.

No single sign decides. Each has a weight; the country with the most wins, and "" is an answer. The words are data
(`country.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGE_OF = {
    "ES": "es", "MX": "es", "CO": "es", "CL": "es", "PE": "es", "AR": "es", "EC": "es", "UY": "es",
    "BR": "pt", "PT": "pt", "GB": "en", "US": "en",
}  # fmt: skip
_CURRENCIES = {
    "R$": "BR", "S/": "PE", "S/.": "PE", "£": "GB", "MXN": "MX", "COP": "CO", "CLP": "CL", "ARS": "AR", "PEN": "PE",
    "BRL": "BR", "GBP": "GB", "UYU": "UY", "$U": "UY",
}  # fmt: skip
_CURRENCY = re.compile(
    r"(?<![A-Za-z$])(R\$|\$U|S/\.?|£|MXN|COP|CLP|ARS|PEN|BRL|GBP|UYU)\s?\d|\d\s?(MXN|COP|CLP|ARS|PEN|BRL|GBP|UYU|"
    r"£)(?![A-Za-z])"
)
_EURO = re.compile(r"€|â‚¬|\d\s?(?:euros?|EUR)\b")
_PHONE_SIGN = re.compile(r"\+(\d{2,3})[\s().-]")
_WORD = re.compile(r"[\w$€£&'’-]+(?:\.\w+)*\.?")
_POINT_THOUSANDS = re.compile(r"\$ ?\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?(?!\d)")
_COMMA_THOUSANDS = re.compile(r"\$ ?\d{1,3}(?:,\d{3})*\.\d{2}(?!\d)|\$ ?\d{1,3}(?:,\d{3})+(?!\d)")
_DOLLAR = re.compile(r"(?<![A-Za-z])\$ ?\d")
_NINETY = re.compile(r"\$ ?\d{1,3}(?:\.\d{3})*\.[1-9]90(?!\d)")
_SHAPES = (
    (re.compile(r"(?<![\w-])[ABCEM] ?\d{4,5}-\d{8}(?![\w-])"), "AR"),
    (re.compile(r"(?<![\w-])[FBE](?:F|B)?\d{2,3}-\d{2,8}(?![\w-])"), "PE"),
    (re.compile(r"(?<![\w-])\d{3}-\d{3}-\d{9}(?![\w-])"), "EC"),
)
"""How invoices are numbered: point of sale and number, series of SUNAT, establishment and point of emission."""
_VOSEO = re.compile(
    r"\b(?!m[áa]s\b|jamás|ademá|demás|detrás|atrás|despu|inter|quiz)\w{2,9}(?:ás|és|ís)\b", re.IGNORECASE
)
_ONLY, _MOSTLY = 4.0, 2.0
_LEAD = 2.0
_LOOKED_AT = 6_000
_FOLD = str.maketrans("áéíóúâêôãõçüà’", "aeiouaeoaocua'")


@cache
def _data() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "country.toml").read_text(encoding="utf-8"))


@cache
def _lexicon() -> dict[str, tuple[tuple[str, float], ...]]:
    """Folded phrase to the countries that say it; one of several countries of a language counts less for each."""
    spread: dict[str, dict[str, float]] = {}
    for country, entry in _data().items():
        for weight, words in ((_MOSTLY, entry["mostly"]), (_ONLY, entry["only"])):
            for word in words:
                spread.setdefault(str(word).lower().translate(_FOLD), {})[country] = weight
    lexicon = {}
    for word, held in spread.items():
        same = {country: sum(LANGUAGE_OF[other] == LANGUAGE_OF[country] for other in held) for country in held}
        lexicon[word] = tuple((country, weight / same[country]) for country, weight in held.items())
    return lexicon


@cache
def _tops() -> dict[str, str]:
    return {top: country for country, entry in _data().items() for top in entry["tld"]}


@cache
def _phones() -> dict[str, str]:
    return {code: country for country, entry in _data().items() for code in entry["phone"]}


def of(
    text: str,
    *,
    language: str,
    sender: str = "",
    offset: int | None = None,
    ids: Mapping[str, int] | None = None,
    hint: str = "",
) -> str:
    """ISO 3166 alpha-2 of the country, "" when nothing tells.

    Args:
        text: Subject and body, repaired.
        language: "es", "pt", "en": only its countries are told by words.
        sender: Address of From: its top-level domain.
        offset: Minutes east of UTC of the Date header.
        ids: Countries of valid tax ids and accounts found, and how many.
        hint: Where the account is kept, when that is known.

    >>> of("La factura no lleva el CUIT bien, avisame.", language="es")
    'AR'
    """
    score: defaultdict[str, float] = defaultdict(float)
    top = sender.rpartition(".")[2].lower()
    if top in _tops():
        score[_tops()[top]] += 12
    for country, count in (ids or {}).items():
        if country in LANGUAGE_OF:
            score[country] += 8 * min(count, 2)
    if hint:
        score[hint] += 10
    head = text[:_LOOKED_AT]
    for found in _PHONE_SIGN.finditer(head):
        country = _phones().get(found[1]) or _phones().get(found[1][:2], "")
        if country:
            score[country] += 4
    for country, weight in _words(head):
        if LANGUAGE_OF[country] == language:
            score[country] += weight
    _figures(head, score, language)
    if language == "es" and len(_VOSEO.findall(head)) >= 2:
        score["AR"] += 2
    if offset is not None:
        for country, entry in _data().items():
            if LANGUAGE_OF[country] == language:
                score[country] += entry["offsets"].get(str(offset), -2)
    best = max(score, key=lambda country: score[country], default="")
    return best if best and score[best] >= _LEAD else ""


def _words(text: str) -> list[tuple[str, float]]:
    """Countries and weights of the phrases that occur, each phrase once."""
    lexicon = _lexicon()
    words = [word.lower().translate(_FOLD) for word in _WORD.findall(text)]
    seen: set[str] = set()
    for at in range(len(words)):
        phrase = ""
        for word in words[at : at + 4]:
            phrase = f"{phrase} {word}" if phrase else word
            if phrase in lexicon:
                seen.add(phrase)
            elif phrase.endswith((".", "'")) and phrase[:-1] in lexicon:
                seen.add(phrase[:-1])
    return [pair for phrase in seen for pair in lexicon[phrase]]


def _figures(text: str, score: defaultdict[str, float], language: str) -> None:
    """How amounts are written."""
    for sign in {found[1] or found[2] for found in _CURRENCY.finditer(text)}:
        score[_CURRENCIES[sign]] += 8
    for shape, country in _SHAPES:
        if shape.search(text):
            score[country] += 6
    if language == "es" and _DOLLAR.search(text):  # neither euros nor soles
        for country in ("ES", "PE"):
            score[country] -= 4
        points, commas = bool(_POINT_THOUSANDS.search(text)), bool(_COMMA_THOUSANDS.search(text))
        for country in ("CO", "CL", "AR", "UY"):
            score[country] += 4 * points - 3 * (commas and not points) + 1
        for country in ("MX", "EC"):
            score[country] += 4 * (commas and not points) - 4 * points + 1
        if _NINETY.search(text):
            score["CL"] += 1
    elif language == "en" and _COMMA_THOUSANDS.search(text):
        score["US"] += 4
    if _EURO.search(text):
        score[{"pt": "PT", "es": "ES"}.get(language, "GB")] += 4
