"""Banco Ejemplo over its API: the way in, the list, the files."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.demo_banks.visitors import EjemploVisitor, code_of


def test_the_keypad_takes_positions_and_changes_its_order(ejemplo: EjemploVisitor) -> None:
    orders = {ejemplo.config()["teclado"] for _ in range(5)}
    assert len(orders) > 1
    assert ejemplo.login()["paso"] == "dentro"
    assert ejemplo.truth()["counters"]["logins"] == 1


def test_three_wrong_pins_block(ejemplo: EjemploVisitor) -> None:
    assert ejemplo.login(pin="000000") == {
        "estado": "incorrecto", "quedan": 2, "paso": "contrasena", "canal": "none", "oferta": False,
        "ultimo_acceso": None,
    }  # fmt: skip
    ejemplo.login(pin="000000")
    assert ejemplo.login(pin="000000")["estado"] == "bloqueado"
    assert ejemplo.login()["estado"] == "bloqueado"


def test_the_sms_variant_asks_for_the_code_in_the_mailbox_once(ejemplo: EjemploVisitor) -> None:
    ejemplo.faults(login="sms")
    assert ejemplo.call("/api/acceso", {"usuario": "cobros", "clave": "482915"}).json()["paso"] == "codigo"
    code = ejemplo.admin("GET", "/__sms").json()[-1]["code"]
    wrong = "000000" if code != "000000" else "111111"

    assert ejemplo.call("/api/acceso/codigo", {"codigo": wrong}).json()["estado"] == "incorrecto"
    assert ejemplo.call("/api/acceso/codigo", {"codigo": code}).json()["paso"] == "dentro"
    other = ejemplo.another()
    other.call("/api/acceso", {"usuario": "cobros", "clave": "482915"})
    while ejemplo.admin("GET", "/__sms").json()[-1]["code"] == code:  # one in a million
        other.call("/api/acceso", {"usuario": "cobros", "clave": "482915"})
    assert other.call("/api/acceso/codigo", {"codigo": code}).json()["estado"] == "incorrecto"


def test_the_totp_variant_takes_a_code_once(ejemplo: EjemploVisitor) -> None:
    ejemplo.faults(login="totp")
    code = code_of("banco_ejemplo")
    ejemplo.call("/api/acceso", {"usuario": "cobros", "clave": "482915"})
    assert ejemplo.call("/api/acceso/codigo", {"codigo": code}).json()["paso"] == "dentro"
    other = ejemplo.another()
    other.call("/api/acceso", {"usuario": "cobros", "clave": "482915"})

    assert other.call("/api/acceso/codigo", {"codigo": code}).json()["estado"] == "usado"


@pytest.mark.parametrize(
    ("user", "step", "path", "body"),
    [
        ("caducado", "cambiar_clave", "/api/acceso/clave", {"nueva": "111222"}),
        ("condiciones", "condiciones", "/api/acceso/condiciones", {}),
    ],
)
def test_special_users_must_act_first(
    ejemplo: EjemploVisitor, user: str, step: str, path: str, body: dict[str, str]
) -> None:
    assert ejemplo.login(user)["paso"] == step
    assert "html" in ejemplo.client.get("/api/cuentas").headers["content-type"]
    ejemplo.login(user)
    assert ejemplo.call(path, body).json()["paso"] == "dentro"


def test_a_call_without_the_csrf_token_is_refused(ejemplo_inside: EjemploVisitor) -> None:
    assert ejemplo_inside.client.post("/api/descargas", json={}).status_code == 403
    assert ejemplo_inside.client.post("/api/acceso", json={}).status_code == 403


def test_an_ended_session_is_answered_with_html_and_status_200(ejemplo_inside: EjemploVisitor) -> None:
    ejemplo_inside.portal.advance(121)
    answer = ejemplo_inside.client.get("/api/cuentas")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "Tu sesión ha terminado" in answer.text


def test_all_pages_together_are_the_truth(ejemplo_inside: EjemploVisitor) -> None:
    account = ejemplo_inside.truth()["accounts"][0]
    booked = [m for m in account["movements"] if not m["pending"]]
    cursor: str | None = "0"
    rows = []
    while cursor is not None:
        page = ejemplo_inside.movements(cursor).json()
        assert page["total"] == len(booked)
        assert Decimal(page["saldo_inicial"]) + Decimal(page["abonos"]) + Decimal(page["cargos"]) == Decimal(
            page["saldo_final"]
        )
        rows += page["elementos"]
        cursor = page["siguiente"]
    rows.reverse()

    assert [(r["fecha"], r["valor"], r["importe"], r["saldo"], r["concepto"]) for r in rows] == [
        (m["booked_on"], m["value_on"], m["amount"], m["balance_after"], " ".join(m["text"])) for m in booked
    ]
    assert any(row["instante"][:10] != row["fecha"] for row in rows), "a movement whose UTC day is another"


def test_dates_out_of_order_are_refused_in_words(ejemplo_inside: EjemploVisitor) -> None:
    answer = ejemplo_inside.movements(start="2026-11-10", end="2026-11-01")

    assert (answer.status_code, answer.json()) == (422, {"error": "La fecha final es anterior a la inicial."})


def test_the_designs_share_no_class_name(ejemplo: EjemploVisitor) -> None:
    css = {layout: ejemplo.client.get(f"/estilo/{layout}.css").text for layout in ("v1", "v2", "v3")}

    assert ".tabla" in css["v1"]
    assert ".tabla" not in css["v2"]
    assert len(set(css.values())) == 3


def test_admin_endpoints_do_not_exist_without_the_token(ejemplo: EjemploVisitor) -> None:
    for path in ("/__truth", "/__faults", "/__sms"):
        assert ejemplo.client.get(path).status_code == 404
    assert ejemplo.client.post("/__reset", json={}).status_code == 404
    assert ejemplo.admin("GET", "/__truth").status_code == 200
    assert ejemplo.truth()["counters"]["requests"] == 0
