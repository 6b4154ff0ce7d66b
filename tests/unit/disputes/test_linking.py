"""Who wrote and which documents they mean: what is tied, and what is never tied in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.disputes.directory import country_of
from cobranza.disputes.linking import Document, Linked, Party, flat, likeness, link
from cobranza.disputes.ports import LedgerFacts
from cobranza.disputes.shift import read_of
from cobranza.ledger.models import Contact, Debtor
from cobranza.ledger.registry import register_creditor
from tests.unit.disputes import fakes
from tests.unit.disputes.conftest import ROBOT

D = Decimal
TODAY = date(2026, 11, 20)
PEPA, EBRO, GROUP = Party(1, "Pepa", "B12345674"), Party(2, "Ebro", "A15900426"), Party(3, "Pepa Sur", "B87654321")


def document(id: int, debtor: int, number: str, gross: str = "100", opens: str | None = None) -> Document:
    return Document(
        id=id,
        debtor=debtor,
        number=number,
        currency="EUR",
        gross=D(gross),
        open=D(gross if opens is None else opens),
        issued_on=date(2026, 9, 1),
        due_on=date(2026, 10, 1),
    )


@dataclass
class Book:
    """A ledger in memory."""

    addresses: dict[str, list[Party]] = field(default_factory=lambda: {"pagos@pepa.example": [PEPA]})
    rows: list[Document] = field(default_factory=list)
    loose: list[Decimal] = field(default_factory=list)

    def by_address(self, address: str) -> Sequence[Party]:
        return self.addresses.get(address, [])

    def by_domain(self, domain: str) -> Sequence[Party]:
        found = {p.id: p for one, parties in self.addresses.items() if one.endswith(f"@{domain}") for p in parties}
        return list(found.values())

    def by_tax_id(self, tax_ids: Sequence[str]) -> Sequence[Party]:
        return [party for party in (PEPA, EBRO, GROUP) if party.tax_id in tax_ids]

    def documents(self, debtor: int) -> Sequence[Document]:
        return [row for row in self.rows if row.debtor == debtor]

    def by_number(self, flats: Sequence[str]) -> Sequence[Document]:
        return [row for row in self.rows if flat(row.number) in flats]

    def last_payment(self, debtor: int) -> date | None:
        return date(2026, 11, 10)

    def loose_money(self, debtor: int) -> Sequence[Decimal]:
        return self.loose


BOOK = Book(
    rows=[
        document(1, 1, "F2026-00381", "1210"),
        document(2, 1, "F2026-00400", "605.50"),
        document(3, 1, "F2025-00400", "90", "0"),
        document(4, 2, "F2026-00512", "300"),
        document(5, 1, "F2026-00382", "50"),
    ]
)


def said(text: str, sender: str = "Pepa <pagos@pepa.example>", book: Book = BOOK) -> Linked:
    return link(fakes.read(fakes.raw(text, sender=sender)), book, TODAY)


def numbers(found: Linked) -> list[tuple[str, str]]:
    return [(one.document.number, one.how) for one in found.named]


def test_a_known_address_and_its_invoice() -> None:
    found = said("La F2026-00381 está mal")
    assert found.party == PEPA
    assert numbers(found) == [("F2026-00381", "exact")]
    assert (found.facts.debtor_known, found.facts.open, found.facts.recent_payment) == (True, 1, 10)


def test_a_colleague_of_a_known_company() -> None:
    assert said("hola", "Jefe <jefe@pepa.example>").party == PEPA


def test_a_shared_provider_is_no_company() -> None:
    book = Book(addresses={"pepa@gmail.com": [PEPA]}, rows=BOOK.rows)
    assert said("hola", "otra@gmail.com", book).party is None
    assert said("hola", "pepa@gmail.com", book).party == PEPA


@pytest.mark.parametrize("text", ["La F2026-00381 está mal", "La F2026-00381 está mal, NIF B12345674"])
def test_a_stranger_who_names_an_invoice_gets_a_suggestion_and_no_facts(text: str) -> None:
    found = said(text, "x@desconocido.example")
    assert found.party is None
    assert found.named == ()
    assert [row.number for row in found.suggested] == ["F2026-00381"]
    assert found.facts == LedgerFacts()
    assert any("persona" in reason for reason in found.reasons)


def test_a_debtor_who_names_the_invoice_of_another() -> None:
    found = said("¿Y la F2026-00512?")
    assert found.named == ()
    assert [row.number for row in found.suggested] == ["F2026-00512"]
    assert found.facts.others == 1


def test_a_wrong_digit_that_is_another_debtors_invoice_is_not_bent_into_ones_own() -> None:
    book = Book(rows=[document(1, 1, "F2026-00511"), document(2, 2, "F2026-00512")])
    found = said("F2026-00512", book=book)
    assert found.named == ()
    assert found.facts.others == 1


def test_a_slip_of_the_pen_is_tied_when_it_can_be_only_one() -> None:
    book = Book(rows=[document(1, 1, "F2026-00381"), document(2, 1, "F2026-77400")])
    assert numbers(said("F2026-0381", book=book)) == [("F2026-00381", "digits")]
    assert numbers(said("F2026-00331", book=book)) == [("F2026-00381", "near")]
    assert not said("F2026-00331", book=book).named[0].sure


def test_a_slip_that_could_be_two_is_unknown() -> None:
    found = said("F2026-00383")
    assert found.named == ()
    assert found.unknown == ("F2026-00383",)
    assert found.facts.unknown == 1


def test_the_address_of_two_debtors_is_settled_by_what_the_text_names() -> None:
    book = Book(addresses={"gestor@gestoria.example": [PEPA, EBRO]}, rows=BOOK.rows)
    assert said("Sobre la F2026-00512", "gestor@gestoria.example", book).party == EBRO
    assert said("Del cliente B12345674", "gestor@gestoria.example", book).party == PEPA
    found = said("hola", "gestor@gestoria.example", book)
    assert (found.party, found.candidates) == (None, (PEPA, EBRO))


def test_what_only_the_quoted_letter_names() -> None:
    assert numbers(said("Ya está pagada\n> Le recordamos la F2026-00400")) == [("F2026-00400", "quoted")]
    assert numbers(said("No estoy conforme\n> F2026-00400 y F2026-00381")) == []


def test_by_amount_or_as_the_only_one() -> None:
    assert numbers(said("Los 605,50 EUR ya están pagados")) == [("F2026-00400", "amount")]
    assert numbers(said("Ya está pagada", book=Book(rows=BOOK.rows[:1]))) == [("F2026-00381", "only")]
    assert said("Ya está pagada", book=Book(rows=BOOK.rows[:1])).facts.open == 0  # it names none


def test_paid_twice_is_told_by_money_that_settles_nothing() -> None:
    book = Book(rows=[document(1, 1, "F2026-00381", "90", "0")], loose=[D(90)])
    facts = said("F2026-00381", book=book).facts
    assert (facts.paid, facts.paid_twice) == (1, 1)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert likeness(one, other) in ("exact", "digits", "tail", "near", None)


@given(st.integers(0, 99999), st.integers(0, 99999))
def test_two_numbers_of_a_series_are_never_the_same_document(a: int, b: int) -> None:
    found = likeness(f"F2026-{a:05d}", f"F2026-{b:05d}")
    assert (found in ("exact", "digits", "tail")) == (a == b)


@pytest.mark.parametrize(
    ("sender", "currency"),
    [
        ("pagos@pepa.example", "MXN"),  # a contact of a Mexican debtor
        ("otra@pepa.example", "MXN"),  # somebody else of the same company
        ("pagos@ebro.example", "EUR"),
    ],
)
def test_a_bare_dollar_sign_is_of_the_country_of_who_writes(db: None, sender: str, currency: str) -> None:
    creditor = register_creditor("prueba", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    for key, country in (("pepa", "MX"), ("ebro", "ES")):
        debtor = Debtor.objects.create(creditor=creditor, erp="x", erp_key=key, name=key, country=country)
        Contact.objects.create(debtor=debtor, kind=Contact.Kinds.EMAIL, value=f"pagos@{key}.example", source="prueba")
    amount = "350,00 €" if currency == "EUR" else "$350.00"
    said = fakes.raw(f"Buenas, la factura trae {amount} de cargo.", sender=sender)

    read = read_of(creditor, said)

    assert [one.value for one in read.entities if one.type == "amount"] == [f"350.00 {currency}"]


def test_who_is_of_two_countries_tells_nothing(db: None) -> None:
    creditor = register_creditor("prueba", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    for key, country in (("pepa", "MX"), ("sur", "CO")):
        debtor = Debtor.objects.create(creditor=creditor, erp="x", erp_key=key, name=key, country=country)
        Contact.objects.create(debtor=debtor, kind=Contact.Kinds.EMAIL, value="Grupo@pepa.example", source="prueba")
    assert country_of(creditor, "grupo@pepa.example") == ""
    assert country_of(creditor, "nadie@gmail.com") == ""
    assert country_of(creditor, "") == ""
