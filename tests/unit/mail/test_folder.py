"""A folder of messages: what only a folder can do wrong. The rest is in the contract of all mailboxes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cobranza.disputes.ports import MailboxError, MailGone
from connectors.mail.folder import FolderMailbox


def test_only_whole_messages_of_the_folder_itself_wait(tmp_path: Path) -> None:
    for name in ("uno.eml", "DOS.EML", "tres.part", "nota.txt"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "dentro.eml").mkdir()
    (tmp_path / "enlace.eml").symlink_to("/etc/hostname")
    mailbox = FolderMailbox("carpeta", tmp_path)
    assert {mailbox.fetch(one.position, 100) for one in mailbox.waiting()} == {b"uno.eml", b"DOS.EML"}


def test_a_message_that_changes_is_another_message(tmp_path: Path) -> None:
    file = tmp_path / "uno.eml"
    file.write_bytes(b"Hola")
    mailbox = FolderMailbox("carpeta", tmp_path)
    [before] = mailbox.waiting()
    file.write_bytes(b"Hola, y algo mas")
    with pytest.raises(MailGone):
        mailbox.fetch(before.position, 100)
    mailbox.move(before.position, "Procesados")
    assert file.exists()


def test_a_name_that_is_taken_is_never_written_over(tmp_path: Path) -> None:
    mailbox = FolderMailbox("carpeta", tmp_path)
    for text in (b"uno", b"dos", b"tres"):
        (tmp_path / "correo.eml").write_bytes(text)
        [one] = mailbox.waiting()
        mailbox.move(one.position, "Procesados")
    kept = sorted((tmp_path / "Procesados").iterdir())
    assert [file.name for file in kept] == ["correo-2.eml", "correo-3.eml", "correo.eml"]
    assert {file.read_bytes() for file in kept} == {b"uno", b"dos", b"tres"}


def test_a_move_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    (tmp_path / "correo.eml").write_bytes(b"uno")
    (tmp_path / "Procesados").mkdir()
    os.link(tmp_path / "correo.eml", tmp_path / "Procesados" / "correo.eml")
    mailbox = FolderMailbox("carpeta", tmp_path)
    [one] = mailbox.waiting()
    mailbox.move(one.position, "Procesados")
    assert mailbox.waiting() == []
    assert [file.name for file in (tmp_path / "Procesados").iterdir()] == ["correo.eml"]


@pytest.mark.parametrize("folder", ["", "..", "a/b", "/tmp"])
def test_nothing_moves_out_of_the_folder(tmp_path: Path, folder: str) -> None:
    (tmp_path / "correo.eml").write_bytes(b"uno")
    mailbox = FolderMailbox("carpeta", tmp_path)
    [one] = mailbox.waiting()
    with pytest.raises(ValueError):
        mailbox.move(one.position, folder)


def test_a_folder_that_is_not_there_is_an_error_and_no_empty_mailbox(tmp_path: Path) -> None:
    with pytest.raises(MailboxError):
        FolderMailbox("carpeta", tmp_path / "nada")


def test_lists_no_more_than_it_may(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.eml").write_bytes(b"x")
        os.utime(tmp_path / f"{number}.eml", ns=(number, number))
    mailbox = FolderMailbox("carpeta", tmp_path, most=2)
    assert [mailbox.fetch(one.position, 10) for one in mailbox.waiting()] == [b"x", b"x"]
    assert len(mailbox.waiting()) == 2
