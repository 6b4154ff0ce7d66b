"""What the `Erp` port promises about undoing a payment, on every adapter, against the ERP's own numbers."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cobranza.demo.erp.server import RunningErp
from cobranza.ledger.receivables import PaymentOrder, PostedPayment, ReversalOrder
from cobranza.reconciliation.ports import Erp, ErpUnavailable, PostingRefused, PostingUnknown, ReversalByHand
from connectors.erps import settings
from connectors.erps.spreadsheet.receipts import SHEET
from tests.journeys.erps.conftest import Books
from tests.journeys.erps.weather import Weather

pytestmark = [pytest.mark.erp, pytest.mark.timeout(900)]
DAY = date(2026, 11, 19)
HEADINGS = ("Factura", "Cliente", "Vencimiento", "Total", "Pendiente")


@dataclass(frozen=True)
class Place:
    """An ERP behind the port, with a look at its books that uses nothing of the connector."""

    port: Erp
    take: Callable[[], tuple[str, str, Decimal]]  # key, number and open amount of a document nobody paid yet
    open: Callable[[str], Decimal]
    holds: Callable[[str], int]  # how many rows or moves carry a key


@pytest.fixture(scope="module", params=["api", "sheet"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    evidence = tmp_path_factory.mktemp("pruebas")
    if request.param == "sheet":
        yield _sheet(evidence)
        return
    books: Books = request.getfixturevalue("books")
    fresh: Iterator[dict[str, Any]] = request.getfixturevalue("fresh")

    def take() -> tuple[str, str, Decimal]:
        document = next(fresh)
        return str(document["id"]), document["number"], Decimal(document["open"])

    port = settings.open_erp("prueba", mode=request.param, evidence=evidence, file=request.getfixturevalue("config"))
    yield Place(port, take, lambda key: Decimal(books.invoice(key)[1]), books.with_key)
    port.close()


def _sheet(folder: Path) -> Place:
    """A team's file, and the copy read as a person would: what it says is open after its last row."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADINGS)
    for number in range(1, 30):
        sheet.append([f"F-{number:03}", "Talleres Aldonza", DAY, 100 + number, 100 + number])
    book.save(folder / "libro.xlsx")
    columns = "\n".join(
        f'{name} = "{heading}"'
        for name, heading in zip(("numero", "cliente", "vencimiento", "total", "pendiente"), HEADINGS, strict=True)
    )
    file = folder / "erps.toml"
    lines = (
        f'[erps.hoja]\nconector = "spreadsheet"\nfichero = "{folder / "libro.xlsx"}"\n[erps.hoja.columnas]\n{columns}\n'
    )
    file.write_text(lines, encoding="utf-8")
    port = settings.open_erp("hoja", evidence=folder, file=file)
    fresh = iter(port.open_ledger().documents)

    def rows() -> list[tuple[Any, ...]]:
        copy = folder / "libro.cobros.xlsx"
        return list(openpyxl.load_workbook(copy)[SHEET].iter_rows(min_row=2, values_only=True)) if copy.exists() else []

    def take() -> tuple[str, str, Decimal]:
        document = next(fresh)
        return document.key, document.number, document.open

    def open_(key: str) -> Decimal:
        total = 100 + int(key.rsplit("-", 1)[-1].rsplit(" ", 1)[-1])
        return Decimal(total) - sum(Decimal(str(row[3])) for row in rows() if row[1] == key)

    return Place(port, take, open_, lambda key: sum(row[0] == key for row in rows()))


def _paid(place: Place, amount: Decimal | None = None) -> tuple[PaymentOrder, PostedPayment]:
    key, number, open_ = place.take()
    order = PaymentOrder(
        key=f"pago:{uuid.uuid4().hex[:12]}",
        document=key,
        number=number,
        amount=amount if amount is not None else open_,
        currency="EUR",
        paid_on=DAY,
        text="Transferencia",
    )
    return order, place.port.post_payment(order)


def _undo(order: PaymentOrder, posted: PostedPayment, **other: Any) -> ReversalOrder:
    values: dict[str, Any] = {
        "key": f"anula:{uuid.uuid4().hex[:12]}",
        "payment": order.key,
        "reference": posted.reference,
        "document": order.document,
        "number": order.number,
        "amount": order.amount,
        "currency": order.currency,
        "reverse_on": DAY,
        "text": "Anulado: era de «Año & Cía»",
    }
    return ReversalOrder(**values | other)


