"""Write a world: customers one by one, movements put in order by day on disk, so that memory stays bounded.

The same seed, profile and size give the same bytes.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import IO, Any

import numpy as np

from tests.bench.worlds import documents, parties, profiles, settlements, wording
from tests.bench.worlds.countries import DOLLAR, SPAIN
from tests.bench.worlds.documents import NO_REMESA, Documents
from tests.bench.worlds.entries import Document, Link, Payment, Rates
from tests.bench.worlds.parties import Party
from tests.bench.worlds.profiles import Profile
from tests.bench.worlds.wording import Line, Reference

PAYMENTS = (
    "payment_id,statement_id,country,booking_date,value_date,amount,currency,payer_name,payer_account,payer_tax_id,remittance,"
    "structured_ref,end_to_end_id,bank_code,channel"
)
INVOICES = (
    "invoice_id,customer_id,country,series,number,type,issue_date,due_date,currency,net,tax,gross,open_amount,payment_ref,"
    "mandate_id,remesa_id,po_number"
)
CUSTOMERS = "customer_id,country,legal_name,trade_name,tax_id,account,group_id,terms_days,is_person"
TRUTH = "payment_id,invoice_id,applied,withheld,fee,discount,scenario,ambiguous,about"
_RATES_SINCE = date(2025, 6, 19)
_RATES_DAYS = 730
_CHUNK = 50_000
_GAP = "\x1f"  # between a movement and its truth while both wait on disk


def make(out: Path, *, payments: int, profile: Profile, seed: int) -> dict[str, Any]:
    """Write the files of one world into `out` and return what meta.json says.

    Args:
        out: Made when it is not there; files of the same names are replaced.
        payments: About how many movements; the world has a few per cent more or fewer.
        profile: Degree of difficulty.
        seed: Same seed, same bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    rng = Random(f"{seed}-world")
    people = parties.draw(max(8, round(payments * profiles.CUSTOMERS_PER_PAYMENT)), rng)
    columns = documents.draw(people, payments, seed)
    ids = np.random.default_rng([seed, 2]).permutation(len(columns.customer))
    rates = _write_rates(out / "fx.csv", rng)
    _write_customers(out / "customers.csv", people)
    _write_invoices(out / "invoices.csv", people, columns, ids, seed)
    with tempfile.TemporaryDirectory(dir=out, prefix=".days-") as folder:
        days = _Days(Path(folder))
        with days:
            for payment, country, currency in _payments(people, columns, ids, profile, rates, seed):
                days.add(payment, country, currency)
        counts = days.write(out / "payments.csv", out / "truth.csv", seed)
    meta = {
        "payments": counts.pop("payments"),
        "invoices": len(columns.customer),
        "customers": len(people),
        "pairs": counts.pop("pairs"),
        "ambiguous": counts.pop("ambiguous"),
        "seed": seed,
        "profile": profile.name,
        "scenarios": dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
    }
    (out / "meta.json").write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
    return meta


def money(hundredths: int) -> str:
    """An amount with two places.

    >>> money(-5)
    '-0.05'
    """
    whole, cents = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{whole}.{cents:02d}"


def _payments(
    people: list[Party], columns: Documents, ids: np.ndarray[Any, Any], profile: Profile, rates: Rates, seed: int
) -> Iterator[tuple[Payment, str, str]]:
    groups: dict[tuple[str, str], list[Party]] = defaultdict(list)
    for party in people:
        if party.group:
            groups[party.group, party.country.code].append(party)
    bounds = np.searchsorted(columns.customer, np.arange(len(people) + 1)).tolist()
    for party in people:
        own = list(_documents(party, columns, ids, slice(bounds[party.number], bounds[party.number + 1])))
        sisters = [sister for sister in groups.get((party.group, party.country.code), ()) if sister is not party]
        for payment in settlements.settle(party, own, sisters, profile, rates, Random(f"{seed}-{party.number}")):
            yield payment, party.country.code, party.country.currency
    for payment in _remesas(columns, ids, seed):
        yield payment, SPAIN.code, SPAIN.currency


