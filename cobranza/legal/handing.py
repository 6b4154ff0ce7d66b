"""The room's side of the filing's seam: hands over what is signed, and takes back what became of it.

What comes back may come twice; the second time changes nothing. What the court says is a fact: it is written down even
when somebody has moved the case here meanwhile, and never undoes what people decided.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from pathlib import Path

from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.spanish import write_day
from cobranza.ledger import holds
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Hold
from cobranza.legal import agenda, building, house, papers, settings, signing, stages
from cobranza.legal.deadlines import Calendar, UnknownCalendar
from cobranza.legal.filing.handover import Notice, Outcome, ReadyCase
from cobranza.legal.filing.machine import State
from cobranza.legal.house import Legal
from cobranza.legal.models import CaseNews, LegalCase, SignOff
from cobranza.legal.ports import CaseStatus
from cobranza.legal.stages import Stages
from cobranza.runs import alerts
from cobranza.runs.models import AlertKind

_log = logging.getLogger("cobranza.expedientes")
_ROBOT = Actor.robot("presentar_expedientes")
_COURT = Actor.robot("seguimiento_de_expedientes")
_TERMS = {Stages.CORRECTION: "subsanacion", Stages.OPPOSED: "impugnar_oposicion", Stages.DEMANDED: "pago_u_oposicion"}


class LegalRoom:
    """See `cobranza.legal.filing.handover.Room`."""

    def signed_off(self) -> Sequence[ReadyCase]:
        """See `Room.signed_off`. A package that does not count any more is voided here and left out."""
        rules, book = house.read(), settings.rate_book()
        ready = []
        for row in LegalCase.objects.filter(stage=Stages.SIGNED).select_related("creditor", "debtor"):
            try:
                on = today(rules, row.country)
                review = signing.void_if_stale(row, rules, book, on=on, actor=_ROBOT)
            except CobranzaError as exc:
                _log.warning("%s no se puede presentar: %s", row.number, exc)
                continue
            if review.preparation is None or len(review.signatures) < review.needed or review.missing_to_file:
                continue
            first = agenda.first_open(row)
            ready.append(
                ReadyCase(
                    case_id=row.number,
                    case=review.case,
                    package_folder=signing.folder(row, review.preparation),
                    package_hash=review.preparation.package_hash,
                    court=row.court,
                    deadline=first.until if first is not None else None,
                    corrects=row.corrects,
                )
            )
        far = datetime.max.replace(tzinfo=clock.MADRID)
        return sorted(ready, key=lambda each: (each.deadline or far, each.case_id))

    def still_signed_off(self, case_id: str, package_hash: str) -> bool:
        """See `Room.still_signed_off`."""
        row = stages.find(case_id)
        if row.stage != Stages.SIGNED:
            return False
        rules = house.read()
        review = signing.void_if_stale(row, rules, settings.rate_book(), on=today(rules, row.country), actor=_ROBOT)
        return (
            review.preparation is not None
            and review.preparation.package_hash == package_hash
            and len(review.signatures) >= review.needed
            and not review.missing_to_file
        )

    def settled(self, case_id: str, outcome: Outcome) -> None:
        """See `Room.settled`."""
        row = stages.find(case_id)
        if outcome.state is State.FILED:
            _filed(row, outcome)
        elif outcome.state is State.REVIEW:
            _to_person(row, outcome)
        else:
            _not_filed(row, outcome)

    def freed(self, case_id: str, filing: int, by: str) -> None:
        """See `Room.freed`. Whether the sign-off still stands is looked at when the case is handed over."""
        with transaction.atomic():
            found = stages.locked(stages.find(case_id))
            if found.stage != Stages.HUMAN:
                return
            why = f"{by}: la presentación {filing} no llegó a registrarse; se puede presentar."
            stages.move(found, Stages.SIGNED, actor=Actor.person(by), why=why, changes={"problem": {}})

    def followed(self, case_id: str, status: CaseStatus) -> None:
        """See `Room.followed`."""
        rules = house.read()
        with transaction.atomic():
            row = stages.locked(stages.find(case_id))
            stage = Stages(status.stage.value)
            known = {
                "court_name": status.court or row.court_name,
                "court_number": status.number or row.court_number,
                "general_id": status.general_id or row.general_id,
            }
            key = f"estado:{status.registry}:{stage}:{status.since.isoformat()}"
            same = all(getattr(row, name) == value for name, value in known.items())
            if not _news(row, key, "estado", str(stage.label), status.since, detail="; ".join(status.reasons)) and same:
                return
            told = {"court": status.court, "number": status.number, "reasons": list(status.reasons)}
            goes = stage if row.stage in LegalCase.COURTS else row.stage
            stages.move(row, goes, actor=_COURT, why="; ".join(status.reasons), told=told, changes=known)
            if goes in LegalCase.ENDED:
                _release(row)
        _court_terms(row, status, rules)

    def noticed(self, case_id: str, notice: Notice) -> None:
        """See `Room.noticed`."""
        row, seen = stages.find(case_id), notice.notification
        rules = house.read()
        opening = f"abrir:{seen.id}"
        calendar = _calendar(rules, row.country)
        if seen.opened_at is None:
            served = seen.served_by or (calendar.unopened_served(seen.available_at) if calendar else None)
            with transaction.atomic():
                _news(stages.locked(row), f"aviso:{seen.id}", "notificacion", seen.title, seen.available_at)
            if served is not None:
                agenda.set_deadline(
                    row,
                    opening,
                    f"Abrir la notificación: {seen.title}",
                    last_day=served,
                    until=datetime(served.year, served.month, served.day, 23, 59, 59, tzinfo=_zone(calendar)),
                    source=calendar.rules.notificaciones.fuente if calendar else "Según el portal",
                    verified=calendar is not None and calendar.rules.verificado is not None,
                    actor=_COURT,
                )
            return
        with transaction.atomic():
            found = stages.locked(row)
            served = calendar.opened_served(seen.opened_at) if calendar else seen.opened_at.date()
            detail = f"Abierta; surte efecto el {write_day(served)}."
            file, digest = _kept(row, notice)
            key = f"abierta:{seen.id}"
            _news(found, key, "notificacion", seen.title, seen.opened_at, detail=detail, file=file, sha256=digest)
        agenda.close_if_there(row, [opening], actor=_COURT)


def today(rules: Legal, country: str) -> date:
    """Today where the court is."""
    return clock.now().astimezone(_zone(_calendar(rules, country))).date()


def _filed(row: LegalCase, outcome: Outcome) -> None:
    with transaction.atomic():
        found = stages.locked(row)
        at = outcome.filed_at or clock.now()
        told = {"registry": outcome.registry, "csv": outcome.csv, "receipt": outcome.receipt_sha256}
        title = f"Acuse {outcome.registry}"
        # The filing calls nothing filed before it has checked both; see `filing.receipts`.
        checked = "Acuse comprobado: su firma vale y su índice es el del paquete firmado."
        detail = " ".join((checked, f"CSV {outcome.csv}." if outcome.csv else "", *outcome.notices)).strip()
        fresh = _news(
            found,
            f"acuse:{outcome.registry}",
            "acuse",
            title,
            at,
            detail=detail,
            registry=outcome.registry,
            file=_inside(found, outcome.receipt),
            sha256=outcome.receipt_sha256,
        )
        if not fresh:
            return
        stage = found.stage if found.stage in LegalCase.COURTS and not found.corrects else Stages.FILED
        changes = {"registry": outcome.registry, "corrects": "", "problem": {}}
        stages.move(found, stage, actor=_ROBOT, told=told, changes=changes)
        for item in building.items(found):
            holds.put(
                item.invoice, source=_source(found), reason=f"Reclamada en el juzgado: {found.number}", actor=_ROBOT
            )
    # It was filed in time: what had to be done before is done.
    early = row.deadlines.filter(done_at=None, ours=True).exclude(key__startswith="abrir:")
    agenda.close_if_there(row, [each.key for each in early], actor=_ROBOT)


def _to_person(row: LegalCase, outcome: Outcome) -> None:
    with transaction.atomic():
        found = stages.locked(row)
        key = f"persona:{outcome.filing}:{outcome.code}"
        fresh = _news(found, key, "tarea", outcome.text or "La presentación espera a una persona", clock.now())
        if not fresh and found.stage != Stages.SIGNED:
            return
        problem = {"code": outcome.code, "message": outcome.text, "remedy": "Mire las pruebas y decida en el portal."}
        stage = Stages.HUMAN if found.stage in (Stages.SIGNED, Stages.HUMAN) else found.stage
        stages.move(found, stage, actor=_ROBOT, why=outcome.text, changes={"problem": problem})
        message = f"{found.number}: no se sabe si se presentó. {outcome.text}"
        alerts.open_alert(AlertKind.NEEDS_PERSON, key=f"legal:{found.number}:{outcome.filing}", message=message)


def _not_filed(row: LegalCase, outcome: Outcome) -> None:
    """The portal refused it, or a person withdrew it: back to preparation with what has to be put right."""
    with transaction.atomic():
        found = stages.locked(row)
        title = "El portal no lo ha admitido" if outcome.state is State.REFUSED else "Presentación retirada"
        detail = " ".join((outcome.text, *(each.text for each in outcome.objections))).strip()
        if not _news(found, f"no:{outcome.filing}", "estado", title, clock.now(), detail=detail):
            return
        if found.stage not in (Stages.SIGNED, Stages.HUMAN):
            return
        preparation = building.last_preparation(found)
        if preparation is not None:
            signing.end(found, signing.valid(preparation), SignOff.Ends.VOID, detail or title, _ROBOT)
        problem = {"code": outcome.code, "message": detail or title, "remedy": "Corríjalo y vuelva a prepararlo."}
        stages.move(found, Stages.PREPARING, actor=_ROBOT, why=detail or title, changes={"problem": problem})


def _court_terms(row: LegalCase, status: CaseStatus, rules: Legal) -> None:
    """The deadline that a change of state sets going: the court's own day, or the term of the law."""
    name = _TERMS.get(Stages(status.stage.value))
    calendar = _calendar(rules, row.country)
    if name is None or calendar is None:
        return
    key = f"{name}:{status.registry}:{status.since.date().isoformat()}"
    try:
        term = calendar.term(name)
    except UnknownCalendar:
        return
    if status.answer_by is not None:
        agenda.set_deadline(
            row,
            key,
            term.texto,
            last_day=status.answer_by,
            until=calendar.last_instant(status.answer_by),
            source="Según el portal",
            verified=True,
            actor=_COURT,
            ours=term.nuestro,
        )
        return
    worked = calendar.due(term, calendar.opened_served(status.since))
    agenda.set_worked(row, key, term.texto, worked, actor=_COURT, ours=term.nuestro)


