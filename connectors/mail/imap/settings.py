"""A `[buzones.<nombre>]` table of `config/mail.toml` with ``conector = "imap"``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cobranza.kernel.config import Strict
from connectors.mail.settings import Account, Encryption, OAuth, Server


class ImapLimits(Strict):
    """How long a mail server is waited for, and how much of a mailbox is looked at.

    Attributes:
        conexion_segundos: Longest wait for connecting and for the encryption.
        respuesta_segundos: Longest wait for one answer.
        reposo_segundos: Longest silence (IDLE) before the mailbox is searched again.
        reintentos: Connections tried anew after a broken line, per order.
        pausa_segundos: Wait before the first of them; doubled each time.
        pagina: Messages whose size is asked for at once.
        paginas: Pages listed at a time; later messages come when the first are done.
    """

    conexion_segundos: float = Field(default=20.0, gt=0, le=120)
    respuesta_segundos: float = Field(default=60.0, gt=0, le=600)
    reposo_segundos: float = Field(default=120.0, gt=0, le=300)
    reintentos: int = Field(default=3, ge=0, le=10)
    pausa_segundos: float = Field(default=1.0, ge=0, le=60)
    pagina: int = Field(default=200, ge=1, le=1000)
    paginas: int = Field(default=50, ge=1, le=1000)


class ImapSettings(Account, Server):
    """A mailbox on an IMAP server.

    Attributes:
        activo: Read by the robots.
        conector: Folder in connectors/mail/.
        direccion: The mailbox's own address: From of its answers, and ours when it turns up as a sender.
        salida: Entry of `[salidas]` that its answers leave through; "" answers nothing.
        servidor: Host name; the certificate must be for it.
        puerto: 993 with `tls`, 143 with `starttls`.
        cifrado: `tls` (from the first octet), `starttls`, or `ninguno` (a server on this machine only).
        usuario: User name, or `env:NAME` where it is.
        clave: Where the password is.
        oauth: Instead of `clave`: how a token is got (XOAUTH2).
        autoridad: File of certificates to trust instead of the system's, from the suite's folder.
        carpeta_procesados: Where done mail goes; made when missing, "/" divides levels.
        carpeta_errores: Where mail goes that could not be worked on.
        limites: See `ImapLimits`.
    """

    FILE: ClassVar[str] = "mail.toml"
    TABLE: ClassVar[str] = "buzones.<nombre>"

    conector: Literal["imap"]
    puerto: int = Field(default=993, ge=1, le=65535)
    cifrado: Encryption = "tls"
    usuario: str = Field(min_length=1)
    oauth: OAuth | None = None
    carpeta_procesados: str = Field(default="Procesados", pattern=r"^[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")
    carpeta_errores: str = Field(default="Errores", pattern=r"^[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")
    limites: ImapLimits = ImapLimits()

    def folders(self) -> tuple[str, str]:
        """The mailbox's own names for where mails are moved to."""
        return self.carpeta_procesados, self.carpeta_errores

    def folder(self, name: str) -> str:
        """The mailbox's own name for the folder that the process calls `name`."""
        return {"Procesados": self.carpeta_procesados, "Errores": self.carpeta_errores}.get(name, name)