def test_a_payment_in_full_is_undone_and_the_invoice_is_open_again(place: Place) -> None:
    order, posted = _paid(place)
    assert place.open(order.document) == 0
    wanted = _undo(order, posted)
    done = place.port.reverse_payment(wanted)

    assert (done.key, done.open_before, done.open_after, done.already_there) == (
        wanted.key, Decimal(0), order.amount, False
    )  # fmt: skip
    assert done.reference
    assert place.open(order.document) == order.amount
    assert place.holds(wanted.key) == 1
    assert place.port.find_payments([order.key]) == {}
    found = place.port.find_reversals([wanted.key, order.key, "anula:no-existe"])
    assert {key: one.reference for key, one in found.items()} == {wanted.key: done.reference}
    listed = {document.key: document.open for document in place.port.open_ledger().documents}
    assert listed[order.document] == order.amount


def test_undoing_again_does_nothing(place: Place) -> None:
    order, posted = _paid(place)
    wanted = _undo(order, posted)
    once = place.port.reverse_payment(wanted)
    again = place.port.reverse_payment(wanted)

    assert (again.already_there, again.reference, again.open_after) == (True, once.reference, order.amount)
    assert place.holds(wanted.key) == 1
    with pytest.raises((PostingRefused, ReversalByHand)):  # another reversal of what is undone already
        place.port.reverse_payment(_undo(order, posted))
    assert place.open(order.document) == order.amount


def test_one_of_two_parts_is_undone_and_the_other_stays(place: Place) -> None:
    order, posted = _paid(place, Decimal(40))
    rest = PaymentOrder(
        key=f"pago:{uuid.uuid4().hex[:12]}", document=order.document, number=order.number,
        amount=place.open(order.document), currency="EUR", paid_on=DAY, text="El resto",
    )  # fmt: skip
    place.port.post_payment(rest)
    assert place.open(order.document) == 0

    done = place.port.reverse_payment(_undo(order, posted))

    assert done.open_after == place.open(order.document) == Decimal(40)
    assert set(place.port.find_payments([order.key, rest.key])) == {rest.key}


def test_it_is_paid_again_under_another_key_and_never_under_the_old_one(place: Place) -> None:
    order, posted = _paid(place)
    place.port.reverse_payment(_undo(order, posted))

    with pytest.raises(PostingRefused):
        place.port.post_payment(order)
    assert place.open(order.document) == order.amount
    fresh = PaymentOrder(
        key=f"pago:{uuid.uuid4().hex[:12]}", document=order.document, number=order.number, amount=order.amount,
        currency="EUR", paid_on=DAY, text="Otra vez",
    )  # fmt: skip
    assert not place.port.post_payment(fresh).already_there
    assert place.open(order.document) == 0


@pytest.mark.parametrize(
    "change", [{"amount": Decimal("1.00")}, {"payment": "pago:no-existe"}, {"number": "F-OTRA"}], ids=str
)
def test_what_is_not_that_payment_is_refused_and_nothing_changes(place: Place, change: dict[str, Any]) -> None:
    order, posted = _paid(place)
    wanted = _undo(order, posted, **change)
    with pytest.raises(PostingRefused):
        place.port.reverse_payment(wanted)
    assert place.open(order.document) == 0
    assert place.holds(wanted.key) == 0
    assert set(place.port.find_payments([order.key])) == {order.key}


@pytest.mark.parametrize("fault", ["lost_answer", "lost_request"])
def test_a_broken_connection_ends_in_one_reversal(
    request: pytest.FixtureRequest, place: Place, weather: Weather, fault: str
) -> None:
    if "sheet" in request.node.name:
        pytest.skip("a file has no connection")
    order, posted = _paid(place)
    wanted = _undo(order, posted)
    weather.cancels, weather.fault = True, fault
    before = weather.spoilt
    try:
        _until_reversed(place.port, wanted)
    finally:
        weather.cancels, weather.fault = False, ""

    assert weather.spoilt == before + 1
    assert place.holds(wanted.key) == 1
    assert place.open(order.document) == order.amount


