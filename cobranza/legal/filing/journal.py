"""The journal in the database. Each step is one committed transaction: fence, row and history together.

A process works on a filing under two leases, that of the case and that of the credential. Their tokens only grow, and
every write checks them in its own transaction, so that a process in whose place another went on cannot write any more.
One that was merely slow (a large upload, a busy machine) renews what nobody has taken and goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction

from cobranza.kernel import clock
from cobranza.legal.filing import machine
from cobranza.legal.filing.machine import HOLDING, State
from cobranza.legal.filing.models import CourtFiling, FilingStep
from cobranza.legal.filing.proofs import Proof
from cobranza.legal.filing.records import AlreadyFiled, Claim, Entry, FenceLost, FilingBusy, FilingUnknown
from cobranza.legal.ports import Objection

_NAMES = tuple(field.name for field in fields(Entry))
_LISTS = frozenset({"notices", "drafts_before"})
_NOT_YET_SENT = (State.PREPARED, State.DRAFT, State.UPLOADED, State.READY)
# Sorted, so that two processes that want the same pair never wait for each other.
_TAKE = """
insert into filing_filinglease (name, token, until)
values (%(name)s, 1, statement_timestamp() + make_interval(secs => %(lease)s))
on conflict (name) do update set token = filing_filinglease.token + 1, until = excluded.until
where filing_filinglease.until < statement_timestamp()
returning token
"""
_RENEW = """
update filing_filinglease set until = statement_timestamp() + make_interval(secs => %(lease)s)
where name = %(name)s and token = %(token)s
"""
# Whoever had it can renew it no more.
_FENCE = """
insert into filing_filinglease (name, token, until)
values (%(name)s, 1, statement_timestamp() - interval '1 second')
on conflict (name) do update set token = filing_filinglease.token + 1
where filing_filinglease.until < statement_timestamp()
returning token
"""
_FREE = (
    "update filing_filinglease set until = statement_timestamp() - interval '1 second' where name = %s and token = %s"
)


class DatabaseJournal:
    """See `records.Journal`.

    Args:
        lease: How long a process may go without a sign of life.
        now: The clock of what is written; leases run on the database's.
    """

    def __init__(self, lease: timedelta, *, now: Callable[[], datetime] = clock.now) -> None:
        self._lease = lease
        self._now = now

    def open(self, claim: Claim) -> Entry:
        """See `Journal.open`. A package of the same case that was never sent gives way to the one signed last."""
        package = claim.package
        fingerprint = _fingerprint(claim)
        with transaction.atomic():
            rows = CourtFiling.objects.select_for_update().filter(state__in=[state.value for state in HOLDING])
            row = rows.filter(fingerprint=fingerprint, corrects=claim.corrects).first()
            if row is not None:
                if row.case != package.case:
                    raise AlreadyFiled(f"El expediente {row.case} ya presenta lo mismo (presentación {row.pk}).")
                return entry_of(row)
            other = rows.filter(case=package.case).exclude(state=State.FILED).first()
            if other is not None:
                self._give_way(other)
            row = self._begin(claim, fingerprint)
        return entry_of(row)

    def _give_way(self, row: CourtFiling) -> None:
        """Take back what surely was not registered, so that what was signed last can be filed."""
        never_registered = row.state == State.NOT_FILED or (not row.sends and row.state in _NOT_YET_SENT)
        if not never_registered or not _fenced(row):
            raise AlreadyFiled(
                f"El expediente {row.case} tiene otra presentación en curso ({row.pk}, {row.get_state_display()})."
            )
        row.state, row.problem_code = State.WITHDRAWN.value, "sustituida"
        row.problem = "Se firmó otro paquete del mismo expediente."
        row.save(update_fields=["state", "problem_code", "problem"])
        FilingStep.objects.create(filing=row, state=row.state, why=row.problem, at=self._now())

    def _begin(self, claim: Claim, fingerprint: str) -> CourtFiling:
        package = claim.package
        now = self._now()
        try:
            with transaction.atomic():
                row = CourtFiling.objects.create(
                    case=package.case,
                    court=package.court,
                    credential=claim.credential,
                    package_hash=package.hash,
                    fingerprint=fingerprint,
                    reference=package.reference,
                    corrects=claim.corrects,
                    folder=str(claim.folder),
                    manifest=package.as_dict(),
                    names=[party.name for party in claim.case.defendants],
                    deadline=claim.deadline,
                    created_at=now,
                )
        except IntegrityError as exc:
            raise FilingBusy(f"Otro proceso acaba de empezar la presentación de {package.case}.") from exc
        FilingStep.objects.create(
            filing=row, state=row.state, why="Paquete firmado.", facts={"package": package.hash}, at=now
        )
        return row

    def read(self, filing: int) -> Entry:
        """See `Journal.read`."""
        return entry_of(row_of(filing))

    def registries(self, case: str) -> frozenset[str]:
        """See `Journal.registries`."""
        rows = CourtFiling.objects.filter(case=case).exclude(registry="").values_list("registry", "former_registries")
        return frozenset(name for registry, former in rows for name in (registry, *former))

    def registered(self, court: str) -> frozenset[str]:
        """See `Journal.registered`."""
        rows = CourtFiling.objects.filter(court=court).exclude(registry="").values_list("registry", "former_registries")
        return frozenset(name for registry, former in rows for name in (registry, *former))

    @contextmanager
    def hold(self, filing: int) -> Iterator[DatabaseHeld]:
        """See `Journal.hold`."""
        row = row_of(filing)
        names = sorted((_case_lease(row), f"credencial:{row.court}:{row.credential}"))
        tokens: dict[str, int] = {}
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for name in names:
                    cursor.execute(_TAKE, {"name": name, "lease": self._lease.total_seconds()})
                    found = cursor.fetchone()
                    if found is None:
                        raise FilingBusy(f"Otro proceso trabaja con «{name}».")
                    tokens[name] = found[0]
            yield DatabaseHeld(self, filing, tokens)
        finally:
            # A lease that cannot be given back runs out by itself.
            with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
                for name, token in tokens.items():
                    cursor.execute(_FREE, [name, token])


class DatabaseHeld:
    """See `records.Held`."""

    def __init__(self, journal: DatabaseJournal, filing: int, tokens: dict[str, int]) -> None:
        self._journal = journal
        self._filing = filing
        self._tokens = tokens
        self._entry = journal.read(filing)

    @property
    def entry(self) -> Entry:
        """See `Held.entry`."""
        return self._entry

    def move(
        self,
        to: State,
        why: str,
        *,
        proof: Proof | None = None,
        objections: Sequence[Objection] = (),
        **facts: Any,
    ) -> Entry:
        """See `Held.move`."""
        machine.check(self._entry.state, to)
        return self._write(why, {"state": to.value, **facts}, proof, objections)

    def note(self, why: str = "", **facts: Any) -> Entry:
        """See `Held.note`."""
        return self._write(why, facts, None, ())

    def launch(self, why: str, *, approved: Callable[[], bool], **facts: Any) -> bool:
        """See `Held.launch`."""
        machine.check(self._entry.state, State.SENDING)
        with transaction.atomic():
            CourtFiling.objects.select_for_update().get(pk=self._filing)
            if not approved():
                return False
            self._write(why, {"state": State.SENDING.value, **facts}, None, ())
        return True

    def guard(self) -> None:
        """See `Held.guard`."""
        with transaction.atomic():
            self._renew()

    def _write(self, why: str, facts: dict[str, Any], proof: Proof | None, objections: Sequence[Objection]) -> Entry:
        values = {name: list(value) if name in _LISTS and value is not None else value for name, value in facts.items()}
        with transaction.atomic():
            self._renew()
            row = CourtFiling.objects.select_for_update().get(pk=self._filing)
            if row.state != self._entry.state:
                raise FenceLost(f"La presentación {self._filing} está ahora en «{row.get_state_display()}».")
            for name, value in values.items():
                setattr(row, name, value)
            row.save(update_fields=list(values))
            if why:
                FilingStep.objects.create(
                    filing=row,
                    state=row.state,
                    why=why,
                    facts={name: _plain(value) for name, value in values.items() if name != "state"},
                    objections=[{"code": o.code, "text": o.text, "file": o.file} for o in objections],
                    proof_folder=str(proof.folder) if proof else "",
                    proof_sha256=proof.sha256 if proof else "",
                    token=self._tokens[_case_lease(row)],
                    at=self._journal._now(),
                )
        self._entry = entry_of(row)
        return self._entry

    def _renew(self) -> None:
        with connection.cursor() as cursor:
            for name, token in self._tokens.items():
                lease = self._journal._lease.total_seconds()
                cursor.execute(_RENEW, {"name": name, "token": token, "lease": lease})
                if cursor.rowcount != 1:
                    raise FenceLost(f"«{name}» puede estar ya en otras manos.")


def row_of(filing: int) -> CourtFiling:
    """The row of a filing; raises `FilingUnknown`."""
    row = CourtFiling.objects.filter(pk=filing).first()
    if row is None:
        raise FilingUnknown(f"No hay una presentación {filing}.")
    return row


def entry_of(row: CourtFiling) -> Entry:
    """A row as the protocol sees it."""
    values = {name: getattr(row, name) for name in _NAMES}
    values["state"] = State(row.state)
    values["notices"] = tuple(row.notices)
    values["drafts_before"] = None if row.drafts_before is None else tuple(row.drafts_before)
    return Entry(**values)


def _fingerprint(claim: Claim) -> str:
    return claim.package.fingerprint


def _case_lease(row: CourtFiling) -> str:
    return f"caso:{row.court}:{row.case}"


def _fenced(row: CourtFiling) -> bool:
    """Whoever worked on it cannot write any more; False when somebody is at it now."""
    with connection.cursor() as cursor:
        cursor.execute(_FENCE, {"name": _case_lease(row)})
        return cursor.fetchone() is not None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
