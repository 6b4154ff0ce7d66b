"""What each provider does in its own way: references, windows, templates, keys, lists, certificates."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza import suite
from cobranza.demo.channels.hooks import APP_SECRET, TWILIO_TOKEN, hub_signature, twilio_signature
from cobranza.demo.channels.server import RunningProviders
from cobranza.dunning.ports import ChannelDown, ChannelRefused, Delivery, Event, ForgedEvent, Outcome, Outgoing
from cobranza.kernel import clock
from connectors.channels import postal
from connectors.channels.ready import reference
from connectors.channels.voice import twiml
from tests.unit.channels.conftest import ADDRESS, HOOKS, MOBILE, adapter

SOON = timedelta(minutes=10)


def message(key: str = "7:EUR:aviso:2026-11-18:1", **changes: object) -> Outgoing:
    whole = Outgoing(key=key, to=MOBILE, subject="Su factura F-1", text="Debe 10,00 EUR.")
    return replace(whole, **changes)  # type: ignore[arg-type]


def told(providers: RunningProviders, slug: str) -> list[Event]:
    """Every event that a connector reads out of its provider's webhooks."""
    calls = [call for call in providers.deliveries() if call["slug"] == slug]
    channel = adapter(slug)
    return [each for call in calls for each in channel.events(call["headers"], call["body"].encode(), call["url"])]


# ---- Twilio


def test_two_messages_of_the_same_words_to_one_number_are_told_apart(providers: RunningProviders) -> None:
    sms = adapter("sms")
    first = sms.send(message("a:1"))
    assert sms.lookup("a:2", "", to=MOBILE, since=clock.now() - SOON) is None, "the other debtor's of that number"
    second = sms.send(message("a:2"))
    for key, result in (("a:1", first), ("a:2", second)):
        found = sms.lookup(key, "", to=MOBILE, since=clock.now() - SOON)
        assert found is not None
        assert found.provider_id == result.provider_id


