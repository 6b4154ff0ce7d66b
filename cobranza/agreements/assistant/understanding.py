"""What a debtor's message wants: an intent with a confidence, and the figures and days that it names.

Rules, not a model: every answer can be read off `cues.toml` (Spanish), `cues_en.toml` and `cues_pt.toml`. Figures and
days are read in the three of them at once.
"""

from __future__ import annotations

import calendar
import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path

from cobranza.kernel import spanish
from cobranza.kernel.money import minor_units

_FOLDER = Path(__file__).resolve().parent
_FILES = {"es": "cues.toml", "en": "cues_en.toml", "pt": "cues_pt.toml"}
_MOST = 2000
_MONTHS = {
    name: number
    for names in (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "january february march april may june july august september october november december",
        "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    )
    for number, name in enumerate(names.split(), start=1)
}
_DAYS = {
    name: number
    for names in (
        "lunes martes miercoles jueves viernes sabado domingo",
        "monday tuesday wednesday thursday friday saturday sunday",
        "segunda-feira terca-feira quarta-feira quinta-feira sexta-feira sabado domingo",
    )
    for number, name in enumerate(names.split())
}
_WORDS = {
    "un": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
    "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "quatro": 4, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "onze": 11,
    "doze": 12,
}  # fmt: skip
_NUMBER = r"\d{1,3}(?:[.,\s']\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_SIGN = r"€|\$|s/\.?|eur|usd|mxn|cop|clp|pen|ars"
_UNIT = r"€|\$|euros?|eur|pesos|soles|mxn|cop|clp|pen|ars|usd|dolares|dollars"
_MONTHLY = r"al mes|mensual\w*|cada mes|por mes|(?:a|per|each|every) month|monthly|ao mes|mensa(?:l|is)\w*"
_AFTER = rf"{_MONTHLY}|ahora|hoy|now|today|agora|hoje|y\b|$|[.,;](?!\d)"
_AMOUNT = re.compile(
    rf"(?:{_SIGN})\s*({_NUMBER})"
    rf"|({_NUMBER})\s*(?:{_UNIT})(?!\w)"
    r"|(?:pag\w+|abon\w+|ingres\w+|dar|puedo|unos?|hasta|con|pay|afford|up to|posso|ate)"
    rf"\s+({_NUMBER})(?=\s*(?:{_AFTER}))"
    rf"|^\W*({_NUMBER})\W*$"
)
_COUNT = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_WORDS)})\s+(?:cuotas?|plazos?|mensualidad(?:es)?|meses|pagos|partes|veces"
    r"|installments?|instalments?|payments?|months|parcelas?|prestac(?:ao|oes)|vezes|pagamentos|mensalidades)\b"
)
_OPTION = re.compile(
    rf"\b(?:opcion|la|el|numero|option|number|opcao)\s+(\d|{'|'.join(_WORDS)}|primer[ao]?|segund[ao]|tercer[ao]?|cuart[ao])\b"
    r"(?!\s*(?:/|-|de\b|cuotas|plazos|pagos|meses|euros|pesos|payments|months|parcelas|vezes))"
    r"|\b(?:the|a|o)\s+(first|second|third|fourth|primeir[ao]|segund[ao]|terceir[ao]|quart[ao])\b(?!-)"
)
_BARE = re.compile(r"^\W*(\d)\W*$")
_ORDINALS = {"primer": 1, "primera": 1, "primero": 1, "segunda": 2, "segundo": 2, "tercer": 3, "tercera": 3,
             "tercero": 3, "cuarta": 4, "cuarto": 4,
             "first": 1, "second": 2, "third": 3, "fourth": 4, "primeira": 1, "primeiro": 1, "terceira": 3,
             "terceiro": 3, "quarta": 4, "quarto": 4}  # fmt: skip


class Intent(StrEnum):
    """What a message wants; the values are those of `cues.toml`."""

    PAY = "pay"
    PROMISE = "promise"
    PART = "part"
    PLAN = "plan"
    CANNOT = "cannot"
    HARDSHIP = "hardship"
    ALREADY_PAID = "already_paid"
    DISPUTE = "dispute"
    NOT_ME = "not_me"
    STOP = "stop"
    TERMS = "terms"
    PERSON = "person"
    ACCEPT = "accept"
    REJECT = "reject"
    GREETING = "greeting"
    UNKNOWN = "unknown"


