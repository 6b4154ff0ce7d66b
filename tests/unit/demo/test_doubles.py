"""What every double is made of: faults in the order given, webhooks late and twice, endpoints for who has the token."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from cobranza.demo.doubles import admin, hooks
from cobranza.demo.doubles.faults import Faults, Repertoire
from cobranza.kernel.errors import BusinessError


class NoFaultError(BusinessError):
    """What the tests ask to be told."""

    code = "COB-DEM-098"
    remedy = "Nada."


REPERTOIRE = Repertoire(
    faults={"none": "It passes.", "cut": "It breaks.", "slow": "It takes long."},
    storms=("cut",),
    error=NoFaultError,
    whose="el doble",
    settings={"seconds": 1.0, "strict": False},
)


def test_a_plan_is_used_up_by_the_requests_that_it_is_for() -> None:
    faults = Faults(REPERTOIRE)
    faults.set({"plan": ["cut", "none"], "slow": 1})

    assert [faults.next(each) for each in ("GET", "POST", "PUT", "POST", "POST")] == [
        "none",
        "cut",
        "none",
        "slow",
        "none",
    ]
    assert faults.fired == Counter({"cut": 1, "slow": 1})


@pytest.mark.parametrize(
    "wrong",
    [{"plan": ["rain"]}, {"rain": 1}, {"on": "never"}, {"storm": {"names": ["rain"]}}, {"seconds": "many"}],
    ids=str,
)
def test_an_order_that_is_wrong_changes_nothing(wrong: dict[str, Any]) -> None:
    faults = Faults(REPERTOIRE)
    before = faults.listing()

    with pytest.raises((NoFaultError, ValueError)):
        faults.set({"cut": 3, "clear": True, "strict": True} | wrong)

    assert faults.listing() == before


def test_a_storm_is_the_same_for_the_same_seed() -> None:
    def storm(seed: int) -> list[str]:
        faults = Faults(REPERTOIRE)
        faults.set({"storm": {"seed": seed, "rate": 0.5}})
        return [faults.next("POST") for _ in range(40)]

    assert storm(1) == storm(1) != storm(2)
    assert set(storm(1)) == {"none", "cut"}


def test_calls_are_made_late_twice_and_in_disorder() -> None:
    calls = list(range(20))

    assert hooks.due(calls, lambda call: call < 15, {}) == calls[15:]
    assert hooks.due(calls, lambda call: call < 15, {"again": True}) == calls
    twice = hooks.due(calls, lambda call: False, {"times": 2, "shuffle": 3})
    assert sorted(twice) == sorted(calls * 2) != twice


def test_webhooks_stay_on_this_machine() -> None:
    assert hooks.ours("http://127.0.0.1:80/x", NoFaultError, "El doble") == "http://127.0.0.1:80/x"
    with pytest.raises(NoFaultError, match="solo avisa a 127"):
        hooks.ours("https://example.com/", NoFaultError, "El doble")


def test_without_the_token_there_is_nothing_there() -> None:
    async def answer(request: Request, orders: dict[str, Any]) -> Any:
        if "wrong" in orders:
            raise NoFaultError("Así no.")
        return {"got": orders["name"]}

    app = Starlette(routes=[Route("/__x", admin.guarded(answer, "secret"), methods=["POST"])])
    with TestClient(app) as client:
        assert client.post("/__x", json={"name": 1}).status_code == 404
        known = {admin.HEADER: "secret"}
        assert client.post("/__x", json={"name": 1}, headers=known).json() == {"got": 1}
        assert client.post("/__x", json={"wrong": 1}, headers=known).json()["error"].startswith("COB-DEM-098")
        assert client.post("/__x", json=[1], headers=known).status_code == 400
        assert client.post("/__x", json={}, headers=known).status_code == 400
