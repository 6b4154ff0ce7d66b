"""What legal cases need from the outside world: a court's portal.

Adapters live under `connectors/courts/<slug>/`. A portal is asked, in this order: check → draft → upload → submit →
receipt → sent tray → notifications → state of the case. Nobody but `cobranza.legal.filing` decides whether something
may be sent again (never, while it is not known what became of it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cobranza.kernel.errors import ApplicationError, BusinessError, NeedsPerson
from cobranza.legal.case import Case
from cobranza.legal.package import Package, PackageFile


class PortalDown(ApplicationError):
    """The portal is closed, in maintenance, or does not answer; evidence of it is kept for the deadline."""

    code = "COB-SED-001"
    remedy = "Se reintentará; el justificante de la caída queda con el expediente."


class PortalChanged(BusinessError):
    """A page is not what the adapter knows: a label, a field, a listing. Never read as "nothing there"."""

    code = "COB-SED-002"
    remedy = "Mire la captura; hay que poner al día el adaptador del juzgado."


class AccessRefused(BusinessError):
    """Certificate expired or revoked, wrong password or code, account locked. Never retried with the same secret."""

    code = "COB-SED-003"
    blocks_credential = True
    remedy = "Renueve el certificado o la clave en «cobranza credentials» antes de volver a entrar."


class CaptchaShown(NeedsPerson):
    """The portal asks for proof of a person: handed over, never solved."""

    code = "COB-SED-004"
    remedy = "Entre usted en el portal con el navegador, pase la comprobación y relance el robot."


class SessionLost(ApplicationError):
    """The portal asked for the login again in the middle of the work."""

    code = "COB-SED-005"
    remedy = "Se volverá a entrar y se seguirá desde el borrador."


class SubmitUncertain(ApplicationError):
    """Something was sent and no valid receipt came back: it may or may not have been filed. Never sent again."""

    code = "COB-SED-006"
    remedy = "No lo repita: el robot espera y lo busca en la bandeja de enviados."


class FilingRefused(BusinessError):
    """The portal said no before anything was filed; `objections` says why."""

    code = "COB-SED-007"
    remedy = "Corrija lo que indica el portal y vuelva a preparar el expediente."

    def __init__(self, message: str, objections: Sequence[Objection] = (), *, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.objections = tuple(objections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A reason of the portal (or of our preflight) against a filing.

    Attributes:
        code: Stable ("tamano_fichero", "formato", "cifrado", "nif", "organo_cerrado", "duplicado" …).
        text: As the portal wrote it, or in Spanish by us.
        file: Name of the file that it is about, "" for the whole.
        blocking: It cannot be sent like this.
    """

    code: str
    text: str
    file: str = ""
    blocking: bool = True


