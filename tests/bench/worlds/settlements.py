"""What one customer pays and when: its documents become payments, each with the truth that joins them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from random import Random

from tests.bench.worlds import profiles, wording
from tests.bench.worlds.countries import DETRACCIONES
from tests.bench.worlds.documents import FIRST_DAY, LAST_DAY
from tests.bench.worlds.entries import NEVER, Document, Link, Payment, Rates
from tests.bench.worlds.parties import Party, account, creditor_reference, person_name
from tests.bench.worlds.parties import pick as weighted
from tests.bench.worlds.profiles import Profile
from tests.bench.worlds.wording import Line, Reference

_SCENARIOS = tuple(profiles.SETTLEMENTS)
_CHARGES = (0, 0, 242, 363, 545, 726)  # what the bank charges us for a returned debit
_REPAID_CHARGES = (0, 0, 545, 726, 1089, 1500)  # what the debtor adds for it
_DISCOUNTS = ((1, 0.25), (2, 0.55), (3, 0.20))
_MOST_TOGETHER = 24
_APPROVED = 0.7  # of the documents due, those that a payment of several includes
_WITHIN_DAYS = 75  # documents that one payment gathers lie within these


def settle(
    party: Party, documents: list[Document], sisters: list[Party], profile: Profile, rates: Rates, rng: Random
) -> list[Payment]:
    """Every payment of one customer; direct-debit batches are made elsewhere, their returns here.

    Args:
        party: The customer.
        documents: All of its documents, in the order in which it means to pay them.
        sisters: Customers of the same group, who sometimes pay for it.
        profile: How well it identifies what it pays.
        rates: Local money per dollar.
        rng: Of this customer alone.
    """
    made = list(_Payer(party, documents, sisters, profile, rates, rng).payments())
    same: dict[tuple[int, bool], list[Document]] = defaultdict(list)
    for document in documents:
        same[document.gross, document.dollars].append(document)
    for payment in made:
        if not payment.named:
            payment.ambiguous = any(
                _has_twin(link.document, payment.day, same) for link in payment.links if link.document
            )
    return made


def _has_twin(document: Document, day: int, same: dict[tuple[int, bool], list[Document]]) -> bool:
    """Whether another document of that total could have been meant on that day."""
    twins = same[document.gross, document.dollars]
    return len(twins) > 1 and any(twin is not document and twin.issued <= day <= twin.settled for twin in twins)


class _Payer:
    def __init__(
        self, party: Party, documents: list[Document], sisters: list[Party], profile: Profile, rates: Rates, rng: Random
    ) -> None:
        self.party, self.documents, self.sisters = party, documents, sisters
        self.profile, self.rates, self.rng = profile, rates, rng
        country = party.country
        shares = dict(profiles.SETTLEMENTS)
        if country.code != "PE":
            shares["detraccion"] = 0.0
        shares["withholding"] *= 4 if party.habit else 0
        self.shares = tuple(shares.values())
        self.styles, self.style_shares = tuple(profile.quoting), tuple(profile.quoting.values())
        self.channels = country.channels
        self.channel_shares = tuple(share for _, share, _ in country.channels)

    def payments(self) -> Iterator[Payment]:
        made: list[Payment] = []
        queue = [d for d in self.documents if not d.unpaid and not d.remesa and not d.credit]
        credits = [d for d in self.documents if d.credit]
        while queue:
            document = queue[0]
            if not document.dollars:
                if credits and credits[0].issued <= document.planned and len(queue) > 3:
                    taken = self._together(queue, self.rng.randrange(3, 8))
                    if sum(d.gross for d in taken) + credits[0].gross > 0 and len(taken) > 1:
                        made += self._several(taken, credits.pop(0))
                        _take(queue, taken)
                        continue
                scenario = self.rng.choices(_SCENARIOS, self.shares)[0]
                if scenario == "multi":
                    taken = self._together(queue, self._how_many())
                    if len(taken) > 1:
                        made += self._several(taken, None)
                        _take(queue, taken)
                        continue
                    scenario = "exact"
                made += self._single(scenario, document)
            else:
                made += self._foreign(document)
            del queue[0]
        for document in self.documents:
            if document.remesa and self.rng.random() < profiles.REMESA_RETURNED:
                made += self._returned(document, document.planned)
        made += self._unrelated(made)
        yield from (payment for payment in made if payment.day <= LAST_DAY)

    def _how_many(self) -> int:
        count = 2
        while count < _MOST_TOGETHER and self.rng.random() < 0.69:
            count += 1
        return count

    def _together(self, queue: list[Document], count: int) -> list[Document]:
        """The next documents in the same currency that one payment may gather; some are not yet approved and wait."""
        last = queue[0].planned + _WITHIN_DAYS
        taken = [queue[0]]
        for document in queue[1:]:
            if len(taken) == count or document.planned > last:
                break
            if not document.dollars and self.rng.random() < _APPROVED:
                taken.append(document)
        return taken

    # -- one document

    def _single(self, scenario: str, document: Document) -> list[Payment]:
        make = {
            "withholding": self._withheld,
            "fee": self._less_fee,
            "partial": self._in_parts,
            "discount": self._discounted,
            "rounding": self._rounded,
            "over": self._over,
            "detraccion": self._deposit,
        }.get(scenario, self._exact)
        made = make(document)
        if len(made) == 1 and self.rng.random() < profiles.DOUBLE_PAYMENT:
            made.append(self._again(made[0], document))
        lone_debit = self.party.country.code == "ES" and made[0].scenario == "exact" and len(made) == 1
        if lone_debit and self.rng.random() < profiles.LONE_DEBIT_RETURNED:
            made += self._returned(document, document.planned)
        return made

    def _exact(self, document: Document) -> list[Payment]:
        document.settled = document.planned
        return [self._pay("exact", document, document.planned, document.gross, Link(document, document.gross))]

    def _withheld(self, document: Document) -> list[Payment]:
        habit = self.party.habit
        if habit is None:
            raise ValueError("a payer without habit withholds nothing")
        # Each tax is a line of its own certificate and rounds on its own.
        parts = ((habit.net, document.net), (habit.tax, document.tax), (habit.gross, document.gross))
        withheld = sum(self._rounded_share(share, base) for share, base in parts)
        document.settled = document.planned
        hint = self._hint(self.party.country.withheld_words, 0.25)
        link = Link(document, document.gross, withheld=withheld)
        return [self._pay("withholding", document, document.planned, document.gross - withheld, link, hint)]

    def _rounded_share(self, share: Fraction, base: int) -> int:
        unit = self.party.country.unit
        return int(share * base / unit + Fraction(1, 2)) * unit

    def _less_fee(self, document: Document) -> list[Payment]:
        tariff = [fee for fee in self.party.country.fees if 10 * fee <= document.gross]
        fee = (
            self.rng.choice(tariff)
            if tariff and self.rng.random() < 0.85
            else max(1, document.gross * self.rng.randrange(5, 40) // 1000)
        )
        document.settled = document.planned
        return [
            self._pay("fee", document, document.planned, document.gross - fee, Link(document, document.gross, fee=fee))
        ]

    def _discounted(self, document: Document) -> list[Payment]:
        discount = self._rounded_share(Fraction(weighted(_DISCOUNTS, self.rng), 100), document.gross)
        day = max(
            document.issued + 1, _earlier_workday(min(document.planned, document.due - self.rng.randrange(2, 12)))
        )
        document.settled = day = max(day, FIRST_DAY)
        link = Link(document, document.gross, discount=discount)
        return [
            self._pay(
                "discount", document, day, document.gross - discount, link, self._hint(wording.DISCOUNT_WORDS, 0.35)
            )
        ]

    def _rounded(self, document: Document) -> list[Payment]:
        units = self.party.country
        if self.rng.random() < 0.75 or document.gross % 100 == 0:
            odd = self.rng.choice(units.odd)
        else:
            odd = document.gross % 100  # the payer leaves out the cents
        odd = odd if odd < document.gross else 1
        document.settled = document.planned
        return [
            self._pay(
                "rounding", document, document.planned, document.gross - odd, Link(document, document.gross, fee=odd)
            )
        ]

    def _over(self, document: Document) -> list[Payment]:
        kind = self.rng.random()
        step = 10 ** max(2, len(str(document.gross)) - 2)
        if kind < 0.5:
            paid = (document.gross // step + 1) * step
        elif kind < 0.8:
            digits = str(document.gross)
            at = self.rng.randrange(max(0, len(digits) - 5), len(digits) - 1)
            paid = int(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])
        else:
            paid = document.gross + self.rng.choice((100, 1_000, 10_000))
        document.settled = document.planned
        if paid <= document.gross:
            paid = document.gross + 100
        return [self._pay("over", document, document.planned, paid, Link(document, document.gross))]

    def _in_parts(self, document: Document) -> list[Payment]:
        parts = self.rng.choices((1, 2, 3, 4), (35, 40, 12, 13))[0]
        even = self.rng.random() < 0.5
        left, day, made = document.gross, document.planned, []
        for part in range(parts):
            last = part == parts - 1 and parts > 1
            if last:
                paid = left
            elif even:
                paid = document.gross // max(parts, 2)
            else:
                paid = max(1, left * self.rng.randrange(15, 75) // 100)
            hint = self._hint(wording.REST_WORDS if last else wording.PARTIAL_WORDS, 0.4)
            left -= paid
            if left == 0:
                document.settled = day
            made.append(self._pay("partial", document, day, paid, Link(document, paid), hint))
            day = _workday(day + self.rng.randrange(5, 40))
            if day > LAST_DAY or left <= 0:
                break
        return made

    def _deposit(self, document: Document) -> list[Payment]:
        """Peru: the payer puts a part into our account at Banco de la Nación and pays the rest."""
        percent = weighted(DETRACCIONES, self.rng)
        deposit = max(100, (document.gross * percent + 5_000) // 10_000 * 100)
        if deposit >= document.gross:
            return self._exact(document)
        rest = self._pay(
            "detraccion", document, document.planned, document.gross - deposit, Link(document, document.gross - deposit)
        )
        later = min(LAST_DAY, _workday(document.planned + self.rng.randrange(0, 6)))
        document.settled = later
        ref = self.rng.choices((document.reference.full, document.reference.digits), (8, 2))[0]
        text = self.rng.choice(wording.DEPOSIT_WORDS)
        channel, width = self._channel()
        line = Line(
            self.rng.choice(wording.DEPOSIT_PAYERS),
            "",
            "",
            text.format(ref=ref, percent=percent),
            "",
            wording.end_to_end("", self.rng),
        )
        line.name, line.text = wording.on_paper(line.name, line.text, channel, width, self.rng)
        return [rest, Payment(later, deposit, line, channel, "detraccion", [Link(document, deposit)], "{ref}" in text)]

    def _again(self, payment: Payment, document: Document) -> Payment:
        """The same amount once more by mistake."""
        day = _workday(payment.day + self.rng.randrange(0, 25))
        twin = self._pay("duplicate", document, day, payment.amount, Link(None, about=document.id))
        if self.rng.random() < 0.3:
            twin.line, twin.channel = payment.line, payment.channel
        return twin

    def _returned(self, document: Document, collected: int) -> list[Payment]:
        """A collected debit comes back, and often the debtor pays later, with the charge or without."""
        day = _workday(collected + self.rng.randrange(2, 16))
        if day > LAST_DAY:
            return []
        charge = self.rng.choice(_CHARGES)
        party = self.party
        style = "full" if self.rng.random() < 0.75 else self.rng.choice(("short", "joined", "sequence"))
        named = self.rng.random() < 0.86
        ref = (
            wording.quote(style, document.reference, document.reference, self.rng)
            if named
            else wording.plain(party.core)
        )
        text = self.rng.choice(wording.RETURN_WORDS).format(ref=ref, code=self.rng.choice(wording.RETURN_CODES))
        channel, width = self._channel()
        name, text = wording.on_paper(
            wording.printed_name(party, self.profile, self.rng), text, channel, width, self.rng
        )
        line = Line(
            name, party.account if self.rng.random() < 0.35 else "", "", text, "", wording.end_to_end("", self.rng)
        )
        made = [
            Payment(
                day,
                -document.gross - charge,
                line,
                channel,
                "return",
                [Link(document, -document.gross, fee=charge)],
                named,
                "16/088",
            )
        ]
        document.settled = NEVER
        again = _workday(day + self.rng.randrange(4, 30))
        if self.rng.random() < profiles.REPAID_AFTER_RETURN and again <= LAST_DAY:
            added = self.rng.choice(_REPAID_CHARGES)
            document.settled = again
            made.append(
                self._pay("repay", document, again, document.gross + added, Link(document, document.gross, fee=-added))
            )
        return made

    def _foreign(self, document: Document) -> list[Payment]:
        """A document in dollars, paid in local money at the payer's bank's rate of the day."""
        spread = Fraction(round(self.rng.gauss(1, 4)), 1000)
        spread = max(Fraction(-1, 50), min(Fraction(1, 50), spread))
        rate = self.rates.at(self.party.country.currency, document.planned) * (1 - spread)
        document.settled = document.planned
        amount = int(document.gross * rate + Fraction(1, 2))
        return [self._pay("fx", document, document.planned, amount, Link(document, document.gross))]

    # -- several documents

    def _several(self, taken: list[Document], credit: Document | None) -> list[Payment]:
        day = max(d.planned for d in taken)
        links = [Link(d, d.gross) for d in taken]
        rng, country = self.rng, self.party.country
        if credit is not None:
            links.append(Link(credit, credit.gross))
        for link in links:
            if link.document is not None:
                link.document.settled = day
        listed = rng.sample(taken, len(taken)) if rng.random() < 0.4 else taken
        if rng.random() < self.profile.unlisted:
            text, named = wording.without_reference(self.party, date.fromordinal(day).month, rng), False
        else:
            quoted, named = wording.quote_list([d.reference for d in listed], rng)
            text = f"{rng.choice(country.heads)}{quoted}"
            if credit is not None and rng.random() < 0.75:
                text += (
                    f" {rng.choice(('MENOS ABONO', 'DTO. ABONO', '- NC', 'COMPENSADO CON'))} {credit.reference.full}"
                )
        line, channel, cut = self._line(text, listed[0].reference.full, listed[0])
        amount = sum(link.applied for link in links)
        return [Payment(day, amount, line, channel, "netted" if credit else "multi", links, named and not cut)]

    # -- money for other reasons

    def _unrelated(self, beside: list[Payment]) -> list[Payment]:
        rng, party = self.rng, self.party
        made = []
        for near in beside:
            if rng.random() >= profiles.UNRELATED:
                continue
            day = _workday(max(FIRST_DAY, near.day + rng.randrange(-20, 20)))
            amount = max(500, int(party.country.median * rng.lognormvariate(0.3, 1.2)))
            who = rng.random()
            name, known = "", ""
            if who < 0.5:
                name = wording.printed_name(party, self.profile, rng)
                known = party.account if rng.random() < self.profile.account * 0.6 else ""
            elif who < 0.75:
                name = wording.stranger(party.country, rng)
            negative = rng.random() < 0.22
            text = rng.choice(wording.OTHER_CHARGES if negative else wording.OTHER_INCOME)
            if not negative and rng.random() < 0.1:
                text = f"{rng.choice(('PAGO', 'RECIBO', 'OPERACION', 'LIQUIDACION'))} {rng.randrange(10**5, 10**8)}"
            channel, width = self._channel()
            name, text = wording.on_paper(name, text, channel, width, rng)
            line = Line(name, known, "", text, "", wording.end_to_end("", rng))
            made.append(Payment(day, -amount if negative else amount, line, channel, "unrelated", [Link(None)]))
        return made

    # -- what the bank passes on

    def _pay(self, scenario: str, document: Document, day: int, amount: int, link: Link, hint: str = "") -> Payment:
        rng = self.rng
        style = rng.choices(self.styles, self.style_shares)[0]
        if style == "order" and not document.reference.order:
            style = "theirs"
        if style == "none":
            text = wording.without_reference(self.party, date.fromordinal(day).month, rng)
            hint = hint if rng.random() < 0.3 else ""
        else:
            other = rng.choice(self.documents).reference
            text = wording.quote(style, document.reference, other, rng)
            if style not in ("order", "theirs"):
                text = rng.choice(self.party.country.heads) + text
        if hint:
            text = f"{text} {hint}".strip()
        if rng.random() < 0.08:
            text = f"{text} {wording.plain(rng.choice((self.party.core, self.party.trade_name)))}".strip()
        line, channel, _ = self._line(text, document.reference.full, document)
        return Payment(day, amount, line, channel, scenario, [link], style not in wording.NAMELESS)

    def _line(self, text: str, number: str, document: Document) -> tuple[Line, str, bool]:
        """The line as the bank passes it on, its channel, and whether the text was cut."""
        rng, party, profile = self.rng, self.party, self.profile
        channel, width = self._channel()
        payer = party
        if self.sisters and rng.random() < 0.04:
            payer = rng.choice(self.sisters)
        agent = rng.random() < profile.agent
        if agent:
            name = rng.choice(wording.AGENTS) if rng.random() < 0.75 else wording.plain(person_name(rng))
        else:
            name = wording.printed_name(payer, profile, rng)
        known = ""
        place = 0.25 if channel == "n43" else 1.0
        if rng.random() < profile.account * place and not agent:
            strange = payer.strange[0] if payer is party else account(payer.country.code, rng)
            known = strange if rng.random() < profile.strange_account else payer.account
        tax_id = payer.tax_id if not agent and rng.random() < 0.13 else ""
        if tax_id and rng.random() < 0.35:
            text = f"{text} {tax_id}".strip()
        structured = ""
        if document.payment_reference and rng.random() < profile.reference:
            structured = document.payment_reference
        elif channel == "spei" or party.country.code == "MX":
            structured = str(rng.randrange(10**7)) if rng.random() < 0.6 else "1"
        name, cut = wording.on_paper(name, text, channel, width, rng)
        line = Line(name, known, tax_id, cut, structured, wording.end_to_end(number, rng))
        return line, channel, not cut.endswith(text[-12:])

    def _channel(self) -> tuple[str, int]:
        name, _, width = self.rng.choices(self.channels, self.channel_shares)[0]
        return name, width

    def _hint(self, words: tuple[str, ...], share: float) -> str:
        return self.rng.choice(words) if self.rng.random() < share else ""


def payment_reference(country: str, reference: Reference) -> str:
    """What an invoice asks its payer to quote: a creditor reference in Spain, seven digits elsewhere."""
    digits = "".join(c for c in reference.full if c.isdigit())
    return creditor_reference(digits) if country == "ES" else digits[-7:].zfill(7)


def _workday(day: int) -> int:
    weekday = (day + 6) % 7
    return day + (2 if weekday == 5 else 1 if weekday == 6 else 0)


def _earlier_workday(day: int) -> int:
    weekday = (day + 6) % 7
    return day - (1 if weekday == 5 else 2 if weekday == 6 else 0)


def _take(queue: list[Document], taken: list[Document]) -> None:
    """Remove what was paid; `queue` may be long, what was taken stands near its head."""
    keys = {document.id for document in taken}
    head = next(place for place, document in enumerate(queue) if document is taken[-1]) + 1
    queue[:head] = [document for document in queue[:head] if document.id not in keys]
