"""What every channel keeps, whoever is behind it. A new connector joins `MAKERS` and changes nothing here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cobranza import suite
from cobranza.dunning.delivery import TOLD
from cobranza.dunning.ports import (
    Channel,
    ChannelDown,
    ChannelRefused,
    Delivery,
    ForgedEvent,
    Outcome,
)
from cobranza.kernel import clock
from tests.unit.channels.conftest import MAKERS, Place


def test_every_connector_is_tried() -> None:
    found = suite.adapters("connectors.channels")
    assert set(found) == set(MAKERS)


def test_a_message_is_handed_over_once_and_named(place: Place) -> None:
    result = place.channel.send(place.message())
    assert result.outcome is Outcome.ACCEPTED
    assert result.provider_id
    assert place.taken() == 1


def test_two_keys_are_two_messages(place: Place) -> None:
    names = {place.channel.send(place.message(key)).provider_id for key in ("a:1", "a:2")}
    assert (len(names), place.taken()) == (2, 2)


def test_what_was_taken_is_found_by_our_key_and_what_was_not_is_not(place: Place) -> None:
    if not place.channel.capabilities().lookup:
        with pytest.raises(NotImplementedError):
            place.channel.lookup("a:1", "", to=place.to)
        return
    since = clock.now() - timedelta(minutes=10)
    assert place.channel.lookup("a:1", "", to=place.to, since=since) is None
    result = place.channel.send(place.message("a:1"))
    found = place.channel.lookup("a:1", "", to=place.to, since=since)
    assert found is not None
    assert found.provider_id == result.provider_id
    assert found.state in TOLD
    again = place.channel.lookup("a:1", result.provider_id, to=place.to, since=since)
    assert again is not None
    assert again.state is found.state


def test_a_lost_answer_is_unknown_never_a_refusal_and_is_sent_by_nobody_again(place: Place) -> None:
    if place.lose is None:
        pytest.skip("nothing can be lost between us and a folder")
    place.lose()
    result = place.channel.send(place.message("a:1"))
    assert (result.outcome, place.taken()) == (Outcome.UNKNOWN, 1)
    if place.channel.capabilities().lookup:
        found = place.channel.lookup("a:1", "", to=place.to, since=clock.now() - timedelta(minutes=10))
        assert found is not None
        assert place.taken() == 1


def test_a_provider_that_is_away_surely_took_nothing(place: Place) -> None:
    place.away()
    with pytest.raises(ChannelDown):
        place.channel.send(place.message())
    assert place.taken() == 0


def test_a_refused_account_closes_the_channel_and_nothing_is_sent(place: Place) -> None:
    if place.lock is None:
        pytest.skip("a folder has no account")
    place.lock()
    with pytest.raises(ChannelRefused):
        place.channel.send(place.message())
    assert place.taken() == 0


def test_a_bad_address_is_refused_for_good(place: Place) -> None:
    result = place.channel.send(replace(place.message(), to=place.bad))
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, True)
    assert result.reason
    assert place.taken() == 0


def test_a_missing_secret_is_our_account_not_the_debtor_s(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    if place.lock is None:
        pytest.skip("a folder has no account")
    place.lock()
    for name in ("COBRANZA_TWILIO_CLAVE", "COBRANZA_WHATSAPP_CLAVE", "COBRANZA_BUROFAX_CLAVE", "OTRA_CLAVE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ChannelRefused):
        place.channel.send(place.message())


@pytest.mark.parametrize("body", [b"", b"{}", b"a=1&a=2", b"\xff\xfe", b'{"entry": [{"changes": 5}]}'])
def test_a_forged_call_is_not_read(place: Place, body: bytes) -> None:
    for headers in ({}, {"X-Twilio-Signature": "x", "X-Hub-Signature-256": "sha256=x", "X-Burofax-Firma": "t=1,v1=x"}):
        with pytest.raises(ForgedEvent):
            place.channel.events(headers, body, "http://127.0.0.1:9/dunning/avisos/x/")


def test_what_the_outbox_asks_a_channel_has_one_answer(place: Place) -> None:
    channel: Channel = place.channel
    caps = channel.capabilities()
    assert channel.slug
    assert channel.channel in {"email", "sms", "whatsapp", "ivr", "letter"}
    assert caps.settle_seconds >= 0
    assert caps.adds >= 0
    assert Delivery.ACCEPTED in TOLD
