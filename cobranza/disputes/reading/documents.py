"""Numbers of invoices and of other papers (orders, contracts, policies), told apart by the words before them.

A spaCy pipeline without a model: our tokens, and an entity ruler that finds the words that announce a number ("orden de
compra", "nota fiscal"). From such a word we walk to the number and on through the list ("5590, 5611 y 5634"). A code
that looks like an invoice number (F001-1190, A 0001-00000918, 25-C-0612) needs no word, unless the noun before it says
that it is something else: a lot, a quote, a form, a court file.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from cobranza.disputes.reading import phrases
from cobranza.disputes.reading.found import Found

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

_TOKEN = re.compile(r"[nN]\.?[º°]|(?:[^\W_]|[&](?=\w))+(?:(?:[-/–_]|(?<=\d)\.(?=\d))[^\W_]+)*|[^\s]")
_LONGEST_TOKEN = 60
_CODE = re.compile(r"(?=.{0,40}\d)[A-Za-z0-9]{1,14}(?:[-/–._][A-Za-z0-9]{1,14}){0,5}")
_NUMERIC = re.compile(r"\d{1,15}(?:[-/.]\d{1,15}){0,3}")
_YEAR = re.compile(r"(?:19[89]\d|20[0-4]\d)")
_BARE = (
    re.compile(r"(?<![\w./,-])(?:(?:F|N)[A-E]{1,2}[ -]?)?(?:[ABCEM][ -]?)?\d{4,5}-\d{8}(?![\w-]|\.\d)"),
    re.compile(r"(?<![\w./,-])[ABCEM][ -]?\d{4,5}-\d{6,8}(?![\w-]|\.\d)"),
    re.compile(r"(?<![\w./,@-])[A-ZÑ]{1,5}\d{0,4}[-/](?:[A-Z0-9]{1,6}[-/]){0,3}\d{2,12}(?![\w/-]|[.,]\d)"),
    re.compile(r"(?<![\w./,@-])\d{2,4}[-/][A-Z]{1,4}[-/](?:\d{1,4}[-/])?\d{1,8}(?![\w/-]|[.,]\d)"),
    re.compile(r"(?<![\w./,@-])(?:F[A-Z]?|FV|FC|FE|FAC|FACT|SETP|SETT|INV|NF|FT|FA|FR)\d{5,15}(?![\w/-]|[.,]\d)"),
    re.compile(r"(?<![\w./,@-])\d{3}-\d{3}-\d{6,9}(?![\w/-]|[.,]\d)"),
)
_PORTUGUESE = re.compile(r"(?<![\w-])(?:FT|FR|FS|NC|ND) (?:[A-Z0-9]{1,10}[ /])?[A-Z0-9]{1,8}/\d{1,9}(?![\w/])")
_NEVER = re.compile(
    r"(?:TK|TKT|CAS|CASE|CASO|INC|REQ|SR|COVID|ISO|UNE|UN|EN|LEY|ART|UTC|GMT|CP|KM|TEL|RG|PM|SKU|RUT|NIT|DNI|"
    r"CUIT|NIF|CIF|WIN|USB|CC|IVA|IGV|"
    r"COD|REF|W|I|B2B|HTTP)[-/]\d+",
    re.IGNORECASE,
)
_UNITS = re.compile(
    r"[ \u00a0]?(?:%|€|\$|euros?\b|pesos\b|soles\b|d[íi]as?\b|veces\b|meses\b|horas?\b|unidades\b|cajas?\b|"
    r"a[ñn]os?\b|facturas?\b|cuotas?\b|kg\b|h\b|km\b|m2\b|por ciento|mil\b|"
    r"times\b|days?\b|months?\b|years?\b|units?\b|boxes\b|dias\b|reais\b|pares\b|piezas?\b|personas\b)",
    re.IGNORECASE,
)
_BETWEEN_SIGNS = frozenset(":.#º°ª(-«\"'–*“")
_AND_SIGNS = frozenset(',;/()&+-–.:«»*"#“”º°')
_WALK = 5
_LIST = 40
_BACK = 4


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(phrases.entries("documents", name))


class _Tokens:
    """Words, codes and signs of a text; codes stay whole, every blank is one."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        from spacy.tokens import Doc

        places = [(each.start(), each.group()) for each in _TOKEN.finditer(text)]
        words = [word[:_LONGEST_TOKEN] for _, word in places]
        spaces = [
            at + len(word) < following
            for (at, word), (following, _) in zip(places, [*places[1:], (0, "")], strict=True)
        ]
        return Doc(self.vocab, words=words, spaces=spaces, user_data={"places": places})