def _documents(party: Party, columns: Documents, ids: np.ndarray[Any, Any], where: slice) -> Iterator[Document]:
    country = party.country
    rows = zip(
        ids[where].tolist(),
        columns.series[where].tolist(),
        columns.sequence[where].tolist(),
        columns.net[where].tolist(),
        columns.tax[where].tolist(),
        columns.issued[where].tolist(),
        columns.due[where].tolist(),
        columns.planned[where].tolist(),
        columns.unpaid[where].tolist(),
        columns.dollars[where].tolist(),
        columns.credit[where].tolist(),
        columns.remesa[where].tolist(),
        columns.order[where].tolist(),
        columns.referenced[where].tolist(),
        strict=True,
    )
    for (
        key,
        series,
        sequence,
        net,
        tax,
        issued,
        due,
        planned,
        unpaid,
        dollars,
        credit,
        remesa,
        order,
        referenced,
    ) in rows:
        prefix, digits, _ = documents.number(country, series, sequence)
        reference = Reference(prefix, digits, str(order) if order else "")
        quoted = settlements.payment_reference(country.code, reference) if referenced else ""
        yield Document(
            id=f"I{key:08d}",
            reference=reference,
            payment_reference=quoted,
            net=net,
            tax=tax,
            issued=issued,
            due=due,
            planned=planned,
            unpaid=unpaid,
            dollars=dollars,
            credit=credit,
            remesa=remesa,
        )


def _remesas(columns: Documents, ids: np.ndarray[Any, Any], seed: int) -> Iterator[Payment]:
    """The bank's one credit for each batch of direct debits."""
    places = np.flatnonzero(columns.remesa != NO_REMESA)
    if not len(places):
        return
    places = places[np.argsort(columns.remesa[places], kind="stable")]
    numbers, starts = np.unique(columns.remesa[places], return_index=True)
    rng = Random(f"{seed}-remesas")
    for number, rows in zip(numbers.tolist(), np.split(places, starts[1:]), strict=True):
        gross = columns.gross[rows].tolist()
        links = [
            Link(None, applied=amount, about=f"I{key:08d}")
            for amount, key in zip(gross, ids[rows].tolist(), strict=True)
        ]
        ref = rng.choices((remesa_id(number), f"{number:05d}", ""), (6, 3, 1.2))[0]
        text = " ".join(rng.choice(wording.REMESA_WORDS).format(ref=ref, count=len(rows)).split())
        channel, _, width = rng.choice(SPAIN.channels)
        line = Line("", "", "", text, "", wording.end_to_end("", rng))
        line.name, line.text = wording.on_paper("", text, channel, width, rng)
        yield Payment(int(columns.planned[rows[0]]), sum(gross), line, channel, "batch", links, code="04/214")


def remesa_id(number: int) -> str:
    """Name of a batch of direct debits."""
    return f"SDD26{number:05d}"