PRECEDENCE = (
    Intent.STOP,
    Intent.NOT_ME,
    Intent.HARDSHIP,
    Intent.PERSON,
    Intent.DISPUTE,
    Intent.ALREADY_PAID,
    Intent.TERMS,
    Intent.PLAN,
    Intent.PART,
    Intent.CANNOT,
    Intent.PROMISE,
    Intent.PAY,
    Intent.REJECT,
    Intent.ACCEPT,
    Intent.GREETING,
)
"""On equal weight the careful reading wins: what stops us comes before what brings money."""
CAREFUL = PRECEDENCE[:7]
"""Said in words that leave no doubt, these are what the message is about, whatever else it says."""
_SAYS_IT = 3
_LARGEST = Decimal(10) ** 15
"""No debt is so large: what is longer is a number of something else (an account, a card)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """Attributes:
    intent: The likeliest.
    confidence: 0 to 1: how sure its words are, less when other intents have words too. No probability.
    others: Further intents with words of their own.
    amount: First amount named, in major units; None when there is none.
    monthly: `amount` is what could be paid a month.
    day: Day named, None when there is none.
    count: Number of payments named.
    option: Number of the option chosen.
    """

    intent: Intent
    confidence: float
    others: tuple[Intent, ...] = ()
    amount: Decimal | None = None
    monthly: bool = False
    day: date | None = None
    count: int | None = None
    option: int | None = None


def understand(text: str, today: date, currency: str, language: str = "es") -> Understood:
    """Read one message; what lies beyond 2,000 characters is not looked at.

    Args:
        text: What the debtor wrote.
        today: No day before it is meant.
        currency: What is owed in.
        language: "es", "en" or "pt": whose words count; where none of them is known, the Spanish ones do.

    >>> understand("¿Puedo pagarlo en tres cuotas?", date(2026, 11, 23), "EUR").count
    3
    """
    plain = plain_words(text[:_MOST])
    weights = _weights(plain, language)
    found = [intent for intent in PRECEDENCE if weights[intent]]
    amount, monthly = _amount(plain, currency)
    named = Understood(
        intent=Intent.UNKNOWN,
        confidence=0.0,
        amount=amount,
        monthly=monthly,
        day=_day(plain, today),
        count=_count(plain),
        option=_option(plain),
    )
    if not found:
        return _from_figures(named)
    best = max(weights.values())
    careful = [intent for intent in CAREFUL if weights[intent] >= _SAYS_IT]
    first = careful[0] if careful else next(intent for intent in PRECEDENCE if weights[intent] == best)
    if first in {Intent.PAY, Intent.PART, Intent.CANNOT} and (named.monthly or (named.count or 0) > 1):
        first = Intent.PLAN
    elif first is Intent.PAY and named.day is not None and named.day > today:
        first = Intent.PROMISE
    others = tuple(intent for intent in found if intent is not first)
    own = min(max(weights[first], best if named.monthly or named.count or named.day else 0), 4)
    against = max((min(weights[each], 4) for each in others if not careful and not _goes_with(first, each)), default=0)
    confidence = min(0.97, own / (own + against) * (0.6 + 0.13 * own))
    return replace(named, intent=first, confidence=round(confidence, 2), others=others)


def _from_figures(named: Understood) -> Understood:
    """An answer to our question: an option, a figure or a day and no other word that we know."""
    if named.option is not None:
        return replace(named, intent=Intent.ACCEPT, confidence=0.8)
    if named.count is not None or named.monthly:
        return replace(named, intent=Intent.PLAN, confidence=0.6)
    if named.day is not None:
        return replace(named, intent=Intent.PROMISE, confidence=0.6)
    return named if named.amount is None else replace(named, intent=Intent.PART, confidence=0.6)


_TOGETHER = (
    {Intent.PAY, Intent.PROMISE, Intent.PART, Intent.PLAN, Intent.ACCEPT, Intent.GREETING},
    {Intent.CANNOT, Intent.PLAN, Intent.PART, Intent.PROMISE, Intent.PAY, Intent.GREETING},
    {Intent.REJECT, Intent.PLAN, Intent.CANNOT},
)


def _goes_with(one: Intent, other: Intent) -> bool:
    """Words for both are no contradiction: "no puedo pagarlo todo, ¿en cuotas?"."""
    return any(one in group and other in group for group in _TOGETHER)


def plain_words(text: str) -> str:
    """Lower case, without accents, single blanks."""
    folded = unicodedata.normalize("NFKD", text.lower())
    return " ".join("".join(char for char in folded if not unicodedata.combining(char)).split())


@cache
def _cues(language: str) -> dict[Intent, list[tuple[int, re.Pattern[str]]]]:
    raw = tomllib.loads((_FOLDER / _FILES[language]).read_text(encoding="utf-8"))
    return {
        Intent(name): [(int(weight), re.compile(pattern)) for weight, patterns in of.items() for pattern in patterns]
        for name, of in raw.items()
    }


def _weights(plain: str, language: str) -> dict[Intent, int]:
    """Sum over the patterns that are found, so that two hints say more than one."""
    for each in dict.fromkeys((language if language in _FILES else "es", "es")):
        cues = _cues(each)
        found = {
            intent: sum(weight for weight, pattern in cues[intent] if pattern.search(plain)) for intent in PRECEDENCE
        }
        if any(found.values()):
            return found
    return dict.fromkeys(PRECEDENCE, 0)


def _amount(plain: str, currency: str) -> tuple[Decimal | None, bool]:
    if _BARE.match(plain):
        return None, False
    for hit in _AMOUNT.finditer(plain):
        text = next(group for group in hit.groups() if group)
        value = _value(text, currency)
        if value is not None and 0 < value < _LARGEST:
            after = plain[hit.end() : hit.end() + 25]
            return value, bool(re.match(rf"\W*(?:\w+ )?(?:{_MONTHLY})", after))
    return None, False


def _value(text: str, currency: str) -> Decimal | None:
    # Money has two decimals at most: three digits after a sign are thousands, whatever the sign.
    if not minor_units(currency) or re.fullmatch(r"\d{1,3}(?:[.,\s']\d{3})+", text):
        return Decimal(re.sub(r"\D", "", text))
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d{1,2}|\d+\.\d{1,2}", text):  # as English writes it
        return Decimal(text.replace(",", ""))
    try:
        return spanish.amount(text)
    except spanish.FormatError:
        return None


def _count(plain: str) -> int | None:
    hit = _COUNT.search(plain)
    if hit is None:
        return None
    return _WORDS.get(hit[1]) or (int(hit[1]) if hit[1].isdigit() else None)


def _option(plain: str) -> int | None:
    bare = _BARE.match(plain)
    if bare:
        return int(bare[1])
    hit = _OPTION.search(plain)
    if hit is None:
        return None
    word = hit[1] or hit[2]
    return _ORDINALS.get(word) or _WORDS.get(word) or (int(word) if word.isdigit() else None)


def _day(plain: str, today: date) -> date | None:
    """The first day named, never before `today`; what is a month or vague gives its last day."""
    dated = re.search(r"\b(\d{1,2})[/-](\d{1,2})(?:[/-](\d{2,4}))?\b", plain)
    if dated:
        year = int(dated[3]) if dated[3] else today.year
        return _valid(year + 2000 if year < 100 else year, int(dated[2]), int(dated[1]), today, given=bool(dated[3]))
    written = re.search(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:de |of )?({'|'.join(_MONTHS)})\b", plain)
    if written:
        return _valid(today.year, _MONTHS[written[2]], int(written[1]), today, given=False)
    led = re.search(rf"\b({'|'.join(_MONTHS)}) (\d{{1,2}})(?:st|nd|rd|th)?\b", plain)
    if led:
        return _valid(today.year, _MONTHS[led[1]], int(led[2]), today, given=False)
    if re.search(r"\b(pasado manana|depois de amanha|the day after tomorrow)\b", plain):
        return today + timedelta(days=2)
    if re.search(r"(?<!la )(?<!por la )\b(manana|amanha|tomorrow)\b", plain):
        return today + timedelta(days=1)
    if re.search(r"\b(hoy|hoje|today)\b", plain):
        return today
    named = re.search(rf"\b(?:el|este|proximo|on|this|next|na|no|proxima) ({'|'.join(_DAYS)})\b", plain)
    if named:
        return today + timedelta(days=(_DAYS[named[1]] - today.weekday() - 1) % 7 + 1)
    many = rf"(\d{{1,2}}|{'|'.join(_WORDS)})"
    later = re.search(rf"\b(?:dentro de|within|in|daqui a) {many} (dia|semana|day|week)s?\b", plain)
    if later:
        count = _WORDS.get(later[1]) or int(later[1])
        return today + timedelta(days=count * (7 if later[2] in {"semana", "week"} else 1))
    if re.search(r"\b(?:fin(?:al)?(?:es)? de mes|(?:fim|final) do mes|end of (?:the |this )?month)\b", plain):
        return today.replace(day=calendar.monthrange(today.year, today.month)[1])
    if re.search(r"\b(?:la semana que viene|(?:la )?proxima semana|semana que vem|next week)\b", plain):
        return today + timedelta(days=4 - today.weekday() + 7)
    of_month = re.search(
        r"\b(?:el|el dia|dia|on the|the) (\d{1,2})(?:st|nd|rd|th)?\b"
        r"(?! (?:cuotas|plazos|pagos|meses|euros|pesos|soles))",
        plain,
    )
    if of_month:
        return _of_month(int(of_month[1]), today)
    return None


def _valid(year: int, month: int, day: int, today: date, *, given: bool) -> date | None:
    try:
        found = date(year, month, day)
        if found < today:
            return None if given else date(year + 1, month, day)
    except ValueError:
        return None
    return found


def _of_month(day: int, today: date) -> date | None:
    year, month = today.year, today.month
    for _ in range(2):
        if 1 <= day <= calendar.monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return None