@cache
def _pipeline() -> Language:
    import spacy

    nlp = spacy.blank("xx")
    nlp.tokenizer = _Tokens(nlp.vocab)
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    with nlp.select_pipes(enable=["entity_ruler"]):
        ruler.add_patterns(  # type: ignore[attr-defined]
            [
                {"label": name, "pattern": phrase}
                for name in ("invoice", "reference", "other")
                for phrase in sorted(_words(name))
            ]
        )
    return nlp


def find(text: str, taken: list[Found], known: set[str] | None = None) -> list[Found]:
    """Invoice numbers and references of `text`; `taken` is what stands there already (amounts, dates, ids).

    Invoice numbers that are found are added to `known`; one that is in it needs no word before it.

    >>> [(each.type, each.value) for each in find("Facturas 5590, 5611 y 5634 del pedido 7712-A", [])]
    [('invoice', '5590'), ('invoice', '5611'), ('invoice', '5634'), ('reference', '7712-A')]
    """
    if not any(sign.isdigit() for sign in text):
        return []
    used: set[int] = set()
    for each in taken:
        used.update(range(each.start, each.end))
    reading = _Reading(text, used, set() if known is None else known)
    return reading.portuguese() + reading.announced() + reading.bare() + reading.articles()


class _Reading:
    """One text on its way through the three rules, the surest first."""

    def __init__(self, text: str, used: set[int], known: set[str]) -> None:
        self.text = text
        self.used = used
        self.doc = _pipeline()(text)
        self.places: list[tuple[int, str]] = self.doc.user_data["places"]
        self.lower = [word.lower() for _, word in self.places]
        self.known = known
        self.cues: dict[int, str] = {}
        for span in self.doc.ents:
            for at in range(span.start, span.end):
                self.cues[at] = span.label_

    def portuguese(self) -> list[Found]:
        """ "FT 2024/90": in Portugal the kind of paper is part of its number (Portaria 302/2016, SAF-T)."""
        found = []
        for each in _PORTUGUESE.finditer(self.text):
            found.append(Found("invoice", each.start(), each.end(), _value(each[0])))
            self.used.update(range(each.start(), each.end()))
            self.known.add(each[0].upper())
        return found

    def announced(self) -> list[Found]:
        """Numbers behind a word that announces them."""
        found: list[Found] = []
        for span in self.doc.ents:
            if span.label_ == "other":
                continue
            at, close, numbered = self._to_number(span.end)
            if at < 0:
                continue
            plural = span.text.lower().split()[0] in _words("several")
            found += self._list(at, span.label_, plural=plural, close=close, numbered=numbered)
        return found

    def _to_number(self, at: int) -> tuple[int, bool, bool]:
        """Where the number stands, whether nothing but signs is between, and whether "n.º" is; -1 without one."""
        close, numbered = True, False
        for number in range(at, min(at + _WALK, len(self.places))):
            word = self.lower[number]
            if self._is_code(number):
                # "las facturas del 9914": of some contract; an invoice is a «la»
                of_another = self.lower[number - 1] == "del" and not numbered
                return (-1 if of_another else number), close, numbered
            if self._blank_line_before(number):
                return -1, close, numbered
            if word == "," and self._code_follows(number + 1):
                close = False  # "la póliza, 8890-11"; "dos facturas, la 24/551 y la 24/588"
                continue
            if word in _BETWEEN_SIGNS:
                if (
                    word == "."
                    and number + 1 < len(self.places)
                    and self._gap(number)
                    and not self._is_code(number + 1)
                ):
                    return -1, close, numbered
                continue
            if self.cues.get(number) == "invoice" and word in ("folio", "electrónica", "electronica", "fiscal"):
                continue
            if word not in _words("between") or (
                self.cues.get(number) in ("reference", "other") and word not in ("serie", "ref", "referencia")
            ):
                return -1, close, numbered
            if word in _words("numbered"):
                numbered = True
            else:
                close = False
        return -1, close, numbered

    def _code_follows(self, at: int) -> bool:
        if at < len(self.places) and self.lower[at] in ("la", "las", "el", "the"):
            at += 1
        return at < len(self.places) and self._is_code(at)

    def _list(self, at: int, label: str, *, plural: bool, close: bool, numbered: bool) -> list[Found]:
        """The number, and those that follow it in a list."""
        first = self._found(at, label, numbered=numbered, close=close, plural=plural)
        if first is None:
            return []
        found = [first]
        pattern = self._shape(self.places[at][1])
        number = self._after(first)
        while number < len(self.places) and len(found) < _LIST:
            following, signs = number, 0
            while following < len(self.places) and signs < 4 and not self._is_code(following):
                if self.lower[following] not in _AND_SIGNS and self.lower[following] not in _words("and"):
                    return found
                if self.lower[following] == "." and self._gap(following):
                    return found
                following += 1
                signs += 1
            if following >= len(self.places) or not self._is_code(following) or self._blank_line_before(following):
                return found
            if self._shape(self.places[following][1]) != pattern and not (
                pattern[0] == "n"
                and self._shape(self.places[following][1])[0] == "n"
                and (plural or label == "reference")
            ):
                return found
            each = self._found(following, label, numbered=True, close=True, plural=True)
            if each is None or (signs == 0):
                return found
            found.append(each)
            number = self._after(each)
        return found

    def _after(self, each: Found) -> int:
        return next((at for at, (place, _) in enumerate(self.places) if place >= each.end), len(self.places))

    @staticmethod
    def _shape(code: str) -> str:
        if _NUMERIC.fullmatch(code):
            return f"n{len(code)}"
        return "a" + re.sub(r"[^A-Za-z]", "", code)[:1].upper()

    def _found(self, at: int, label: str, *, numbered: bool, close: bool, plural: bool) -> Found | None:
        start, word = self.places[at]
        end = start + len(word)
        digits = sum(sign.isdigit() for sign in word)
        # «F001 - 1190» and «A 0001-00000918» and «FE 8812»: letters, a blank, digits
        joined = re.match(
            r"[A-Z]{1,4}\d{0,3} ?[-–] ?\d{2,10}(?!\w)|[A-Z]{1,4} \d{2,5}-\d{2,10}(?!\w)|"
            r"[A-Z]{1,4} \d{3,10}(?![\w.,]\d|\w)",
            self.text[start : start + 30],
        )
        if joined and joined.end() > len(word) and not _UNITS.match(self.text[start + joined.end() :][:16]):
            end = start + joined.end()
            word = self.text[start:end]
        elif _NUMERIC.fullmatch(word):
            plain = word.isdigit()
            if plain and digits < 3 and not numbered:
                return None
            if plain and _YEAR.fullmatch(word) and not numbered and (not close or plural):
                return None
            if not close and plain and digits < 4 and not numbered:
                return None
            if _UNITS.match(self.text[end : end + 16]):
                return None
        elif digits == 0:
            return None
        if not self.used.isdisjoint(range(start, end)):
            return None
        self.used.update(range(start, end))
        if label == "invoice":
            self.known.add(word.upper())
        return Found(label, start, end, _value(word))

    def bare(self) -> list[Found]:
        """Codes that look like invoice numbers, with no word before that says otherwise; and numbers met before."""
        found: list[Found] = []
        for pattern in _BARE:
            for each in pattern.finditer(self.text):
                if _NEVER.fullmatch(each[0]) or not self.used.isdisjoint(range(each.start(), each.end())):
                    continue
                label = self._label_before(each.start())
                if label:
                    found.append(Found(label, each.start(), each.end(), _value(each[0])))
                    self.used.update(range(each.start(), each.end()))
                    if label == "invoice":
                        self.known.add(each[0].upper())
        for at, (start, word) in enumerate(self.places):
            long = len(word) >= 4 or not word.isdigit() or self.lower[at - 1] in ("la", "las", "the")
            again = word.upper() in self.known and long
            if (
                again
                and self.used.isdisjoint(range(start, start + len(word)))
                and self.cues.get(at - 1) not in ("other", "reference")
            ):
                if _UNITS.match(self.text[start + len(word) :][:16]):
                    continue
                found.append(Found("invoice", start, start + len(word), _value(word)))
                self.used.update(range(start, start + len(word)))
        return found

    def _label_before(self, place: int) -> str:
        """What the noun before a bare code makes of it; "" when it is no paper of ours."""
        at = next((number for number, (start, _) in enumerate(self.places) if start >= place), len(self.places)) - 1
        for steps, number in enumerate(range(at, max(-1, at - _BACK), -1)):
            word = self.lower[number]
            if number in self.cues:
                if self.cues[number] != "reference" or steps == 0:
                    return "" if self.cues[number] == "other" else self.cues[number]
                break  # "the PO on INV-30071": what stands nearer says more
            if steps == 0 and word in _words("determiners"):
                return "invoice"
            if word in ".;!?)" or any(sign.isdigit() for sign in word):
                break
        return "invoice"

    def articles(self) -> list[Found]:
        """ "la 88102", "de la 5590": in Spanish an invoice is a «la», and four digits after it are one."""
        found = []
        shortest = 3 if "invoice" in self.cues.values() else 4
        for at in range(1, len(self.places)):
            start, word = self.places[at]
            if self.lower[at - 1] == "#" and shortest == 3 and 3 <= len(word) <= 10 and word.isdigit():
                labels = {self.cues.get(at - 2), self.cues.get(at - 3)}
                if not labels & {"other", "reference"} and self.used.isdisjoint(range(start, start + len(word))):
                    found.append(Found("invoice", start, start + len(word), word))
                continue
            if not (word.isdigit() and shortest <= len(word) <= 10) or self.lower[at - 1] not in (
                "la",
                "vuestra",
                "su",
            ):
                continue
            if _YEAR.fullmatch(word) or not self.used.isdisjoint(range(start, start + len(word))):
                continue
            following = self.lower[at + 1] if at + 1 < len(self.places) else ""
            if following and following[0].isalpha() and following not in _words("after_bare"):
                continue
            if _UNITS.match(self.text[start + len(word) :][:16]):
                continue
            found.append(Found("invoice", start, start + len(word), word))
        return found

    def _is_code(self, at: int) -> bool:
        start, word = self.places[at]
        if len(word) > 40 or not _CODE.fullmatch(word):
            joined = re.match(
                r"[A-Z]{1,4} \d{2,5}-\d{2,10}(?!\w)|[A-Z]{1,4} \d{3,10}(?![\w.,]\d|\w)", self.text[start : start + 30]
            )
            return bool(joined) and word.isupper() and self.cues.get(at) is None
        return True

    def _gap(self, at: int) -> bool:
        """A blank follows this token."""
        start, word = self.places[at]
        return self.text[start + len(word) : start + len(word) + 1].isspace()

    def _blank_line_before(self, at: int) -> bool:
        if at == 0:
            return False
        start, word = self.places[at - 1]
        return self.text.count("\n", start + len(word), self.places[at][0]) >= 2


def _value(word: str) -> str:
    return re.sub(r"\s*[-–]\s*", "-", " ".join(word.split())).upper()
