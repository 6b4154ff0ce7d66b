"""Who pays: evidence about the customer that does not look at documents or amounts."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from cobranza.reconciliation.records import Customer, Payment
from cobranza.reconciliation.text import Phrases, compact, name_words, plain, words
from cobranza.regimes.payments import wording


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a payment may come from a customer.

    Attributes:
        weight: Log-odds; see `WEIGHTS`.
        why: Spanish, for the explanation.
        identity: Proven by account or tax id, not by a name.
    """

    weight: float
    why: str
    identity: bool = False


_COMMON = 24  # a word that more names than these have needs a second word beside it
_TELLING = 24  # a text that fits more customers than these tells nothing about who paid
_BEGUN = 32  # a beginning that more words than these share does not tell which one was cut
_LONGEST_NAME = 10  # words

WEIGHTS = {"account": 5.0, "tax_id": 5.0, "name": 4.0, "near": 3.0, "weak": 1.5, "group": 1.0}


class CustomerIndex:
    """Finds customers by account, tax id and name."""

    def __init__(self, customers: Sequence[Customer]) -> None:
        self.customers = customers
        self._account: dict[str, list[int]] = defaultdict(list)
        self._tax: dict[str, list[int]] = defaultdict(list)
        self._group: dict[str, list[int]] = defaultdict(list)
        self._word: dict[str, set[int]] = defaultdict(set)
        self._names: list[tuple[int, tuple[str, ...], str]] = []
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._wholes: dict[tuple[str, str], dict[int, Evidence]] = {}
        frequency: Counter[str] = Counter()
        for customer in customers:
            for account in customer.accounts:
                if key := compact(account):
                    self._account[key].append(customer.index)
            if tax := compact(customer.tax_id):
                self._tax[tax].append(customer.index)
            if customer.group:
                self._group[customer.group].append(customer.index)
            for name, kind in ((customer.legal_name, "razón social"), (customer.trade_name, "nombre comercial")):
                parts = name_words(name)
                if not parts or (kind == "nombre comercial" and parts == name_words(customer.legal_name)):
                    continue
                position = len(self._names)
                self._names.append((customer.index, parts, kind))
                self._exact[" ".join(parts)].append(position)
                for word in set(parts) - wording().weak_words:
                    self._word[word].add(position)
                frequency.update(set(parts))
        total = max(1, len(self._names))
        self._rarity = {word: math.log(1 + total / count) for word, count in frequency.items()}
        self._unknown = math.log(1 + total)
        self._strings = sorted((" ".join(parts), position) for position, (_, parts, _) in enumerate(self._names))
        self._sorted = sorted(self._word)
        self._slips: dict[str, list[str]] = defaultdict(list)
        for word in sorted(word for word in frequency if len(word) >= 5):
            for key in _shorter(word):
                self._slips[key].append(word)
        self._near: dict[str, tuple[str, ...]] = {}
        self._agents: dict[str, bool] = {}
        self._sights: dict[tuple[str, str, str, str], dict[int, Evidence]] = {}

    def group_of(self, customer: int) -> Sequence[int]:
        """The other members of its group."""
        group = self.customers[customer].group
        return [member for member in self._group.get(group, ()) if member != customer] if group else []

    def evidence(self, payment: Payment) -> dict[int, Evidence]:
        """Every customer that something about the payer points to; the strongest reason of each."""
        found = self._identified(payment)
        inside = words(payment.text)
        for tax in inside:
            if 8 <= len(tax) <= 13 and tax in self._tax:
                for customer in self._tax[tax]:
                    _keep(found, customer, Evidence(WEIGHTS["tax_id"], f"identificación fiscal {tax}", True))
        for customer, evidence in self._by_name(payment, inside).items():
            _keep(found, customer, evidence)
        return found

    def at_sight(self, payment: Payment) -> dict[int, Evidence]:
        """What `evidence` finds without searching: by account, by tax id, by a name that is written in full.

        Shared between payments of one payer; not to be changed.
        """
        key = (payment.account, payment.tax_id, payment.name, payment.country)
        found = self._sights.get(key)
        if found is None:
            found = self._identified(payment)
            if not found and payment.name and not self._is_agent(payment.name):
                self._written_in_full(found, name_words(payment.name), payment.name, payment.country)
            self._sights[key] = found
        return found

    def _is_agent(self, name: str) -> bool:
        held = self._agents.get(name)
        if held is None:
            held = self._agents[name] = is_agent(name)
        return held

    def _identified(self, payment: Payment) -> dict[int, Evidence]:
        found: dict[int, Evidence] = {}
        if payment.account:
            for customer in self._account.get(compact(payment.account), ()):
                _keep(found, customer, Evidence(WEIGHTS["account"], f"cuenta {_masked(payment.account)}", True))
        if payment.tax_id and (tax := compact(payment.tax_id)):
            for customer in self._tax.get(tax, ()):
                _keep(found, customer, Evidence(WEIGHTS["tax_id"], f"identificación fiscal {tax}", True))
        return found

    def _written_in_full(self, found: dict[int, Evidence], parts: Sequence[str], name: str, country: str) -> None:
        for position in self._exact.get(" ".join(parts), ()):
            customer, _, kind = self._names[position]
            if self._country_ok(customer, country):
                _keep(found, customer, Evidence(WEIGHTS["name"], f"nombre «{plain(name)}» ({kind})"))

    def _by_name(self, payment: Payment, said: Sequence[str]) -> dict[int, Evidence]:
        found: dict[int, Evidence] = {}
        if payment.name and not self._is_agent(payment.name):
            key = (payment.name, payment.country)
            whole = self._wholes.get(key)
            if whole is None:
                whole = {}
                self._whole(whole, payment.name, payment.country)
                self._wholes[key] = _telling(whole)
            found = self._wholes[key].copy()
        if payment.text:
            inside: dict[int, Evidence] = {}
            self._inside(inside, said, payment.country)
            for customer, evidence in _telling(inside).items():
                _keep(found, customer, evidence)
        return found

    def _country_ok(self, customer: int, country: str) -> bool:
        own = self.customers[customer].country
        return not country or not own or own == country

    def _whole(self, found: dict[int, Evidence], name: str, country: str) -> None:
        """The payer's name field as a whole."""
        parts = name_words(name)
        text = " ".join(parts)
        if not text:
            return
        self._written_in_full(found, parts, name, country)
        if any(evidence.weight >= WEIGHTS["name"] for evidence in found.values()):
            return
        matched = {other for word in parts for other in self._near_words(word)}
        if len(text) >= 4:
            for part in {parts[0], parts[-1]}:
                begun = self._starting_with(part)
                if len(begun) <= _BEGUN or len(parts) == 1:  # else its other words have to find it
                    matched.update(begun)
        candidates = self._sharing(matched, parts)
        if len(text) >= 8:
            candidates.update(self._beginning_with(text))
        for position in sorted(candidates):
            customer, own, kind = self._names[position]
            if not self._country_ok(customer, country):
                continue
            weight = self._alike(parts, own)
            if weight:
                _keep(
                    found, customer, Evidence(weight, f"nombre parecido «{plain(name)}» ~ «{' '.join(own)}» ({kind})")
                )

    def _starting_with(self, part: str) -> list[str]:
        low = bisect_left(self._sorted, part)
        high = bisect_left(self._sorted, part + "\x7f")
        return self._sorted[low:high] if len(part) >= 2 else []

    def _near_words(self, word: str) -> tuple[str, ...]:
        """The word itself where names have it, else (at most three) words with one slip less."""
        if word in self._word:
            return (word,)
        if len(word) < 5:
            return ()
        held = self._near.get(word)
        if held is None:
            near = {other for key in _shorter(word) for other in self._slips.get(key, ())}
            close = sorted(other for other in near if OSA.distance(word, other, score_cutoff=1) <= 1)[:3]
            held = self._near[word] = tuple(other for other in close if other in self._word)
        return held

    def _sharing(self, matched: Iterable[str], said: Sequence[str]) -> set[int]:
        """Names that have one of the words `matched`; a common word needs a second one that also stands in `said`."""
        result: set[int] = set()
        common: list[set[int]] = []
        for word in matched:
            positions = self._word[word]
            if len(positions) <= _COMMON:
                result |= positions
            else:
                common.append(positions)
                result.update(self._exact.get(word, ()))
        if common:
            seconds = self._seconds(said)
            for positions in common:
                for other in seconds:
                    if other is not positions:
                        result |= positions & other
        return result

    def _seconds(self, said: Sequence[str]) -> list[set[int]]:
        """Names by each word that `said` has, has with one slip or cut short, or goes on from."""
        found: dict[str, None] = {}
        for number, word in enumerate(said):
            found.update(dict.fromkeys(self._near_words(word)))
            found.update((word[:size], None) for size in range(3, len(word)) if word[:size] in self._word)
            if len(word) >= 3 or number == len(said) - 1:
                found.update(dict.fromkeys(self._starting_with(word)))
        return [self._word[word] for word in found]

    def _beginning_with(self, text: str) -> list[int]:
        """Names that begin with `text`."""
        low = bisect_left(self._strings, (text, -1))
        high = bisect_left(self._strings, (text + "\x7f", -1), lo=low)
        return [position for _, position in self._strings[low:high]]

    def _alike(self, parts: tuple[str, ...], own: tuple[str, ...]) -> float:
        """Weight for two names that are not equal: typing slips, words cut off or in another order."""
        mine, theirs = " ".join(parts), " ".join(own)
        if len(mine) >= 8 and theirs.startswith(mine):
            return WEIGHTS["near"]
        if sorted(parts) == sorted(own):
            return WEIGHTS["near"]
        ratio = max(fuzz.ratio(mine, theirs), fuzz.token_sort_ratio(mine, theirs))
        if ratio >= 90:
            return WEIGHTS["near"]
        covered = self._coverage(parts, own)
        back = self._coverage(own, parts)
        if covered >= 0.95 and back >= 0.5 and len(mine) >= 6:
            return WEIGHTS["near"] if back >= 0.75 else WEIGHTS["weak"]
        if covered >= 0.7 and back >= 0.7:
            return WEIGHTS["weak"]
        return 0.0

    def _coverage(self, parts: Sequence[str], own: Sequence[str]) -> float:
        """Share of the rarity of `parts` that stands in `own`, the last word possibly cut and one slip a word."""
        total = hit = 0.0
        begun = f" {' '.join(own)}"
        for number, word in enumerate(parts):
            rarity = self._rarity.get(word, self._unknown)
            total += rarity
            if word in own:
                hit += rarity
            elif ((len(word) >= 3 or number == len(parts) - 1) and f" {word}" in begun) or (
                len(word) >= 5 and _slipped(word, own)
            ):
                hit += rarity * 0.9
        return hit / total if total else 0.0

    def _inside(self, found: dict[int, Evidence], said: Sequence[str], country: str) -> None:
        """A customer's name somewhere in the remittance text, given by its words."""
        expand = wording().abbreviations
        inside = [expand.get(word, word) for word in said]
        matched = {word for word in inside if word in self._word and len(word) >= 4}
        if not matched:
            return
        candidates = self._sharing(matched, inside)
        candidates.update(self._cut_names(inside))
        padded = f" {' '.join(inside)} "
        cut = inside[-1] if inside else ""
        for position in sorted(candidates):
            customer, own, kind = self._names[position]
            if not self._country_ok(customer, country):
                continue
            whole = " ".join(own)
            if f" {whole} " in padded:
                if len(whole) >= 5:
                    _keep(found, customer, Evidence(WEIGHTS["name"], f"«{whole}» en el concepto ({kind})"))
            elif len(own) > 1 and self._cut_at_end(own, padded.rstrip(), cut):
                _keep(found, customer, Evidence(WEIGHTS["near"], f"«{whole}», cortado, en el concepto ({kind})"))
            elif len(own) > 1 and self._coverage(own, inside) >= 0.85:
                _keep(found, customer, Evidence(WEIGHTS["weak"], f"palabras de «{whole}» en el concepto ({kind})"))

    def _cut_names(self, inside: Sequence[str]) -> list[int]:
        """Names that the text ends in the middle of; at least eight letters of them."""
        result: list[int] = []
        tail = ""
        for word in reversed(inside[-_LONGEST_NAME:]):
            tail = f"{word} {tail}" if tail else word
            if len(tail) >= 8 and word in self._word and len(self._word[word]) > _COMMON:
                result += self._beginning_with(tail)
        return result

    @staticmethod
    def _cut_at_end(own: tuple[str, ...], padded: str, cut: str) -> bool:
        whole = " ".join(own)
        for size in range(len(whole) - 1, max(7, len(whole) // 2), -1):
            if padded.endswith(" " + whole[:size]) and cut:
                return True
        return False


def is_agent(name: str) -> bool:
    """Whether the payer is somebody who pays for others (confirming, factoring, a depositary bank)."""
    return bool(name) and bool(_agents().kinds(plain(name)))


@cache
def _agents() -> Phrases:
    return Phrases({"agent": wording().agents})


def _telling(found: dict[int, Evidence]) -> dict[int, Evidence]:
    """Evidence by name, unless it fits so many customers that it says nothing."""
    if len(found) <= _TELLING:
        return found
    sure = {customer: held for customer, held in found.items() if held.weight >= WEIGHTS["name"]}
    return sure if len(sure) <= _TELLING else {}


def _slipped(word: str, others: Sequence[str]) -> bool:
    """Whether one of the words differs by one slip."""
    least, most = len(word) - 1, len(word) + 1
    near = [other for other in others if least <= len(other) <= most]
    return any(OSA.distance(word, other, score_cutoff=1) <= 1 for other in near)


def _shorter(word: str) -> set[str]:
    """The word and what it is without any one letter: two words with one slip between them share one of these."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _keep(found: dict[int, Evidence], customer: int, evidence: Evidence) -> None:
    held = found.get(customer)
    if held is None or evidence.weight > held.weight:
        found[customer] = evidence


def _masked(account: str) -> str:
    bare = compact(account)
    return f"…{bare[-4:]}" if len(bare) > 6 else bare
