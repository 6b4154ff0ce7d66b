"""The exactly-once protocol: drives a portal through a filing, each step in the journal before the act.

- Only `READY` may send, and only after the tray of sent filings was searched, the draft compared byte for byte and
  the sign-off asked for once more.
- `SENDING` is committed before the click. Whatever comes back that is no verified receipt is `UNCERTAIN`; from there
  nothing is ever sent again. It is resolved by looking: a match in the tray and its verified receipt is `FILED`; no
  match in two readings, each at least W after the last sign and after each other, with the draft still open, is
  `NOT_FILED` and may be sent again; all else is a person's.
- W is the portal's (`requirements.presentacion.espera_incierto`): longer than its own maximum and the time until a
  filing can be seen. With a shorter one this protocol files twice; its tests show that.

A process that dies leaves its row where it was: the next one reads it and goes on from there.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.legal.filing import drafting, looking, sending
from cobranza.legal.filing.machine import WAITING, State
from cobranza.legal.filing.records import Claim, Entry, Held, Journal
from cobranza.legal.filing.settings import Protocol as Policy
from cobranza.legal.filing.work import Later, Means, Work
from cobranza.legal.ports import (
    CaptchaShown,
    CourtPortal,
    CourtSession,
    FilingRefused,
    PortalChanged,
    PortalDown,
    SessionLost,
)
from cobranza.legal.requirements import Waiting

_LOGINS = 4
_STEPS: dict[State, Callable[[Work, CourtSession], None]] = {
    State.PREPARED: drafting.prepare,
    State.DRAFT: drafting.upload,
    State.UPLOADED: drafting.until_clean,
    State.READY: sending.send,
    State.UNCERTAIN: looking.resolve,
    State.NOT_FILED: looking.again,
}
_LOOKS = {State.UNCERTAIN: looking.resolve}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a filing is now.

    Attributes:
        entry: As last committed.
        due_at: When it makes sense to go on; None when it ended or waits for a person.
    """

    entry: Entry
    due_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """A robot has nothing more to do with it."""
        return self.entry.state in WAITING


class Filer:
    """Takes filings of one court as far as they go now.

    Args:
        portal: The court's.
        journal: Durable, shared by all processes.
        waiting: How this portal behaves.
        policy: How patient we are.
        evidence: Folder for what is kept of each filing, one folder inside for each.
        approved: Says whether the sign-off of a case and a package hash still stands, asked right before sending.
        stamp: Gives our own time stamp (RFC 3161) over bytes; None for none.
        now: The clock.
        sleep: Waits that many seconds; only while the virus scanner is at work.
    """

    def __init__(
        self,
        portal: CourtPortal,
        journal: Journal,
        *,
        waiting: Waiting,
        policy: Policy,
        evidence: Path,
        approved: Callable[[str, str], bool],
        stamp: Callable[[bytes], bytes] | None = None,
        now: Callable[[], datetime] = clock.now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._means = Means(
            portal=portal,
            journal=journal,
            waiting=waiting,
            policy=policy,
            evidence=evidence,
            approved=approved,
            stamp=stamp,
            now=now,
            sleep=sleep,
            patience=timedelta(seconds=waiting.espera_incierto),
        )

    def file(self, claim: Claim, *, only_look: bool = False) -> Progress:
        """Begin a filing, or go on with it, until it ended, waits, or is a person's.

        Args:
            claim: What was signed off.
            only_look: Clear up what became of one that may have been sent, and nothing else.

        Raises:
            AlreadyFiled: another case has filed exactly this.
            FilingBusy: another process is at work on it, or with its credential.
            AccessRefused, CaptchaShown: nobody can enter until a person has acted; the filing stands where it stood.
            FenceLost: the lease ran out meanwhile.
        """
        entry = self._means.journal.open(claim)
        if entry.state in WAITING:
            return Progress(entry=entry)
        if entry.due_at is not None and self._means.now() < entry.due_at:
            return Progress(entry=entry, due_at=entry.due_at)
        with self._means.journal.hold(entry.id) as held:
            if held.entry.state in WAITING:
                return Progress(entry=held.entry)
            return _Run(self._means, held, claim, _LOOKS if only_look else _STEPS).go()

    def confirm(self, claim: Claim, registry: str) -> Progress:
        """A person says that a filing in review is registered under a number: its receipt decides.

        Args:
            claim: What was signed off.
            registry: The number.

        Raises:
            ReceiptWrong: the receipt of that number does not prove this filing.
        """
        entry = self._means.journal.open(claim)
        with self._means.journal.hold(entry.id) as held:
            work = Work(self._means, held, claim)
            with self._means.portal.session(claim.credential, self.home(entry) / "sesion") as session:
                work.filed(session.receipt(registry))
            return Progress(entry=held.entry)

    def home(self, entry: Entry) -> Path:
        """Where everything that proves a filing lies."""
        return self._means.home(entry)


class _Run:
    """One start of the robot on one filing: steps, and what the portal does to them."""

    def __init__(
        self, means: Means, held: Held, claim: Claim, steps: Mapping[State, Callable[[Work, CourtSession], None]]
    ) -> None:
        self._work = Work(means, held, claim)
        self._steps = steps

    def go(self) -> Progress:
        """See `Filer.file`."""
        if self._work.entry.state is State.SENDING:
            # Whoever sent it is gone, and nobody knows how far it came. From now on we only look.
            self._work.held.move(State.UNCERTAIN, "El proceso que lo enviaba se cortó.", last_sign_at=self._work.now())
        try:
            self._work.check_package()
            for _ in range(_LOGINS):
                if self._in_a_session():
                    break
            else:
                self._work.stumble("sesion", "El portal cierra la sesión una y otra vez.")
        except Later as later:
            self._work.held.note(due_at=later.due)
            return Progress(entry=self._work.entry, due_at=later.due)
        return Progress(
            entry=self._work.entry, due_at=None if self._work.entry.state in WAITING else self._work.entry.due_at
        )

    def _in_a_session(self) -> bool:
        """Work until something ends it; False when the portal asked for the login again."""
        session: CourtSession | None = None
        later: Later | None = None
        try:
            with self._work.means.portal.session(self._work.claim.credential, self._work.home / "sesion") as session:
                try:
                    self._drive(session)
                except Later as exc:  # no failure: the session is left in peace
                    later = exc
        except SessionLost:
            return False
        except PortalDown as exc:
            self._work.keep_outage(exc, session)
            self._work.stumble("portal_caido", exc.message)
        except PortalChanged as exc:
            self._work.to_person("portal_cambiado", exc.message, session, exc)
        except FilingRefused as exc:
            self._work.refused(exc, session)
        except CaptchaShown as exc:
            self._work.held.note(
                "El portal pide una comprobación de persona.", problem_code="captcha", problem=exc.message
            )
            raise
        except CobranzaError as exc:
            # A lost credential, a busy lease: the filing stands where it stands, and whoever runs us is told.
            with contextlib.suppress(CobranzaError):
                self._work.held.note(problem_code="acceso", problem=exc.message)
            raise
        if later is not None:
            raise later
        return True

    def _drive(self, session: CourtSession) -> None:
        while self._work.entry.state in self._steps:
            self._work.held.guard()
            self._steps[self._work.entry.state](self._work, session)
