"""Tokens: kept until shortly before they end, and no secret in an error."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cobranza.disputes.ports import MailboxError, MailboxRefused
from connectors.mail.settings import OAuth
from connectors.mail.tokens import Tokens, sasl_xoauth2
from tests.oauth import OAuthDouble


@pytest.fixture
def oauth(no_thread_is_left: None) -> Iterator[OAuthDouble]:
    double = OAuthDouble()
    yield double
    double.close()


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETO_OAUTH", "secreto-del-cliente")


def client(oauth: OAuthDouble, **changes: object) -> Tokens:
    table = {"modo": "cliente", "url": f"{oauth.url}/token", "cliente": "app", "secreto": "env:SECRETO_OAUTH"}
    return Tokens(OAuth.model_validate(table | changes), "robot")


def test_a_token_is_kept_while_it_lasts(oauth: OAuthDouble) -> None:
    tokens = client(oauth, ambito="correo")
    assert tokens.token().reveal() == tokens.token().reveal()
    assert oauth.granted == 1
    assert oauth.forms[0] == {
        "grant_type": "client_credentials",
        "client_id": "app",
        "client_secret": "secreto-del-cliente",
        "scope": "correo",
    }


def test_a_token_that_is_about_to_end_is_not_used(oauth: OAuthDouble) -> None:
    oauth.lifetime = 60
    tokens = client(oauth)
    assert tokens.token().reveal() != tokens.token().reveal()


def test_forgetting_fetches_a_new_one(oauth: OAuthDouble) -> None:
    tokens = client(oauth)
    first = tokens.token().reveal()
    assert (tokens.forget(), tokens.forget()) == (True, False)
    assert tokens.token().reveal() != first


def test_a_wrong_secret_stops_the_credential(oauth: OAuthDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETO_OAUTH", "olivo-y-sal")
    with pytest.raises(MailboxRefused, match="invalid_client") as caught:
        client(oauth).token()
    assert "olivo" not in str(caught.value)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_endpoint_in_trouble_is_asked_later(oauth: OAuthDouble, status: int) -> None:
    oauth.fault = status
    with pytest.raises(MailboxError, match=str(status)):
        client(oauth).token()


def test_an_endpoint_that_is_away(oauth: OAuthDouble) -> None:
    with pytest.raises(MailboxError):
        client(oauth, url="http://127.0.0.1:9/token").token()


def test_a_refresh_token_is_exchanged(oauth: OAuthDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENOVACION", "rt-1")
    client(oauth, modo="renovacion", renovacion="env:RENOVACION").token()
    assert oauth.forms[0]["refresh_token"] == "rt-1"
    assert oauth.forms[0]["grant_type"] == "refresh_token"


def test_a_service_account_signs_for_the_mailbox(oauth: OAuthDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    monkeypatch.setenv("SECRETO_OAUTH", pem.decode())
    client(oauth, modo="cuenta_de_servicio", ambito="https://mail.example/").token()
    head, claims, signature = oauth.forms[0]["assertion"].split(".")

    def clear(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    told = json.loads(clear(claims))
    assert json.loads(clear(head)) == {"alg": "RS256", "typ": "JWT"}
    assert (told["iss"], told["sub"], told["scope"]) == ("app", "robot", "https://mail.example/")
    assert told["exp"] - told["iat"] == 3600
    key.public_key().verify(clear(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_key_that_is_none_is_said_without_it(oauth: OAuthDouble) -> None:
    with pytest.raises(MailboxRefused) as caught:
        client(oauth, modo="cuenta_de_servicio", ambito="x").token()
    assert "secreto-del-cliente" not in str(caught.value)


def command(*code: str, **changes: object) -> Tokens:
    return Tokens(OAuth.model_validate({"modo": "orden", "orden": (sys.executable, "-c", *code)} | changes), "robot")


def test_a_command_prints_the_token() -> None:
    assert command("print('tk-1')").token().reveal() == "tk-1"


@pytest.mark.parametrize(
    "code", ["raise SystemExit('olivo')", "print('')", "print('dos palabras')", "import time; time.sleep(30)"]
)
def test_a_command_that_gives_no_token(code: str) -> None:
    with pytest.raises(MailboxError) as caught:
        command(code, espera_segundos=0.5).token()
    assert "olivo" not in str(caught.value)


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(MailboxError):
        Tokens(OAuth(modo="orden", orden=("/no/existe",)), "robot").token()


def test_the_answer_of_xoauth2_is_the_published_one() -> None:
    tokens = command("print('tk-1')")
    assert sasl_xoauth2("ana@x.example", tokens.token()) == b"user=ana@x.example\x01auth=Bearer tk-1\x01\x01"
