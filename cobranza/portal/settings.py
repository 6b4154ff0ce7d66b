"""`config/portal.toml`: the debtors' pages: where they answer, in whose name, and within which limits."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from cobranza import suite
from cobranza.kernel.config import Strict, load
from cobranza.ledger.pages import SETTINGS, PublicAddress

Proof = Literal["nif", "codigo"]


class Limits(Strict):
    """`[limites]`: how often something may be tried; beyond, the answer is to wait.

    Attributes:
        peticiones_por_minuto: Pages of all kinds from one address.
        fallos_por_direccion: Wrong second proofs and links that are not valid, from one address, in `fallos_minutos`.
        fallos_minutos: The length of that window.
        codigos_por_hora: One-time codes for one link.
        envios_por_hora: Things sent (claims, questions, choices) by one link.
    """

    TABLE: ClassVar[str] = "limites"

    peticiones_por_minuto: int = Field(default=120, ge=1)
    fallos_por_direccion: int = Field(default=15, ge=1)
    fallos_minutos: int = Field(default=15, ge=1)
    codigos_por_hora: int = Field(default=3, ge=1)
    envios_por_hora: int = Field(default=20, ge=1)


class Uploads(Strict):
    """`[adjuntos]`: what a debtor may send with a claim. Files are kept by their hash and never opened here.

    Attributes:
        cuantos: Most files at once.
        megas_por_fichero: Size of the largest one.
        megas_en_total: Size of all of them together.
    """

    TABLE: ClassVar[str] = "adjuntos"

    cuantos: int = Field(default=5, ge=0, le=20)
    megas_por_fichero: int = Field(default=8, ge=1, le=15)
    megas_en_total: int = Field(default=15, ge=1, le=15)


class Reasons(Strict):
    """`[motivos]`: category of classifiers/disputes/categories/ for each thing that a debtor may say on a page.

    Attributes:
        error: The invoice has a mistake.
        no_recibido: What was invoiced did not come.
        defectuoso: It came and is not right.
        duplicado: Invoiced twice.
        condiciones: Price or terms are not what was agreed.
        no_reconoce: The debt is not theirs.
        trato: A complaint about how they were treated.
        pagado: It is paid.
        datos: A request about their personal data.
        pregunta: A question.
    """

    TABLE: ClassVar[str] = "motivos"

    error: str = "factura_incorrecta"
    no_recibido: str = "producto_no_recibido"
    defectuoso: str = "producto_defectuoso_o_devolucion"
    duplicado: str = "cargo_duplicado"
    condiciones: str = "precio_o_contrato"
    no_reconoce: str = "desconoce_deuda"
    trato: str = "queja_por_trato"
    pagado: str = "pago_ya_realizado"
    datos: str = "datos_personales_o_baja"
    pregunta: str = "consulta_general"


class PortalSettings(PublicAddress):
    """The whole file.

    Attributes:
        direccion: Public address, see `PublicAddress`; "" answers on this machine only.
        puerto: Where the process listens, behind the proxy that ends TLS.
        nombre: Shown before anybody has proved who they are.
        telefono: For those whose link is no good, "" for none.
        correo: Likewise.
        privacidad: Address of the privacy notice (RGPD, art. 13), "" for none.
        proxies: How many proxies of ours stand in front: the client's address is taken from X-Forwarded-For.
        minutos: Without doing anything, until the second proof is asked again.
        horas: After the second proof, until it is asked again in any case.
        prueba: Which second proofs count: the end of the tax id, a code sent by a consented channel, or both.
        cifras: How many of the last characters of the tax id.
        codigo_minutos: How long a code counts.
        limites: How often something may be tried.
        adjuntos: What may be sent with a claim.
        motivos: Category of each thing that may be said.
    """

    FILE: ClassVar[str] = SETTINGS

    puerto: int = Field(default=8010, ge=1, le=65535)
    nombre: str = "Atención de facturas"
    telefono: str = ""
    correo: str = ""
    privacidad: str = ""
    proxies: int = Field(default=0, ge=0, le=5)
    minutos: int = Field(default=20, ge=2, le=60)
    horas: int = Field(default=4, ge=1, le=12)
    prueba: tuple[Proof, ...] = ("nif", "codigo")
    cifras: int = Field(default=4, ge=4, le=12)
    codigo_minutos: int = Field(default=15, ge=5, le=60)
    limites: Limits = Limits()
    adjuntos: Uploads = Uploads()
    motivos: Reasons = Reasons()

    @field_validator("prueba")
    @classmethod
    def _some(cls, value: tuple[Proof, ...]) -> tuple[Proof, ...]:
        if not value:
            raise ValueError("hace falta al menos una segunda prueba")
        return value


def read() -> PortalSettings:
    """The settings; raises `ConfigError`."""
    return load(suite.root() / "config" / PortalSettings.FILE, PortalSettings)
