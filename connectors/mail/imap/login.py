"""Logging in to an IMAP server, by password or token; nothing of a secret gets into an error."""

from __future__ import annotations

import re

from cobranza.disputes.ports import MailboxError, MailboxRefused
from cobranza.kernel.secrets import Secret
from connectors.mail.imap.connection import Connection
from connectors.mail.imap.names import quote
from connectors.mail.tokens import sasl_xoauth2

# Refusals that pass by themselves. Source: RFC 5530; "LIMIT" and "INUSE" as large providers use them.
_TEMPORARY = re.compile(rb"\[(UNAVAILABLE|INUSE|LIMIT|OVERQUOTA|SERVERBUG|THROTTLED)\b", re.IGNORECASE)

_WRAPPING = re.compile(r"command: \w+ => |(?:socket|program) error: |<class '[\w.]+'> - ")  # what imaplib2 puts around


def by_password(connection: Connection, user: str, password: Secret) -> None:
    """Log in with a password: SASL PLAIN where the server knows it, as LOGIN takes ASCII alone.

    Raises:
        MailboxRefused: the server does not accept it.
        MailboxError: it cannot tell at the moment, or takes no password as things are.
    """
    clear = password.reveal()
    if "\0" in user + clear:
        raise MailboxRefused("El usuario o la clave del buzón tienen un carácter imposible.")
    if "AUTH=PLAIN" in connection.capabilities:
        _authenticate(connection, "PLAIN", [f"\0{user}\0{clear}".encode()])
        return
    if "LOGINDISABLED" in connection.capabilities:
        raise MailboxError("El servidor de correo no admite claves en esta conexión: revise «cifrado».")
    try:
        kind, data = connection._simple_command("LOGIN", quote(user), quote(clear))
    except ValueError:
        raise MailboxRefused("El servidor de correo solo admite usuario y clave sin acentos.") from None
    except connection.abort:
        raise MailboxError("El servidor de correo cortó la conexión al entrar.") from None
    except connection.error:  # its text holds the command, and so the password
        raise MailboxRefused("El servidor de correo no entiende el usuario o la clave.") from None
    finally:
        connection._release_state_change()
    if kind != "OK":
        raise _refusal(data)
    connection.state = "AUTH"


def by_token(connection: Connection, user: str, token: Secret) -> None:
    """Log in with XOAUTH2; raises as `by_password`."""
    # to a refusal in detail (JSON) the client answers with nothing, and only then the server says NO
    _authenticate(connection, "XOAUTH2", [sasl_xoauth2(user, token), b""])


def _authenticate(connection: Connection, mechanism: str, answers: list[bytes]) -> None:
    given = iter(answers)
    try:
        connection.authenticate(mechanism, lambda _challenge: next(given, None))
    except connection.abort:
        raise MailboxError("El servidor de correo cortó la conexión al entrar.") from None
    except connection.error as exc:
        raise _refusal(list(exc.args)) from None


def _refusal(data: list[object]) -> MailboxError | MailboxRefused:
    said = next((part for part in reversed(data) if isinstance(part, bytes)), b"")
    if _TEMPORARY.search(said):
        return MailboxError(f"El servidor de correo no puede comprobar la clave ahora: {shown(said)}.")
    return MailboxRefused(f"El servidor de correo no deja entrar: {shown(said) or 'sin motivo'}.")


def shown(said: object) -> str:
    """What a server said, fit for a message: one line, printable, short."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else _WRAPPING.sub("", str(said))
    return "".join(character if character.isprintable() else " " for character in text)[:200].strip(" .")
