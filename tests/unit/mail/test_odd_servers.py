"""IMAP servers that stall, lie or have habits of their own: each ends in mail or in an error, within its time."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from collections.abc import Callable

import pytest

from cobranza.disputes.ports import MailboxError, MailboxRefused, MailGone, MailPosition, UnreadableMail
from connectors.mail.imap.mailbox import ImapMailbox
from tests.unit.mail.scripted import CLOSE, PASSWORD, Scripted

Make = Callable[..., Scripted]
AT = MailPosition(account="disputas", folder="INBOX", uidvalidity=7, uid=5)


def open_at(server: Scripted, **changes: object) -> ImapMailbox:
    return ImapMailbox("disputas", server.settings(**changes))


# Letting nobody in between


def test_a_server_without_starttls_gets_no_password(scripted: Make) -> None:
    server = scripted()
    with pytest.raises(MailboxError):
        open_at(server, cifrado="starttls")
    assert not [line for line in server.heard if "AUTH" in line or "LOGIN" in line]


def test_a_greeting_that_skips_the_login_does_not_skip_the_encryption(scripted: Make) -> None:
    server = scripted(greeting=b"* PREAUTH ya dentro\r\n", capabilities="IMAP4rev1 STARTTLS")
    with pytest.raises(MailboxError):
        open_at(server, cifrado="starttls")
    assert [line.partition(" ")[2] for line in server.heard] == ["CAPABILITY"]


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 AUTH=PLAIN"])
@pytest.mark.parametrize("answer", [b"{tag} BAD que\r\n", b"{tag} NO no\r\n", b"* BYE\r\n", CLOSE])
def test_a_refused_password_is_in_no_error(
    scripted: Make, monkeypatch: pytest.MonkeyPatch, capabilities: str, answer: bytes
) -> None:
    monkeypatch.setenv("CLAVE_DEL_BUZON", "olivo-y-sal")
    server = scripted({"LOGIN|AUTHENTICATE": answer}, capabilities=capabilities)
    with pytest.raises((MailboxError, MailboxRefused)) as caught:
        open_at(server)
    told = "".join(traceback.format_exception(caught.value))
    assert "olivo" not in told
    assert "b2xpdm8" not in told  # the same in base64


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"{tag} NO [AUTHENTICATIONFAILED] no\r\n", MailboxRefused),
        (b"{tag} NO no\r\n", MailboxRefused),
        (b"{tag} NO [UNAVAILABLE] luego\r\n", MailboxError),
        (b"* BYE demasiadas\r\n", MailboxError),
        (b"", MailboxError),
    ],
)
def test_only_a_real_refusal_blocks_the_credential(scripted: Make, answer: bytes, error: type[Exception]) -> None:
    server = scripted({"AUTHENTICATE": answer})
    with pytest.raises(error) as caught:
        open_at(server)
    assert type(caught.value) is error


def test_a_login_that_takes_ascii_alone_is_told_from_a_wrong_password(scripted: Make) -> None:
    server = scripted(capabilities="IMAP4rev1")
    with pytest.raises(MailboxRefused, match="sin acentos"):
        open_at(server)
    assert PASSWORD not in " ".join(server.heard)


def test_a_password_with_quotes_is_one_argument(scripted: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAVE_DEL_BUZON", 'una "clave" \\ rara')
    server = scripted(capabilities="IMAP4rev1")
    open_at(server).close()
    assert [line.partition(" ")[2] for line in server.heard if "LOGIN" in line] == [
        'LOGIN "robot" "una \\"clave\\" \\\\ rara"'
    ]


# Waiting


def test_a_server_that_goes_silent_is_noticed(scripted: Make) -> None:
    server = scripted({"UID SEARCH": b""})
    mailbox = open_at(server)
    with pytest.raises(MailboxError, match=r"0.8 s"):
        mailbox.waiting()
    mailbox.close()


def test_a_server_that_only_chatters_is_noticed(scripted: Make) -> None:
    over = threading.Event()

    def chatter(_command: str, line: socket.socket) -> bytes:
        for _ in range(200):
            line.sendall(b"* OK todavia\r\n")
            if over.wait(0.05):
                break
        return b""

    mailbox = open_at(scripted({"UID SEARCH": chatter}))
    with pytest.raises(MailboxError):
        mailbox.waiting()
    over.set()
    mailbox.close()


def test_a_command_after_a_pause_has_its_whole_time(scripted: Make) -> None:
    """The library would count from the last line it got."""

    def late(_command: str, _line: socket.socket) -> bytes:
        time.sleep(0.4)
        return b"* SEARCH\r\n{tag} OK\r\n"

    mailbox = open_at(scripted({"UID SEARCH": late}))
    time.sleep(0.6)
    assert mailbox.waiting() == []
    mailbox.close()


def test_news_in_the_packet_that_starts_idle_is_not_lost(scripted: Make) -> None:
    server = scripted({"IDLE": b"+ idling\r\n* 2 EXISTS\r\n"})
    mailbox = open_at(server)
    mailbox.waiting()
    assert mailbox._connection.idle_until_news(5)  # the server never says more: slept through, this is False
    assert "DONE" in server.heard
    mailbox.close()


def test_news_before_idle_is_seen_by_the_noop(scripted: Make) -> None:
    news = iter([b"", b"* 2 EXISTS\r\n"])
    server = scripted({"NOOP": lambda _command, _line: next(news) + b"{tag} OK\r\n"})
    mailbox = open_at(server, limites={"reposo_segundos": 30.0})
    mailbox.waiting()
    mailbox.wait(30)
    assert not [line for line in server.heard if "IDLE" in line]
    mailbox.close()


def test_a_server_that_freezes_in_idle_is_noticed_when_the_rest_ends(scripted: Make) -> None:
    def freeze(_command: str, line: socket.socket) -> bytes:
        line.sendall(b"+ idling\r\n")
        time.sleep(1.5)
        return b""

    mailbox = open_at(scripted({"IDLE": freeze}), limites={"reposo_segundos": 0.2})
    mailbox.waiting()
    with pytest.raises(MailboxError):
        mailbox.wait(60)
    mailbox.close()


def test_what_was_there_before_the_line_was_opened_is_looked_at_first(scripted: Make) -> None:
    server = scripted()
    mailbox = open_at(server, limites={"reposo_segundos": 30.0})
    mailbox.wait(30)
    assert not [line for line in server.heard if "IDLE" in line]
    mailbox.close()


def test_a_server_without_idle_is_asked_again(scripted: Make) -> None:
    server = scripted(capabilities="IMAP4rev1 AUTH=PLAIN")
    mailbox = open_at(server)
    mailbox.waiting()
    mailbox.wait(0.1)
    assert len([line for line in server.heard if "NOOP" in line]) == 3
    mailbox.close()


def test_a_word_with_accents_stops_nothing(scripted: Make) -> None:
    """In the library it leaves a command behind that the next one waits for, for ever."""
    mailbox = open_at(scripted())
    line = mailbox._connection
    for wrong in ("Reclamación", "a\r\nA1 LOGOUT", "a\0"):
        with pytest.raises(ValueError):
            line.create(wrong)
    assert line.noop()[0] == "OK"
    assert line.create('"Reclamaci&APM-n"')[0] == "OK"
    mailbox.close()


def test_a_mailbox_is_for_one_thread(scripted: Make) -> None:
    mailbox = open_at(scripted())
    errors: list[BaseException] = []

    def other() -> None:
        try:
            mailbox.waiting()
        except RuntimeError as exc:
            errors.append(exc)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert len(errors) == 1
    mailbox.close()


# Reading


def served(*fetches: bytes, size: int = 5) -> dict[str, bytes | Callable[[str, socket.socket], bytes]]:
    answers = iter(fetches)
    return {
        r"UID FETCH 5 \(UID RFC822": f"* 1 FETCH (UID 5 RFC822.SIZE {size})\r\n{{tag}} OK\r\n".encode(),
        r"UID FETCH 5 \(UID BODY": lambda _command, _line: next(answers) + b"{tag} OK\r\n",
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 5 BODY[]<0> {5}\r\nHola\n)\r\n",
        b"* 1 FETCH (BODY[]<0> {5}\r\nHola\n UID 5)\r\n",
        b'* 1 FETCH (UID 5 BODY[] "Hola\n")\r\n'.replace(b"\n", b"!", 1),
        b"* 2 FETCH (UID 6 FLAGS (\\Seen))\r\n* 1 FETCH (UID 5 BODY[]<0> {5}\r\nHola\n)\r\n* 3 EXISTS\r\n",
        b"* 1 FETCH (FLAGS ())\r\n* 1 FETCH (UID 5 BODY[]<0> {5}\r\nHola\n FLAGS ())\r\n* 2 FETCH (FLAGS ())\r\n",
    ],
)
def test_reads_a_message_however_it_is_told(scripted: Make, answer: bytes) -> None:
    mailbox = open_at(scripted(served(answer)))
    assert mailbox.fetch(AT, 1000)[:4] == b"Hola"
    mailbox.close()


def test_a_message_longer_than_the_server_said_stops_at_the_limit(scripted: Make) -> None:
    mailbox = open_at(scripted(served(b"* 1 FETCH (UID 5 BODY[]<0> {101}\r\n" + b"x" * 101 + b")\r\n", size=50)))
    with pytest.raises(UnreadableMail, match="100"):
        mailbox.fetch(AT, 100)
    mailbox.close()


def test_a_message_that_is_too_big_is_not_asked_for(scripted: Make) -> None:
    server = scripted(served(size=101))
    mailbox = open_at(server)
    with pytest.raises(UnreadableMail):
        mailbox.fetch(AT, 100)
    assert not [line for line in server.heard if "BODY" in line]
    mailbox.close()


def test_a_server_that_sends_more_than_was_asked_for_is_cut_off(scripted: Make) -> None:
    mailbox = open_at(scripted(served(b"* 1 FETCH (UID 5 BODY[]<0> {4000000000}\r\nHola\n")))
    with pytest.raises(MailboxError, match="mayor que el límite"):
        mailbox.fetch(AT, 1000)
    mailbox.close()


def test_a_message_that_went_away_is_told(scripted: Make) -> None:
    mailbox = open_at(scripted({"UID FETCH": b"{tag} OK\r\n"}))
    with pytest.raises(MailGone):
        mailbox.fetch(AT, 1000)
    mailbox.close()


def test_numbers_of_another_validity_are_refused_before_anything_is_asked(scripted: Make) -> None:
    server = scripted()
    mailbox = open_at(server)
    old = MailPosition(account="disputas", folder="INBOX", uidvalidity=6, uid=5)
    with pytest.raises(MailGone):
        mailbox.fetch(old, 1000)
    with pytest.raises(MailGone):
        mailbox.move(old, "Procesados")
    assert not [line for line in server.heard if "UID" in line]
    mailbox.close()


def test_a_mailbox_that_is_rebuilt_under_us_is_noticed(scripted: Make) -> None:
    mailbox = open_at(scripted({"UID SEARCH": b"* OK [UIDVALIDITY 8] nuevo\r\n* SEARCH 1\r\n{tag} OK\r\n"}))
    with pytest.raises(MailboxError):
        mailbox.waiting()
    mailbox.close()


def test_a_server_without_stable_numbers_is_refused(scripted: Make) -> None:
    with pytest.raises(MailboxError, match="estable"):
        open_at(scripted({"SELECT": b"* 1 EXISTS\r\n{tag} OK\r\n"}))


def test_lists_by_pages_up_to_a_bound(scripted: Make) -> None:
    def sizes(command: str, _line: socket.socket) -> bytes:
        first, _, last = command.split()[2].partition(":")
        rows = range(int(first), int(last or first) + 1)
        return b"".join(b"* %d FETCH (UID %d RFC822.SIZE 9)\r\n" % (uid, uid) for uid in rows) + b"{tag} OK\r\n"

    found = b"* SEARCH " + b" ".join(b"%d" % uid for uid in range(50, 0, -1)) + b"\r\n{tag} OK\r\n"
    server = scripted({"UID SEARCH": found, "UID FETCH": sizes})
    mailbox = open_at(server, limites={"pagina": 4, "paginas": 3})
    assert [one.position.uid for one in mailbox.waiting()] == list(range(1, 13))
    assert len([line for line in server.heard if "FETCH" in line]) == 3
    mailbox.close()


# Moving


def test_folders_lie_under_the_server_s_own_prefix(scripted: Make) -> None:
    server = scripted(
        {
            "NAMESPACE": b'* NAMESPACE (("INBOX." ".")) NIL NIL\r\n{tag} OK\r\n',
            "UID MOVE": b"* OK [COPYUID 7 5 1]\r\n{tag} OK\r\n",
            "UID SEARCH": b"* SEARCH 5\r\n{tag} OK\r\n",
        },
        capabilities="IMAP4rev1 AUTH=PLAIN NAMESPACE MOVE UIDPLUS",
    )
    mailbox = open_at(server, carpeta_procesados="Robots/Reclamación & más")
    mailbox.move(AT, "Procesados")
    mailbox.close()
    wire = '"INBOX.Robots.Reclamaci&APM-n &- m&AOE-s"'
    assert [line.partition(" ")[2] for line in server.heard if "INBOX.R" in line] == [
        f'LIST "" {wire}',
        f"CREATE {wire}",
        f"SUBSCRIBE {wire}",
        f"UID MOVE 5 {wire}",
    ]


def test_a_move_that_the_server_only_says_it_made_is_an_error(scripted: Make) -> None:
    mailbox = open_at(scripted({"UID MOVE": b"{tag} OK\r\n", "UID SEARCH": b"* SEARCH 5\r\n{tag} OK\r\n"}))
    with pytest.raises(MailboxError, match="no movió"):
        mailbox.move(AT, "Procesados")
    mailbox.close()


def test_a_folder_that_somebody_deleted_is_made_again(scripted: Make) -> None:
    answers = iter([b"{tag} NO [TRYCREATE] no hay\r\n", b"* OK [COPYUID 7 5 1]\r\n{tag} OK\r\n"])
    listed = iter([b'* LIST () "/" Procesados\r\n', b""])
    server = scripted(
        {
            "UID SEARCH": b"* SEARCH 5\r\n{tag} OK\r\n",
            "UID MOVE": lambda _command, _line: next(answers),
            "LIST": lambda _command, _line: next(listed) + b"{tag} OK\r\n",
        }
    )
    mailbox = open_at(server)
    mailbox.move(AT, "Procesados")
    mailbox.close()
    assert len([line for line in server.heard if "CREATE" in line]) == 1


def test_without_uidplus_nothing_of_others_is_expunged(scripted: Make) -> None:
    server = scripted({"UID SEARCH": b"* SEARCH 5\r\n{tag} OK\r\n"}, capabilities="IMAP4rev1 AUTH=PLAIN")
    mailbox = open_at(server)
    mailbox.move(AT, "Procesados")
    mailbox.close()
    said = [line.partition(" ")[2] for line in server.heard]
    assert [line for line in said if line.startswith(("UID COPY", "UID STORE", "UID EXPUNGE", "EXPUNGE", "CLOSE"))] == [
        'UID COPY 5 "Procesados"',
        r"UID STORE 5 +FLAGS.SILENT (\Deleted)",
    ]
