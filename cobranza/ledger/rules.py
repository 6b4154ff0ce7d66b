"""The ledger's errors, and the translation of what the database refuses into them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError

from cobranza.kernel.errors import BusinessError


class LedgerError(BusinessError):
    """The ledger refuses something. Its subclasses say what."""

    code = "COB-LIB-001"
    remedy = "Revise el dato en la ficha del documento o del movimiento."


class OverAllocated(LedgerError):
    """More than the document has open, or more than the movement brought."""

    code = "COB-LIB-002"
    remedy = "Mire lo pendiente de la factura y lo que queda del movimiento: puede que ya estén aplicados."


class AlreadyAllocated(LedgerError):
    """This movement already settles this document, or the key is in use for something else."""

    code = "COB-LIB-003"
    remedy = "No hay nada que repetir. Para cambiar el importe, anule la aplicación y haga otra."


class WrongDirection(LedgerError):
    """The signs contradict each other: a return that pays, a receipt that reopens."""

    code = "COB-LIB-004"
    remedy = "Una devolución reabre facturas y un abono las paga; revise el signo del importe."


class PersonDecided(LedgerError):
    """A robot tried to undo what a person decided."""

    code = "COB-LIB-005"
    remedy = "Lo decidió una persona: anúlela usted en la consola si procede."


class Fixed(LedgerError):
    """The row is evidence: it is never altered."""

    code = "COB-LIB-006"
    remedy = "No se modifica: anule y registre de nuevo."


class BadAmount(LedgerError):
    """An amount with more decimals than its currency has, or parts that do not add up."""

    code = "COB-LIB-007"
    remedy = "Revise el importe, las retenciones, los gastos y el descuento."


_BY_RULE: dict[str, tuple[type[LedgerError], str]] = {
    "ledger_invoice_open": (OverAllocated, "Se aplicaría más de lo que la factura tiene pendiente"),
    "ledger_movement_used": (OverAllocated, "Se aplicaría más de lo que trajo el movimiento"),
    "ledger_allocation_once": (AlreadyAllocated, "Este movimiento ya está aplicado a esta factura"),
    "ledger_allocation_key_key": (AlreadyAllocated, "Esa clave de aplicación ya se usó"),
    "ledger_allocation_direction": (WrongDirection, "El signo no corresponde"),
    "ledger_allocation_signs": (WrongDirection, "Aplicado, retenido y cobrado no tienen el mismo signo"),
    "ledger_allocation_sum": (BadAmount, "Los importes de la aplicación no cuadran"),
    "ledger_allocation_rate": (BadAmount, "Falta el cambio de moneda"),
    "ledger_allocation_creditor": (LedgerError, "El movimiento y la factura son de acreedores distintos"),
    "ledger_allocation_person": (PersonDecided, "La aplicación la decidió una persona"),
    "ledger_allocation_fixed": (Fixed, "Una aplicación no se modifica"),
    "ledger_allocation_reversal": (Fixed, "Una anulación dice quién y cuándo"),
    "ledger_movement_fixed": (Fixed, "Un movimiento no se modifica"),
    "ledger_invoice_fixed": (Fixed, "La identidad de una factura no cambia"),
    "ledger_append_only": (Fixed, "La base no deja modificar ni borrar esa fila"),
    "ledger_kept_by_database": (Fixed, "Ese saldo solo lo cambia la base"),
    "ledger_event_chain": (Fixed, "El suceso no sigue a la cadena"),
}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the database refuses inside into `LedgerError`s; what no rule names passes unchanged.

    Put it outside the `atomic` block, so that the transaction is already undone when the error is read.
    """
    try:
        yield
    except IntegrityError as exc:
        diagnosis = getattr(exc.__cause__, "diag", None)
        rule = getattr(diagnosis, "constraint_name", None) or ""
        if rule not in _BY_RULE:
            raise
        kind, what = _BY_RULE[rule]
        detail = getattr(diagnosis, "message_primary", "") or ""
        said = f" ({detail.rstrip('.')})" if detail and "violates" not in detail else ""
        raise kind(f"{what}{said}.") from exc
