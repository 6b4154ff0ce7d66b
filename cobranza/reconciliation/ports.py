"""What reconciliation needs from the outside world. Adapters live under `connectors/`, one folder each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from cobranza.kernel.errors import ApplicationError, BusinessError, NeedsPerson
from cobranza.ledger.receivables import OpenLedger, PaymentOrder, PostedPayment, ReversalOrder, ReversedPayment
from cobranza.ledger.statements import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """A statement file once read.

    Attributes:
        format: Slug of the reader ("camt", "mt940", "n43", "ofx", "csv").
        version: Of the format ("camt.053.001.04", "MT942", "1.02"), "" when it has none.
        statements: In file order; at least one.
        objections: What the file says against itself, in Spanish: totals or counts that differ, a missing closing
            record, movements that the bank has not booked. A file with any is shown to a person and never used.
    """

    format: str
    version: str
    statements: tuple[Statement, ...]
    objections: tuple[str, ...] = ()


class StatementFormat(Protocol):
    """Reads one family of bank statement files."""

    slug: str

    def recognises(self, head: bytes, name: str) -> bool:
        """Tell from the first 4096 bytes and the file's name whether `read` can take the file."""

    def read(self, file: Path) -> StatementFile:
        """Read the whole file, with what speaks against it in `StatementFile.objections`.

        Use `cobranza.reconciliation.statement_files.read`, which also proves it.

        Raises:
            StatementError: it is cut, malformed, unsafe or no statement.
        """


class LoginOutcome(StrEnum):
    """How a portal answered a login."""

    OK = "ok"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of an outcome
    OTP_NEEDED = "otp_needed"
    MUST_CHANGE_PASSWORD = "must_change_password"  # noqa: S105
    ACTION_NEEDED = "action_needed"
    BLOCKED = "blocked"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


class WrongPassword(BusinessError):
    """The portal refused the password. Never retried: portals lock accounts."""

    code = "COB-POR-001"
    blocks_credential = True
    remedy = "Compruebe la clave guardada. Ningún robot volverá a usar esta credencial hasta que lo confirme."


class AccessBlocked(BusinessError):
    """The portal locked the login, or wants an act that only its holder can do (change password, accept terms)."""

    code = "COB-POR-002"
    blocks_credential = True
    remedy = "Entre usted en el portal con esa clave, resuelva lo que pide y reactive la credencial."


class PageChanged(BusinessError):
    """The portal is there but its page is not the one we know: drift, not an empty result."""

    code = "COB-POR-003"
    remedy = "Avise a soporte con la captura: el portal ha cambiado y hay que ajustar el conector."


class IncompleteRead(ApplicationError):
    """Fewer rows came than the page's own control says. Nothing of it may be used."""

    code = "COB-POR-004"
    remedy = "Se reintentará; si se repite, revise la captura y el número de filas que anuncia el portal."


class PortalMaintenance(ApplicationError):
    """The portal says that it is closed for now."""

    code = "COB-POR-005"
    remedy = "Espere a que el portal vuelva a abrir; la ejecución se reintentará."


class SessionExpired(ApplicationError):
    """The portal ended our session in the middle of the work."""

    code = "COB-POR-006"
    remedy = "Se abrirá otra sesión; si se repite, reduzca el periodo que se pide."


class PortalTimeout(ApplicationError):
    """The portal did not answer in time."""

    code = "COB-POR-007"
    remedy = "Se reintentará; si se repite, compruebe la red y el portal."


class OtpNeeded(NeedsPerson):
    """The portal asks for a one-time code that no configured secret can give."""

    code = "COB-POR-008"
    remedy = "Escriba en la consola el código que ha recibido el titular."


class PostingRefused(BusinessError):
    """The ERP does not let this payment be posted (closed period, document settled, amount over what is open)."""

    code = "COB-ERP-001"
    remedy = "Revise el documento en el ERP; el cobro queda en la bandeja de revisión."


class PostingUnknown(NeedsPerson):
    """The ERP may or may not have posted and reading it again does not tell."""

    code = "COB-ERP-002"
    remedy = "Mire el documento en el ERP y confirme en la consola si el cobro está registrado."


class ErpUnavailable(ApplicationError):
    """The ERP does not answer or answers with a fault of its own."""

    code = "COB-ERP-003"
    remedy = "Compruebe que el ERP está en marcha; se reintentará."


class ReversalByHand(NeedsPerson):
    """This way into the ERP cannot undo a payment; nothing was touched. A person does it there and says so here."""

    code = "COB-ERP-004"
    remedy = "Anule el cobro usted en el ERP y confírmelo en la consola."


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalAccount:
    """An account as the portal's home lists it.

    Attributes:
        number: IBAN or national number, no spaces.
        name: As the portal shows it.
        currency: ISO 4217.
    """

    number: str
    name: str
    currency: str


@runtime_checkable
class BankPortal(Protocol):
    """A bank's web portal, open in a browser. One instance is one session; use as a context manager.

    Every reading method returns complete data or raises: `PageChanged`, `IncompleteRead`, `SessionExpired`,
    `PortalMaintenance`, `PortalTimeout`.
    """

    slug: str

    def login(self) -> LoginOutcome:
        """Log in with the configured credential. Returns an outcome, raises only `PortalTimeout`, `PageChanged`."""

    def accounts(self) -> tuple[PortalAccount, ...]:
        """The accounts of the home page; never empty."""

    def movements(self, account: str, since: date, until: date) -> Statement:
        """Booked movements of both days inclusive, read from the screen and proved against its control total."""

    def download(self, account: str, since: date, until: date, folder: Path) -> Path:
        """Download the statement file into `folder`; checked not to be empty, HTML or cut. Returns its path."""

    def close(self) -> None:
        """Log out and free the browser context; safe to call twice."""


@runtime_checkable
class Erp(Protocol):
    """The company's ERP, over its API or its screens. Use as a context manager or call `close`."""

    slug: str

    def open_ledger(self) -> OpenLedger:
        """Every open customer document with its proof of completeness; raises `IncompleteRead`, `ErpUnavailable`."""

    def post_payment(self, order: PaymentOrder) -> PostedPayment:
        """Post once: look for `order.key` first, submit once, read back. Safe to call again after any crash.

        Raises:
            PostingRefused: the ERP or our own reading-before says no. Nothing was posted.
            PostingUnknown: submitted, and neither the answer nor reading after tells the outcome.
            ErpUnavailable: nothing was submitted.
        """

    def find_payments(self, keys: Sequence[str]) -> dict[str, PostedPayment]:
        """Which of our keys the ERP already holds. A payment that was reversed there does not count as held."""

    def reverse_payment(self, order: ReversalOrder) -> ReversedPayment:
        """Undo a payment of ours once: look for `order.key` first, submit once, read the open amount back.

        The document is open again afterwards by exactly the payment's amount. Safe to call again after any crash.

        Raises:
            PostingRefused: the payment is not there, is another one, was changed or is undone already by somebody
                else; or the ERP says no (closed period, reconciled with the bank). Nothing was reversed.
            PostingUnknown: submitted, and neither the answer nor reading after tells the outcome.
            ReversalByHand: this way into the ERP has no undo. Nothing was touched.
            ErpUnavailable: nothing was submitted.
        """

    def find_reversals(self, keys: Sequence[str]) -> dict[str, ReversedPayment]:
        """Which of our reversals' keys the ERP already holds."""

    def close(self) -> None:
        """End the session; safe to call twice."""
