"""Which gateway account takes a payment: found among the adapters, never by name."""

from __future__ import annotations

from cobranza import suite
from cobranza.kernel.errors import BusinessError
from cobranza.payments.ports import Gateway, Gateways


class NoGateway(BusinessError):
    """No account takes payments of that company or currency, or the one that was named is not there."""

    code = "COB-PAG-004"
    remedy = "Añada o active la cuenta en config/gateways.toml; mientras tanto, cobre por transferencia."


def named(name: str) -> Gateway:
    """The account `name` of `config/gateways.toml`.

    Raises:
        NoGateway: there is none.
    """
    for each in _openers():
        if name in set(each.names()):
            return each.open(name)
    raise NoGateway(f"No hay ninguna cuenta de pasarela «{name}».")


def for_payment(creditor: str, currency: str) -> Gateway:
    """The first account in use that takes this company's money in `currency`.

    One that cannot be opened, because its secrets are not there, stands in nobody's way.

    Raises:
        NoGateway: none does.
    """
    closed: list[str] = []
    for each in _openers():
        for name in each.names():
            try:
                account = each.open(name)
            except BusinessError as exc:
                closed.append(f"{name}: {exc.message}")
                continue
            if creditor in account.creditors and currency in account.currencies:
                return account
    told = f" Cuentas sin terminar: {' '.join(closed)}" if closed else ""
    raise NoGateway(f"Ninguna pasarela cobra en {currency} para «{creditor}».{told}")


def can_take(creditor: str, currency: str) -> bool:
    """Whether a payment could be started now: an account takes it, and its secrets are there."""
    try:
        for_payment(creditor, currency)
    except BusinessError:
        return False
    return True


def all_names() -> list[str]:
    """Every account in use."""
    return [name for each in _openers() for name in each.names()]


def _openers() -> list[Gateways]:
    return list(suite.adapters("connectors.gateways").values())  # type: ignore[arg-type]
