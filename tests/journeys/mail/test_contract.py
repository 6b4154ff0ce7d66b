"""What every mailbox does, whatever stands behind it: Dovecot, a server without MOVE, a folder of files."""

from __future__ import annotations

from dataclasses import replace
from threading import Timer

import pytest

from cobranza.disputes.ports import Inspected, MailGone, UnreadableMail
from tests.dovecot import mail
from tests.journeys.mail.conftest import World


def test_an_empty_mailbox_has_nothing_waiting(world: World) -> None:
    with world.open() as mailbox:
        assert mailbox.waiting() == []


def test_lists_what_waits_oldest_first_with_its_size(world: World) -> None:
    raws = [mail(subject=f"Correo {number}", text="x" * number * 50) for number in range(5)]
    world.deliver(*raws)
    with world.open() as mailbox:
        waiting = mailbox.waiting()
        assert [one.size for one in waiting] == [len(raw) for raw in raws]
        assert {one.position.account for one in waiting} == {mailbox.account}
        assert [mailbox.fetch(one.position, 10_000) for one in waiting] == raws


@pytest.mark.parametrize(
    "raw",
    [
        mail(text="ñ € 日本\r\n.\r\n..\r\n) {5}\r\nA1 OK\r\n"),
        b"Subject: latin\xf1\r\n\r\n" + bytes(range(1, 10)) + bytes(range(14, 256)) + b"\r\n",
        b"Subject: sin fin de linea\r\n\r\n" + b"x" * 70_000,
        b"sin cabeceras",
        b"Subject: justo\r\n\r\n" + b"w" * (1024 * 1024 - 20) + b"\r\n",
        mail(text="a" * 76 + "\r\n") + b"y" * 76 + b"\r\n" * 50_000 + b"z" * 3_000_000,
    ],
    ids=["protocol in the text", "octets", "a long line", "no message at all", "a whole mebibyte", "large"],
)
def test_a_message_comes_as_it_lies_and_nothing_is_marked(world: World, raw: bytes) -> None:
    world.deliver(raw)
    with world.open() as mailbox:
        [one] = mailbox.waiting()
        assert one.size == len(raw)
        assert mailbox.fetch(one.position, 10_000_000) == raw
        assert mailbox.fetch(one.position, len(raw)) == raw
    assert world.inbox() == [raw]
    assert world.marks() == [""]


def test_a_message_beyond_the_limit_is_left_where_it_is(world: World) -> None:
    raw = mail(text="x" * 5000)
    world.deliver(raw)
    with world.open() as mailbox:
        [one] = mailbox.waiting()
        with pytest.raises(UnreadableMail):
            mailbox.fetch(one.position, len(raw) - 1)
        mailbox.move(one.position, "Errores")
    assert (world.inbox(), world.folder("Errores")) == ([], [raw])


@pytest.mark.parametrize("name", ["Procesados", "Reclamación nº 1 & más «hoy»"])
def test_a_done_message_moves_whole_into_a_folder_that_is_made(world: World, name: str) -> None:
    raws = [mail(subject=f"Correo {number}") for number in range(3)]
    world.deliver(*raws)
    with world.open() as mailbox:
        waiting = mailbox.waiting()
        mailbox.move(waiting[1].position, name)
        assert [one.position for one in mailbox.waiting()] == [waiting[0].position, waiting[2].position]
    assert world.inbox() == [raws[0], raws[2]]
    assert world.folder(name) == [raws[1]]


def test_moving_what_is_gone_is_no_error_and_reading_it_is(world: World) -> None:
    world.deliver(mail(), mail())
    with world.open() as mailbox, world.open() as other:
        first, second = mailbox.waiting()
        other.move(first.position, "Procesados")
        mailbox.move(first.position, "Procesados")
        with pytest.raises(MailGone):
            mailbox.fetch(first.position, 10_000)
        assert mailbox.fetch(second.position, 10_000)
    assert len(world.folder("Procesados")) == 1


def test_the_same_message_twice_is_two_messages(world: World) -> None:
    raw = mail()
    world.deliver(raw, raw)
    with world.open() as mailbox:
        waiting = mailbox.waiting()
        assert len({one.position for one in waiting}) == 2
        for one in waiting:
            mailbox.move(one.position, "Procesados")
    assert world.folder("Procesados") == [raw, raw]


def test_a_position_of_another_mailbox_or_of_another_time_means_nothing(world: World) -> None:
    world.deliver(mail())
    with world.open() as mailbox:
        [one] = mailbox.waiting()
        for wrong in (replace(one.position, account="otro"), replace(one.position, uidvalidity=12345)):
            with pytest.raises(MailGone):
                mailbox.fetch(wrong, 10_000)
            with pytest.raises(MailGone):
                mailbox.move(wrong, "Procesados")
    assert len(world.inbox()) == 1


def test_positions_hold_over_connections(world: World) -> None:
    raw = mail()
    world.deliver(raw)
    with world.open() as mailbox:
        [before] = mailbox.waiting()
    with world.open() as mailbox:
        assert mailbox.waiting() == [before]
        assert mailbox.fetch(before.position, 10_000) == raw


def test_waiting_ends_when_mail_comes_and_when_the_time_is_over(world: World) -> None:
    with world.open() as mailbox:
        mailbox.waiting()
        mailbox.wait(0.2)
        assert mailbox.waiting() == []
        soon = Timer(0.3, world.deliver, [mail()])
        soon.start()
        mailbox.wait(60)
        assert len(mailbox.waiting()) == 1
        soon.join()


def test_a_full_mailbox_is_listed_whole(world: World) -> None:
    one = mail(subject="Correo NUMERO", message_id="<NUMERO@x.example>")
    raws = [one.replace(b"NUMERO", b"%d" % number) for number in range(2000)]
    world.deliver(*raws)
    with world.open() as mailbox:
        waiting = mailbox.waiting()
        assert [one.size for one in waiting] == [len(raw) for raw in raws]
        assert mailbox.fetch(waiting[-1].position, 10_000) == raws[-1]


def test_says_which_of_its_folders_are_missing_and_makes_none(world: World) -> None:
    world.deliver(mail())
    with world.open() as mailbox:
        assert isinstance(mailbox, Inspected)
        before = mailbox.missing()
        assert mailbox.missing() == before
        [one] = mailbox.waiting()
        mailbox.move(one.position, "Procesados")
        mailbox.move(one.position, "Errores")  # it is gone: no error, and the folder may be made or not
        assert "Procesados" not in mailbox.missing()
        assert set(mailbox.missing()) <= set(before)
