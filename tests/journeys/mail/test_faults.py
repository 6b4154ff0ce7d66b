"""A real server that dies, freezes, fills up and forgets: no message is lost and no thread stays."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Self

import pytest

from cobranza.disputes.ports import Mailbox, MailboxError, MailboxRefused, MailGone
from connectors.mail.imap import ADAPTER
from tests.dovecot import PASSWORD, Dovecot, mail, write_settings
from tests.journeys.mail.conftest import connect

LIMIT = 100_000
SHORT = {"pausa_segundos": 0.02, "respuesta_segundos": 20.0}


@pytest.fixture
def suite_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "cobranza.toml").write_text("")
    monkeypatch.setenv("COBRANZA_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def steady(dovecot: Dovecot, suite_folder: Path) -> Callable[..., Mailbox]:
    """Opens a mailbox as robots do: by name, with broken lines mended."""

    def open_it(user: str, **changes: object) -> Mailbox:
        limits = SHORT | changes.pop("limites", {})  # type: ignore[operator]
        write_settings(suite_folder, {"disputas": dovecot.account(user, limites=limits, **changes)})
        return ADAPTER.open("disputas")

    return open_it


# Killed


@pytest.mark.parametrize("order", ["waiting", "fetch", "move", "wait"])
def test_a_session_that_is_killed_is_an_error_of_the_outside(dovecot: Dovecot, order: str) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail())
    with connect(dovecot, user) as mailbox:
        [one] = mailbox.waiting()
        orders: dict[str, Callable[[], object]] = {
            "waiting": mailbox.waiting,
            "fetch": lambda: mailbox.fetch(one.position, LIMIT),
            "move": lambda: mailbox.move(one.position, "Procesados"),
            "wait": lambda: mailbox.wait(60),
        }
        assert dovecot.kill_sessions(user) == 1
        with pytest.raises(MailboxError) as caught:
            orders[order]()
        assert not isinstance(caught.value, MailGone)
    assert (len(dovecot.raw(user)), dovecot.folders(user)) == (1, [])


def test_a_session_that_is_killed_in_idle_ends_the_wait(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with connect(dovecot, user) as mailbox:
        soon = Timer(0.4, dovecot.kill_sessions, [user])
        soon.start()
        mailbox.waiting()
        with pytest.raises(MailboxError):
            mailbox.wait(100)
        soon.join()


def test_work_goes_on_after_every_kind_of_break(dovecot: Dovecot, steady: Callable[..., Mailbox]) -> None:
    user = dovecot.new_user()
    raws = [mail(subject=f"Correo {number}") for number in range(3)]
    dovecot.deliver(user, *raws)
    with steady(user) as mailbox:
        dovecot.kill_sessions(user)
        waiting = mailbox.waiting()
        dovecot.kill_sessions(user)
        assert mailbox.fetch(waiting[0].position, LIMIT) == raws[0]
        dovecot.kill_sessions(user)
        mailbox.move(waiting[0].position, "Procesados")
        dovecot.kill_sessions(user)
        mailbox.wait(60)
        dovecot.restart()
        assert [mailbox.fetch(one.position, LIMIT) for one in mailbox.waiting()] == raws[1:]
    assert dovecot.raw(user, "Procesados") == raws[:1]


class Killer:
    """Kills a user's sessions at moments that nobody chose: once, at most, for every order that was carried out."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self.kills = 0
        self._server, self._user = server, user
        self._chance = random.Random(4)
        self._progress, self._over = Event(), Event()
        self._thread = Thread(target=self._work)

    def done(self) -> None:
        """An order was carried out."""
        self._progress.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._progress.set()
        self._thread.join()

    def _work(self) -> None:
        while self._progress.wait() and not self._over.wait(self._chance.uniform(0.0, 0.3)):
            self._progress.clear()
            self.kills += self._server.kill_sessions(self._user)


@pytest.mark.torture  # a lock left by a kill can hold Dovecot up for two minutes
def test_every_message_is_read_whole_and_moved_among_kills(dovecot: Dovecot, steady: Callable[..., Mailbox]) -> None:
    user = dovecot.new_user()
    raws: list[bytes] = []
    read: list[bytes] = []
    with steady(user) as mailbox, Killer(dovecot, user) as killer:
        while killer.kills < 6 and len(raws) < 600:
            raws += [mail(subject=f"Correo {len(raws) + number}", text="x" * 20_000) for number in range(10)]
            dovecot.deliver(user, *raws[-10:])
            while waiting := mailbox.waiting():
                for one in waiting:
                    raw = mailbox.fetch(one.position, LIMIT)
                    assert raw in raws
                    read.append(raw)
                    killer.done()
                    mailbox.move(one.position, "Procesados")
                    killer.done()
    assert killer.kills >= 6
    assert dovecot.raw(user) == []
    # a server that dies between copying and expunging leaves a copy too many in the archive, and never one too few
    assert set(dovecot.raw(user, "Procesados")) == set(raws)
    assert set(read) == set(raws)


# Frozen, full, rebuilt