def test_a_list_is_looked_through_page_by_page_and_no_further_than_needed(
    providers: RunningProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.channels.twilio._PAGE", "3")
    sms = adapter("sms")
    wanted = sms.send(message("old"))
    for number in range(7):
        sms.send(message(f"new:{number}"))
    found = sms.lookup("old", "", to=MOBILE, since=clock.now() - SOON)
    assert found is not None
    assert found.provider_id == wanted.provider_id
    assert sms.lookup("old", "", to=MOBILE, since=clock.now() + SOON) is None, "what left earlier is not looked at"


def test_a_list_without_an_end_is_no_proof_that_nothing_left(
    providers: RunningProviders, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.channels.twilio._PAGE", "3")
    file = home / "config" / "channels.toml"
    text = file.read_text(encoding="utf-8").replace(
        "[canales.voice] ", "[canales.sms.limites]\npaginas = 1\n[canales.voice] "
    )
    file.write_text(text, encoding="utf-8")
    sms = adapter("sms")
    for number in range(4):
        sms.send(message(f"new:{number}"))
    with pytest.raises(ChannelDown, match="demasiado larga"):
        sms.lookup("other", "", to=MOBILE, since=clock.now() - SOON)


def test_a_call_since_then_to_that_number_is_the_one_and_an_older_one_is_not(providers: RunningProviders) -> None:
    voice = adapter("voice")
    result = voice.send(message())
    found = voice.lookup("k", "", to=MOBILE, since=clock.now() - SOON)
    assert found is not None
    assert found.provider_id == result.provider_id
    assert voice.lookup("k", "", to=MOBILE, since=clock.now() + SOON) is None
    assert voice.lookup("k", "", to="+34600000002", since=clock.now() - SOON) is None


def test_a_call_says_the_text_and_nothing_else_gets_in(providers: RunningProviders) -> None:
    text = 'Debe 1 € </Say><Dial>+34900</Dial> & "más"'
    adapter("voice").send(message(text=text))
    [call] = providers.truth()["call"]
    assert "<Dial>" not in call["twiml"]
    assert "&lt;Dial&gt;" in call["twiml"]
    assert 'action="http://127.0.0.1:9/dunning/avisos/voice/?clave=' in call["twiml"]
    assert "pulse 9" in call["twiml"]


@pytest.mark.parametrize(
    ("digits", "said"), [("9", "BAJA"), ("1", "Ha pulsado 1: pide que le llame una persona."), ("4", "Ha pulsado 4.")]
)
def test_keys_are_words(providers: RunningProviders, digits: str, said: str) -> None:
    adapter("voice").send(message())
    providers.debtor("voice", MOBILE, digits)
    [*_, pressed] = told(providers, "voice")
    assert (pressed.text, pressed.sender, pressed.state) == (said, MOBILE, None)


def test_nobody_answering_is_no_bad_number(providers: RunningProviders) -> None:
    providers.fates({MOBILE: "sent", "+34600000002": "undelivered"})
    for to in (MOBILE, "+34600000002"):
        adapter("voice").send(message(to=to))
    last = {event.id.partition(":")[0]: event for event in told(providers, "voice")}
    silent, wrong = last.values()
    assert (silent.state, silent.permanent) == (Delivery.SENT, False)
    assert (wrong.state, wrong.permanent) == (Delivery.BOUNCED, True)


def test_a_phone_that_is_off_is_not_a_number_that_does_not_exist(providers: RunningProviders) -> None:
    providers.fates({MOBILE: "away", "+34600000002": "undelivered"})
    for to in (MOBILE, "+34600000002"):
        adapter("sms").send(message(to=to))
    bounced = [event for event in told(providers, "sms") if event.state is Delivery.BOUNCED]
    assert [event.permanent for event in bounced] == [False, True]
    assert all(event.reason for event in bounced)


def test_the_published_example_of_the_signature() -> None:
    """The vendor's own, from its page on the security of webhooks."""
    form = {"CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030",
            "To": "+18005551212"}  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio_signature("12345", url, form) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_behind_a_proxy_the_public_address_was_signed(providers: RunningProviders) -> None:
    url = f"{HOOKS}sms/?clave=a%3A1"
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    headers = {"x-twilio-signature": twilio_signature(TWILIO_TOKEN, url, form)}
    body = b"MessageSid=SM1&MessageStatus=delivered"
    [event] = adapter("sms").events(headers, body, "http://interno:8000/dunning/avisos/sms/?clave=a%3A1")
    assert (event.key, event.state) == ("a:1", Delivery.DELIVERED)
    with pytest.raises(ForgedEvent):
        adapter("sms").events(headers, body, "http://interno:8000/dunning/avisos/sms/?clave=a%3A2")


def test_without_a_public_address_nobody_is_asked_to_call(
    providers: RunningProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COBRANZA_AVISOS_URL")
    for slug in ("sms", "voice"):
        assert adapter(slug).send(message()).outcome is Outcome.ACCEPTED
    assert providers.deliveries() == []
    monkeypatch.setenv("COBRANZA_AVISOS_URL", "http://otra.example/avisos/")
    with pytest.raises(ChannelRefused):
        adapter("sms").send(message())


@pytest.mark.parametrize("slug", ["sms", "voice", "whatsapp", "burofax"])
@pytest.mark.parametrize("fault", ["error_before", "garbage", "drop_before"])
def test_an_answer_that_says_nothing_proves_nothing(providers: RunningProviders, slug: str, fault: str) -> None:
    providers.faults(plan=[fault])
    result = adapter(slug).send(message(to=ADDRESS if slug == "burofax" else MOBILE))
    assert result.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("slug", ["sms", "voice", "burofax"])
def test_a_lookup_that_fails_is_no_answer(providers: RunningProviders, slug: str) -> None:
    for fault in ("unavailable", "garbage", "drop_before", "rate_limit"):
        providers.faults(clear=True, on="read", plan=[fault])
        with pytest.raises(ChannelDown):
            adapter(slug).lookup("a:1", "", to=MOBILE, since=clock.now() - SOON)


# ---- WhatsApp


def test_a_template_leaves_outside_the_window_and_free_text_does_not(providers: RunningProviders) -> None:
    providers.templates({"aviso_amistoso": 2})
    chat = adapter("whatsapp")
    chat.send(message("free"))
    approved = message("approved", template="aviso-amistoso", values=("10,00 EUR", "F-1\n  y otras"))
    assert chat.send(approved).outcome is Outcome.ACCEPTED
    ends = {event.key: event for event in told(providers, "whatsapp")}
    assert (ends["free"].state, ends["free"].permanent) == (Delivery.REFUSED, False)
    assert "24 horas" in ends["free"].reason
    assert ends["approved"].state is Delivery.DELIVERED
    assert providers.truth()["whatsapp"][-1]["text"] == "[aviso_amistoso] 10,00 EUR | F-1 y otras"


def test_the_window_opens_with_the_debtor_s_word_and_closes_a_day_later(providers: RunningProviders) -> None:
    chat = adapter("whatsapp")
    providers.debtor("whatsapp", MOBILE, "hola")
    chat.send(message("within"))
    providers.advance(24 * 3600 + 1)
    chat.send(message("after"))
    ends = {event.key: event.state for event in told(providers, "whatsapp") if event.key}
    assert ends == {"within": Delivery.DELIVERED, "after": Delivery.REFUSED}


def test_a_template_that_is_not_approved_or_has_other_fields_is_refused_not_the_number(
    providers: RunningProviders,
) -> None:
    providers.templates({"amistoso": 2})
    for template, values in (("otra", ("a", "b")), ("amistoso", ("a",)), ("amistoso", ())):
        result = adapter("whatsapp").send(message(template=template, values=values))
        assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)
        assert result.reason


def test_our_names_of_templates_can_be_others_there(providers: RunningProviders, home: Path) -> None:
    file = home / "config" / "channels.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('# amistoso = "aviso_amistoso_v2"', 'amistoso = "aviso_v2"'),
        encoding="utf-8",
    )
    providers.templates({"aviso_v2": 1})
    assert adapter("whatsapp").send(message(template="amistoso", values=("1",))).outcome is Outcome.ACCEPTED


def test_words_of_every_kind_are_read_and_statuses_of_no_kind_are_not(providers: RunningProviders) -> None:
    said = [
        {"id": "1", "from": "34600000001", "timestamp": "1795000000", "type": "text", "text": {"body": "BAJA"}},
        {"id": "2", "from": "34600000001", "timestamp": "1795000000", "type": "button", "button": {"text": "Pagar"}},
        {"id": "3", "from": "34600000001", "timestamp": "1795000000", "type": "interactive",
         "interactive": {"type": "button_reply", "button_reply": {"id": "x", "title": "Plan de pagos"}}},
        {"id": "4", "from": "34600000001", "timestamp": "1795000000", "type": "image", "image": {"caption": "pagado"}},
        {"id": "5", "from": "34600000001", "timestamp": "1795000000", "type": "location", "location": {"latitude": 1}},
    ]  # fmt: skip
    value = {"messages": said, "statuses": [{"id": "w", "status": "warning", "timestamp": "1795000000"}]}
    whole = {"entry": [{"changes": [{"field": "messages", "value": value}, {"field": "account_update", "value": {}}]}]}
    raw = json.dumps(whole).encode()
    events = adapter("whatsapp").events({"X-Hub-Signature-256": hub_signature(APP_SECRET, raw)}, raw, HOOKS)
    assert [event.text for event in events] == ["BAJA", "Pagar", "Plan de pagos", "[image] pagado", "[location]"]
    assert {event.sender for event in events} == {"34600000001"}
    assert {event.at.utcoffset() for event in events} == {timedelta(0)}


_NAMES = st.sampled_from(["entry", "changes", "field", "value", "statuses", "messages", "id", "status", "from", "type"])
_LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.just("messages")


@given(st.recursive(_LEAVES, lambda kids: st.lists(kids) | st.dictionaries(_NAMES, kids), max_leaves=12))
def test_a_signed_call_is_read_or_refused_never_an_accident(content: object) -> None:
    raw = json.dumps(content).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COBRANZA_WHATSAPP_FIRMA", APP_SECRET)
        try:
            events = adapter("whatsapp").events({"X-Hub-Signature-256": hub_signature(APP_SECRET, raw)}, raw, HOOKS)
        except ForgedEvent:
            return
        assert all(event.id for event in events)


# ---- on paper


def test_a_letter_shows_whom_what_and_a_reference(home: Path) -> None:
    text = "Debe 1.234,56 EUR.\n\nÑandú & compañía <S.L.>"
    content = postal.pdf(message(to=ADDRESS, text=text), reference="ABCD1234")
    page = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_range()
    for part in ("Ferretería Pepa, S.L.", "28013 Madrid", "ABCD1234", "Su factura F-1", "1.234,56 EUR", "<S.L.>"):
        assert part in page
    assert content == postal.pdf(message(to=ADDRESS, text=text), reference="ABCD1234"), "the same bytes"


def test_the_list_says_what_is_in_the_folder_and_is_no_formula(home: Path) -> None:
    letter = adapter("letter")
    for key in ("a:1", "a:1", "a:2"):
        letter.send(message(key, to="=HYPERLINK()\nC/ Mayor 1\n28013 Madrid"))
    [listed] = (suite.output_folder() / "cartas").glob("*/lista.csv")
    with listed.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert [row["clave"] for row in rows] == ["a:1", "a:2"]
    assert all(row["destinatario"].startswith("'=") for row in rows)
    assert {row["fichero"] for row in rows} == {each.name for each in listed.parent.glob("*.pdf")}


def test_a_letter_that_was_listed_and_not_written_is_not_taken(home: Path) -> None:
    def breaks(_file: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    letter = adapter("letter")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.channels.letter._write", breaks)
        with pytest.raises(ChannelDown, match="No space"):
            letter.send(message(to=ADDRESS))
    assert letter.lookup(message().key, "") is None
    assert letter.send(message(to=ADDRESS)).outcome is Outcome.ACCEPTED
    [listed] = (suite.output_folder() / "cartas").glob("*/lista.csv")
    assert len(listed.read_text(encoding="utf-8-sig").splitlines()) == 2, "one line, under the heading"


def test_a_burofax_ordered_again_with_a_newer_text_is_looked_up_never_doubled(providers: RunningProviders) -> None:
    burofax = adapter("burofax")
    first = burofax.send(message(to=ADDRESS))
    again = burofax.send(message(to=ADDRESS, text="Debe 5,00 EUR."))
    assert again.outcome is Outcome.UNKNOWN
    found = burofax.lookup(message().key, "")
    assert found is not None
    assert found.provider_id == first.provider_id
    assert len(providers.truth()["burofax"]) == 1


def test_the_certificate_is_there_when_the_order_has_ended(providers: RunningProviders) -> None:
    providers.fates({"Otra, S.L.": "sent"})
    burofax = adapter("burofax")
    ended = burofax.send(message("a:1", to=ADDRESS)).provider_id
    running = burofax.send(message("a:2", to="Otra, S.L.\nC/ Mayor 2\n28013 Madrid")).provider_id
    assert burofax.certificate(ended).startswith(b"%PDF-")  # type: ignore[attr-defined]
    assert burofax.certificate(running) is None  # type: ignore[attr-defined]


def test_refused_at_the_door_is_no_wrong_address(providers: RunningProviders) -> None:
    providers.fates({"Ferretería Pepa, S.L.": "failed"})
    adapter("burofax").send(message(to=ADDRESS))
    last = told(providers, "burofax")[-1]
    assert (last.state, last.permanent) == (Delivery.BOUNCED, False)
    assert "rehusó" in last.reason


@given(st.text(max_size=60), st.text(max_size=60))
def test_references_are_short_and_told_apart(one: str, other: str) -> None:
    assert len(reference(one)) == 8
    assert reference(one) == reference(one)
    assert (reference(one) == reference(other)) is (one == other)


@given(st.text(max_size=200))
def test_what_is_said_is_always_sound_xml(text: str) -> None:
    from lxml import etree

    spoken = "".join(char for char in text if char.isprintable())
    found = etree.fromstring(twiml(message(text=spoken), "https://x.example/?clave=a&b", "Pulse 9."))
    assert found.findtext(".//Say") == spoken or not spoken
