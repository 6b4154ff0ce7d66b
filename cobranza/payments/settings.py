"""`config/payments.toml`: how long a payment page is open, and when a person looks at what did not arrive."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cobranza import suite
from cobranza.kernel.config import Strict, load


class PaymentSettings(Strict):
    """The whole file.

    Attributes:
        caducidad_minutos: Time in which a started payment may be finished; the gateways take 30 minutes or more.
        texto: What the payer reads on the gateway's page; {acreedor} is replaced. Without personal data.
        dias_de_abono: Days after which a paid charge that the bank has not seen goes to a person.
        dias_de_relectura: How far back the nightly reading of a gateway's payouts goes.
        cuenta_compartida: The gateway's accounts also take other money than ours, so that a payout may be larger than
            our charges.
    """

    FILE: ClassVar[str] = "payments.toml"

    caducidad_minutos: int = Field(default=45, ge=30, le=1440)
    texto: str = Field(default="Pago a {acreedor}", min_length=1, max_length=120)
    dias_de_abono: int = Field(default=10, ge=1, le=60)
    dias_de_relectura: int = Field(default=14, ge=1, le=90)
    cuenta_compartida: bool = False


def payment_settings() -> PaymentSettings:
    """``config/payments.toml``.

    Raises:
        ConfigError: the file is wrong.
    """
    return load(suite.root() / "config" / PaymentSettings.FILE, PaymentSettings)