class Scan(StrEnum):
    """What the portal's virus scanner says of a file."""

    PENDING = "pendiente"
    CLEAN = "limpio"
    INFECTED = "infectado"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A file of a draft as the portal holds it; `sha256` as the portal gives it, "" when it gives none."""

    id: str
    name: str
    size: int
    sha256: str
    scan: Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A filing in preparation on the portal; `reference` is ours, "" when the portal has no field for it."""

    id: str
    reference: str
    step: str
    files: tuple[Uploaded, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """One file as the receipt's index lists it."""

    order: int
    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt (*acuse*), as downloaded and read; nothing of it is believed before `filing.verify` has passed it.

    Attributes:
        registry: Registry number.
        filed_at: Aware: when the court says that it arrived.
        court: Organ, as written.
        csv: Verification code, "" when the portal has none.
        reference: Ours, "" when it is not given back.
        rows: Index.
        pdf: Bytes, b"" when there is none.
        xml: Signed bytes, b"" when there is none.
        signer: Subject of the certificate whose signature was checked, "" when none was.
        signature_valid: The signature covers these bytes and chains to the court's certificate.
    """

    registry: str
    filed_at: datetime
    court: str
    rows: tuple[ReceiptRow, ...]
    csv: str = ""
    reference: str = ""
    pdf: bytes = b""
    xml: bytes = b""
    signer: str = ""
    signature_valid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEntry:
    """A row of the tray of sent filings; hashes as far as the portal lists them."""

    registry: str
    filed_at: datetime
    reference: str = ""
    defendant: str = ""
    amount: str = ""
    sha256: tuple[str, ...] = ()


class Stage(StrEnum):
    """How far a filed case has come."""

    FILED = "presentado"
    DISTRIBUTED = "repartido"
    ADMITTED = "admitido"
    CORRECTION = "subsanacion"
    NOT_ADMITTED = "inadmitido"
    DEMANDED = "requerido"
    NOT_FOUND = "requerimiento_negativo"
    PAID = "pagado"
    OPPOSED = "oposicion"
    DECREE = "decreto"
    CLOSED = "archivado"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStatus:
    """A filed case as the portal shows it; ids are "" until they are given."""

    registry: str
    stage: Stage
    since: datetime
    court: str = ""
    number: str = ""
    general_id: str = ""
    reasons: tuple[str, ...] = ()
    answer_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A notice of the court; `opened_at` None while nobody has opened it; `served_by` is when it counts as served."""

    id: str
    registry: str
    title: str
    available_at: datetime
    served_by: date | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNotification:
    """A notice that was opened: opening serves it. `files` name → bytes; `receipt` proves the opening."""

    notification: Notification
    files: Mapping[str, bytes]
    receipt: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What the portal is asked to take: the case's words and the package's bytes.

    Attributes:
        case: Parties, court, amount, facts.
        package: Files and their hashes.
        folder: Where the files lie.
        corrects: Registry number of a rejected or corrected filing, "" for a first one.
        extra: What only this portal asks (district, speciality, matter …), label slug → value.
    """

    case: Case
    package: Package
    folder: Path
    corrects: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


class CourtSession(Protocol):
    """An open, logged-in session. One thread, one at a time for each credential.

    Every method may raise `PortalDown`, `PortalChanged`, `SessionLost`, `CaptchaShown` and `AccessRefused`.
    """

    def check(self, filing: Filing) -> tuple[Objection, ...]:
        """Everything that the portal would refuse, without creating anything."""

    def drafts(self) -> tuple[Draft, ...]:
        """Drafts of this account. A page that cannot be read is an error, never an empty list."""

    def create(self, filing: Filing) -> Draft:
        """Fill in the wizard up to the documents.

        Raises:
            FilingRefused: the portal does not take what was filled in.
        """

    def read(self, draft: str) -> Draft | None:
        """A draft with its files as the portal holds them; None when it surely is there no more."""

    def upload(self, draft: str, file: PackageFile, content: bytes) -> Uploaded:
        """Put one file into the draft.

        Raises:
            FilingRefused: it was refused (format, size, encrypted …).
        """

    def remove(self, draft: str, uploaded: str) -> None:
        """Take a file out of the draft."""

    def discard(self, draft: str) -> None:
        """Delete a draft of ours."""

    def objections(self, draft: str) -> tuple[Objection, ...]:
        """What still keeps the draft from being sent (virus scan pending, mandatory field, outage notice)."""

    def submit(self, draft: str) -> Receipt:
        """Sign and send: the one act that cannot be repeated.

        Raises:
            FilingRefused: surely not filed: the portal said so on its own page before registering.
            SubmitUncertain: anything else that is no valid receipt.
        """

    def receipt(self, registry: str) -> Receipt:
        """Download the receipt of a filing again."""

    def sent(self, since: datetime) -> tuple[SentEntry, ...]:
        """The tray of sent filings, all pages, newest first."""

    def status(self, registry: str) -> CaseStatus:
        """State of a filed case."""

    def notifications(self, since: datetime) -> tuple[Notification, ...]:
        """Notices since then, opened or not. Listing does not open them."""

    def open(self, notification: str) -> OpenedNotification:
        """Open a notice (this serves it) and fetch its documents."""

    def evidence(self) -> Mapping[str, bytes]:
        """What the session saw last (screenshot, page, trace), for a person who has to decide."""


class CourtPortal(Protocol):
    """A court's portal; `connectors/courts/<slug>` gives one as `ADAPTER`."""

    slug: str

    def session(self, credential: str, folder: Path) -> AbstractContextManager[CourtSession]:
        """Log in with a stored credential; evidence goes into `folder`.

        Raises:
            AccessRefused, PortalDown, PortalChanged, CaptchaShown.
        """
