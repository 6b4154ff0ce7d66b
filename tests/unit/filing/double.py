"""A court in memory: late lists, lost answers, errors after the act, and whatever else a portal does to a robot.

`CourtDouble` is the truth (what was registered, and when it can be seen); `DoubleSession` is what the protocol gets.
Time is a number that tests move; nothing sleeps. `Plan` says what goes wrong next; `Killed` is the end of a process,
raised out of any call, and it goes through every `except Exception`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cobranza.legal.package import PackageFile
from cobranza.legal.ports import (
    AccessRefused,
    CaptchaShown,
    CaseStatus,
    Draft,
    Filing,
    FilingRefused,
    Notification,
    Objection,
    OpenedNotification,
    PortalChanged,
    PortalDown,
    Receipt,
    ReceiptRow,
    Scan,
    SentEntry,
    SessionLost,
    Stage,
    SubmitUncertain,
    Uploaded,
)

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process died here."""


class Clock:
    """Time that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.at += timedelta(seconds=seconds)


@dataclass
class Registered:
    """One filing as the court has it."""

    registry: str
    reference: str
    draft: str
    defendant: str
    amount: str
    files: tuple[tuple[str, str], ...]
    at: datetime
    visible_at: datetime


@dataclass
class CourtDouble:
    """The court's truth.

    Attributes:
        clock: Of the court and of the robot; the court's stamp may be off by `skew`.
        lag: Seconds until a filing shows in its lists, and its draft stops showing.
        scan: Seconds that the virus scanner takes.
        references: It has a field for our reference and gives it back.
        hashes: Its lists give hashes.
        fail: Asked before each call with its name; raises or returns what goes wrong ("" for nothing).
    """

    clock: Clock
    lag: float = 60.0
    scan: float = 5.0
    skew: float = 0.0
    references: bool = True
    hashes: bool = True
    fail: Callable[[str], str] = lambda call: ""
    drafts: dict[str, Draft] = field(default_factory=dict)
    claims: dict[str, Filing] = field(default_factory=dict)
    uploaded_at: dict[str, datetime] = field(default_factory=dict)
    filings: list[Registered] = field(default_factory=list)
    later: list[tuple[datetime, str]] = field(default_factory=list)
    notices: list[Notification] = field(default_factory=list)
    sent_drafts: set[str] = field(default_factory=set)
    numbers: int = 0

    slug = "doble"

    @contextmanager
    def session(self, credential: str, folder: Path) -> Iterator[DoubleSession]:
        """See `CourtPortal.session`."""
        _trouble(self.fail("login"))
        yield DoubleSession(self)

    def tick(self) -> None:
        """What was put off happens when its time has come."""
        due = [draft for at, draft in self.later if at <= self.clock.at]
        self.later = [(at, draft) for at, draft in self.later if at > self.clock.at]
        for draft in due:
            self.register(draft)

    def register(self, draft: str) -> Registered:
        """The one place where a filing comes to be."""
        self.numbers += 1
        filing, at = self.claims[draft], self.clock.at
        made = Registered(
            registry=f"R{self.numbers:06d}",
            reference=filing.package.reference if self.references else "",
            draft=draft,
            defendant=filing.case.defendants[0].name,
            amount=filing.package.total,
            files=tuple((each.name, each.sha256) for each in self.drafts[draft].files),
            at=at,
            visible_at=at + timedelta(seconds=self.lag),
        )
        self.filings.append(made)
        self.sent_drafts.add(draft)
        return made

    def filed(self, case: str) -> int:
        """How often a case was filed: the figure that has to be one."""
        return sum(self.claims[each.draft].package.case == case for each in self.filings)

    def notify(self, registry: str) -> None:
        """A notice about a filing into the mailbox."""
        self.notices.append(
            Notification(
                id=f"N{len(self.notices) + 1}", registry=registry, title="Diligencia", available_at=self.clock.at
            )
        )

    def receipt(self, made: Registered) -> Receipt:
        """The receipt of a filing."""
        rows = tuple(ReceiptRow(order=n, name=name, sha256=sha) for n, (name, sha) in enumerate(made.files, 1))
        return Receipt(
            registry=made.registry,
            filed_at=made.at + timedelta(seconds=self.skew),
            court="Decanato",
            rows=rows,
            csv=f"CSV-{made.registry}",
            reference=made.reference,
            pdf=b"%PDF " + made.registry.encode(),
            xml=b"<acuse>" + made.registry.encode() + b"</acuse>",
            signer="Juzgado de pruebas",
            signature_valid=True,
        )


@dataclass
class DoubleSession:
    """See `CourtSession`."""

    court: CourtDouble

    def check(self, filing: Filing) -> tuple[Objection, ...]:
        """See `CourtSession.check`."""
        _trouble(self.court.fail("check"))
        return ()

    def drafts(self) -> tuple[Draft, ...]:
        """See `CourtSession.drafts`."""
        self._now("drafts")
        return tuple(each for each in self.court.drafts.values() if self._open(each.id))

    def create(self, filing: Filing) -> Draft:
        """See `CourtSession.create`."""
        what = self.court.fail("create")
        if what == "fail":
            raise PortalDown("500")
        for _ in range(2 if what == "twice" else 1):
            self.court.numbers += 1
            made = Draft(
                id=f"D{self.court.numbers:06d}",
                reference=filing.package.reference if self.court.references else "",
                step="documentos",
            )
            self.court.drafts[made.id] = made
            self.court.claims[made.id] = filing
        if what == "kill":
            raise Killed
        return made

    def read(self, draft: str) -> Draft | None:
        """See `CourtSession.read`."""
        self._now("read")
        found = self.court.drafts.get(draft)
        if found is None or not self._open(draft):
            return None
        return replace(found, files=tuple(self._scanned(draft, each) for each in found.files))

    def upload(self, draft: str, file: PackageFile, content: bytes) -> Uploaded:
        """See `CourtSession.upload`."""
        what = self.court.fail("upload")
        if what == "refuse":
            raise FilingRefused("413", [Objection(code="tamano_fichero", text="Demasiado grande.", file=file.name)])
        if what == "fail":
            raise PortalDown("500")
        digest = hashlib.sha256(b"otra cosa" if what == "other" else content).hexdigest()
        self.court.numbers += 1
        made = Uploaded(
            id=f"F{self.court.numbers:06d}", name=file.name, size=len(content), sha256=digest, scan=Scan.PENDING
        )
        there = self.court.drafts[draft]
        self.court.drafts[draft] = replace(there, files=(*there.files, made))
        self.court.uploaded_at[made.id] = self.court.clock.at
        if what == "infect":
            self.court.uploaded_at[made.id] = datetime.max.replace(tzinfo=UTC)
        if what == "kill":
            raise Killed
        if what == "lost":
            raise PortalDown("La respuesta se perdió.")
        return self._scanned(draft, made)

    def remove(self, draft: str, uploaded: str) -> None:
        """See `CourtSession.remove`."""
        _trouble(self.court.fail("remove"))
        there = self.court.drafts[draft]
        self.court.drafts[draft] = replace(there, files=tuple(each for each in there.files if each.id != uploaded))

    def discard(self, draft: str) -> None:
        """See `CourtSession.discard`."""
        _trouble(self.court.fail("discard"))
        del self.court.drafts[draft]

    def objections(self, draft: str) -> tuple[Objection, ...]:
        """See `CourtSession.objections`."""
        _trouble(self.court.fail("objections"))
        return ()

    def submit(self, draft: str) -> Receipt:
        """See `CourtSession.submit`."""
        what = self.court.fail("submit")
        self.court.tick()
        if draft in self.court.sent_drafts:
            raise SubmitUncertain("Ese borrador ya se envió.")
        match what:
            case "kill before":
                raise Killed
            case "refuse":
                raise FilingRefused("El órgano está cerrado.", [Objection(code="organo_cerrado", text="Cerrado.")])
            case "duplicate":
                raise FilingRefused("Posible duplicado.", [Objection(code="duplicado", text="Ya consta otra.")])
            case "fail":
                raise SubmitUncertain("500 antes de registrar.")
            case "expired":
                raise SessionLost("Pide la entrada.")
            case "delayed":
                self.court.later.append((self.court.clock.at + timedelta(seconds=30), draft))
                raise SubmitUncertain("No contesta.")
        made = self.court.register(draft)
        if what in ("kill", "lost", "error"):
            raise Killed if what == "kill" else SubmitUncertain("Se cortó tras registrar.")
        receipt = self.court.receipt(made)
        match what:
            case "other receipt":
                rows = tuple(replace(each, sha256="0" * 64) for each in receipt.rows)
                return replace(receipt, rows=rows)
            case "altered receipt":
                return replace(receipt, signature_valid=False)
            case "truncated receipt":
                raise SubmitUncertain("El acuse llegó a medias.")
        return receipt

    def receipt(self, registry: str) -> Receipt:
        """See `CourtSession.receipt`."""
        what = self._now("receipt")
        made = next((each for each in self.court.filings if each.registry == registry), None)
        if made is None or made.visible_at > self.court.clock.at:
            raise PortalChanged(f"En la bandeja ya no está {registry}.")
        receipt = self.court.receipt(made)
        return replace(receipt, signature_valid=False) if what == "altered" else receipt

    def sent(self, since: datetime) -> tuple[SentEntry, ...]:
        """See `CourtSession.sent`."""
        what = self._now("sent")
        if what == "empty":
            return ()
        return tuple(
            SentEntry(
                registry=each.registry,
                filed_at=each.at,
                reference=each.reference,
                defendant=each.defendant,
                amount=each.amount,
                sha256=tuple(sha for _, sha in each.files) if self.court.hashes else (),
            )
            for each in reversed(self.court.filings)
            if each.visible_at <= self.court.clock.at
        )

    def status(self, registry: str) -> CaseStatus:
        """See `CourtSession.status`."""
        return CaseStatus(registry=registry, stage=Stage.FILED, since=self.court.clock.at)

    def notifications(self, since: datetime) -> tuple[Notification, ...]:
        """See `CourtSession.notifications`."""
        self._now("notifications")
        return tuple(each for each in self.court.notices if each.available_at >= since)

    def open(self, notification: str) -> OpenedNotification:
        """See `CourtSession.open`."""
        raise PortalChanged(notification)

    def evidence(self) -> Mapping[str, bytes]:
        """See `CourtSession.evidence`."""
        return {"pantalla.png": b"\x89PNG"}

    def _now(self, call: str) -> str:
        what = self.court.fail(call)
        self.court.tick()
        return _trouble(what)

    def _open(self, draft: str) -> bool:
        """The list of drafts is as late as that of filings."""
        filed = next((each for each in self.court.filings if each.draft == draft), None)
        return filed is None or filed.visible_at > self.court.clock.at

    def _scanned(self, draft: str, file: Uploaded) -> Uploaded:
        at = self.court.uploaded_at[file.id]
        if at.year == datetime.max.year:
            return replace(file, scan=Scan.INFECTED)
        done = (self.court.clock.at - at).total_seconds() >= self.court.scan
        return replace(file, scan=Scan.CLEAN if done else Scan.PENDING)


def _trouble(what: str) -> str:
    """Raise what a word stands for; give back one that the caller acts upon."""
    match what:
        case "fail":
            raise PortalDown("El portal no contesta.")
        case "expired":
            raise SessionLost("Pide la entrada.")
        case "changed":
            raise PortalChanged("No está el botón «Enviar».")
        case "captcha":
            raise CaptchaShown("Pide una comprobación.")
        case "certificate":
            raise AccessRefused("El certificado ha caducado.")
        case "kill":
            raise Killed
    return what
