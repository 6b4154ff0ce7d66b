"""What is Zendesk's own: keys that expire, late writings, people who write at the same time, zenpy's traps."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, Ticket

from cobranza.demo.tickets import zendesk as double
from cobranza.disputes.ports import DeskError, TicketClosed
from connectors.ticketing.errors import EventRefused
from tests.journeys.ticketing.conftest import World, comment, file, ticket, until_done


def test_zenpys_own_session_writes_a_comment_twice_on_this_double(
    zendesk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the fault that our session survives is one that the double does show."""
    number = zendesk.opened().open(ticket(note="")).id
    place = urlsplit(zendesk.double.url)
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", place.netloc)
    session = requests.Session()
    session.mount("http://", HTTPAdapter(**Zenpy.http_adapter_kwargs()))
    client = Zenpy(subdomain="x", email=double.USER, token=double.TOKEN, session=session, timeout=5)
    zendesk.double.faults(plan=["drop_after"])

    client.tickets.update(Ticket(id=int(number), comment=Comment(body="una vez")))

    assert zendesk.said().count("una vez") == 2


def test_our_session_keeps_to_its_desk_whatever_the_environment_says(
    zendesk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = zendesk.opened()
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", "elsewhere.invalid")

    with pytest.raises(DeskError, match="otro servidor"):
        desk.find("a1")


def test_after_the_desk_forgot_the_key_the_external_id_still_prevents_a_second(zendesk: World) -> None:
    zendesk.double.faults(plan=["none", "drop_after"])  # the note is lost
    with pytest.raises(DeskError):
        zendesk.opened().open(ticket())
    zendesk.double.advance(3 * 3600)

    zendesk.opened().open(ticket())

    assert len(zendesk.tickets()) == 1
    assert zendesk.said() == ["No reconozco el cargo.", "Parece cargo_duplicado."]


def test_a_note_that_was_never_written_is_added_by_the_repeat(zendesk: World) -> None:
    zendesk.double.faults(plan=["none", "drop_before"])
    with pytest.raises(DeskError):
        zendesk.opened().open(ticket())
    assert zendesk.said() == ["No reconozco el cargo."]

    zendesk.opened().open(ticket())
    zendesk.opened().open(ticket())

    assert zendesk.said() == ["No reconozco el cargo.", "Parece cargo_duplicado."]


def test_the_key_alone_prevents_a_second_while_the_list_does_not_show_the_first(zendesk: World) -> None:
    zendesk.double.faults(listing_lag=3600)
    desk = zendesk.opened()
    first = desk.open(ticket())
    assert desk.find("a1") is None, "the control: the list is late"

    assert desk.open(ticket()).id == first.id
    with pytest.raises(DeskError):  # the same key with other bytes: the desk says no and the list shows nothing yet
        desk.open(ticket(text="otra redacción"))

    zendesk.double.faults(listing_lag=0)
    assert desk.open(ticket(text="otra redacción")).id == first.id
    assert zendesk.said() == ["No reconozco el cargo.", "Parece cargo_duplicado."]


def test_a_ticket_that_another_try_made_meanwhile_has_one_note(zendesk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ticket(files=(file(),))  # other upload tokens each time, so the desk refuses the second use of the key
    for fault in ("none", "drop_before"):
        zendesk.double.reset()
        desk = zendesk.zendesk()
        look = desk._by_key
        turns: list[str] = []

        def nothing_yet(key: str, look=look, turns=turns, fault=fault):  # type: ignore[no-untyped-def]
            turns.append(key)
            if len(turns) == 1:  # the other one comes between our looking and our creating
                assert look(key) is None
                zendesk.opened().open(given)
                zendesk.double.faults(plan=["none", fault])
                return None
            return look(key)

        monkeypatch.setattr(desk, "_by_key", nothing_yet)
        desk.open(given)

        assert len(turns) == 2
        assert zendesk.said() == ["No reconozco el cargo.", "Parece cargo_duplicado."]


def test_a_creation_that_the_desk_finishes_late_is_the_only_one(zendesk: World) -> None:
    zendesk.double.faults(late=1, late_seconds=0.8)
    with pytest.raises(DeskError):
        zendesk.opened(seconds=0.2).open(ticket())
    with suppress(DeskError):  # its key is still in flight, unless this machine is very slow
        zendesk.opened().open(ticket())

    opened = until_done(lambda: zendesk.opened().open(ticket()), pause=0.1)

    assert opened.key == "a1"
    assert len(zendesk.tickets()) == 1
    assert zendesk.said() == ["No reconozco el cargo.", "Parece cargo_duplicado."]


def test_a_comment_that_arrives_late_is_turned_down_when_its_repeat_was_quicker(zendesk: World) -> None:
    number = zendesk.opened().open(ticket(note="")).id
    zendesk.double.advance(5)  # the desk's stamps are whole seconds: the ticket is older than what comes now
    zendesk.double.faults(late=1, late_seconds=0.6)
    with pytest.raises(DeskError):
        zendesk.opened(seconds=0.2).comment(comment(number))

    zendesk.opened().comment(comment(number))
    time.sleep(0.7)

    assert zendesk.said() == ["No reconozco el cargo.", "Adjunto el justificante."]


def test_a_person_who_writes_at_the_same_time_loses_nothing(zendesk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = zendesk.zendesk()
    number = desk.open(ticket(note="")).id
    zendesk.double.advance(5)
    look = desk._said
    turns: list[bool] = []

    def meddle(ticket_number: int, mark: str) -> bool:
        found = look(ticket_number, mark)
        if not turns:
            zendesk.double.staff(number, status="pending", comment="Lo miro yo")
        turns.append(found)
        return found

    monkeypatch.setattr(desk, "_said", meddle)
    desk.comment(comment(number))

    assert turns == [False, False], "looked again after the desk said that the ticket had changed"
    assert zendesk.said() == ["No reconozco el cargo.", "Lo miro yo", "Adjunto el justificante."]
    assert zendesk.tickets()[0]["status"] == "pending"


def test_a_ticket_closed_between_looking_and_writing_is_closed(zendesk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = zendesk.zendesk()
    number = desk.open(ticket(note="")).id
    look = desk._said

    def close(ticket_number: int, mark: str) -> bool:
        found = look(ticket_number, mark)
        zendesk.double.staff(number, status="closed")
        return found

    monkeypatch.setattr(desk, "_said", close)
    with pytest.raises(TicketClosed):
        desk.comment(comment(number))


def test_a_comment_of_the_requester_is_the_requesters(zendesk: World) -> None:
    desk = zendesk.opened()
    number = desk.open(ticket(note="")).id
    desk.comment(comment(number, key="c1", author="ANA@cliente.example", public=True))
    desk.comment(comment(number, key="c2", author="jefe@cliente.example"))

    row = zendesk.tickets()[0]
    assert row["said"][1]["author_id"] == row["requester_id"]
    assert row["said"][2]["author_id"] != row["requester_id"]
    assert row["said"][2]["body"].startswith("De: jefe@cliente.example\n")


def test_a_follow_up_of_what_cannot_be_followed_is_a_ticket_of_its_own(zendesk: World) -> None:
    desk = zendesk.opened()
    number = desk.open(ticket(note="")).id  # nobody closed it

    desk.open(ticket("a2", note="", requester="root@localhost"), follows=number)

    row = zendesk.tickets()[1]
    assert "via_followup_source_id" not in row
    assert zendesk.said(1)[0].startswith(f"Sigue al ticket {number}.\n\nDe: Ana Núñez <root@localhost>")


def test_a_file_is_sent_whole_after_a_limit(zendesk: World) -> None:
    zendesk.double.faults(plan=["rate_limit", "rate_limit_bare"])

    zendesk.opened().open(ticket(files=(file(content=b"x" * 5000),)))

    assert [one["size"] for one in zendesk.tickets()[0]["said"][0]["attachments"]] == [5000]


def test_a_file_that_the_account_does_not_take_is_named(zendesk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(double, "_MAX_FILE", 1000)

    zendesk.opened().open(ticket(files=(file("cabe.pdf"), file("no cabe.pdf", bytes(1001)))))

    first = zendesk.tickets()[0]["said"][0]
    assert [one["file_name"] for one in first["attachments"]] == ["cabe.pdf"]
    assert "no cabe.pdf (1001 bytes)" in first["body"]


def test_the_search_is_never_asked_and_every_creation_has_a_key(zendesk: World) -> None:
    desk = zendesk.opened()
    number = desk.open(ticket(files=(file(),))).id
    desk.comment(comment(number, files=(file(),)))
    desk.changed_since("")

    calls = [answer.request for answer in zendesk.exchanges]
    assert not [call.url for call in calls if "search" in str(call.url)]
    created = [call for call in calls if call.method == "POST" and "/tickets" in str(call.url)]
    assert [len(call.headers["Idempotency-Key"]) for call in created] == [32]
    assert not [call for call in calls if call.method != "POST" and "Idempotency-Key" in call.headers]
    assert not [call for call in calls if "html_body" in str(call.body or "")]
    assert zendesk.double.truth()["uploads"] == [], "every upload was used up by its comment"


def test_an_export_over_many_pages_comes_in_bounded_bites(zendesk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.ticketing.zendesk import desk as module

    monkeypatch.setattr(module, "_EXPORT_ROWS", 2)
    monkeypatch.setattr(module, "_EXPORT_PAGES", 2)
    desk = zendesk.opened()
    numbers = [desk.open(ticket(f"k{place}", note="")).id for place in range(9)]

    seen: set[str] = set()
    cursor = ""
    for _ in range(4):
        changed, cursor = desk.changed_since(cursor)
        assert len(changed) <= 4
        seen |= {one.id for one in changed}

    assert seen == set(numbers)


def test_an_old_webhook_is_refused(zendesk: World) -> None:
    desk = zendesk.opened()
    desk.open(ticket(note=""))

    for age in (0, 200, -200):
        (call,) = zendesk.double.deliveries(age=age)
        assert desk.event(call["headers"], call["body"].encode()) is not None
    for age in (301, 86_400, -400):
        (call,) = zendesk.double.deliveries(age=age)
        with pytest.raises(EventRefused, match="demasiado tiempo"):
            desk.event(call["headers"], call["body"].encode())


def test_a_webhook_signed_for_another_body_is_refused(zendesk: World) -> None:
    desk = zendesk.opened()
    desk.open(ticket("a1", note=""))
    desk.open(ticket("a2", note=""))
    one, two = zendesk.double.deliveries()

    with pytest.raises(EventRefused, match="firma"):
        desk.event(one["headers"], two["body"].encode())
    body = json.loads(one["body"]) | {"type": "zen:event-type:user.created"}
    signed = _signed(json.dumps(body).encode())
    assert desk.event(signed, json.dumps(body).encode()) is None, "an event about something else"
    with pytest.raises(EventRefused, match="no se entiende"):
        desk.event(_signed(b"[1]"), b"[1]")


def _signed(raw: bytes) -> dict[str, str]:
    from datetime import UTC, datetime

    from cobranza.demo.tickets.hooks import SECRET, zendesk_headers

    return zendesk_headers(SECRET, raw, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
