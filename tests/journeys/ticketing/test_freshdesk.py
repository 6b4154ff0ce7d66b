"""What is Freshdesk's own: no idempotency key, a search that lags, HTML only, replies that mail the requester."""

from __future__ import annotations

import time

import pytest

from cobranza.disputes.ports import DeskError
from connectors.ticketing.errors import EventRefused
from tests.journeys.ticketing.conftest import World, comment, ticket


def test_a_ticket_is_found_while_the_search_does_not_know_it_and_long_after(freshdesk: World) -> None:
    desk = freshdesk.opened()
    number = desk.open(ticket(note="")).id

    for hours in (0, 2, 24 * 20):  # by the lists, by the search
        freshdesk.double.advance(hours * 3600)
        found = desk.find("a1")
        assert found is not None
        assert found.id == number
        assert desk.open(ticket(note="")).id == number


def test_none_is_only_said_when_all_recent_tickets_could_be_read(
    freshdesk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.ticketing.freshdesk import desk as module

    monkeypatch.setattr(module, "_PAGE", 2)
    desk = freshdesk.opened(paginas=2)
    monkeypatch.setattr(desk, "_list", lambda since, order, page: [{"id": 1, "custom_fields": {}}] * 2)

    with pytest.raises(DeskError, match="demasiados"):
        desk.find("a1")


def test_two_tickets_of_one_key_become_one(freshdesk: World) -> None:
    """A creation that the desk finishes after we had looked: the one thing that Freshdesk lets happen."""
    freshdesk.double.faults(late=1, late_seconds=3)
    with pytest.raises(DeskError):
        freshdesk.opened(seconds=0.2).open(ticket(note=""))
    second = freshdesk.opened().open(ticket(note=""))
    until = time.monotonic() + 30
    while len(freshdesk.tickets()) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert len(freshdesk.tickets()) == 2, "the control: it did happen"

    again = freshdesk.opened().open(ticket(note=""))

    assert again.id == second.id
    states = {str(row["id"]): (row["status"], row.get("merged_into")) for row in freshdesk.tickets()}
    assert states[again.id] == (2, None)
    assert [state for number, state in states.items() if number != again.id] == [(5, int(again.id))]


def test_only_our_own_public_words_are_mailed(freshdesk: World) -> None:
    desk = freshdesk.opened()
    number = desk.open(ticket(note="")).id
    desk.comment(comment(number, key="c1", public=True))
    desk.comment(comment(number, key="c2", public=True, author="ana@cliente.example"))
    desk.comment(comment(number, key="c3"))

    said = [(one["private"], one["incoming"]) for one in freshdesk.tickets()[0]["said"]]
    assert said == [(False, False), (False, True), (True, False)]


def test_a_due_date_in_the_past_is_told_in_the_note(freshdesk: World) -> None:
    from datetime import UTC, datetime

    freshdesk.opened().open(ticket(due=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)))

    assert "Venció: 2020-01-02T03:04:05Z." in freshdesk.said()[1]


def test_a_webhook_is_a_hint_and_the_ticket_is_read(freshdesk: World) -> None:
    desk = freshdesk.opened()
    number = desk.open(ticket(note="")).id
    freshdesk.double.staff(number, status="closed")
    (first, _) = freshdesk.double.deliveries()

    told = desk.event(first["headers"], first["body"].encode())
    assert told is not None
    assert told.status == "closed", "the first call says open; the desk says what is true now"
    assert desk.event(first["headers"], b'{"ticket_id": "999"}') is None
    for raw in (b"", b"[]", b'{"ticket_id": "uno"}', b'{"ticket_id": null}'):
        with pytest.raises(EventRefused):
            desk.event(first["headers"], raw)


def test_many_changes_in_one_second_are_all_told(freshdesk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.ticketing.freshdesk import desk as module

    monkeypatch.setattr(module, "_PAGE", 3)
    desk = freshdesk.opened()
    numbers = {desk.open(ticket(f"k{place}", note="")).id for place in range(10)}

    assert {one.id for one in desk.changed_since("")[0]} == numbers
