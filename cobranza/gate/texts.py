"""What a text to a debtor must and must not say, judged before it is sent: the template linter.

It looks at the text as the debtor would get it, every field filled. What forms and topics a country forbids, since when
and by which norm is the contact law's (`cobranza.regimes.contact`); how a text betrays them stands in ``texts.toml``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from cobranza.gate import sms
from cobranza.regimes.contact import ContactLaw, Rule

_FILE = Path(__file__).resolve().parent / "texts.toml"
_FIELDS = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{\w*\}|\$\{.*?\}|%\(\w+\)s|<<.*?>>|\[\[.*?\]\]|«\s*»"
    r"|\b(?:None|nan|NaN|null|undefined|NaT)\b|\[(?:NOMBRE|IMPORTE|FECHA|ENLACE|DEUDA|EMPRESA|CAMPO)[^\]]*\]",
    re.DOTALL,
)
_LINKS = re.compile(
    r"(?<![\w@.])(?:[a-z][a-z0-9+.-]*://\S+|www\.\S+|(?:[\w-]+\.)+[a-z]{2,}/\S+"
    r"|(?:[\w-]+\.)+(?:com|net|org|info|es|mx|co|pe|cl|ar|ec|ly|gl|me|io|app|top|xyz|link|site)\b)",
    re.IGNORECASE,
)
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost"})
"""Where a demo's pages are: http is safe, and leads nobody anywhere else."""
_SENTENCE = re.compile(r"[.!?\n]+\s*")
_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text as it would leave.

    Attributes:
        text: The body; of an HTML mail, its text.
        subject: Subject of a mail, or whatever else others may see: the envelope, the first words of a call.
        channel: See `cobranza.regimes.contact.CHANNELS`.
        debtor_type: "consumer" or "business".
        on: Day it would leave: which rules are in force.
        senders: Names of who writes; one of them must be in the text.
        creditors: Names of whom it is written for; one of them must be in the text.
        own_hosts: Hosts of our own pages; links go there, by https (http on this very machine), and nowhere else.
        language: "es", "en" or "pt".
        court_begun: A court action is running: speaking of it is then no threat.
        bureau_begun: The listing has been notified as the law wants.
        overdue_days: See `cobranza.gate.acts.Act`.
        sms_parts: The most parts that a text message may take.
    """

    text: str
    subject: str = ""
    channel: str
    debtor_type: str = "consumer"
    on: date
    senders: tuple[str, ...]
    creditors: tuple[str, ...]
    own_hosts: frozenset[str] = frozenset()
    language: str = "es"
    court_begun: bool = False
    bureau_begun: bool = False
    overdue_days: int | None = None
    sms_parts: int = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection: the rule, what is wrong in Spanish, and the words that betray it."""

    rule: str
    told: str
    words: str = ""


def lint(message: Message, law: ContactLaw) -> tuple[Finding, ...]:
    """Everything that is wrong with `message`; empty when it may be sent."""
    return tuple(dict.fromkeys(_findings(message, law)))


def betrayed(message: Message) -> dict[str, str]:
    """Forms and topics that the text betrays → the words; what `Act.forms` and `Act.topics` take."""
    plain = _plain(f"{message.subject}\n{message.text}")
    found: dict[str, str] = {}
    for name, pattern in _patterns().items():
        hit = pattern.search(plain)
        if hit is not None:
            found[name] = hit[0].strip()
    if message.court_begun:
        found.pop("court_action_not_begun", None)
    if message.bureau_begun:
        found.pop("bureau_listing_not_begun", None)
    seen = _cover().search(_plain(message.subject))
    if seen is not None:
        found["third_party_readable"] = seen[0].strip()
    return found


def _findings(message: Message, law: ContactLaw) -> Iterator[Finding]:
    for hit in _FIELDS.finditer(f"{message.subject}\n{message.text}"):
        yield Finding(law.gate("TEXTO-CAMPOS").id, "Queda un campo sin rellenar.", hit[0])
    if not message.text.strip():
        yield Finding(law.gate("TEXTO-CAMPOS").id, "El texto está vacío.")
    tags = betrayed(message)
    for rule in law.forbids:
        if not _concerns(rule, message):
            continue
        if rule.overdue_days_up_to is not None and (message.overdue_days or 0) > rule.overdue_days_up_to:
            continue
        for tag in sorted((rule.forms | rule.topics) & tags.keys()):
            yield Finding(rule.id, rule.text, tags[tag])
    plain = _plain(message.text)
    named = {"sender": message.senders, "creditor": message.creditors}
    for need in law.requires:
        for what in sorted(need.needs & named.keys()) if _concerns(need, message) else ():
            if not any(name.strip() and _plain(name) in plain for name in named[what]):
                missing = "quién escribe" if what == "sender" else "por cuenta de quién"
                yield Finding(need.id, f"No dice {missing}.")
    for link in _LINKS.findall(message.text):
        if not _ours(link, message.own_hosts):
            yield Finding(law.gate("TEXTO-ENLACES").id, "Un enlace no lleva a una página nuestra.", link)
    for sentence in _SENTENCE.split(message.text):
        other = _language(sentence, message.language)
        if other:
            yield Finding(law.gate("TEXTO-IDIOMA").id, f"Una frase está en otro idioma ({other}).", sentence.strip())
    if message.channel == "sms":
        size = sms.size(message.text)
        if size.parts > message.sms_parts:
            told = f"Ocupa {size.parts} SMS ({size.units} en {size.encoding}); como mucho {message.sms_parts}."
            yield Finding(law.gate("TEXTO-SMS").id, told, size.culprits)


def _concerns(rule: Rule, message: Message) -> bool:
    return rule.in_force(message.on) and rule.concerns(message.debtor_type, message.channel)


def _ours(link: str, hosts: frozenset[str]) -> bool:
    scheme, _, rest = link.rpartition("://")
    try:
        parts = urlsplit(link if scheme else f"https://{rest}")
        host = (parts.hostname or "").rstrip(".,;:!?)»\"'")
    except ValueError:
        return False
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _THIS_MACHINE):
        return False
    if parts.username is not None or not host.isascii() or host.startswith("xn--"):
        return False
    return any(host == own or host.endswith(f".{own}") for own in hosts)


def _language(sentence: str, wanted: str) -> str:
    """The other language that a sentence is clearly in; empty when it is in the wanted one or too short to tell."""
    words = re.findall(r"[a-z]+", _plain(sentence))
    counts = {name: sum(word in small for word in words) for name, small in _languages().items()}
    best = max(counts, key=lambda name: counts[name])
    return best if best != wanted and counts[best] >= _FEW and counts[best] > 2 * counts.get(wanted, 0) else ""


def _plain(text: str) -> str:
    """Lower case without accents, invisible characters or runs of spaces, so that no spelling hides a word."""
    kept = (each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each) not in ("Mn", "Cf"))
    return re.sub(r"\s+", " ", "".join(kept).casefold())


@cache
def _raw() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {name: _any(words) for group in ("forms", "topics") for name, words in _raw()[group].items()}


@cache
def _cover() -> re.Pattern[str]:
    return _any(_raw()["cover"]["words"])


@cache
def _languages() -> dict[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in _raw()["languages"].items()}


def _any(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b")
