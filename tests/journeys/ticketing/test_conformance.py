"""What every ticket desk has to keep, run against each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from cobranza import suite
from cobranza.demo.tickets.faults import STORMY
from cobranza.disputes.ports import DeskError, DeskRefused, InspectedDesk, Priority, Route, TicketClosed, TicketDesk
from connectors.ticketing.errors import DeskLoginRefused, EventRefused
from tests.journeys.ticketing.conftest import MAPS, World, comment, file, ticket, until_done

DONE = ("drop_after", "cut_body", "error_after")  # the desk did it and we were not told
NOT_DONE = ("drop_before", "unavailable", "garbage", "redirect")
WAITED_FOR = ("rate_limit", "rate_limit_date", "rate_limit_bare", "retry_after_on_success")


def test_is_a_desk_that_the_registry_finds(world: World) -> None:
    assert isinstance(world.opened(), TicketDesk)
    assert world.slug in suite.adapters("connectors.ticketing")


def test_one_key_opens_one_ticket(world: World) -> None:
    desk = world.opened()

    first, second = desk.open(ticket()), world.opened().open(ticket(text="otra redacción", note="otra nota"))

    assert first.id == second.id
    assert world.said() == ["No reconozco el cargo.", "Parece cargo_duplicado."]
    found = desk.find("a1")
    assert found is not None
    assert (found.id, found.key, found.url) == (first.id, "a1", first.url)
    assert desk.find("a2") is None


def test_a_ticket_has_all_that_it_was_given(world: World) -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=30)
    given = ticket(
        form="disputa",
        fields={"categoria": "cargo_duplicado", "confianza": "0.91"},
        tags=("Cobranza", "cargo duplicado", "cobranza"),
        priority=Priority.URGENT,
        due=due,
        files=(file("mensaje.eml"), file("foto ñ&#.jpg")),
    )

    world.opened().open(given)

    (row,) = world.tickets()
    stamp = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert sorted(row["tags"]) == ["cargo_duplicado", "cobranza"]
    if world.slug == "zendesk":
        assert (row["priority"], row["due_at"], row["group_id"]) == ("urgent", stamp, 360000000003)
        assert (row["ticket_form_id"], row["external_id"]) == (370000000001, "cobranza:a1")
        assert {"id": 380000000001, "value": "cargo_duplicado"} in row["custom_fields"]
        names = [one["file_name"] for one in row["said"][0]["attachments"]]
        assert [one["public"] for one in row["said"]] == [True, False]
    else:
        assert (row["priority"], row["due_by"], row["group_id"], row["type"]) == (4, stamp, 9003, "Disputa")
        assert row["custom_fields"]["cf_categoria"] == "cargo_duplicado"
        names = [one["name"] for one in row["attachments"]]
        assert [one["private"] for one in row["said"]] == [True]
    assert names == ["mensaje.eml", "foto ñ&#.jpg"]
    assert "confianza: 0.91" in world.said()[1], "a field that the desk has no place for goes into the note"
    people = world.double.truth()["people"]
    assert [one["name"] for one in people if one["email"] == "ana@cliente.example"] == ["Ana Núñez"]


def test_two_tickets_of_one_person_have_one_requester(world: World) -> None:
    desk = world.opened()
    desk.open(ticket("a1"))
    desk.open(ticket("a2", requester="ANA@cliente.example"))

    assert len({row["requester_id"] for row in world.tickets()}) == 1


@pytest.mark.parametrize("fault", DONE)
def test_an_answer_lost_after_the_ticket_was_made_makes_no_second(world: World, fault: str) -> None:
    world.double.faults(plan=[fault])

    world.opened().open(ticket())

    assert len(world.tickets()) == 1
    assert world.said() == ["No reconozco el cargo.", "Parece cargo_duplicado."]
    assert world.double.truth()["fired"] == {fault: 1}


@pytest.mark.parametrize("fault", DONE)
def test_an_answer_lost_after_a_comment_says_so_and_the_repeat_adds_none(world: World, fault: str) -> None:
    desk = world.opened()
    number = desk.open(ticket(note="")).id
    world.double.faults(plan=[fault])

    with pytest.raises(DeskError):
        desk.comment(comment(number))
    desk.comment(comment(number))
    desk.comment(comment(number))

    assert world.said() == ["No reconozco el cargo.", "Adjunto el justificante."]


@pytest.mark.parametrize("fault", NOT_DONE)
def test_what_was_surely_not_done_is_an_error_and_the_repeat_does_it(world: World, fault: str) -> None:
    desk = world.opened()
    world.double.faults(plan=[fault])
    with pytest.raises(DeskError):
        desk.open(ticket())
    assert not world.tickets()

    number = desk.open(ticket()).id
    world.double.faults(plan=[fault])
    with pytest.raises(DeskError):
        desk.comment(comment(number))
    desk.comment(comment(number))

    assert world.said() == ["No reconozco el cargo.", "Parece cargo_duplicado.", "Adjunto el justificante."]


@pytest.mark.parametrize("fault", WAITED_FOR)
def test_a_limit_is_waited_for_and_a_success_is_never_sent_again(world: World, fault: str) -> None:
    desk = world.opened()
    world.double.faults(plan=[fault, fault, fault])

    number = desk.open(ticket()).id
    desk.comment(comment(number))

    assert world.said() == ["No reconozco el cargo.", "Parece cargo_duplicado.", "Adjunto el justificante."]
    assert len(world.tickets()) == 1
    assert bool(world.waited) == (fault != "retry_after_on_success")


def test_a_limit_longer_than_our_patience_is_an_error_at_once(world: World) -> None:
    world.double.faults(plan=["rate_limit"], retry_after=3600)

    with pytest.raises(DeskError, match="3600"):
        world.opened().open(ticket())
    assert not world.waited


def test_a_limit_without_end_ends_with_our_patience(world: World) -> None:
    world.double.faults(rate_limit_bare=100)

    with pytest.raises(DeskError):
        world.opened(patience=30).open(ticket())
    assert sum(world.waited) <= 30


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "cut_body", "unavailable", "garbage", "error_after"])
def test_a_reading_that_fails_is_asked_again(world: World, fault: str) -> None:
    desk = world.opened()
    number = desk.open(ticket()).id
    world.double.faults(plan=[fault, fault], on="read")

    found = desk.find("a1")

    assert found is not None
    assert found.id == number


def test_a_desk_that_stays_away_is_an_error(world: World) -> None:
    world.double.faults(unavailable=50, on="all")

    with pytest.raises(DeskError):
        world.opened().find("a1")


def test_a_wrong_key_stops_the_credential(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from cobranza.demo.tickets import freshdesk, zendesk

    for module in (freshdesk, zendesk):
        monkeypatch.setattr(module, "TOKEN", "otra")

    with pytest.raises(DeskLoginRefused) as caught:
        world.opened().find("a1")
    assert caught.value.blocks_credential
    assert "otra" not in str(caught.value)


def test_a_closed_ticket_takes_no_comment_but_a_follow_up(world: World) -> None:
    desk = world.opened()
    number = desk.open(ticket()).id
    desk.comment(comment(number))
    world.double.staff(number, status="closed")

    with pytest.raises(TicketClosed):
        desk.comment(comment(number, key="c2"))
    desk.comment(comment(number))  # it was added before the closing: nothing to do, no error
    second = desk.open(ticket("a2"), follows=number)

    assert second.id != number
    again = desk.open(ticket())
    assert (again.id, again.status) == (number, "closed")
    if world.slug == "zendesk":
        assert world.tickets()[1]["via_followup_source_id"] == int(number)
    else:
        assert f"Sigue al ticket {number}" in world.said(1)[1]


def _where(world: World) -> dict[str, Any]:
    """Where the only ticket belongs, in words that both desks share."""
    (row,) = world.tickets()
    if world.slug == "zendesk":
        fields = {one["id"]: one["value"] for one in row["custom_fields"]}
        return {
            "group": row["group_id"] - 360000000000,
            "form": row["ticket_form_id"] - 370000000000,
            "category": fields[380000000001],
            "priority": row["priority"],
            "tags": set(row["tags"]),
            "due": row["due_at"],
            "status": row["status"],
        }
    return {
        "group": row["group_id"] - 9000,
        "form": {"Disputa": 1, "Queja": 6}[row["type"]],
        "category": row["custom_fields"]["cf_categoria"],
        "priority": {1: "low", 2: "normal", 3: "high", 4: "urgent"}[row["priority"]],
        "tags": set(row["tags"]),
        "due": row["due_by"],
        "status": {2: "new", 4: "solved"}[row["status"]],
    }


def _sorted_wrong(world: World) -> str:
    given = ticket(
        form="disputa", fields={"categoria": "consulta"}, tags=("cobranza", "consulta", "por_revisar"), note=""
    )
    number = world.opened().open(given).id
    fields = {"zendesk": {"tags": [*given.tags, "vip"]}, "freshdesk": {"tags": [*given.tags, "vip"]}}
    _write(world, number, fields[world.slug])
    return number


def test_a_ticket_moves_with_what_is_said(world: World) -> None:
    number = _sorted_wrong(world)
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=50)
    route = Route(
        group="legal",
        form="queja",
        fields={"categoria": "queja_por_trato", "deudor": "Pepa"},
        tags=("queja por trato",),
        untags=("consulta", "por_revisar"),
        priority=Priority.HIGH,
        due=due,
    )

    world.opened().comment(comment(number, route=route))

    assert _where(world) == {
        "group": 6,
        "form": 6,
        "category": "queja_por_trato",
        "priority": "high",
        "tags": {"cobranza", "vip", "queja_por_trato"},
        "due": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": "new",
    }
    assert world.said() == ["No reconozco el cargo.", "Adjunto el justificante.\n\ndeudor: Pepa"]


def test_a_move_that_was_made_is_never_made_again(world: World) -> None:
    number = _sorted_wrong(world)
    moved = comment(number, route=Route(group="legal", tags=("queja",), untags=("consulta",)), status="solved")
    world.opened().comment(moved)
    somebody = {"group_id": 360000000003 if world.slug == "zendesk" else 9003}
    _write(world, number, somebody | {"status": "open" if world.slug == "zendesk" else 2})

    world.opened().comment(moved)

    assert _where(world)["group"] == 3, "a person at the desk moved it on"
    assert _where(world)["status"] in ("new", "open")
    assert len(world.said()) == 2


@pytest.mark.parametrize("fault", [*DONE, *NOT_DONE])
@pytest.mark.parametrize("place", [0, 1])
def test_a_move_whose_answer_is_lost_is_made_once(world: World, fault: str, place: int) -> None:
    number = _sorted_wrong(world)
    moved = comment(number, route=Route(group="legal", form="queja", tags=("queja",), untags=("consulta",)))
    world.double.faults(plan=["none"] * place + [fault])

    until_done(partial(world.opened().comment, moved))
    world.opened().comment(moved)

    assert (_where(world)["group"], _where(world)["form"]) == (6, 6)
    assert _where(world)["tags"] == {"cobranza", "por_revisar", "vip", "queja"}
    assert world.said() == ["No reconozco el cargo.", "Adjunto el justificante."]


def test_a_ticket_is_solved_and_opened_again_with_a_word(world: World) -> None:
    desk = world.opened()
    number = desk.open(ticket(note="", form="disputa")).id

    desk.comment(comment(number, status="solved"))
    found = desk.find("a1")
    assert found is not None
    assert found.status == "solved"
    desk.comment(comment(number, key="c2", status="open"))
    found = desk.find("a1")
    assert found is not None
    assert found.status == "open"


def test_a_place_that_the_desk_does_not_have_is_refused_and_nothing_is_said(world: World) -> None:
    number = _sorted_wrong(world)

    for route in (Route(group="astrologia"), Route(group="cobros", form="horoscopo")):
        with pytest.raises(DeskRefused, match=r"astrologia|horoscopo"):
            world.opened().comment(comment(number, route=route))

    assert _where(world)["group"] == 3
    assert world.said() == ["No reconozco el cargo."]


def test_a_comment_to_no_ticket_is_refused(world: World) -> None:
    for number in ("999", "../users/1", "", "١"):
        with pytest.raises(DeskRefused):
            world.opened().comment(comment(number))


def test_an_unknown_department_is_refused_by_name(world: World) -> None:
    with pytest.raises(DeskRefused, match="astrologia"):
        world.opened().open(ticket(group="astrologia"))
    assert not world.tickets()


@pytest.mark.parametrize("address", ["root@localhost", "sin arroba", "a@b@c", ""])
def test_a_sender_that_the_desk_does_not_take_has_a_ticket_all_the_same(world: World, address: str) -> None:
    desk = world.opened()

    first = desk.open(ticket(requester=address))
    assert desk.open(ticket(requester=address)).id == first.id

    assert len(world.tickets()) == 1
    assert world.said() == [f"De: Ana Núñez <{address}>\n\nNo reconozco el cargo.", "Parece cargo_duplicado."]


NASTY = (
    "Señoría: «ñandú» 💶 Ω ﷽\u202e\u0000\u001b[31m\r\n<script>alert(1)</script> **negrita** [x](javascript:x) "
    "{{ticket.requester.phone}} {% include 'x' %} \ud800"
)


def test_text_stays_text(world: World) -> None:
    desk = world.opened()
    number = desk.open(ticket(subject=NASTY, text=NASTY, note=NASTY, requester_name=NASTY, tags=(NASTY,))).id
    desk.comment(comment(number, text=NASTY, author=f"x\n{NASTY}"))

    (row,) = world.tickets()
    assert "\n" not in row["subject"]
    said = world.said()
    assert len(said) == 3
    for text in said:
        assert "«ñandú» 💶 Ω ﷽" in text
        assert "<script>alert(1)</script> **negrita**" in text
        assert not any(sign in text for sign in ("\x00", "\x1b", "{{", "{%"))
    if world.slug == "freshdesk":  # takes HTML only
        assert "<script" not in row["description"] + row["said"][0]["body"]


def test_keys_of_any_sort_are_found_again(world: World) -> None:
    desk = world.opened()
    keys = ["<a+b&c#d@x.example>", "A1", "a1", "ñ", "x" * 500, "a'b\"c", "sha256:x", " "]

    opened = {key: desk.open(ticket(key, note="")).id for key in keys}

    assert len(set(opened.values())) == len(keys)
    for key, number in opened.items():
        found = desk.find(key)
        assert found is not None
        assert (found.id, found.key) == (number, key)


def test_a_long_text_is_cut_and_says_so(world: World) -> None:
    desk = world.opened()
    number = desk.open(ticket(text="Sí. " * 50_000, subject="s" * 5000)).id
    desk.comment(comment(number, text="No. " * 50_000))

    assert all("mensaje completo" in world.said()[place] for place in (0, 2))


def test_files_that_do_not_fit_are_named(world: World) -> None:
    files = (file("grande.zip", b"x" * 2_000_000), file("vacio.txt", b""), file("bien.pdf"), file("cuarto.pdf"))

    world.opened(fichero_maximo_mb=1, ficheros=1).open(ticket(files=files))

    text = world.said()[0]
    assert "grande.zip (2000000 bytes)" in text
    assert "vacio.txt" in text
    assert "cuarto.pdf" in text
    assert "bien.pdf" not in text


def test_a_big_file_arrives_whole(world: World) -> None:
    world.opened(seconds=20).open(ticket(files=(file("video.mp4", bytes(12_000_000)),)))

    row = world.tickets()[0]
    files = row["said"][0]["attachments"] if world.slug == "zendesk" else row["attachments"]
    assert [one["size"] for one in files] == [12_000_000]


def test_changes_are_told_in_pieces_without_losing_any(world: World) -> None:
    desk = world.opened()
    numbers = [desk.open(ticket(f"k{place}", note="")).id for place in range(5)]
    seen, cursor = desk.changed_since("")
    assert {one.id: one.key for one in seen} == {number: f"k{place}" for place, number in enumerate(numbers)}

    world.double.advance(60)
    world.double.staff(numbers[3], status="solved")
    world.double.staff(numbers[1], status="closed")
    changed, cursor = desk.changed_since(cursor)
    states = {one.id: one.status for one in changed}

    assert states[numbers[3]] == "solved"
    assert states[numbers[1]] == "closed"
    world.double.advance(60)
    later, _ = desk.changed_since(cursor)
    assert {one.id for one in later} <= {numbers[1], numbers[3]}, "only the last ones may come again"


def test_a_webhook_tells_of_its_ticket(world: World) -> None:
    desk = world.opened()
    number = desk.open(ticket(note="")).id
    world.double.staff(number, status="solved")

    told = [desk.event(call["headers"], call["body"].encode()) for call in world.double.deliveries()]

    last = told[-1]
    assert last is not None
    assert (last.id, last.key, last.status) == (number, "a1", "solved")
    assert last.updated.tzinfo is not None


def test_a_forged_webhook_is_refused(world: World) -> None:
    desk = world.opened()
    desk.open(ticket(note=""))
    (call,) = world.double.deliveries()
    raw = call["body"].encode()

    wrong = [{}, dict.fromkeys(call["headers"], ""), {name: value + "x" for name, value in call["headers"].items()}]
    for headers in wrong:
        with pytest.raises(EventRefused):
            desk.event(headers, raw)
    upper = {name.upper(): value for name, value in call["headers"].items()}
    assert desk.event(upper, raw) is not None, "names of headers have no case"


def test_a_webhook_of_somebody_elses_ticket_is_none_of_ours(world: World) -> None:
    desk = world.opened()
    number = desk.open(ticket(note="")).id
    known: dict[str, dict[str, Any]] = {
        "zendesk": {"external_id": "otro-sistema-7"},
        "freshdesk": {"custom_fields": {"cf_cobranza": "x:7"}},
    }
    _write(world, number, known[world.slug])
    world.double.staff(number, status="solved")

    call = world.double.deliveries()[-1]
    assert desk.event(call["headers"], call["body"].encode()) is None
    assert desk.changed_since("")[0] == ()


def test_a_page_that_goes_on_elsewhere_is_never_followed(world: World) -> None:
    desk = world.opened()
    number = desk.open(ticket(note="")).id
    for place in range(101):
        world.double.staff(number, comment=f"nota {place}")
    world.double.faults(foreign_cursor=True)

    if world.slug == "zendesk":
        with pytest.raises(DeskError, match="otro servidor"):
            desk.comment(comment(number))
    else:  # it counts pages itself and looks at no link
        desk.comment(comment(number))
    world.double.faults(foreign_cursor=False)
    desk.comment(comment(number))
    assert world.said().count("Adjunto el justificante.") == 1


def test_a_desk_that_is_set_up_has_no_problems(world: World) -> None:
    desk = world.opened()
    assert isinstance(desk, InspectedDesk)

    assert desk.problems({"cobros", "legal"}, {"disputa"}) == []
    assert world.double.truth()["tickets"] == []


def test_each_thing_that_a_desk_lacks_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    known = MAPS[world.slug]
    number, kind, field = (7, 8, 9) if world.slug == "zendesk" else (7, "Horóscopo", "cf_nada")
    monkeypatch.setitem(
        MAPS,
        world.slug,
        known
        | {"grupos": known["grupos"] | {"calidad": number}, "formularios": known["formularios"] | {"x": kind}}
        | {"campos": known["campos"] | {"pais": field}},
    )
    desk = world.opened()
    assert isinstance(desk, InspectedDesk)

    told = desk.problems({"cobros", "astrologia"}, {"disputa", "horoscopo"})

    words = ["«astrologia»", "«horoscopo»", "grupos.calidad", "formularios.x", "campos.pais"]
    assert len(told) == len(words)
    assert all(word in one for word, one in zip(words, told, strict=True)), told


def test_a_desk_that_is_away_is_an_error_of_its_own(world: World) -> None:
    world.double.faults(unavailable=50, on="all")
    desk = world.opened()
    assert isinstance(desk, InspectedDesk)

    with pytest.raises(DeskError):
        desk.problems(set(), set())


def test_a_storm_ends_with_each_thing_once(world: World) -> None:
    desk = world.opened(patience=10_000)
    world.double.faults(storm={"seed": 11, "rate": 0.35, "names": list(STORMY)}, on="all")
    for place in range(12):
        given = ticket(f"k{place}", files=(file(),))
        number = until_done(partial(desk.open, given)).id
        until_done(partial(desk.comment, comment(number, key=f"c{place}")))
    world.double.faults(clear=True)

    assert len(world.tickets()) == 12
    for place in range(12):
        assert world.said(place) == ["No reconozco el cargo.", "Parece cargo_duplicado.", "Adjunto el justificante."]


def _write(world: World, number: str, fields: dict[str, Any]) -> None:
    """Change a ticket as another program would."""
    from cobranza.demo.tickets import freshdesk, zendesk

    login = {"zendesk": (f"{zendesk.USER}/token", zendesk.TOKEN), "freshdesk": (freshdesk.TOKEN, "X")}[world.slug]
    body = {"ticket": fields} if world.slug == "zendesk" else fields
    answer = httpx.put(
        f"{world.double.url}/api/v2/tickets/{number}", json=body, auth=login, trust_env=False, timeout=10
    )
    answer.raise_for_status()
