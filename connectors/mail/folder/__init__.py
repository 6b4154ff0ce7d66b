"""A folder of ``.eml`` files as a mailbox: for mail that another program fetches, and for trying things out.

Files of other names are left alone, so a writer may write ``name.part`` and rename it when it is whole. Moved messages
go to folders inside. A message's number is made from its file's name, size and time: it needs no list beside it, and a
changed file is another message.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal, Self, cast

from pydantic import Field

from cobranza import suite
from cobranza.disputes.ports import Mailbox, MailboxError, MailGone, MailPosition, UnreadableMail, WaitingMail
from cobranza.kernel import secrets
from connectors.mail import settings
from connectors.mail.settings import Account

_INBOX = "INBOX"
_LOOK_SECONDS = 1.0


class FolderSettings(Account):
    """A folder of messages.

    Attributes:
        activo: Read by the robots.
        conector: Folder in connectors/mail/.
        direccion: The mailbox's own address: From of its answers, and ours when it turns up as a sender.
        salida: Entry of `[salidas]` that its answers leave through; "" answers nothing.
        carpeta: The folder, from the suite's folder, or `env:NAME` where it is; its ``.eml`` files are the inbox.
        maximo: Messages listed at a time.
    """

    FILE: ClassVar[str] = "mail.toml"
    TABLE: ClassVar[str] = "buzones.<nombre>"

    conector: Literal["folder"]
    carpeta: str = Field(min_length=1)
    maximo: int = Field(default=10_000, ge=1)


class FolderMailbox:
    """See `Mailbox`; a context manager.

    Args:
        account: Name of the entry in ``config/mail.toml``.
        folder: Where the messages are.
        most: Messages listed at a time.

    Raises:
        MailboxError: there is no such folder, or it cannot be read.
    """

    def __init__(self, account: str, folder: Path, most: int = 10_000) -> None:
        self.account = account
        self._folder = folder
        self._most = most
        self._seen: dict[int, Path] = {}
        self._files()

    def waiting(self) -> list[WaitingMail]:
        """See `Mailbox.waiting`."""
        found = self._files()
        order = sorted(found, key=lambda uid: (found[uid][1].st_mtime_ns, found[uid][0].name))
        return [WaitingMail(position=self._position(uid), size=found[uid][1].st_size) for uid in order[: self._most]]

    def fetch(self, position: MailPosition, limit: int) -> bytes:
        """See `Mailbox.fetch`."""
        file = self._find(position)
        if file is None:
            raise MailGone(f"El correo ya no está en «{self._folder}».")
        try:
            with file.open("rb") as source:
                raw = source.read(limit + 1)
        except FileNotFoundError as exc:
            raise MailGone(f"El correo ya no está en «{self._folder}».") from exc
        except OSError as exc:
            raise MailboxError(f"No se puede leer «{file}»: {exc.strerror}.") from exc
        if len(raw) > limit:
            raise UnreadableMail(f"El mensaje ocupa más de {limit} octetos, que es el límite.")
        return raw

    def move(self, position: MailPosition, folder: str) -> None:
        """See `Mailbox.move`; a name that is taken there gets a number."""
        file = self._find(position)
        if file is None:
            return
        if folder in ("", ".", "..") or Path(folder).name != folder:
            raise ValueError(f"not the name of a folder: {folder!r}")
        target = self._folder / folder
        try:
            target.mkdir(exist_ok=True)
            number, place = 1, target / file.name
            while True:
                try:
                    os.link(file, place)  # unlike a rename it never writes over another message
                    break
                except FileExistsError:
                    if place.samefile(file):  # a move that was cut off between its two steps
                        break
                    number += 1
                    place = target / f"{file.stem}-{number}{file.suffix}"
            file.unlink()
        except FileNotFoundError:
            return
        except OSError as exc:
            raise MailboxError(f"No se puede mover «{file.name}» a «{target}»: {exc.strerror}.") from exc

    def missing(self) -> list[str]:
        """See `Inspected.missing`."""
        return [name for name in ("Procesados", "Errores") if not (self._folder / name).is_dir()]

    def wait(self, seconds: float) -> None:
        """See `Mailbox.wait`; looks once a second."""
        before = set(self._files())
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
            if set(self._files()) - before:
                return

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _position(self, uid: int) -> MailPosition:
        return MailPosition(account=self.account, folder=_INBOX, uidvalidity=1, uid=uid)

    def _find(self, position: MailPosition) -> Path | None:
        if (position.account, position.folder, position.uidvalidity) != (self.account, _INBOX, 1):
            raise MailGone(f"Esa posición no es del buzón «{self.account}».")
        place = self._seen.get(position.uid)
        if place is not None:  # as it was when it was listed: the folder need not be read again
            with suppress(OSError):
                if _number(place.name, place.lstat()) == position.uid:
                    return place
        found = self._files().get(position.uid)
        return found[0] if found else None

    def _files(self) -> dict[int, tuple[Path, os.stat_result]]:
        found: dict[int, tuple[Path, os.stat_result]] = {}
        try:
            for entry in os.scandir(self._folder):
                if entry.name.lower().endswith(".eml") and entry.is_file(follow_symlinks=False):
                    facts = entry.stat(follow_symlinks=False)
                    found[_number(entry.name, facts)] = (Path(entry.path), facts)
        except OSError as exc:
            raise MailboxError(f"No se puede leer la carpeta de correo «{self._folder}»: {exc.strerror}.") from exc
        self._seen = {uid: place for uid, (place, _) in found.items()}
        return found


def _number(name: str, facts: os.stat_result) -> int:
    """48 bits that name a file as it is now."""
    told = f"{facts.st_size} {facts.st_mtime_ns} ".encode() + os.fsencode(name)
    return int.from_bytes(hashlib.sha256(told).digest()[:6], "big")


class Folder:
    """Opens folders as mailboxes; see `Inbox`."""

    slug = "folder"
    Settings = FolderSettings

    def open(self, account: str) -> Mailbox:
        """See `Inbox.open`."""
        entry = cast(FolderSettings, settings.account(account))
        place = secrets.resolve(entry.carpeta).reveal() if entry.carpeta.startswith("env:") else entry.carpeta
        return FolderMailbox(account, suite.root() / Path(place).expanduser(), entry.maximo)

    def accounts(self) -> Iterator[str]:
        """See `Inbox.accounts`."""
        return (name for name, entry in settings.accounts().items() if entry.activo and entry.conector == self.slug)


ADAPTER = Folder()
