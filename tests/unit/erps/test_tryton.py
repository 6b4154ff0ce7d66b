"""Tryton's pure parts: what an answer means, what a key matches, what an export line says."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from cobranza.kernel.secrets import Secret
from cobranza.reconciliation.ports import AccessBlocked, ErpUnavailable, WrongPassword
from connectors.erps.tryton.orders import holds_key, usable_key
from connectors.erps.tryton.rpc import Client, Refused, Stale, Uncertain
from connectors.erps.tryton.web import _Exported


def client(
    monkeypatch: pytest.MonkeyPatch, *answers: httpx.Response | Exception
) -> tuple[Client, list[dict[str, Any]]]:
    """A client whose server says `answers`, one per call after the log-in."""
    asked: list[dict[str, Any]] = []
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content) | {"session": request.headers.get("Authorization", "")})
        if asked[-1]["method"] == "common.db.login":
            return httpx.Response(200, json={"id": 1, "result": [7, "ficha", None]})
        said = left.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    real = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **options: real(transport=httpx.MockTransport(answer)))
    made = Client("http://erp.example/", "base", "robot", Secret("clave"))
    made._context = {"company": 1}
    return made, asked


def said(**content: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, **content})


def test_amounts_and_days_travel_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    erp, asked = client(monkeypatch, said(result={"a": {"__class__": "Decimal", "decimal": "0.10"}}))
    assert erp.call("model.x.y", Decimal("1234.50"), date(2026, 2, 1), context={"more": 1}) == {"a": Decimal("0.10")}
    assert asked[-1]["params"] == [
        {"__class__": "Decimal", "decimal": "1234.50"},
        {"__class__": "date", "year": 2026, "month": 2, "day": 1},
        {"company": 1, "more": 1},
    ]
    with pytest.raises(TypeError):
        erp.call("model.x.y", object())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (said(error=["UserError", ["No se puede.", "Porque no.", None]]), Refused),
        (said(error=["UserWarning", ["aviso.1", "¿Seguro?", ""]]), Refused),
        (said(error=["ConcurrencyException", "Records were modified in the meanwhile"]), Stale),
        (said(error=["'falta'", "Traceback …"]), Uncertain),
        (httpx.Response(502, text="Bad gateway"), Uncertain),
        (httpx.Response(200, text="<html>Mantenimiento</html>"), Uncertain),
        (httpx.Response(200, json=["otra", "cosa"]), Uncertain),
        (httpx.Response(404, text="no"), ErpUnavailable),
        (httpx.ConnectError("refused"), ErpUnavailable),
        (httpx.ReadTimeout("slow"), Uncertain),
        (httpx.RemoteProtocolError("cut"), Uncertain),
    ],
)
def test_tells_a_no_from_a_perhaps(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, error: type[Exception]
) -> None:
    erp, asked = client(monkeypatch, answer)
    with pytest.raises(error):
        erp.call("wizard.x.execute")
    assert [one["method"] for one in asked] == ["common.db.login", "wizard.x.execute"]


def test_an_ended_session_logs_in_again_once(monkeypatch: pytest.MonkeyPatch) -> None:
    erp, asked = client(monkeypatch, httpx.Response(401), said(result=5))
    assert erp.count("account.invoice", []) == 5
    assert [one["method"] for one in asked][::2] == ["common.db.login", "common.db.login"]


@pytest.mark.parametrize(("status", "error"), [(401, WrongPassword), (429, AccessBlocked)])
def test_a_refused_login_is_never_repeated(
    monkeypatch: pytest.MonkeyPatch, status: int, error: type[Exception]
) -> None:
    calls = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(status)

    real = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **options: real(transport=httpx.MockTransport(answer)))
    erp = Client("http://erp.example", "base", "robot", Secret("clave-secreta"))
    with pytest.raises(error) as caught:
        erp.call("model.x.y")
    with pytest.raises(WrongPassword):
        erp.call("model.x.y")
    assert len(calls) == 1
    assert "clave-secreta" not in str(caught.value)


def test_a_key_matches_itself_only() -> None:
    assert holds_key("demo:1 por la factura", "demo:1")
    assert holds_key("demo:1", "demo:1")
    assert not holds_key("demo:12 por la factura", "demo:1")
    assert not holds_key("otra demo:1", "demo:1")
    assert not holds_key(None, "demo:1")
    assert usable_key("cobro:2026-11:a_b/7.1")
    assert not any(usable_key(key) for key in ("", "corta", "con espacio", "con%comodin", "x" * 200, "-empieza:mal"))


def exported(*lines: tuple[str, str, str, str, str, str, str]) -> _Exported:
    names = ("id", "party/id", "total_amount", "amount_to_pay", "untaxed_amount", "tax_amount")
    other = ("number", "currency/code", "customer_payment_reference", "reference", "state", "rec_name")
    head = dict.fromkeys(names, "1") | dict.fromkeys(other, "") | {"invoice_date": "2026-02-01"}
    one = _Exported.read(head)
    for due, debit, credit, settled, paid_debit, paid_credit, paid_settled in lines:
        one.add(
            {
                "lines_to_pay/maturity_date": due,
                "lines_to_pay/debit": debit,
                "lines_to_pay/credit": credit,
                "lines_to_pay/reconciliation/id": settled,
                "payment_lines/debit": paid_debit,
                "payment_lines/credit": paid_credit,
                "payment_lines/reconciliation/id": paid_settled,
            }
        )
    return one


@pytest.mark.parametrize(
    ("lines", "due"),
    [
        ([("2026-03-03", "50", "0", "", "", "", ""), ("2026-04-02", "50", "0", "", "", "", "")], "2026-03-03"),
        ([("2026-04-02", "50", "0", "", "", "20", ""), ("2026-03-03", "50", "0", "", "", "", "")], "2026-03-03"),
        ([("2026-03-03", "50", "0", "", "", "50", ""), ("2026-04-02", "50", "0", "", "", "10", "")], "2026-04-02"),
        ([("2026-03-03", "50", "0", "9", "", "50", "9"), ("2026-04-02", "50", "0", "", "", "", "")], "2026-04-02"),
        ([("2026-03-03", "0", "50", "", "", "", "")], "2026-03-03"),
        ([], "2026-02-01"),
    ],
)
def test_the_earliest_uncovered_due_date(lines: list[tuple[str, str, str, str, str, str, str]], due: str) -> None:
    assert exported(*lines).due_on() == date.fromisoformat(due)