def test_a_frozen_server_is_noticed(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with connect(dovecot, user, answer=0.7) as mailbox:
        mailbox.waiting()
        assert dovecot.freeze(user) == 1
        try:
            with pytest.raises(MailboxError, match="sin respuesta"):
                mailbox.waiting()
        finally:
            dovecot.thaw(user)


def test_a_server_that_freezes_in_idle_is_noticed(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with connect(dovecot, user, answer=0.7) as mailbox:
        mailbox.waiting()
        soon = Timer(0.3, dovecot.freeze, [user])
        soon.start()
        try:
            with pytest.raises(MailboxError, match="sin respuesta"):
                mailbox.wait(1.2)
        finally:
            soon.join()
            dovecot.thaw(user)


def test_a_rebuilt_mailbox_gives_new_numbers_and_takes_no_old_ones(
    dovecot: Dovecot, steady: Callable[..., Mailbox]
) -> None:
    user = dovecot.new_user()
    raws = [mail(subject=f"Correo {number}") for number in range(3)]
    dovecot.deliver(user, *raws)
    with steady(user) as mailbox:
        before = mailbox.waiting()
        mailbox.move(before[0].position, "Procesados")
        dovecot.rebuild(user)
        with pytest.raises(MailGone):
            mailbox.fetch(before[1].position, LIMIT)
        with pytest.raises(MailGone):  # number 2 is another message now
            mailbox.move(before[1].position, "Procesados")
        after = mailbox.waiting()
        assert {one.position.uidvalidity for one in after}.isdisjoint({before[0].position.uidvalidity})
        assert [mailbox.fetch(one.position, LIMIT) for one in after] == raws[1:]
    assert dovecot.raw(user, "Procesados") == raws[:1]


def test_a_full_disk_leaves_the_message_where_it_is_until_there_is_room(plain_dovecot: Dovecot) -> None:
    user = plain_dovecot.new_user()
    raw = mail()
    plain_dovecot.deliver(user, raw)
    plain_dovecot.quota(user, len(raw) + 10)
    with connect(plain_dovecot, user) as mailbox:
        [one] = mailbox.waiting()
        with pytest.raises(MailboxError, match="COPY"):
            mailbox.move(one.position, "Procesados")
        assert mailbox.fetch(one.position, LIMIT) == raw
    assert (plain_dovecot.raw(user), plain_dovecot.raw(user, "Procesados")) == ([raw], [])
    assert plain_dovecot.flags(user) == [""]
    plain_dovecot.quota(user, None)
    with connect(plain_dovecot, user) as mailbox:
        mailbox.move(one.position, "Procesados")
    assert (plain_dovecot.raw(user), plain_dovecot.raw(user, "Procesados")) == ([], [raw])


# News


def test_mail_that_lands_just_before_the_wait_is_not_missed(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    late = Event()
    alarm = Timer(50, late.set)
    alarm.start()
    try:
        with connect(dovecot, user) as mailbox:
            for number in range(1, 9):
                assert len(mailbox.waiting()) == number - 1
                dovecot.deliver(user, mail())
                mailbox.wait(100)
                assert len(mailbox.waiting()) == number
        assert not late.is_set(), "a wait was slept through"
    finally:
        alarm.cancel()
        alarm.join()


# Who is at the other end


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_a_server_whose_certificate_is_for_another_name_is_refused(dovecot: Dovecot, encryption: str) -> None:
    user = dovecot.new_user()
    port = dovecot.port if encryption == "starttls" else dovecot.tls_port
    connect(dovecot, user, puerto=port, cifrado=encryption).close()
    with pytest.raises(MailboxError, match="certificado"):
        connect(dovecot, user, puerto=port, cifrado=encryption, servidor="127.0.0.1")
    with pytest.raises(MailboxError, match="certificado"):
        connect(dovecot, user, puerto=port, cifrado=encryption, autoridad="")


def test_a_server_that_speaks_no_tls_is_refused(dovecot: Dovecot) -> None:
    with pytest.raises(MailboxError, match="cifrado"):
        connect(dovecot, dovecot.new_user(), puerto=dovecot.port, cifrado="tls")


def test_a_wrong_password_stops_the_credential(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTRA_CLAVE", PASSWORD[::-1])
    with pytest.raises(MailboxRefused) as caught:
        connect(dovecot, dovecot.new_user(), clave="env:OTRA_CLAVE")
    assert caught.value.blocks_credential
    assert PASSWORD[::-1] not in str(caught.value)


@pytest.fixture
def by_token(
    dovecot: Dovecot, steady: Callable[..., Mailbox], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Mailbox]:
    """Opens a mailbox with a token of the test's endpoint."""
    monkeypatch.setenv("SECRETO_OAUTH", dovecot.oauth.secret)

    def open_it(user: str, **changes: object) -> Mailbox:
        oauth = {
            "modo": "cliente",
            "url": f"{dovecot.oauth.url}/token",
            "cliente": "app",
            "secreto": "env:SECRETO_OAUTH",
            "ambito": user,
        }
        return steady(user, clave=None, oauth=oauth, **changes)

    return open_it


def test_a_token_opens_a_mailbox_and_is_fetched_anew_when_it_is_withdrawn(
    dovecot: Dovecot, by_token: Callable[..., Mailbox]
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail())
    granted = dovecot.oauth.granted
    with by_token(user) as mailbox:
        assert len(mailbox.waiting()) == 1
        dovecot.kill_sessions(user)
        assert len(mailbox.waiting()) == 1
        assert dovecot.oauth.granted == granted + 1
        dovecot.oauth.expire()
        dovecot.kill_sessions(user)
        assert len(mailbox.waiting()) == 1
        assert dovecot.oauth.granted == granted + 2


def test_a_token_for_somebody_else_stops_the_credential(dovecot: Dovecot, by_token: Callable[..., Mailbox]) -> None:
    user, other = dovecot.new_user(), dovecot.new_user()
    with pytest.raises(MailboxRefused):
        by_token(user, usuario=other)
