"""What can go wrong with a trained judge of payers."""

from __future__ import annotations

from cobranza.kernel.errors import BusinessError


class ModelError(BusinessError):
    """There is no trained model, it cannot be read, or there is too little to learn from."""

    code = "COB-JUZ-020"
    remedy = "Entrénelo con «cobranza risk train»; mientras tanto puede valorar «reglas» (config/risk.toml)."
