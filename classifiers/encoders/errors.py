"""Errors of building and running encoders."""

from __future__ import annotations

from cobranza.kernel.errors import BusinessError


class EncoderError(BusinessError):
    """An encoder cannot be built or does not give the vectors that it should."""

    code = "COB-COD-001"
    remedy = "Repita «cobranza models build»; sin codificador se sigue clasificando, con menos acierto."