def _until_reversed(port: Erp, wanted: ReversalOrder) -> None:
    for _ in range(5):
        try:
            port.reverse_payment(wanted)
            return
        except (PostingUnknown, ErpUnavailable):
            continue
    pytest.fail("the reversal never got through")


@pytest.mark.browser
def test_the_screens_say_that_a_person_does_it_and_touch_nothing(
    erp: RunningErp, config: Path, tmp_path: Path, books: Books, fresh: Iterator[dict[str, Any]]
) -> None:
    if not erp.has_web:
        pytest.skip(erp.tools.web_missing)
    document = next(fresh)
    order = PaymentOrder(
        key=f"pago:{uuid.uuid4().hex[:12]}", document=str(document["id"]), number=document["number"],
        amount=Decimal(document["open"]), currency="EUR", paid_on=DAY, text="Transferencia",
    )  # fmt: skip
    api = settings.open_erp("prueba", mode="api", evidence=tmp_path, file=config)
    posted = api.post_payment(order)
    api.close()
    web = settings.open_erp("prueba", mode="web", evidence=tmp_path, file=config)
    wanted = _undo(order, posted)
    with pytest.raises(ReversalByHand, match="pantalla"):
        web.reverse_payment(wanted)
    assert web.find_reversals([wanted.key]) == {}
    web.close()
    assert books.invoice(order.document)[0] == "paid"
    assert books.with_key(wanted.key) == 0


def test_two_that_undo_one_payment_undo_it_once(
    erp: RunningErp, config: Path, tmp_path: Path, books: Books, fresh: Iterator[dict[str, Any]]
) -> None:
    ports = [settings.open_erp("prueba", mode="api", evidence=tmp_path, file=config) for _ in range(3)]
    document = next(fresh)
    order = PaymentOrder(
        key=f"pago:{uuid.uuid4().hex[:12]}", document=str(document["id"]), number=document["number"],
        amount=Decimal(document["open"]), currency="EUR", paid_on=DAY, text="Transferencia",
    )  # fmt: skip
    wanted = _undo(order, ports[0].post_payment(order))
    results: list[bool] = []
    start = threading.Barrier(len(ports))

    def undo(port: Erp) -> None:
        port.find_reversals([wanted.key])
        start.wait(60)
        results.append(port.reverse_payment(wanted).already_there)

    threads = [threading.Thread(target=undo, args=(port,)) for port in ports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for port in ports:
        port.close()
    assert len(results) == len(ports)
    assert books.with_key(wanted.key) == 1
    assert Decimal(books.invoice(order.document)[1]) == order.amount


def test_what_an_accountant_undid_is_for_a_person(
    config: Path, tmp_path: Path, books: Books, fresh: Iterator[dict[str, Any]]
) -> None:
    port = settings.open_erp("prueba", mode="api", evidence=tmp_path, file=config)
    document = next(fresh)
    order = PaymentOrder(
        key=f"pago:{uuid.uuid4().hex[:12]}", document=str(document["id"]), number=document["number"],
        amount=Decimal(document["open"]) / 2 // 1, currency="EUR", paid_on=DAY, text="Transferencia",
    )  # fmt: skip
    posted = port.post_payment(order)
    books.cancel(order.key)

    with pytest.raises(ReversalByHand, match="ya está anulado"):
        port.reverse_payment(_undo(order, posted))
    assert port.find_payments([order.key]) == {}
    port.close()


def test_a_closed_period_is_refused_before_anything_is_touched(
    config: Path, tmp_path: Path, books: Books, fresh: Iterator[dict[str, Any]]
) -> None:
    port = settings.open_erp("prueba", mode="api", evidence=tmp_path, file=config)
    document = next(fresh)
    order = PaymentOrder(
        key=f"pago:{uuid.uuid4().hex[:12]}", document=str(document["id"]), number=document["number"],
        amount=Decimal(document["open"]), currency="EUR", paid_on=date(2026, 4, 15), text="Transferencia",
    )  # fmt: skip
    posted = port.post_payment(order)
    with books.closed_period(date(2026, 4, 15)), pytest.raises(PostingRefused, match="periodo cerrado"):
        port.reverse_payment(_undo(order, posted))
    assert books.invoice(order.document)[0] == "paid"
    port.close()
