"""Hands messages to a mail server, and tells exactly what became of each.

smtplib speaks; the order of commands is ours, because `SMTP.sendmail` does not tell a line that broke before the
message from one that broke after it, and that is the difference between trying again and asking a person.
"""

from __future__ import annotations

import base64
import logging
import re
import smtplib
import ssl
from contextlib import suppress
from typing import Self

from cobranza.disputes.ports import Accepted, MailboxError, MailboxRefused, OutgoingMail
from cobranza.kernel import clock
from connectors.mail import tls
from connectors.mail.smtp.message import BadAddress, Envelope, envelope
from connectors.mail.smtp.settings import SmtpSettings
from connectors.mail.tokens import Tokens, sasl_xoauth2

_log = logging.getLogger(__name__)

_LINE_BROKE = (OSError, smtplib.SMTPException)


class _Later(Exception):
    """The server takes nothing at the moment; surely nothing was taken."""


class SmtpSender:
    """See `Sender`. Connects at the first message and keeps the line for the next ones; a context manager.

    Args:
        settings: The `[salidas.<nombre>]` table.
        own_name: What we call ourselves to the server: a domain.
        tokens: For OAuth; None with a password or without a login.
    """

    def __init__(self, settings: SmtpSettings, own_name: str, tokens: Tokens | None = None) -> None:
        self._settings = settings
        self._own_name = own_name
        self._tokens = tokens
        self._line: smtplib.SMTP | None = None
        self._carried = 0

    def send(self, mail: OutgoingMail) -> Accepted:
        """See `Sender.send`.

        Returns:
            `DEFERRED` too when there is no connection: surely nothing was taken.

        Raises:
            MailboxRefused: the server refuses our login.
            MailboxError: it offers no encryption, its certificate is wrong, or it takes no login.
            ValueError: `mail.message_id` is not one.
        """
        try:
            ready = envelope(mail, now=clock.now(), null_sender=self._settings.sobre_vacio)
        except BadAddress:
            _log.info("mail %s: not an address that can be written to", mail.message_id)
            return Accepted.REFUSED
        try:
            line = self._ready()
        except (_Later, *_LINE_BROKE) as exc:
            _log.info("mail %s: no way out: %s", mail.message_id, type(exc).__name__)
            self._drop()
            return Accepted.DEFERRED
        if ready.international and not line.has_extn("smtputf8"):
            return Accepted.REFUSED
        return self._hand_over(line, ready, mail.message_id)

    def close(self) -> None:
        """Say good-bye; never raises."""
        line, self._line = self._line, None
        if line is not None:
            with suppress(*_LINE_BROKE):
                line.quit()
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # One message

    def _hand_over(self, line: smtplib.SMTP, ready: Envelope, name: str) -> Accepted:
        self._carried += 1
        line.command_encoding = "utf-8" if ready.international else "ascii"
        extra = " SMTPUTF8 BODY=8BITMIME" if ready.international else ""
        try:
            for command, argument in (
                ("MAIL", f"FROM:<{ready.sender}>{extra}"),
                ("RCPT", f"TO:<{ready.to}>"),
                ("DATA", ""),
            ):
                code, said = line.docmd(command, argument)
                if code != 354 if command == "DATA" else not 200 <= code < 300:
                    return self._refused(code, said, name)
        except _LINE_BROKE as exc:  # not a word of the message was on the line
            _log.info("mail %s: the line broke before the message: %s", name, type(exc).__name__)
            self._drop()
            return Accepted.DEFERRED
        try:
            if line.sock is not None:
                line.sock.settimeout(self._settings.limites.final_segundos)
            line.send(re.sub(rb"(?m)^\.", b"..", ready.data) + b".\r\n")
            code, said = line.getreply()
            if line.sock is not None:
                line.sock.settimeout(self._settings.limites.respuesta_segundos)
        except _LINE_BROKE as exc:
            _log.warning("mail %s: the line broke after the message: %s", name, type(exc).__name__)
            self._drop()
            return Accepted.UNKNOWN
        if 200 <= code < 300:
            return Accepted.ACCEPTED
        if 400 <= code < 600:
            return self._refused(code, said, name)
        self._drop()
        return Accepted.UNKNOWN

    def _refused(self, code: int, said: bytes, name: str) -> Accepted:
        text = "".join(mark if mark.isprintable() else " " for mark in said.decode("utf-8", "replace"))[:200]
        _log.info("mail %s: %d %s", name, code, text)
        if code == 421 or not 400 <= code < 600:  # it hangs up, or talks of something else
            self._drop()
            return Accepted.DEFERRED
        if code == 530:
            self._drop()
            raise MailboxRefused("El servidor de salida pide usuario y clave.")
        return Accepted.REFUSED if code >= 500 else Accepted.DEFERRED

    # The line

    def _ready(self) -> smtplib.SMTP:
        """A line that is ready for a message: the one that is open and well, or a new one."""
        if self._line is not None and self._carried >= self._settings.limites.mensajes:
            self.close()
        if self._line is not None:
            with suppress(*_LINE_BROKE):
                if self._line.rset()[0] == 250:
                    return self._line
            self._drop()  # closed while nobody wrote: nothing is lost by dialling again
        self._line = self._dial()
        self._carried = 0
        return self._line

    def _dial(self) -> smtplib.SMTP:
        settings, context = self._settings, tls.context(self._settings.authority())
        wait = settings.limites.conexion_segundos
        where = f"{settings.servidor}:{settings.puerto}"
        line: smtplib.SMTP | None = None
        try:
            if settings.cifrado == "tls":
                line = smtplib.SMTP_SSL(
                    settings.servidor, settings.puerto, self._own_name, timeout=wait, context=context
                )
            else:
                line = smtplib.SMTP(settings.servidor, settings.puerto, self._own_name, timeout=wait)
            line.ehlo_or_helo_if_needed()
            if settings.cifrado == "starttls":
                if not line.has_extn("starttls"):
                    raise MailboxError(f"El servidor de salida {where} no ofrece cifrado: no se le envía nada.")
                code, _ = line.starttls(context=context)
                if code != 220:
                    raise _Later(code)
                line.ehlo_or_helo_if_needed()
            if line.sock is not None:
                line.sock.settimeout(settings.limites.respuesta_segundos)
            self._log_in(line)
        except ssl.SSLError as exc:
            _hang_up(line)
            raise MailboxError(
                f"No hay conexión segura con la salida {where}: {tls.explain(exc)}.",
                remedy="No se ha enviado nada. Compruebe «servidor» y «autoridad» en config/mail.toml.",
            ) from exc
        except BaseException:
            _hang_up(line)
            raise
        return line

    def _log_in(self, line: smtplib.SMTP) -> None:
        user, password = self._settings.user(), self._settings.password()
        if not user:
            return
        offered = line.esmtp_features.get("auth", "").upper().split()
        if self._tokens is not None:
            code = _xoauth2(line, user, self._tokens)
            if code >= 500 and self._tokens.forget():  # withdrawn before its time, perhaps: a new one, once
                code = _xoauth2(line, user, self._tokens)
        elif password is None or "\0" in user + password.reveal():
            raise MailboxRefused("El usuario o la clave del servidor de salida tienen un carácter imposible.")
        elif "PLAIN" in offered:
            code, _ = line.docmd("AUTH", "PLAIN " + _coded(f"\0{user}\0{password.reveal()}"))
        elif "LOGIN" in offered:
            code, _ = line.docmd("AUTH", "LOGIN " + _coded(user))
            if code == 334:
                code, _ = line.docmd(_coded(password.reveal()))
        else:
            raise MailboxError("El servidor de salida no admite claves (AUTH PLAIN o LOGIN).")
        if code >= 500:
            raise MailboxRefused(f"El servidor de salida no acepta el usuario o la clave ({code}).")
        if code != 235:
            raise _Later(code)

    def _drop(self) -> None:
        line, self._line = self._line, None
        _hang_up(line)


def _xoauth2(line: smtplib.SMTP, user: str, tokens: Tokens) -> int:
    code, _ = line.docmd("AUTH", "XOAUTH2 " + base64.b64encode(sasl_xoauth2(user, tokens.token())).decode("ascii"))
    if code == 334:  # the refusal in detail; only after an empty answer comes the refusal
        code, _ = line.docmd("")
    return code


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _hang_up(line: smtplib.SMTP | None) -> None:
    if line is not None:
        line.close()
