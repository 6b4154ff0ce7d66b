"""One IMAP mailbox behind the `Mailbox` port: what waits in INBOX, read without a trace, moved when it is done."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Self

from cobranza.disputes.ports import (
    MailboxError,
    MailGone,
    MailPosition,
    UnreadableMail,
    WaitingMail,
)
from connectors.mail import tls
from connectors.mail.imap import login
from connectors.mail.imap.connection import Connection
from connectors.mail.imap.names import encode, quote
from connectors.mail.imap.settings import ImapSettings
from connectors.mail.tokens import Tokens

_log = logging.getLogger(__name__)

INBOX = "INBOX"
_CHUNK = 1024 * 1024  # octets of a message asked for at once: each has a time-out of its own
_POLL_SECONDS = 15.0  # between looks at a server without IDLE

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_SHORT_BODY = re.compile(rb'\bBODY\[\](?:<\d+>)? (?:"((?:[^"\\]|\\.)*)"|NIL)', re.DOTALL)
_PERSONAL = re.compile(rb'\(\("((?:[^"\\]|\\.)*)" (?:"(\\?.)"|NIL)')


class _NoFolder(MailboxError):
    """The folder to move to is not there."""


class ImapMailbox:
    """An open connection to a mailbox; see `Mailbox`. A context manager, and only for the thread that made it.

    Where the server lacks MOVE, a message is copied, flagged as deleted and expunged by its UID; a flagged one that a
    fault left behind counts as moved. A fault in the middle may leave a copy too many in the other folder, never one
    too few.

    Args:
        account: Name of the entry in ``config/mail.toml``.
        settings: The entry.
        tokens: For OAuth; None with a password.

    Raises:
        MailboxError: the server is away, is not who it should be, or is not IMAP.
        MailboxRefused: it does not let us in.
    """

    def __init__(self, account: str, settings: ImapSettings, tokens: Tokens | None = None) -> None:
        self.account = account
        self._settings = settings
        self._thread = threading.get_ident()
        self._folders: dict[str, str] = {}
        self._listed = False
        self._listed_sizes: dict[int, int] = {}
        self._connection = _connect(account, settings)
        try:
            _enter(self._connection, settings, tokens)
            with self._translated("abrir el buzón"):
                self._prefix, self._separator = self._namespace()
                self._validity = self._select()
        except BaseException:
            self._connection.drop()
            raise

    # The port

    def waiting(self) -> list[WaitingMail]:
        """See `Mailbox.waiting`; of more than `limites.paginas` pages the later ones come another time."""
        with self._translated("listar el correo"):
            self._connection.noop()
            self._connection.forget_news()
            self._listed = True
            data = self._uid("SEARCH", "UNDELETED")
            found = sorted({int(number) for part in data if part for number in part.split() if number.isdigit()})
            limits = self._settings.limites
            listed = found[: limits.pagina * limits.paginas]
            if len(listed) < len(found):
                _log.warning("mailbox %s: %d of %d messages listed", self.account, len(listed), len(found))
            sizes: dict[int, int] = {}
            for start in range(0, len(listed), limits.pagina):
                sizes |= self._sizes(listed[start : start + limits.pagina])
            self._listed_sizes = sizes
            return [WaitingMail(position=self._position(uid), size=sizes[uid]) for uid in listed if uid in sizes]

    def fetch(self, position: MailPosition, limit: int) -> bytes:
        """See `Mailbox.fetch`; the size is asked for first, and never more than `limit` is loaded."""
        with self._translated("leer un correo"):
            self._check(position)
            size = self._listed_sizes.get(position.uid)  # no message ever changes under its number
            if size is None:
                size = self._sizes([position.uid]).get(position.uid)
            if size is None:
                raise MailGone(f"El correo {position.uid} ya no está en la bandeja de «{self.account}».")
            if size > limit:
                raise _too_big(size, limit)
            raw = bytearray()
            while True:
                wanted = min(_CHUNK, limit + 1 - len(raw))
                part = self._part(position.uid, len(raw), wanted)
                raw += part
                if len(raw) > limit:  # some servers only estimate sizes
                    raise _too_big(len(raw), limit)
                if len(part) < wanted:
                    return bytes(raw)

    def move(self, position: MailPosition, folder: str) -> None:
        """See `Mailbox.move`; a folder that is missing is made."""
        with self._translated("mover un correo"):
            self._check(position)
            by = self._move if "MOVE" in self._connection.capabilities else self._copy_and_expunge
            try:
                by(position.uid, self._folder(folder))
            except _NoFolder:  # deleted since we looked
                del self._folders[folder]
                by(position.uid, self._folder(folder))
            self._listed_sizes.pop(position.uid, None)

    def missing(self) -> list[str]:
        """See `Inspected.missing`."""
        with self._translated("mirar sus carpetas"):
            names = self._settings.folders()
            return [name for name in names if not any(self._connection.list('""', self._wire(name))[1])]

    def wait(self, seconds: float) -> None:
        """See `Mailbox.wait`; returns after `limites.reposo_segundos` at the latest."""
        limit = time.monotonic() + min(seconds, self._settings.limites.reposo_segundos)
        with self._translated("esperar correo"):
            self._connection.noop()
            if not self._listed:  # nobody has looked at what was there when the line was opened
                return
            while not self._connection.heard_of_mail() and (left := limit - time.monotonic()) > 0:
                if "IDLE" in self._connection.capabilities:
                    self._connection.idle_until_news(left)
                    return
                time.sleep(min(left, _POLL_SECONDS))
                self._connection.noop()

    def close(self) -> None:
        """Say good-bye; no thread stays behind."""
        self._connection.leave()

    def drop(self) -> None:
        """End a connection that went wrong, without a word."""
        self._connection.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # Inside

    def _position(self, uid: int) -> MailPosition:
        return MailPosition(account=self.account, folder=INBOX, uidvalidity=self._validity, uid=uid)

    def _check(self, position: MailPosition) -> None:
        if position.uidvalidity != self._validity or position.account != self.account or position.folder != INBOX:
            raise MailGone(f"El buzón «{self.account}» se ha reconstruido: sus números ya no valen.")

    def _select(self) -> int:
        kind, data = self._connection.select(INBOX)
        if kind != "OK":
            raise MailboxError(f"No se puede abrir la bandeja de «{self.account}»: {login.shown(data[-1])}.")
        told = self._connection.response("UIDVALIDITY")[1]
        if not told or not told[-1] or not told[-1].isdigit():
            raise MailboxError(f"El servidor de «{self.account}» no numera sus correos de forma estable.")
        return int(told[-1])

    def _namespace(self) -> tuple[str, str]:
        """Prefix and separator of our own folders, as they are on the wire."""
        if "NAMESPACE" not in self._connection.capabilities:
            return "", "/"
        _, data = self._connection.namespace()
        found = _PERSONAL.match(data[-1]) if data and isinstance(data[-1], bytes) else None
        if found is None:
            return "", "/"
        separator = found[2].decode("ascii", "replace")[-1] if found[2] else ""
        return re.sub(rb"\\(.)", rb"\1", found[1]).decode("ascii", "replace"), separator

    def _wire(self, chosen: str) -> str:
        """A folder of ours as it is named on the wire."""
        return quote(self._prefix + encode(chosen.replace("/", self._separator or "_")))

    def _folder(self, name: str) -> str:
        """The quoted name of a folder of ours, made when it is missing."""
        if name not in self._folders:
            chosen = self._settings.folder(name)
            quoted = self._wire(chosen)
            _, data = self._connection.list('""', quoted)
            if not any(data):
                kind, told = self._connection.create(quoted)
                if kind != "OK" and b"ALREADYEXISTS" not in (told[-1] or b""):
                    raise MailboxError(
                        f"No se puede crear la carpeta «{chosen}» de «{self.account}»: {login.shown(told[-1])}."
                    )
                self._connection.subscribe(quoted)
            self._folders[name] = quoted
        return self._folders[name]

    def _move(self, uid: int, target: str) -> None:
        self._connection.response("COPYUID")
        with suppress(MailGone):  # moved by another; we look, as without the proof that COPYUID is
            self._uid("MOVE", str(uid), target)
        told = self._connection.response("COPYUID")[1]
        if not (told and told[-1]) and self._lies(uid):
            raise MailboxError(f"El servidor no movió el correo {uid} de «{self.account}».")

    def _copy_and_expunge(self, uid: int, target: str) -> None:
        if not self._lies(uid):
            return
        self._uid("COPY", str(uid), target)
        self._uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._connection.capabilities:  # without it, expunging would take others' messages too
            self._uid("EXPUNGE", str(uid))

    def _lies(self, uid: int) -> bool:
        self._connection.noop()  # hear first of what others moved away
        return any(str(uid).encode() in part.split() for part in self._uid("SEARCH", f"UID {uid} UNDELETED") if part)

    def _sizes(self, uids: Sequence[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for head, _ in _answers(self._uid("FETCH", _set(uids), "(UID RFC822.SIZE)")):
            uid, size = _UID.search(head), _SIZE.search(head)
            if uid and size:
                found[int(uid[1])] = int(size[1])
        wanted = set(uids)
        return {uid: size for uid, size in found.items() if uid in wanted}

    def _part(self, uid: int, start: int, length: int) -> bytes:
        for head, literal in _answers(self._uid("FETCH", str(uid), f"(UID BODY.PEEK[]<{start}.{length}>)")):
            told = _UID.search(head)
            if told is None or int(told[1]) != uid:
                continue
            if literal is not None:
                return literal
            short = _SHORT_BODY.search(head)
            if short:
                return re.sub(rb"\\(.)", rb"\1", short[1] or b"")
        raise MailGone(f"El correo {uid} ya no está en la bandeja de «{self.account}».")

    def _uid(self, command: str, *arguments: str) -> list[Any]:
        kind, data = self._connection.uid(command, *arguments)
        validity = self._connection.response("UIDVALIDITY")[1]
        if validity and validity[-1] and validity[-1].isdigit() and int(validity[-1]) != self._validity:
            raise MailboxError(f"El buzón «{self.account}» se está reconstruyendo.")
        if kind != "OK":
            if b"[TRYCREATE]" in (data[-1] or b""):
                raise _NoFolder(f"Falta una carpeta en el buzón «{self.account}».")
            if b"[EXPUNGEISSUED]" in (data[-1] or b""):
                raise MailGone(f"El correo ya no está en la bandeja de «{self.account}».")
            raise MailboxError(f"El servidor de «{self.account}» contesta que no a {command}: {login.shown(data[-1])}.")
        return list(data or [])

    def _translated(self, doing: str) -> _Translated:
        if threading.get_ident() != self._thread:
            raise RuntimeError("a mailbox is for the thread that opened it")
        return _Translated(self.account, doing)


class _Translated:
    """Turns what imaplib2 and the line raise into a `MailboxError`."""

    def __init__(self, account: str, doing: str) -> None:
        self._account, self._doing = account, doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Connection.error | OSError):
            text = f"No se pudo {self._doing} en «{self._account}»: {login.shown(str(error))}."
            raise MailboxError(text) from error


def _connect(account: str, settings: ImapSettings) -> Connection:
    where = f"{settings.servidor}:{settings.puerto}"
    try:
        return Connection(
            settings.servidor,
            settings.puerto,
            encryption=settings.cifrado,
            context=tls.context(settings.authority()),
            connect_seconds=settings.limites.conexion_segundos,
            answer_seconds=settings.limites.respuesta_segundos,
            literal_limit=2 * _CHUNK,
        )
    except ssl.SSLError as exc:
        raise MailboxError(
            f"No hay conexión segura con {where} para «{account}»: {tls.explain(exc)}.",
            remedy="No se ha enviado la clave. Compruebe «servidor» y «autoridad» en config/mail.toml.",
        ) from exc
    except (OSError, Connection.error) as exc:
        raise MailboxError(f"No hay conexión con {where} para «{account}»: {login.shown(str(exc))}.") from exc


def _enter(connection: Connection, settings: ImapSettings, tokens: Tokens | None) -> None:
    password = settings.password()
    if tokens is not None:
        login.by_token(connection, settings.user(), tokens.token())
    elif password is not None:
        login.by_password(connection, settings.user(), password)
    try:
        connection._get_capabilities()  # a server tells more to those it knows
    except connection.error as exc:
        raise MailboxError(f"El servidor de correo cortó tras entrar: {login.shown(str(exc))}.") from exc


def _answers(data: Iterable[Any]) -> Iterator[tuple[bytes, bytes | None]]:
    """Each answer to a FETCH as its text, the literal taken out, and the literal (None without one)."""
    head, literal = b"", None
    for part in data:
        if isinstance(part, tuple):
            if head:
                yield head, literal
            head, literal = part
        elif isinstance(part, bytes):
            if literal is not None:  # the rest of the line that the literal stood in
                yield head + part, literal
                head, literal = b"", None
            else:
                yield part, None
    if head:
        yield head, literal


def _set(uids: Sequence[int]) -> str:
    """A set of UIDs, runs written short.

    >>> _set([3, 4, 5, 9])
    '3:5,9'
    """
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{first}:{last}" if last > first else str(first) for first, last in runs)


def _too_big(size: int, limit: int) -> UnreadableMail:
    return UnreadableMail(f"El mensaje ocupa {size} octetos y el límite es {limit}.")
