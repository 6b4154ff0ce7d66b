"""A `[salidas.<nombre>]` table of `config/mail.toml`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cobranza.kernel.config import Strict
from connectors.mail.settings import Encryption, OAuth, Port, Server


class SmtpLimits(Strict):
    """How long a server is waited for, and how much one connection carries.

    Attributes:
        conexion_segundos: Longest wait for connecting and for the encryption.
        respuesta_segundos: Longest wait for one answer.
        final_segundos: Longest wait for the answer to a whole message (RFC 5321 asks for ten minutes).
        mensajes: Messages over one connection.
    """

    conexion_segundos: float = Field(default=20.0, gt=0, le=120)
    respuesta_segundos: float = Field(default=60.0, gt=0, le=600)
    final_segundos: float = Field(default=300.0, gt=0, le=900)
    mensajes: int = Field(default=100, ge=1)


class SmtpSettings(Server):
    """A server that answers leave through.

    Attributes:
        servidor: Host name; the certificate must be for it.
        puerto: 587 with `starttls`, 465 with `tls`.
        cifrado: `tls` (from the first octet), `starttls`, or `ninguno` (a server on this machine only).
        usuario: User name, or `env:NAME` where it is; "" for a server that asks for none.
        clave: Where the password is.
        oauth: Instead of `clave`: how a token is got (XOAUTH2).
        autoridad: File of certificates to trust instead of the system's, from the suite's folder.
        sobre_vacio: Automatic answers leave with an empty envelope sender, so that nobody answers them (RFC 3834);
            false for a server that refuses it.
        limites: See `SmtpLimits`.
    """

    FILE: ClassVar[str] = "mail.toml"
    TABLE: ClassVar[str] = "salidas.<nombre>"

    puerto: Port = 587
    cifrado: Encryption = "starttls"
    oauth: OAuth | None = None
    sobre_vacio: bool = True
    limites: SmtpLimits = SmtpLimits()
