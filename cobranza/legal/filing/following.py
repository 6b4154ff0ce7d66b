"""After filing: state of each case, notices and their clock, numbers that change, reasons of a rejection.

Listing a notice opens nothing. Opening serves it and starts a deadline, so a robot opens only what the settings let it,
or what a person asks for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.legal.filing import handover, rejections, settings, workflow
from cobranza.legal.filing.handover import Notice
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.models import CourtFiling, CourtNotice, FilingStep
from cobranza.legal.filing.rejections import Rejection
from cobranza.legal.ports import (
    AccessRefused,
    CaptchaShown,
    CaseStatus,
    CourtSession,
    Notification,
    OpenedNotification,
    PortalDown,
    SessionLost,
    Stage,
)

_BACK = timedelta(days=120)
_ENDED = (Stage.CLOSED.value, Stage.PAID.value)


@dataclass(slots=True)
class Followed:
    """What one round found.

    Attributes:
        court: Slug.
        cases: Cases whose state was read.
        moved: Cases that moved on: number and stage.
        notices: New notices.
        opened: Notices opened now.
        rejections: Case → reasons, of those that came back.
        problems: Case or court → what could not be read.
    """

    court: str
    cases: int = 0
    moved: list[tuple[str, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    rejections: dict[str, tuple[Rejection, ...]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def courts() -> list[tuple[str, str]]:
    """Court and credential of every filed case that goes on."""
    rows = CourtFiling.objects.filter(state=State.FILED).exclude(stage__in=_ENDED)
    return sorted(set(rows.values_list("court", "credential")))


def follow(
    court: str,
    credential: str,
    *,
    evidence: Path,
    open_notices: bool | None = None,
    now: Callable[[], datetime] = clock.now,
) -> Followed:
    """Read what the court has to say about our filings.

    Args:
        court: Slug.
        credential: Login that filed them.
        evidence: Folder for what failures leave.
        open_notices: Open every notice; None does what the settings say.
        now: The clock.

    Raises:
        AccessRefused, CaptchaShown, PortalDown: nothing can be read until somebody acts, or later.
    """
    may_open = settings.load().protocolo.abrir_notificaciones if open_notices is None else open_notices
    found = Followed(court=court)
    rows = list(CourtFiling.objects.filter(state=State.FILED, court=court, credential=credential).order_by("pk"))
    with workflow.portal(court).session(credential, evidence) as session:
        for row in rows:
            if row.stage not in _ENDED:
                _status(session, row, found, now())
        _notices(session, court, rows, found, may_open, now())
    return found


def _status(session: CourtSession, row: CourtFiling, found: Followed, now: datetime) -> None:
    try:
        status = session.status(row.registry)
    except (AccessRefused, CaptchaShown, PortalDown, SessionLost):
        raise
    except CobranzaError as exc:
        found.problems[row.case] = exc.message  # this case cannot be read; the others can
        return
    found.cases += 1
    if status.registry != row.registry:
        _renumbered(row, status, now)
    moved = (row.stage, row.stage_since) != (status.stage.value, status.since)
    known = (row.court_name, row.number, row.general_id) == (status.court, status.number, status.general_id)
    if moved or not known:
        _write_status(row, status, now, moved=moved)
    if moved:
        found.moved.append((row.case, status.stage.value))
    if status.reasons:
        found.rejections[row.case] = rejections.read(status.reasons)
    handover.room().followed(row.case, status)


def _renumbered(row: CourtFiling, status: CaseStatus, now: datetime) -> None:
    """The court changed the number after the receipt; the receipt keeps the old one, and both are ours."""
    text = f"El órgano cambió el número de registro: {row.registry} pasa a {status.registry}."
    with transaction.atomic():
        fresh = CourtFiling.objects.select_for_update().get(pk=row.pk)
        fresh.former_registries = [*fresh.former_registries, fresh.registry]
        fresh.registry = status.registry
        fresh.notices = [*fresh.notices, text]
        fresh.save(update_fields=["former_registries", "registry", "notices"])
        FilingStep.objects.create(filing=fresh, state=fresh.state, why=text, at=now)
    row.registry, row.former_registries = fresh.registry, fresh.former_registries


def _write_status(row: CourtFiling, status: CaseStatus, now: datetime, *, moved: bool) -> None:
    values = {
        "stage": status.stage.value,
        "stage_since": status.since,
        "court_name": status.court,
        "number": status.number,
        "general_id": status.general_id,
        "reasons": list(status.reasons),
        "answer_by": status.answer_by,
        "followed_at": now,
    }
    with transaction.atomic():
        CourtFiling.objects.filter(pk=row.pk).update(**values)
        if moved:
            why = f"El juzgado: {status.stage.value}. {' '.join(status.reasons)}".strip()
            FilingStep.objects.create(filing=row, state=row.state, why=why, at=now)


def _notices(
    session: CourtSession, court: str, rows: Iterable[CourtFiling], found: Followed, may_open: bool, now: datetime
) -> None:
    ours = {name: row for row in rows for name in (row.registry, *row.former_registries)}
    for each in session.notifications(now - _BACK):
        row = ours.get(each.registry)
        kept, fresh = CourtNotice.objects.get_or_create(
            court=court,
            portal_id=each.id,
            defaults={
                "filing": row, "registry": each.registry, "title": each.title, "available_at": each.available_at,
                "served_by": each.served_by, "opened_at": each.opened_at, "seen_at": now,
            },
        )  # fmt: skip
        if fresh:
            found.notices.append(f"{row.case if row else each.registry}: {each.title}")
        if may_open and not kept.files:
            opened = session.open(each.id)
            _keep(kept, opened, row)
            found.opened.append(each.id)
            each = opened.notification
        _tell(kept, row, each)


def _keep(kept: CourtNotice, opened: OpenedNotification, row: CourtFiling | None) -> None:
    """Documents of an opened notice, with their hashes, before anything is done about them."""
    case = row.case if row else "sin-expediente"
    folder = workflow.evidence_folder() / case / "notificaciones" / kept.portal_id
    folder.mkdir(parents=True, exist_ok=True)
    contents = {**opened.files, **({"justificante.pdf": opened.receipt} if opened.receipt else {})}
    files = {}
    for name, content in contents.items():
        target = folder / Path(name).name
        target.write_bytes(content)
        files[target.name] = hashlib.sha256(content).hexdigest()
    kept.folder, kept.files = str(folder), files
    kept.opened_at = opened.notification.opened_at
    kept.save(update_fields=["folder", "files", "opened_at"])


def _tell(kept: CourtNotice, row: CourtFiling | None, seen: Notification) -> None:
    """Tell the room; notices of what was not filed from here have no case, and stay on the list."""
    if row is None:
        return
    told = replace(seen, opened_at=kept.opened_at or seen.opened_at)
    folder = Path(kept.folder) if kept.folder else None
    handover.room().noticed(row.case, Notice(notification=told, folder=folder, files=kept.files))
    if not kept.told:
        CourtNotice.objects.filter(pk=kept.pk).update(told=True)
