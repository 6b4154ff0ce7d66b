"""Logins, lockout, sessions by the court's clock, certificates, and what outlives the process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyotp
import pytest
from cryptography.hazmat.primitives import serialization
from starlette.testclient import TestClient

from cobranza.demo.court import access, server
from cobranza.demo.court.store import Store
from tests.unit.court.visitor import Visitor

Enter = Callable[..., Visitor]


def test_password_code_and_mailbox(visit: Enter) -> None:
    visitor = visit(inside=False)
    visitor.log_in()
    visitor.get("buzon")
    assert "Buzón personal de Marta Olmo Prieto" in visitor.page


def test_nobody_sees_a_page_without_a_session(visit: Enter) -> None:
    visitor = visit(inside=False)
    for page in ("inicio", "borradores", "enviados", "notificaciones", "presentaciones/P000001/acuse.pdf"):
        visitor.get(page)
        assert visitor.path == "/es_lexnet/acceso"


def test_five_failures_lock_and_the_help_desk_unlocks(visit: Enter) -> None:
    visitor = visit(inside=False)
    visitor.get("acceso")
    for left in (4, 3, 2, 1):
        visitor.post("acceso", usuario=access.USER, clave="no")
        assert f"Le quedan {left} intentos" in visitor.page
    visitor.post("acceso", usuario=access.USER, clave="no")
    assert (visitor.status, "Acceso bloqueado" in visitor.page) == (403, True)
    visitor.post("acceso", usuario=access.USER, clave=access.PASSWORD)
    assert visitor.status == 403, "the right password comes too late"
    visitor.admin("desbloquear", profile="es_lexnet", user=access.USER)
    visitor.log_in()


def test_an_unknown_user_is_answered_like_a_known_one(visit: Enter) -> None:
    visitor = visit(inside=False)
    visitor.get("acceso")
    visitor.post("acceso", usuario="nadie", clave="no")
    assert "Usuario o contraseña incorrectos. Le quedan 4 intentos." in visitor.page


def test_a_code_is_taken_once(visit: Enter) -> None:
    first, second = visit(inside=False), visit(inside=False)
    first.admin("fallos", totp_reusable=False)
    code = pyotp.TOTP(access.TOTP).now()
    for visitor in (first, second):
        visitor.get("acceso")
        visitor.post("acceso", usuario=access.USER, clave=access.PASSWORD)
        visitor.post("codigo", codigo=code)
    assert first.title == "Elija buzón"
    assert "ya se ha utilizado" in second.page


def test_a_wrong_code_counts_as_a_failure(visit: Enter) -> None:
    visitor = visit(inside=False)
    visitor.get("acceso")
    visitor.post("acceso", usuario=access.USER, clave=access.PASSWORD)
    wrong = f"{(int(pyotp.TOTP(access.TOTP).now()) + 1) % 10**6:06d}"
    visitor.post("codigo", codigo=wrong)
    assert "Código incorrecto. Le quedan 4 intentos." in visitor.page


@pytest.mark.parametrize(("pause", "times", "title"), [(900, 1, "Inicio"), (901, 1, "Acceso"), (800, 5, "Acceso")])
def test_a_session_ends_idle_or_old(visit: Enter, pause: int, times: int, title: str) -> None:
    visitor = visit()
    for _ in range(times):
        visitor.admin("reloj", advance_seconds=pause)
        visitor.get("inicio")
    assert visitor.title == title


def test_a_second_login_ends_the_first(visit: Enter) -> None:
    first = visit()
    visit()
    first.get("inicio")
    assert first.title == "Acceso"
    assert "en otro equipo" in first.page


def test_an_old_form_is_not_taken(visit: Enter) -> None:
    visitor = visit()
    answer = visitor.client.post("/es_lexnet/borradores/nuevo", data={"csrf": "viejo", "tipo": "iniciador"})
    assert answer.status_code == 403
    assert visitor.truth()["drafts"] == []


@pytest.mark.parametrize(
    ("state", "title", "words"),
    [("valid", "Elija buzón", ""), ("expired", "Acceso", "caducado"), ("revoked", "Acceso", "revocado")],
)
def test_a_certificate_is_judged_by_the_courts_clock(visit: Enter, state: str, title: str, words: str) -> None:
    visitor = visit(inside=False)
    authority = visitor.court.authority
    pair = authority.holder("12345678Z", "Marta Olmo Prieto", state)
    shown = pair.certificate.public_bytes(serialization.Encoding.DER)
    visitor.court.tickets["vale"] = shown
    visitor.get("acceso/certificado", vale="vale")
    assert (visitor.title, words in visitor.page) == (title, True)
    visitor.get("acceso/certificado", vale="vale")
    assert "No se ha presentado ningún certificado" in visitor.page, "a token is good for once"


def test_an_expired_certificate_was_good_once(visit: Enter) -> None:
    visitor = visit(inside=False)
    visitor.admin("reloj", now="2023-05-05T10:00:00+02:00")
    pair = visitor.court.authority.holder("12345678Z", "Marta Olmo Prieto", "expired")
    assert visitor.court.authority.problem(pair.certificate, visitor.court.clock.now()) == ""


def test_what_was_filed_outlives_the_process(tmp_path: Path) -> None:
    monday = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Europe/Madrid"))
    app, court = server.application(data=tmp_path, clock=monday)
    court.faults.set({"totp_reusable": True})
    visitor = Visitor(TestClient(app, base_url="http://127.0.0.1"), court)
    visitor.walk_in()
    filing = visitor.file()
    receipt = visitor.client.get(f"/es_lexnet/presentaciones/{filing['id']}/acuse.xml").content
    court.store.close()

    app, court = server.application(data=tmp_path, clock=monday)
    again = Visitor(TestClient(app, base_url="http://127.0.0.1"), court)
    again.walk_in()
    assert again.client.get(f"/es_lexnet/presentaciones/{filing['id']}/acuse.xml").content == receipt
    assert again.truth()["filings"] == [filing]
    court.store.close()


def test_a_store_keeps_all_of_a_block_or_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "x.sqlite3")
    with pytest.raises(RuntimeError), store.together():
        store.put("filing", "a", {"id": "a"})
        store.number("filing")
        raise RuntimeError
    assert store.all("filing") == []
    assert store.number("filing") == 1
    store.close()
