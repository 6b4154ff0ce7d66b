"""Caja Demo over HTTP: the way in, the list, the statement files."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cobranza.kernel.spanish import amount
from tests.unit.demo_banks.visitors import CajaVisitor, code_of


def test_password_then_code_lead_in_and_the_last_login_is_told(caja: CajaVisitor) -> None:
    assert caja.heading(caja.password()) == "Verificación en dos pasos"
    inside = caja.code()

    assert inside.url.path == "/banca"
    assert "Último acceso: 20/11/2026 08:14" in inside.text
    assert 'title="Contenido"' in inside.text
    assert caja.truth()["counters"]["logins"] == 1


def test_three_wrong_passwords_block_and_then_the_right_one_does_not_help(caja: CajaVisitor) -> None:
    assert caja.alert(caja.password(password="x")) == "Usuario o contraseña incorrectos. Le quedan 2 intentos."
    assert caja.alert(caja.password(password="x")) == "Usuario o contraseña incorrectos. Le queda 1 intento."
    assert caja.heading(caja.password(password="x")) == "Acceso bloqueado"
    assert caja.heading(caja.password()) == "Acceso bloqueado"

    truth = caja.truth()
    assert truth["users"]["cobros"]["blocked"] is True
    assert truth["counters"]["failed_logins"] == 3
    assert truth["counters"]["logins"] == 0


def test_three_wrong_codes_block(caja: CajaVisitor) -> None:
    caja.password()
    wrong = code_of("caja_demo", steps=50)
    assert caja.alert(caja.code(wrong)) == "Código incorrecto. Le quedan 2 intentos."
    caja.code(wrong)

    assert caja.heading(caja.code(wrong)) == "Acceso bloqueado"


def test_a_code_is_taken_once(caja: CajaVisitor) -> None:
    code = code_of("caja_demo")
    caja.password()
    assert caja.code(code).url.path == "/banca"

    other = caja.another()
    other.password()
    assert other.alert(other.code(code)) == "Este código ya se ha utilizado. Espere al siguiente."
    assert other.code(code_of("caja_demo", steps=1)).url.path == "/banca"
    assert caja.truth()["counters"]["reused_codes"] == 1


def test_the_code_may_come_by_sms(caja: CajaVisitor) -> None:
    caja.faults(otp_channel="sms")
    assert "por SMS" in caja.password().text

    (message,) = caja.admin("GET", "/__sms").json()
    assert caja.code(message["code"]).url.path == "/banca"
    assert caja.another().password().url.path == "/acceso/codigo"
    assert len(caja.admin("GET", "/__sms").json()) == 2


@pytest.mark.parametrize(
    ("user", "heading", "form", "fields"),
    [
        (
            "caducado",
            "Debe cambiar su contraseña",
            "/acceso/cambiar-clave",
            {"nueva": "Roble-1", "repetida": "Roble-1"},
        ),
        ("condiciones", "Nuevas condiciones del servicio", "/acceso/condiciones", {"acepto": "1"}),
    ],
)
def test_special_users_must_act_before_they_get_in(
    caja: CajaVisitor, user: str, heading: str, form: str, fields: dict[str, str]
) -> None:
    answer = caja.login(user)
    assert caja.heading(answer) == heading
    assert caja.heading(caja.client.get("/banca/cuentas")) == "Acceso clientes"
    assert caja.truth()["counters"]["writes"] == 0

    caja.login(user)
    assert caja.send(form, **fields).url.path == "/banca"
    assert caja.truth()["counters"]["writes"] == 1


def test_a_blocked_user_is_told_so(caja: CajaVisitor) -> None:
    assert caja.heading(caja.password("bloqueado")) == "Acceso bloqueado"


def test_idle_time_ends_the_session_with_a_login_page_inside_the_content(caja_inside: CajaVisitor) -> None:
    caja_inside.admin("POST", "/__clock", {"advance_seconds": 119})
    assert caja_inside.heading(caja_inside.client.get("/banca/cuentas")) == "Mis cuentas"
    caja_inside.admin("POST", "/__clock", {"advance_seconds": 121})
    answer = caja_inside.client.get("/banca/cuentas")

    assert answer.status_code == 200
    assert caja_inside.alert(answer) == "Su sesión ha caducado. Vuelva a identificarse."
    assert caja_inside.truth()["counters"]["sessions_expired"] == 1


def test_the_absolute_time_ends_a_busy_session_too(caja_inside: CajaVisitor) -> None:
    for _ in range(36):
        caja_inside.portal.advance(99)
        assert caja_inside.heading(caja_inside.client.get("/banca/cuentas")) == "Mis cuentas"
    caja_inside.portal.advance(99)

    assert caja_inside.heading(caja_inside.client.get("/banca/cuentas")) == "Acceso clientes"


def test_a_second_login_ends_the_first(caja_inside: CajaVisitor) -> None:
    caja_inside.another().login()
    answer = caja_inside.client.get("/banca/cuentas")

    assert answer.status_code == 200
    assert "otro dispositivo" in caja_inside.alert(answer)


def test_an_old_form_meets_the_back_button_page(caja_inside: CajaVisitor) -> None:
    answer = caja_inside.client.post("/banca/movimientos", data={"csrf": "old", "cuenta": "c1"})

    assert (answer.status_code, caja_inside.heading(answer)) == (200, "Página caducada")


@pytest.mark.parametrize(
    ("start", "end", "alert"),
    [
        ("24/08/2026", "21/11/2026", ""),
        ("23/08/2026", "21/11/2026", "El periodo máximo de consulta es de 90 días."),
        ("02/11/2026", "01/11/2026", "La fecha final es anterior a la inicial."),
        ("02/11/2026", "22/11/2026", "La fecha no puede ser posterior a hoy."),
        ("31/02/2026", "21/11/2026", "Escriba una fecha válida (dd/mm/aaaa)."),
        ("", "21/11/2026", "Escriba una fecha válida (dd/mm/aaaa)."),
    ],
)
def test_the_query_takes_up_to_90_days(caja_inside: CajaVisitor, start: str, end: str, alert: str) -> None:
    answer = caja_inside.send("/banca/movimientos", cuenta="c1", desde=start, hasta=end)

    assert caja_inside.alert(answer) == alert
    assert answer.url.path == ("/banca/movimientos" if alert else "/banca/movimientos/lista")


def test_all_pages_together_are_the_truth_with_its_control_totals(caja_inside: CajaVisitor) -> None:
    account = caja_inside.truth()["accounts"][0]
    booked = [m for m in account["movements"] if not m["pending"]]
    rows: list[list[str]] = []
    page = 1
    while True:
        answer = caja_inside.listing(page)
        lines = caja_inside.rows(answer)
        assert lines[-1][0] == "Totales"
        assert amount(lines[-1][5]) == Decimal(account["closing_balance"])
        until = min(20 * page, len(booked))
        assert f"Mostrando {20 * page - 19}-{until} de {len(booked)} movimientos" in answer.text
        rows += lines[:-1]
        if "Siguiente" not in answer.text:
            break
        page += 1
    pending = [row for row in rows if row[5] == "Pendiente"]
    rows = [row for row in rows if row[5] != "Pendiente"]

    assert len(pending) == 2
    assert all(row[1] == "" for row in pending)
    assert [amount(row[4]) for row in reversed(rows)] == [Decimal(m["amount"]) for m in booked]
    assert [amount(row[5]) for row in reversed(rows)] == [Decimal(m["balance_after"]) for m in booked]
    assert [row[2] for row in reversed(rows)] == [" ".join(m["text"]) for m in booked]
    assert page == -(-len(booked) // 20)


def test_layouts_differ_and_v3_lacks_the_amount(caja_inside: CajaVisitor) -> None:
    first = caja_inside.listing()
    caja_inside.faults(layout="v2")
    second = caja_inside.listing()
    caja_inside.faults(layout="v3")
    third = caja_inside.listing()

    assert caja_inside.headers(first) == [
        "Fecha operación", "Fecha valor", "Concepto", "Referencia", "Importe", "Saldo",
    ]  # fmt: skip
    assert caja_inside.headers(second) == [
        "Fecha valor", "Fecha operación", "Importe", "Saldo", "Descripción", "Referencia",
    ]  # fmt: skip
    assert set(caja_inside.page(first).xpath("//@class")).isdisjoint(caja_inside.page(second).xpath("//@class"))
    assert set(caja_inside.page(first).xpath("//@id")).isdisjoint(caja_inside.page(second).xpath("//@id"))
    assert "Importe" not in caja_inside.headers(third)
    assert "Mostrando" not in third.text
    assert "Totales" not in third.text
    assert ".tabla" in caja_inside.client.get("/estilo/v1.css").text
    assert ".tabla" not in caja_inside.client.get("/estilo/v2.css").text


def test_a_statement_is_in_preparation_before_it_can_be_fetched(caja_inside: CajaVisitor) -> None:
    document = caja_inside.order()
    assert "En preparación" in caja_inside.client.get("/banca/documentos").text
    early = caja_inside.client.get(f"/banca/documentos/{document}/fichero")
    assert early.status_code == 500

    assert caja_inside.fetch(document).headers["content-disposition"].endswith('.n43"')
    listing = caja_inside.client.get("/banca/documentos").text
    assert "Disponible" in listing
    assert 'target="_blank"' in listing
    assert caja_inside.truth()["counters"]["downloads"] == 1


def test_amounts_come_in_the_form_that_is_switched_on(caja_inside: CajaVisitor) -> None:
    shown = {}
    for style in ("es", "en", "space", "trailing_minus", "parentheses", "plus_euro"):
        caja_inside.faults(number_format=style)
        shown[style] = [row[4] for row in caja_inside.rows(caja_inside.listing())]

    values = [amount(text) for text in shown["es"]]
    for style, texts in shown.items():
        assert [amount(text) for text in texts] == values, style
    assert len({tuple(texts) for texts in shown.values()}) == 6
