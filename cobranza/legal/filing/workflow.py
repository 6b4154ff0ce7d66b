"""The steps of the filing robots: what is signed goes out, what is unclear is cleared up, what came of it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import cast

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.legal.case import Case, Court, Party, Person, Role
from cobranza.legal.filing import handover, settings
from cobranza.legal.filing.handover import Outcome, ReadyCase
from cobranza.legal.filing.journal import DatabaseJournal
from cobranza.legal.filing.machine import MAYBE_SENT, WAITING, State
from cobranza.legal.filing.models import CourtFiling
from cobranza.legal.filing.protocol import Filer, Progress
from cobranza.legal.filing.records import Claim
from cobranza.legal.filing.stamping import Stamper
from cobranza.legal.package import Package, PackageFile, read_package
from cobranza.legal.ports import CourtPortal, Objection
from cobranza.legal.requirements import requirements
from cobranza.legal.sheet import Sheet


class NoAdapter(BusinessError):
    """A court whose portal nobody can drive."""

    code = "COB-PRE-010"
    remedy = "Exporte el paquete y preséntelo a mano; luego anote el registro con «cobranza legal decide»."


class CaseNotReady(BusinessError):
    """A case that nobody has signed off, or whose sign-off does not stand any more."""

    code = "COB-PRE-011"
    remedy = "Firme el expediente en la consola y vuelva a presentarlo."


def portal(court: str) -> CourtPortal:
    """The adapter of a court; raises `NoAdapter`."""
    found = suite.adapters("connectors.courts").get(court.replace("-", "_"))
    if found is None:
        raise NoAdapter(f"No hay un adaptador para el portal «{court}».")
    return cast(CourtPortal, found)


def journal() -> DatabaseJournal:
    """The durable journal, with the lease that the settings give."""
    return DatabaseJournal(timedelta(seconds=settings.load().protocolo.arriendo_segundos))


def filer(court: str, approved: Callable[[str, str], bool]) -> Filer:
    """What files at a court.

    Args:
        court: Slug.
        approved: Whether the sign-off of a case and a package hash stands.
    """
    policy = settings.load().protocolo
    return Filer(
        portal(court),
        journal(),
        waiting=requirements(court).presentacion,
        policy=policy,
        evidence=evidence_folder(),
        approved=approved,
        stamp=Stamper(policy.sello_url) if policy.sello_url else None,
    )


def evidence_folder() -> Path:
    """Where the proofs of filings lie, one folder for each case."""
    return suite.output_folder() / "expedientes"


def claim_of(ready: ReadyCase) -> Claim:
    """A signed-off case as the protocol takes it.

    Raises:
        PackageError: the files are not what was signed off.
    """
    return Claim(
        case=ready.case,
        package=read_package(ready.package_folder, expected=ready.package_hash),
        folder=ready.package_folder,
        credential=ready.credential or settings.entry(ready.court).credencial,
        deadline=ready.deadline,
        corrects=ready.corrects,
        extra=ready.extra,
    )


def file_ready(ready: ReadyCase) -> Progress:
    """Take a signed-off case as far as it goes now, and tell the room when it ended or waits for a person."""
    room = handover.room()
    progress = filer(ready.court, room.still_signed_off).file(claim_of(ready))
    tell(progress.entry.id)
    return progress


def find_ready(case: str) -> ReadyCase:
    """The signed-off case of that name; raises `CaseNotReady`."""
    for ready in handover.room().signed_off():
        if ready.case_id == case:
            return ready
    raise CaseNotReady(f"{case} no tiene una firma que valga, o ya está presentado.")


def unclear(court: str = "") -> list[CourtFiling]:
    """Filings that may have been sent without our knowing and can be looked at now."""
    rows = CourtFiling.objects.filter(state__in=[state.value for state in MAYBE_SENT])
    now = clock.now()
    found = rows.filter(court=court) if court else rows
    return [row for row in found.order_by("deadline", "pk") if row.due_at is None or row.due_at <= now]


def look(row: CourtFiling) -> Progress:
    """Clear up one of them, whatever has become of its sign-off; nothing is sent."""
    progress = filer(row.court, lambda _case, _package: False).file(claim_of_row(row), only_look=True)
    tell(row.pk)
    return progress


def claim_of_row(row: CourtFiling) -> Claim:
    """A claim from the journal alone: enough to look for it, not to fill in a form."""
    plain = dict(row.manifest)
    files = tuple(PackageFile(**each) for each in plain.pop("files"))
    plain |= {name: tuple(plain[name]) for name in ("claimants", "defendants")}
    package = Package(files=files, **plain)
    parties = tuple(Party(role=Role.DEFENDANT, person=Person.LEGAL, name=name) for name in row.names)
    case = Case(
        id=row.case,
        country=requirements(row.court).pais,
        proceeding=package.proceeding,
        court=Court(name=""),
        parties=parties,
        title="",
        sheet=Sheet(until=date.min, debtor="business", currency=package.currency, invoices=()),
        prepared_on=date.min,
    )
    return Claim(
        case=case,
        package=package,
        folder=Path(row.folder),
        credential=row.credential,
        deadline=row.deadline,
        corrects=row.corrects,
    )


@dataclass(frozen=True, slots=True)
class Untold:
    """An outcome that the room has not been told yet."""

    filing: int
    case: str


def untold() -> Iterator[Untold]:
    """Outcomes that a process could not tell any more."""
    states = [state.value for state in WAITING]
    for row in CourtFiling.objects.filter(state__in=states, told=False).order_by("pk"):
        yield Untold(row.pk, row.case)


def tell(filing: int) -> None:
    """Tell the room what became of a filing; once for each outcome, again after a crash in between."""
    row = CourtFiling.objects.get(pk=filing)
    if State(row.state) not in WAITING or row.told:
        return
    handover.room().settled(row.case, outcome_of(row))
    CourtFiling.objects.filter(pk=filing, state=row.state).update(told=True)


def outcome_of(row: CourtFiling) -> Outcome:
    """What the room and the commands are told of a row."""
    last = row.steps.exclude(objections=[]).last()
    home = evidence_folder() / row.case / f"presentacion-{row.pk}"
    filed = row.state == State.FILED
    return Outcome(
        filing=row.pk,
        state=State(row.state),
        registry=row.registry,
        csv=row.csv,
        filed_at=row.filed_at,
        receipt=home / "acuse" if filed else None,
        receipt_sha256=row.receipt_sha256,
        code=row.problem_code,
        text=row.problem,
        objections=tuple(Objection(**each) for each in (last.objections if last and not filed else ())),
        notices=tuple(row.notices),
        evidence=home,
    )


def decide(filing: int, verdict: str, *, by: str, registry: str = "") -> CourtFiling:
    """A person clears up a filing that waits for one.

    Args:
        filing: Number in the journal.
        verdict: "presentado" (with its registry number: the receipt is fetched and verified), "no_consta" (it surely
            was not registered: it may be sent again), "otra_vez" (it was never sent: begin again) or "retirar".
        by: Who says so.
        registry: For "presentado".

    Raises:
        FilingUnknown: there is none.
        VerdictRefused: it does not wait for a person, or the verdict does not fit how far it came.
        ReceiptWrong: the receipt of that number does not prove this filing.
    """
    from cobranza.legal.filing import people

    row = people.waiting(filing)
    if verdict == "presentado":
        filer(row.court, lambda _case, _package: False).confirm(claim_of_row(row), registry)
    else:
        people.settle(row, verdict, by=by, now=clock.now())
    CourtFiling.objects.filter(pk=filing).update(told=False)
    freed = CourtFiling.objects.get(pk=filing)
    if State(freed.state) in WAITING:
        tell_if_room(filing)
    else:
        # A robot may go on with it: the room has to hand the case over again.
        with contextlib.suppress(handover.NoRoom):
            handover.room().freed(freed.case, freed.pk, by)
    return freed


def tell_if_room(filing: int) -> None:
    """Tell the room, when there is one: a folder may be filed without."""
    try:
        tell(filing)
    except handover.NoRoom:
        return


def due(rows: list[Progress], now: datetime) -> datetime | None:
    """When the next of them can go on, None when none waits."""
    waits = [each.due_at for each in rows if each.due_at is not None]
    return max(min(waits), now) if waits else None