def _news(
    row: LegalCase,
    key: str,
    kind: str,
    title: str,
    at: datetime,
    *,
    detail: str = "",
    registry: str = "",
    file: str = "",
    sha256: str = "",
) -> bool:
    """Write down what the court told; False when it was told before."""
    if row.news.filter(key=key[:160]).exists():
        return False
    made = CaseNews.objects.create(
        case=row,
        key=key[:160],
        kind=kind,
        title=title[:300],
        detail=detail,
        registry=registry,
        at=at,
        file=file,
        sha256=sha256,
    )
    payload = {"kind": kind, "title": title, "detail": detail, "sha256": sha256}
    stages.tell("court_news", row, payload, _COURT, seals=[made])
    return True


def _release(row: LegalCase) -> None:
    for hold in Hold.objects.filter(source=_source(row), released_at=None):
        holds.release(hold, reason=f"{row.number}: {row.get_stage_display()}", actor=_COURT)


def _source(row: LegalCase) -> str:
    return f"expediente:{row.number}"


def _kept(row: LegalCase, notice: Notice) -> tuple[str, str]:
    """Where the first document of an opened notice lies, and its hash."""
    if notice.folder is None or not notice.files:
        return "", ""
    name, digest = next(iter(notice.files.items()))
    return _inside(row, notice.folder / name), digest


def _inside(row: LegalCase, path: Path | None) -> str:
    """A path below the case's folder as the record keeps it; of one elsewhere, the whole path."""
    if path is None:
        return ""
    base = papers.folder(row.number)
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


def _calendar(rules: Legal, country: str) -> Calendar | None:
    try:
        return rules.calendar(country)
    except UnknownCalendar:
        return None


def _zone(calendar: Calendar | None) -> tzinfo:
    return clock.zone(calendar.rules.zona) if calendar is not None else clock.MADRID
