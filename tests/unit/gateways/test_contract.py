"""The contract of a gateway, against each double: what is asked twice is there once, what is told can be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza import suite
from cobranza.demo.gateways.server import RunningGateway, in_process
from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.payments.ports import ChargeState, Checkout, ForgedCall, Gateway, GatewayDown, GatewayRefused, Told
from connectors.gateways import line
from connectors.gateways.settings import GatewaySettings, checked_address

SLUGS = ("stripe", "mercado_pago")
CURRENCY = {"stripe": "EUR", "mercado_pago": "MXN"}


@dataclass
class Case:
    """An adapter and the double that it talks to."""

    slug: str
    double: RunningGateway
    account: Gateway
    expires: datetime = field(default_factory=lambda: clock.now() + timedelta(minutes=45))

    def asked(self, key: str = "k-1", amount: str = "120.50", **changes: Any) -> Checkout:
        given = {
            "key": key,
            "money": Money(CURRENCY[self.slug], Decimal(amount)),
            "text": "Pago a Talleres Invención, S.A.",
            "back_url": "https://nuestra.example/vuelta",
            "expires_at": self.expires,
        }
        return Checkout(**(given | changes))

    def heard(self, *, age: float = 0, number: int = -1) -> list[Told]:
        call = self.double.calls(age=age)[number]
        return list(self.account.events(call["headers"], call["body"].encode(), self.url(call)))

    def url(self, call: dict[str, Any]) -> str:
        return f"https://nuestra.example/payments/avisos/{self.slug}/?{call['query']}"

    def money(self, amount: str) -> Money:
        return Money(CURRENCY[self.slug], Decimal(amount))


@pytest.fixture(scope="module", params=SLUGS)
def double(request: pytest.FixtureRequest) -> Iterator[RunningGateway]:
    with in_process(request.param) as running:
        yield running


@pytest.fixture
def case(double: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> Case:
    double.reset()
    for name, value in double.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(line, "_wait", lambda _: None)
    opener: Any = suite.adapters("connectors.gateways")[double.kind]
    assert list(opener.names()) == [double.kind]
    account = opener.open(double.kind)
    return Case(double.kind, double, account)


def test_the_same_key_gives_the_same_page(case: Case) -> None:
    page = case.account.checkout(case.asked())
    assert case.account.checkout(case.asked()) == page
    assert page.url.startswith(case.double.url)
    assert [(each["key"], Decimal(each["amount"])) for each in case.double.truth()["sales"]] == [
        ("k-1", Decimal("120.50"))
    ]


@pytest.mark.parametrize("fault", ["unavailable", "rate_limit", "cut_body", "error_after", "garbage"])
def test_a_fault_once_is_lived_through_and_makes_one_sale(case: Case, fault: str) -> None:
    case.double.faults(fault)
    case.account.checkout(case.asked())
    truth = case.double.truth()
    assert (len(truth["sales"]), truth["fired"][fault]) == (1, 1)


@pytest.mark.parametrize("fault", ["unavailable", "cut_body"])
def test_a_fault_that_stays_is_told_and_asking_again_gives_one_sale(case: Case, fault: str) -> None:
    case.double.faults(*[fault] * 3)
    with pytest.raises(GatewayDown):
        case.account.checkout(case.asked())
    case.account.checkout(case.asked())
    assert len(case.double.truth()["sales"]) == 1


def test_a_payment_is_known_when_looked_up_and_when_told(case: Case) -> None:
    page = case.account.checkout(case.asked())
    before = case.account.lookup("k-1", page.charge_id)
    assert before is None or before.state is ChargeState.PENDING
    case.double.act("pay", "k-1")
    looked_up = case.account.lookup("k-1", page.charge_id)
    assert looked_up is not None
    assert (looked_up.state, looked_up.paid, looked_up.key) == (ChargeState.PAID, case.money("120.50"), "k-1")
    assert looked_up.fee == case.money("2.06")
    (told,) = case.heard()
    assert (told.state, told.money, told.key) == (ChargeState.PAID, case.money("120.50"), "k-1")
    assert told.event
    assert case.heard()[0].event == told.event


def test_a_refund_tells_how_much_was_given_back_and_how_much_was_paid(case: Case) -> None:
    page = case.account.checkout(case.asked())
    case.double.act("pay", "k-1")
    case.double.act("refund", "k-1", amount="20.50")
    (told,) = case.heard()
    looked_up = case.account.lookup("k-1", page.charge_id)
    for each in (told, looked_up):
        assert each is not None
        assert (each.state, each.money, each.paid) == (
            ChargeState.REFUNDED, case.money("20.50"), case.money("120.50"),
        )  # fmt: skip


def test_a_dispute_is_told_and_so_is_its_end(case: Case) -> None:
    page = case.account.checkout(case.asked())
    case.double.act("pay", "k-1")
    case.double.act("dispute", "k-1")
    assert [(each.state, each.key) for each in case.heard()] == [(ChargeState.DISPUTED, "k-1")]
    case.double.act("win", "k-1")
    assert [each.state for each in case.heard()] == [ChargeState.PAID]
    looked_up = case.account.lookup("k-1", page.charge_id)
    assert looked_up is not None
    assert looked_up.state is ChargeState.PAID


def test_a_rejected_card_is_no_payment(case: Case) -> None:
    page = case.account.checkout(case.asked())
    case.double.act("fail", "k-1")
    (told,) = case.heard()
    looked_up = case.account.lookup("k-1", page.charge_id)
    assert told.state is ChargeState.FAILED
    assert looked_up is not None
    assert looked_up.paid is None


def _spoil(name: str) -> Callable[[dict[str, Any]], None]:
    def signature(call: dict[str, Any]) -> None:
        call["headers"] = {key: value.replace("v1=", "v1=0") for key, value in call["headers"].items()}

    def missing(call: dict[str, Any]) -> None:
        call["headers"] = {}

    def moment(call: dict[str, Any]) -> None:
        call["headers"] = {
            key: value.replace("t=", "t=1").replace("ts=", "ts=1") for key, value in call["headers"].items()
        }

    def number(call: dict[str, Any]) -> None:
        call["query"] = call["query"].replace("data.id=1", "data.id=2")
        call["body"] += " "

    return {"signature": signature, "missing": missing, "moment": moment, "number": number}[name]


@pytest.mark.parametrize("name", ["signature", "missing", "moment", "number"])
def test_a_forged_call_is_not_read(case: Case, name: str) -> None:
    case.account.checkout(case.asked())
    case.double.act("pay", "k-1")
    call = case.double.calls()[-1]
    _spoil(name)(call)
    with pytest.raises(ForgedCall):
        case.account.events(call["headers"], call["body"].encode(), case.url(call))


def test_an_old_call_is_not_read(case: Case) -> None:
    case.account.checkout(case.asked())
    case.double.act("pay", "k-1")
    case.heard(age=200)
    with pytest.raises(ForgedCall):
        case.heard(age=86400 * 2)


def test_a_payout_names_its_charges_with_fees(case: Case) -> None:
    for number in range(3):
        case.account.checkout(case.asked(f"k-{number}", "100.00"))
        case.double.act("pay", f"k-{number}")
    assert list(case.account.settled(clock.now() - timedelta(days=1))) == []
    payout = case.double.act("payout")
    settled = list(case.account.settled(clock.now() - timedelta(days=1)))
    # Mercado Pago tells of withdrawals in its reports alone.
    told = case.heard() if case.slug == "stripe" else settled
    for found in (settled, told):
        assert [(each.key, each.payout, each.fee, each.paid) for each in found] == [
            (f"k-{number}", payout["id"], case.money("1.75"), case.money("100.00")) for number in range(3)
        ]


@pytest.mark.parametrize("changes", [{"key": "k-9", "amount": "0.00"}])
def test_what_the_gateway_does_not_take_is_refused(case: Case, changes: dict[str, Any]) -> None:
    with pytest.raises(GatewayRefused):
        case.account.checkout(case.asked(**changes))


def test_a_wrong_key_is_refused_and_not_printed(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"COBRANZA_{case.slug.upper()}_CLAVE", "sk_live_secreta")
    opener: Any = suite.adapters("connectors.gateways")[case.slug]
    with pytest.raises(GatewayRefused) as refused:
        opener.open(case.slug).checkout(case.asked())
    assert "secreta" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://api.stripe.com", "ftp://x", "https://", "https://u:p@x.example", "https://x?y"]
)
def test_an_address_is_https_or_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        checked_address(url)


def test_currencies_without_cents_travel_whole(case: Case) -> None:
    money = Money("CLP", Decimal(25000))
    case.account.checkout(case.asked("k-clp", money=money))
    assert Decimal(case.double.truth()["sales"][0]["amount"]) == 25000


def test_an_entry_names_no_secret() -> None:
    with pytest.raises(ValueError, match="env"):
        GatewaySettings.model_validate(
            {
                "conector": "stripe", "acreedores": ["demo"], "monedas": ["EUR"], "url": "https://api.stripe.com",
                "clave": "sk_live_x", "firma": "env:F",
            }
        )  # fmt: skip
