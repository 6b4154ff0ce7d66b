"""Every declared outcome of a login, at every bank: reached, named, photographed, and never tried twice."""

from __future__ import annotations

import json
import time
from typing import Any

import pyotp
import pytest

from cobranza.demo.banks.portal import DEFAULTS
from cobranza.kernel.errors import CobranzaError
from cobranza.reconciliation.ports import (
    AccessBlocked,
    LoginOutcome,
    OtpNeeded,
    PortalMaintenance,
    PortalTimeout,
    WrongPassword,
)
from tests.journeys.banks.conftest import BANKS, Bank

pytestmark = pytest.mark.browser

CODE_BY_SMS = {"caja_demo": {"otp_channel": "sms"}, "banco_ejemplo": {"login": "sms"}}
CODE_BY_APP = {"caja_demo": {"otp_channel": "totp"}, "banco_ejemplo": {"login": "totp"}}


def counters(bank: Bank) -> Any:
    return bank.server.truth()["counters"]


def shows_its_state(bank: Bank, words: str) -> None:
    """The last failure has a picture, and its page says what happened."""
    folder = bank.failures()[-1]
    assert (folder / "screenshot.png").stat().st_size > 3000
    assert words in (folder / "page.html").read_text()
    report = json.loads((folder / "failure.json").read_text())
    assert (report["adapter"], report["version"]) == (bank.slug, bank.connector.version)
    assert report["steps"]


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_right_credential(bank: Bank, layout: str) -> None:
    bank.faults(layout=layout, **CODE_BY_APP[bank.slug])
    with bank.closed() as portal:
        assert portal.login() is LoginOutcome.OK
    assert not bank.failures()
    assert (counters(bank)["logins"], counters(bank)["failed_logins"], counters(bank)["failed_codes"]) == (1, 0, 0)


def test_wrong_password_is_tried_once(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAVE_MALA", "730164")
    with bank.closed(clave="env:CLAVE_MALA") as portal:
        assert portal.login() is LoginOutcome.WRONG_PASSWORD
    assert counters(bank)["failed_logins"] == 1
    shows_its_state(bank, "incorrectos")
    everything = b"".join(file.read_bytes() for file in bank.evidence.rglob("*") if file.is_file())
    assert b"730164" not in everything


@pytest.mark.parametrize(
    ("user", "outcome", "words"),
    [
        ("caducado", LoginOutcome.MUST_CHANGE_PASSWORD, {"caja_demo": "Debe cambiar", "banco_ejemplo": "Cambia tu"}),
        ("condiciones", LoginOutcome.ACTION_NEEDED, {"caja_demo": "Nuevas condi", "banco_ejemplo": "las condiciones"}),
        ("bloqueado", LoginOutcome.BLOCKED, {"caja_demo": "bloqueado", "banco_ejemplo": "bloqueado"}),
    ],
)
def test_what_only_the_holder_can_do(bank: Bank, user: str, outcome: LoginOutcome, words: dict[str, str]) -> None:
    with bank.closed(usuario=user) as portal:
        assert portal.login() is outcome
    shows_its_state(bank, words[bank.slug])
    assert counters(bank)["writes"] == 0


def test_maintenance(bank: Bank) -> None:
    bank.faults(maintenance="all")
    with bank.closed() as portal:
        assert portal.login() is LoginOutcome.MAINTENANCE
    shows_its_state(bank, {"caja_demo": "mantenimiento", "banco_ejemplo": "Volvemos enseguida"}[bank.slug])


def test_code_that_only_a_person_has(bank: Bank) -> None:
    bank.faults(**CODE_BY_SMS[bank.slug])
    with bank.closed(totp=None, ask_code=lambda: pytest.fail("nobody is there")) as portal:
        assert portal.login() is LoginOutcome.OTP_NEEDED
    shows_its_state(bank, "SMS")
    assert counters(bank)["failed_codes"] == 0


def test_person_gives_the_code(bank: Bank) -> None:
    bank.faults(**CODE_BY_SMS[bank.slug])
    with bank.closed(totp=None, interactive=True, ask_code=lambda: str(bank.server.sms()[-1]["code"])) as portal:
        assert portal.login() is LoginOutcome.OK


def test_code_already_used_waits_for_the_next_one(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.server.faults({"otp_reusable": False, **CODE_BY_APP[bank.slug]})
    app, at = pyotp.TOTP(DEFAULTS[bank.slug][2]), time.time()
    used, fresh = app.at(at), app.at(at + app.interval)  # the bank takes one step before and after its own
    given = iter([used, used])
    monkeypatch.setattr(pyotp.TOTP, "now", lambda _: next(given, fresh))
    with bank.closed() as portal:
        assert portal.login() is LoginOutcome.OK
    with bank.closed() as portal:
        assert portal.login() is LoginOutcome.OK
    assert (counters(bank)["logins"], counters(bank)["reused_codes"], counters(bank)["failed_codes"]) == (2, 1, 0)


def test_refused_code_is_not_tried_again(bank: Bank) -> None:
    bank.faults(otp_invalid=True, **CODE_BY_APP[bank.slug])
    with bank.closed() as portal:
        assert portal.login() is LoginOutcome.OTP_NEEDED
    assert counters(bank)["failed_codes"] == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"blocked": True}, AccessBlocked),
        ({"must_change_password": True}, AccessBlocked),
        ({"accept_terms": True}, AccessBlocked),
        ({"maintenance": "all"}, PortalMaintenance),
        ({"error_500_every_n": 1}, PortalTimeout),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_open_session_says_who_acts(bank: Bank, fault: dict[str, Any], error: type[CobranzaError]) -> None:
    bank.limits["reintentos"] = 1
    bank.faults(**fault)
    with pytest.raises(error):
        bank.opened()
    assert bank.failures()


def test_open_session_names_a_wrong_password_and_a_missing_code(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAVE_MALA", "111111")
    with pytest.raises(WrongPassword):
        bank.opened(clave="env:CLAVE_MALA")
    bank.faults(**CODE_BY_SMS[bank.slug])
    with pytest.raises(OtpNeeded):
        bank.opened(totp=None)


def test_kept_session_spares_the_next_login(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("datos")
    monkeypatch.setenv("COBRANZA_DATA", str(data))
    for _ in range(2):
        with bank.opened(guardar_sesion_minutos=30) as portal:
            assert portal.accounts()
    assert counters(bank)["logins"] == 1
    (kept,) = (data / "sessions").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    bank.server.reset()  # the portal knows nothing of that session any more
    bank.faults()
    with bank.opened(guardar_sesion_minutos=30) as portal:
        assert portal.accounts()
    assert counters(bank)["logins"] == 1


def test_there_are_banks_to_test() -> None:
    assert {"banco_ejemplo", "caja_demo"} <= set(BANKS)