class _Days:
    """Movements of each booking day on disk, so that their order does not depend on the customer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[int, IO[str]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> _Days:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, payment: Payment, country: str, currency: str) -> None:
        day, line = payment.day, payment.line
        file = self._files.get(day)
        if file is None:
            file = self._stack.enter_context((self._folder / str(day)).open("w", encoding="utf-8", buffering=1 << 16))
            self._files[day] = file
        booked = date.fromordinal(day)
        code = payment.code or ("04/102" if country == "ES" else "")
        # Value dates: the same day, one later, or three; told from the amount so that they cost no drawing.
        value = day + (0, 0, 0, 0, 0, 0, 0, 0, 1, 1 if payment.amount % 3 else 3)[payment.amount % 10]
        parts = [
            f"ST{booked:%Y%m%d}{country},{country},{booked},{date.fromordinal(value)},{money(payment.amount)},{currency},"
            f"{_cell(line.name)},{line.account},{line.tax_id},{_cell(line.text)},{line.structured},{line.end_to_end},"
            f"{code},{payment.channel}"
        ]
        ambiguous = int(payment.ambiguous)
        for link in payment.links:
            document, about = (link.document.id, "") if link.document is not None else ("", link.about)
            if payment.scenario == "batch":
                document, about = about, ""
            parts.append(
                f"{document},{money(link.applied)},{money(link.withheld)},{money(link.fee)},{money(link.discount)},"
                f"{payment.scenario},{ambiguous},{about}"
            )
        file.write(_GAP.join(parts) + "\n")

    def write(self, payments: Path, truth: Path, seed: int) -> Counter[str]:
        counts: Counter[str] = Counter({"payments": 0, "pairs": 0, "ambiguous": 0})
        with (
            payments.open("w", encoding="utf-8", newline="") as out,
            truth.open("w", encoding="utf-8", newline="") as labels,
        ):
            out.write(PAYMENTS + "\n")
            labels.write(TRUTH + "\n")
            for day in sorted(self._files):
                with (self._folder / str(day)).open(encoding="utf-8", newline="\n") as waiting:
                    lines = waiting.read().split("\n")[:-1]
                Random(f"{seed}-{day}").shuffle(lines)
                for line in lines:
                    movement, *links = line.split(_GAP)
                    key = f"P{counts['payments']:08d}"
                    out.write(f"{key},{movement}\n")
                    counts["payments"] += 1
                    scenario, ambiguous = links[0].split(",")[5:7]
                    counts[scenario] += 1
                    counts["ambiguous"] += int(ambiguous)
                    for link in links:
                        labels.write(f"{key},{link}\n")
                        counts["pairs"] += not link.startswith(",")
        return counts


def _cell(text: str) -> str:
    if '"' in text or "," in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def _write_rates(file: Path, rng: Random) -> Rates:
    """Local money per dollar: a slow random walk."""
    table: dict[tuple[str, int], Fraction] = {}
    lines = ["date,ccy,rate"]
    for currency, start in DOLLAR.items():
        rate, drift = start, rng.gauss(0, 0.0002)
        for step in range(_RATES_DAYS):
            day = _RATES_SINCE + timedelta(days=step)
            written = f"{rate:.5f}"
            table[currency, day.toordinal()] = Fraction(written)
            lines.append(f"{day},{currency},{written}")
            rate *= 1 + drift + rng.gauss(0, 0.005)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Rates(table)


def _write_customers(file: Path, people: list[Party]) -> None:
    rows = [CUSTOMERS]
    for party in people:
        rows.append(
            f"{party.id},{party.country.code},{_cell(party.legal_name)},{_cell(party.trade_name)},{party.tax_id},{party.account},"
            f"{party.group},{party.terms},{int(party.person)}"
        )
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


def _write_invoices(file: Path, people: list[Party], columns: Documents, ids: np.ndarray[Any, Any], seed: int) -> None:
    """In no order that tells which belong together."""
    order = np.random.default_rng([seed, 3]).permutation(len(ids))
    iso = {day: date.fromordinal(day).isoformat() for day in np.unique(np.r_[columns.issued, columns.due]).tolist()}
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write(INVOICES + "\n")
        for start in range(0, len(order), _CHUNK):
            where = order[start : start + _CHUNK]
            rows = zip(
                ids[where].tolist(),
                columns.customer[where].tolist(),
                columns.series[where].tolist(),
                columns.sequence[where].tolist(),
                columns.issued[where].tolist(),
                columns.due[where].tolist(),
                columns.net[where].tolist(),
                columns.tax[where].tolist(),
                columns.dollars[where].tolist(),
                columns.remesa[where].tolist(),
                columns.order[where].tolist(),
                columns.referenced[where].tolist(),
                columns.credit[where].tolist(),
                strict=True,
            )
            lines = []
            for (
                key,
                customer,
                series,
                sequence,
                issued,
                due,
                net,
                tax,
                dollars,
                remesa,
                bought,
                asks,
                credit,
            ) in rows:
                party = people[customer]
                country = party.country
                prefix, digits, number = documents.number(country, series, sequence)
                quoted = settlements.payment_reference(country.code, Reference(prefix, digits, "")) if asks else ""
                gross = money(net + tax)
                lines.append(
                    f"I{key:08d},{party.id},{country.code},{prefix},{number},{'credit_note' if credit else 'invoice'},"
                    f"{iso[issued]},{iso[due]},{'USD' if dollars else country.currency},{money(net)},{money(tax)},"
                    f"{gross},{gross},"
                    f"{quoted},{f'MD{customer:07d}' if remesa else ''},{remesa_id(remesa) if remesa else ''},"
                    f"{bought or ''}\n"
                )
            out.write("".join(lines))
