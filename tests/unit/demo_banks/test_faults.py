"""Every switch does what it says, on both banks."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cobranza.demo.banks import faults as faults_module
from cobranza.demo.banks.faults import SWITCHES, FaultError, Faults
from cobranza.kernel.spanish import amount
from tests.unit.demo_banks.visitors import CajaVisitor, EjemploVisitor, visit

BANKS = ("caja_demo", "banco_ejemplo")
CONTENT = {"caja_demo": "/banca/cuentas", "banco_ejemplo": "/api/cuentas"}


@pytest.fixture(params=BANKS)
def inside(request: pytest.FixtureRequest) -> Any:
    visitor = visit(request.param)
    visitor.login()
    return visitor


def pages(visitor: Any) -> list[list[tuple[str, Decimal, Decimal]]]:
    """Every page of the movements: (concept, amount, balance) of the booked rows, as the bank serves them."""
    found = []
    if isinstance(visitor, CajaVisitor):
        number = 1
        while True:
            answer = visitor.listing(number)
            rows = [row for row in visitor.rows(answer)[:-1] if row[5] != "Pendiente"]
            found.append([(row[2], amount(row[4]), amount(row[5])) for row in rows])
            if "Siguiente" not in answer.text:
                return found
            number += 1
    cursor: str | None = "0"
    while cursor is not None:
        page = visitor.movements(cursor).json()
        found.append([(r["concepto"], Decimal(r["importe"]), Decimal(r["saldo"])) for r in page["elementos"]])
        cursor = page["siguiente"]
    return found


def chains(rows: list[tuple[str, Decimal, Decimal]]) -> bool:
    """Whether each balance follows from the one below it (newest first)."""
    return all(row[2] - row[1] == older[2] for row, older in pairwise(rows))


def test_untouched_pages_chain(inside: Any) -> None:
    rows = [row for page in pages(inside) for row in page]

    assert chains(rows)
    assert max(Counter(row[:2] for row in rows).values()) >= 2, "the two equal movements are both there"


def test_a_movement_that_arrives_between_pages_repeats_a_row_on_both(inside: Any) -> None:
    inside.faults(repeated_row=1)
    before = inside.truth()["accounts"][0]
    first, second, *rest = pages(inside)
    after = inside.truth()["accounts"][0]

    assert first[-1][:2] == second[0][:2]
    assert not chains([row for page in (first, second, *rest) for row in page])
    assert len(after["movements"]) == len(before["movements"]) + 1
    assert inside.truth()["fired"]["repeated_row"] == 1
    # It happened once: whoever reads again reads all, the new one included.
    again = [row for page in pages(inside) for row in page]
    assert chains(again)
    assert len(again) == sum(1 for m in after["movements"] if not m["pending"])


def test_no_movement_arrives_in_a_period_that_is_over(inside: Any) -> None:
    inside.faults(repeated_row=1)
    if isinstance(inside, CajaVisitor):
        inside.listing(1, end="20/11/2026")
        inside.listing(2, end="20/11/2026")
    else:
        inside.movements("0", end="2026-11-20")
        inside.movements("25", end="2026-11-20")

    assert "repeated_row" not in inside.truth()["fired"]
    assert inside.faults() == {"repeated_row": 1} | ({"otp_reusable": True} if inside.bank == "caja_demo" else {})


@pytest.mark.parametrize(("value", "page"), [(1, 1), (2, 2), (99, -1)])
def test_a_missing_row_is_missing_and_the_totals_do_not_say_so(inside: Any, value: int, page: int) -> None:
    whole = pages(inside)
    inside.faults(missing_row=value)
    lacking = pages(inside)
    index = page - 1 if page > 0 else len(whole) - 1

    assert len(lacking) == len(whole)
    assert [len(p) for i, p in enumerate(lacking) if i != index] == [len(p) for i, p in enumerate(whole) if i != index]
    assert len(lacking[index]) == len(whole[index]) - 1
    if isinstance(inside, CajaVisitor):
        booked = [m for m in inside.truth()["accounts"][0]["movements"] if not m["pending"]]
        assert f"de {len(booked)} movimientos" in inside.listing(value if value < 9 else 1).text


def test_a_silent_end_gives_empty_pages_from_the_second_on(inside: Any) -> None:
    inside.faults(silent_end=2)

    assert [bool(page) for page in pages(inside)][:3] == [True, False, False]


def test_the_order_can_be_oldest_first(inside: Any) -> None:
    newest = [row for page in pages(inside) for row in page]
    inside.faults(sort="oldest")

    assert [row for page in pages(inside) for row in page] == newest[::-1]


def test_the_session_ends_between_two_pages_once(inside: Any) -> None:
    inside.faults(session_expires_mid_paging=True)
    second = (lambda: inside.listing(2)) if isinstance(inside, CajaVisitor) else (lambda: inside.movements("25"))
    answer = second()
    assert answer.status_code == 200
    assert "sesión ha" in answer.text
    inside.login()

    assert "sesión ha" not in second().text


def test_a_session_ends_after_n_requests(inside: Any) -> None:
    served = 1 if isinstance(inside, CajaVisitor) else 0  # Caja's login leads through one page of content
    inside.faults(session_expiry=4)
    for _ in range(4 - served):
        assert "sesión ha" not in inside.client.get(CONTENT[inside.bank]).text

    assert "sesión ha" in inside.client.get(CONTENT[inside.bank]).text


def test_every_third_request_fails(inside: Any) -> None:
    inside.faults(error_500_every_n=True)

    codes = [inside.client.get(CONTENT[inside.bank]).status_code for _ in range(9)]
    assert Counter(codes) == {200: 6, 500: 3}
    assert len({index % 3 for index, code in enumerate(codes) if code == 500}) == 1


def test_too_many_requests_must_wait_as_told(inside: Any) -> None:
    inside.faults(rate_limit_429=3)
    answers = [inside.client.get(CONTENT[inside.bank]) for _ in range(4)]
    refused = [answer for answer in answers if answer.status_code == 429]

    assert refused
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)
    inside.faults(rate_limit_429=1000)
    assert inside.client.get(CONTENT[inside.bank]).status_code == 429, "that second is not over"
    inside.portal.advance(1.1)
    assert inside.client.get(CONTENT[inside.bank]).status_code == 200


@pytest.mark.parametrize("where", ["all", "content"])
def test_maintenance_answers_200(inside: Any, where: str) -> None:
    words = {"caja_demo": "Servicio en mantenimiento", "banco_ejemplo": "Volvemos enseguida"}[inside.bank]
    inside.faults(maintenance=where)
    content = inside.client.get(CONTENT[inside.bank])
    top = inside.client.get("/")

    assert (content.status_code, top.status_code) == (200, 200)
    assert words in content.text
    assert (words in top.text) is (where == "all")


def test_a_connection_is_reset_before_the_work(inside: Any) -> None:
    inside.faults(connection_reset=True)
    with pytest.raises(ConnectionResetError):
        inside.client.get(CONTENT[inside.bank])

    assert inside.client.get(CONTENT[inside.bank]).status_code == 200


def test_a_connection_is_reset_after_the_work_of_a_post(inside: Any) -> None:
    inside.faults(connection_reset_after_post=True)
    with pytest.raises(ConnectionResetError):
        inside.order()

    assert inside.truth()["counters"]["documents"] == 1


@pytest.mark.parametrize(
    ("fault", "caja", "ejemplo"),
    [
        ("must_change_password", "/acceso/cambiar-clave", "cambiar_clave"),
        ("accept_terms", "/acceso/condiciones", "condiciones"),
    ],
)
def test_everybody_must_act_first(fault: str, caja: str, ejemplo: str) -> None:
    first, second = visit("caja_demo"), visit("banco_ejemplo")
    first.faults(**{fault: True})
    second.faults(**{fault: True})

    assert first.login().url.path == caja
    assert second.login()["paso"] == ejemplo
    assert first.truth()["counters"]["logins"] == second.truth()["counters"]["logins"] == 0


def test_everybody_is_blocked(caja: CajaVisitor, ejemplo: EjemploVisitor) -> None:
    caja.faults(blocked=True)
    ejemplo.faults(blocked=True)

    assert caja.heading(caja.password()) == "Acceso bloqueado"
    assert ejemplo.login()["estado"] == "bloqueado"
    assert caja.truth()["users"]["cobros"]["blocked"] is False


def test_no_code_is_right(caja: CajaVisitor) -> None:
    caja.faults(otp_invalid=True)
    caja.password()

    assert caja.alert(caja.code()) == "Código incorrecto. Le quedan 2 intentos."


def test_a_code_may_be_reused_when_switched_on(caja: CajaVisitor) -> None:
    caja.login()

    assert caja.another().login().url.path == "/banca"


@pytest.mark.parametrize(("bank", "fault", "words"), [
    ("caja_demo", "cookie_banner", "Aviso de cookies"),
    ("caja_demo", "marketing_modal", "Oferta para empresas"),
    ("caja_demo", "cdn_never_answers", "/cdn/metricas.js"),
])  # fmt: skip
def test_what_lies_over_the_page_can_be_switched(bank: str, fault: str, words: str) -> None:
    visitor = visit(bank)
    visitor.faults(**{fault: True})
    assert words in visitor.login().text
    visitor.faults(**{fault: False})
    assert words not in visitor.login().text


def test_the_offer_of_banco_ejemplo_comes_once(ejemplo: EjemploVisitor) -> None:
    assert ejemplo.login()["oferta"] is True
    ejemplo.call("/api/oferta", {})
    assert ejemplo.config()["oferta"] is False
    ejemplo.faults(marketing_modal=False)
    assert ejemplo.login()["oferta"] is False


def test_slow_waits_as_long_as_told(inside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    # in that module only: servers of other tests sleep on threads of this process
    monkeypatch.setattr("cobranza.demo.banks.gate.asyncio", SimpleNamespace(sleep=sleep))
    inside.faults(slow=12.5)
    inside.client.get(CONTENT[inside.bank])
    inside.client.get("/static/none.js")

    assert waited == [12.5]


def test_the_list_of_switches_is_complete_and_described(inside: Any) -> None:
    listing = inside.admin("GET", "/__faults").json()
    expected = {switch.name for switch in SWITCHES if switch.only in ("", inside.bank)}

    assert set(listing) == expected
    assert all(entry["description"].endswith(".") for entry in listing.values())
    assert {entry["kind"] for entry in listing.values()} == {"fault", "variant"}


@pytest.mark.parametrize(
    "orders", [{"sloww": True}, {"layout": "v9"}, {"slow": -1}, {"slow": "much"}, {"profile": "x"}]
)
def test_a_wrong_order_changes_nothing(inside: Any, orders: dict[str, Any]) -> None:
    answer = inside.admin("POST", "/__faults", {"maintenance": True, **orders})

    assert answer.status_code == 400
    assert "COB-DEM-002" in answer.json()["error"]
    assert inside.portal.faults.text("maintenance") == ""


def test_the_page_about_the_portals_names_every_switch_with_its_description() -> None:
    page = Path(faults_module.__file__).with_name("PORTALS.md").read_text(encoding="utf-8")

    for switch in SWITCHES:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{switch.name}` |")]
        assert switch.description in line


def test_a_switch_of_the_other_bank_is_refused() -> None:
    with pytest.raises(FaultError, match="login"):
        Faults("caja_demo").set({"login": "sms"})


@pytest.mark.parametrize("bank", BANKS)
def test_a_random_profile_is_the_same_for_the_same_seed(bank: str) -> None:
    faults = Faults(bank)
    drawn = [faults.profile(seed) for seed in range(400)]

    assert drawn == [Faults(bank).profile(seed) for seed in range(400)]
    assert {len(profile) for profile in drawn} == {0, 1, 2}
    picked = {name for profile in drawn for name in profile}
    assert picked == {s.name for s in SWITCHES if s.draw and s.only in ("", bank)}, "every one is drawn some day"
    faults.set({"slow": 1, "profile": {"seed": 5}})
    assert faults.active().keys() - faults.profile(5).keys() <= {"slow"}


def test_none_and_reset_put_all_back(inside: Any) -> None:
    inside.faults(layout="v2", slow=0.01)
    assert inside.faults(none=True) == {}
    inside.faults(layout="v2", missing_row=1)
    inside.admin("POST", "/__reset", {"seed": 5})
    truth = inside.truth()

    assert truth["faults"] == {}
    assert truth["fired"] == {}
    assert truth["seed"] == 5
    assert truth["sessions"] == 0
    assert truth["counters"]["logins"] == 0
    refused = {"caja_demo": "Acceso clientes", "banco_ejemplo": "Te damos la bienvenida"}[inside.bank]
    assert refused in inside.client.get(CONTENT[inside.bank]).text


def test_the_calendar_can_be_set(inside: Any) -> None:
    inside.admin("POST", "/__clock", {"today": "2026-12-24"})

    assert inside.truth()["today"] == "2026-12-24"
