"""A claim's account as a person writes it: one TOML file with the invoices, their payments and what was waived."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from cobranza.kernel import spanish
from cobranza.kernel.config import Strict, load
from cobranza.kernel.money import Money
from cobranza.legal.arithmetic import Base
from cobranza.legal.interest import ClaimDataError, Payment, read_percent
from cobranza.legal.sheet import Invoice, Sheet, Waiver, prepare
from cobranza.regimes.interest import Agreement, RateBook


class PaidEntry(Strict):
    """`[[facturas.pagos]]`: day, amount in quotes, and where it can be found."""

    dia: date
    importe: str
    referencia: str = ""


class WaiverEntry(Strict):
    """`renuncia_intereses` and `renuncia_indemnizacion`: who decides, why, and when."""

    por: str = Field(min_length=1)
    motivo: str = Field(min_length=1)
    dia: date


class AgreedEntry(Strict):
    """`pactado`: per cent a year in quotes, the document that says so, and the day on which somebody read it there."""

    tipo: str
    fuente: str = Field(min_length=1)
    verificado: date | None = None


class InvoiceEntry(Strict):
    """`[[facturas]]`: see `cobranza.legal.sheet.Invoice`; `moneda` is the currency, `vence` the last day to pay."""

    numero: str = Field(min_length=1)
    importe: str
    moneda: str = "EUR"
    vence: date
    regimen: str = ""
    requerida: date | None = None
    resolucion: date | None = None
    pactado: AgreedEntry | None = None
    pagos: tuple[PaidEntry, ...] = ()
    renuncia_intereses: WaiverEntry | None = None
    renuncia_indemnizacion: WaiverEntry | None = None


class AccountFile(Strict):
    """The whole file: country, last day that bears interest, kind of debtor, base of the year and the invoices."""

    pais: str = "ES"
    hasta: date
    deudor: Literal["empresa", "consumidor"]
    base: Base = "365"
    imputacion: Literal["intereses", "principal"] | None = None
    facturas: tuple[InvoiceEntry, ...]


def read_sheet(file: Path, book: RateBook) -> Sheet:
    """The sheet of the account in `file`.

    Raises:
        ConfigError: the file is no TOML, or a key is unknown, missing or wrong.
        ClaimDataError: an amount that is none; and see `cobranza.legal.sheet.prepare` for its errors.
    """
    if not file.is_file():
        raise ClaimDataError(f"No hay un fichero {file.name}.", remedy="Indique el fichero TOML de la cuenta.")
    return sheet_of(load(file, AccountFile), book)


def sheet_of(account: AccountFile, book: RateBook) -> Sheet:
    """The sheet of an account; see `read_sheet` for the errors."""
    order = {"intereses": "interest_first", "principal": "principal_first"}
    return prepare(
        book,
        [_invoice(entry) for entry in account.facturas],
        country=account.pais,
        until=account.hasta,
        debtor="business" if account.deudor == "empresa" else "consumer",
        base=account.base,
        imputation=order[account.imputacion] if account.imputacion else None,  # type: ignore[arg-type]
    )


def _invoice(entry: InvoiceEntry) -> Invoice:
    return Invoice(
        reference=entry.numero,
        principal=_money(entry.importe, entry),
        due=entry.vence,
        payments=tuple(
            Payment(on=paid.dia, money=_money(paid.importe, entry), reference=paid.referencia) for paid in entry.pagos
        ),
        regime=entry.regimen,
        demanded=entry.requerida,
        ruled=entry.resolucion,
        agreed=None
        if entry.pactado is None
        else Agreement(
            percent=read_percent(entry.pactado.tipo),
            source=entry.pactado.fuente,
            verified_on=entry.pactado.verificado,
        ),
        interest_waiver=_waiver(entry.renuncia_intereses),
        recovery_waiver=_waiver(entry.renuncia_indemnizacion),
    )


def _waiver(entry: WaiverEntry | None) -> Waiver | None:
    return None if entry is None else Waiver(by=entry.por, why=entry.motivo, on=entry.dia)


def _money(text: str, entry: InvoiceEntry) -> Money:
    try:
        return Money(entry.moneda, spanish.amount(text))
    except spanish.FormatError as exc:
        raise ClaimDataError(f"Factura {entry.numero}: {exc.message}") from exc
