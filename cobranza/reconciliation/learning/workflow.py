"""Learning, step by step: gather, learn, try out, go live or not; and forget. The only file here that writes.

Everything is done under the creditor's row lock, so that nothing is learned while a person orders to forget it; the
database refuses it besides (see `migrations/0002_guards.py`).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Debtor
from cobranza.reconciliation import policy as matching_policy
from cobranza.reconciliation.learning import confirmations, facts, gates, policy, teaching, trials
from cobranza.reconciliation.learning.calibration import IDENTITY, Calibration, fit
from cobranza.reconciliation.learning.models import Fact, Score, Tombstone, Version, live
from cobranza.reconciliation.learning.policy import LearningPolicy
from cobranza.reconciliation.ledger_frames import LedgerFrames, movement_of
from cobranza.reconciliation.matching import Result
from cobranza.reconciliation.models import Match, Proposal

_BATCH = 1000
_States = Version.States


class LearningError(BusinessError):
    """Something about what was learned that cannot be done."""

    code = "COB-CON-060"
    remedy = "Consulte lo aprendido con «cobranza reconcile learned list» y sus versiones con «… versions»."


@dataclass(slots=True)
class Known:
    """What was learned of a creditor, ready for one round of matching.

    Use it in this order: `teach` the frames, match, `judge` the result, store it with `threshold`, `remember`.
    """

    creditor: Creditor
    facts: Sequence[facts.Fact] = ()
    version: Version | None = None
    _notes: teaching.Notes = field(default_factory=teaching.Notes)
    _owners: dict[str, str] = field(default_factory=dict)
    _raw: dict[int, Decimal] = field(default_factory=dict)

    def teach(self, frames: LedgerFrames) -> LedgerFrames:
        """The frames with learned names and accounts in them."""
        taught, self._notes = teaching.taught(frames, self.facts)
        documents = frames.invoices
        self._owners = dict(zip(documents["invoice_id"].tolist(), documents["customer_id"].tolist(), strict=True))
        return taught

    def judge(self, result: Result) -> Result:
        """The result with measured confidence, and what was learned in its explanations."""
        calibration = _calibration(self.version)
        if calibration.changes:
            said = zip(result.links["payment_id"].tolist(), result.links["confidence"].tolist(), strict=True)
            for payment, confidence in said:
                key, value = movement_of(payment), Decimal(confidence)
                self._raw[key] = min(value, self._raw.get(key, value))
        return teaching.explained(teaching.calibrated(result, calibration), self._notes, self._owners)

    def threshold(self, standing: Decimal) -> Decimal:
        """The learned threshold, else the company's own."""
        learned = self.version.threshold if self.version is not None else None
        return standing if learned is None else learned

    def remember(self) -> None:
        """Keep what the engine itself said of the proposals just stored; in their transaction."""
        if self.version is None or not self._raw:
            return
        fresh = Proposal.objects.filter(
            creditor=self.creditor, movement__in=self._raw, state__in=Proposal.REPLACEABLE, score=None
        ).exclude(rule=confirmations.BY_HAND)
        with_links = fresh.filter(pk__in=Match.objects.filter(proposal__in=fresh).values("proposal"))
        Score.objects.bulk_create(
            (
                Score(proposal_id=pk, raw=self._raw[movement], version=self.version)
                for pk, movement in with_links.values_list("pk", "movement_id")
            ),
            batch_size=_BATCH,
            ignore_conflicts=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What one learning brought.

    Attributes:
        facts: All that is known now.
        usable: How many of them reach the engine.
        forgotten: How many were not learned because a person ordered to forget them.
    """

    facts: int = 0
    usable: int = 0
    forgotten: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What one training brought.

    Attributes:
        version: As stored; None when there were too few confirmations or it was only a rehearsal.
        examples: Confirmations that train.
        check: Confirmations kept apart.
        gate: The threshold and why; None when nothing was trained.
        verdict: How the trial went; None when nothing was trained.
        reason: In one sentence, Spanish.
    """

    version: Version | None
    examples: int
    check: int
    gate: gates.Gate | None = None
    verdict: trials.Verdict | None = None
    reason: str


def settings() -> LearningPolicy:
    """``config/learning.toml``."""
    return policy.read(suite.root() / "config" / LearningPolicy.FILE)


def known(creditor: Creditor) -> Known:
    """What is known of a creditor now; nothing when learning is switched off."""
    if not settings().activado:
        return Known(creditor)
    rows = Fact.objects.filter(creditor=creditor, usable=True).order_by("kind", "debtor", "value")
    return Known(creditor, facts=[as_fact(row) for row in rows], version=live(creditor))


def learn(creditor: Creditor, *, actor: Actor) -> Learned:
    """Learn names, accounts and habits anew from everything that people confirmed; what is no longer said goes."""
    rules = settings()
    with transaction.atomic():
        _lock(creditor)
        gathered = confirmations.gather(creditor, rules)
        found = facts.learn(
            gathered.confirmations,
            gathered.debtors,
            least=rules.confirmaciones_minimas,
            consistency=rules.consistencia,
            habits_from=rules.habitos_minimos,
        )
        kept = _without_forgotten(creditor, found)
        before = {(row.debtor_id, row.kind, row.value): row for row in Fact.objects.filter(creditor=creditor)}
        now = {(fact.debtor, fact.kind, fact.value): fact for fact in kept}
        gone = [row.pk for key, row in before.items() if key not in now]
        changed = [key for key, fact in now.items() if key not in before or as_fact(before[key]) != fact]
        Fact.objects.filter(pk__in=[*gone, *(before[key].pk for key in changed if key in before)]).delete()
        Fact.objects.bulk_create((_row(creditor, now[key]) for key in changed), batch_size=_BATCH)
        result = Learned(facts=len(kept), usable=sum(fact.usable for fact in kept), forgotten=len(found) - len(kept))
        if gone or changed:
            told = {"facts": result.facts, "usable": result.usable, "changed": len(changed), "gone": len(gone)}
            record("learning.learned", creditor, told, actor, creditor=creditor)
    return result


def train(creditor: Creditor, *, actor: Actor, apply: bool = True) -> Trained:
    """Train a calibration and its threshold; it goes live when it proves better on the check set, else it is rejected.

    Args:
        creditor: Whose.
        actor: Who asks.
        apply: False only says what would come of it.
    """
    rules = settings()
    standing = matching_policy.read(suite.root() / "config" / matching_policy.Policy.FILE).umbral_automatico
    with transaction.atomic():
        _lock(creditor)
        examples = confirmations.gather(creditor, rules).examples
        training, check = trials.split(examples, rules.reserva)
        if len(training) < rules.ejemplos_minimos:
            reason = f"Hay {len(training)} confirmaciones para aprender y hacen falta {rules.ejemplos_minimos}."
            return Trained(version=None, examples=len(training), check=len(check), reason=reason)
        current = live(creditor)
        raw, right = [example.raw for example in training], [example.right for example in training]
        calibration = fit(raw, right)
        gate = gates.choose(
            raw,
            right,
            calibration,
            wanted=float(rules.precision),
            certainty=float(rules.certeza),
            standing=standing,
        )
        verdict = trials.judge(
            check,
            _contender(calibration, gate.threshold, standing),
            _contender(_calibration(current), current.threshold if current else None, standing),
            wanted=float(rules.precision),
            certainty=float(rules.certeza),
            least=rules.reserva_minima,
            live_since=current.live_since if current else None,
        )
        version = _store(creditor, calibration, gate, verdict, len(training), current, actor) if apply else None
    return Trained(
        version=version, examples=len(training), check=len(check), gate=gate, verdict=verdict, reason=verdict.reason
    )


def roll_back(creditor: Creditor, *, person: str, to: int | None = None, note: str = "") -> Version | None:
    """Take the version in use out of use and put an earlier one back.

    Args:
        creditor: Whose.
        person: Who orders it.
        to: Number of the version to put back; 0 for none (as delivered). By default the last accepted one before the
            one in use, or none.
        note: Why.

    Returns:
        The version in use now, None when the engine is taken at its word again.

    Raises:
        LearningError: nothing is in use, or there is no such retired version.
    """
    with transaction.atomic():
        _lock(creditor)
        current = live(creditor)
        retired = Version.objects.filter(creditor=creditor, state=_States.RETIRED)
        if to is None:
            if current is None:
                raise LearningError("No hay ninguna versión en uso.")
            back = retired.filter(number__lt=current.number).order_by("-number").first()
        else:
            back = retired.filter(number=to).first()
            if to and back is None:
                raise LearningError(f"No hay ninguna versión {to} retirada: solo se vuelve a lo que estuvo en uso.")
        _switch(current, back, Actor.person(person), note or "Vuelta atrás")
    return back


def forget(fact: int, *, person: str, note: str = "") -> Tombstone:
    """Forget one learned fact: it goes, and is not learned again. Raises `LearningError` when it is not there."""
    with transaction.atomic():
        row = Fact.objects.select_related("creditor").filter(pk=fact).first()
        if row is None:
            raise LearningError(f"No hay nada aprendido con el número {fact}.")
        _lock(row.creditor)
        salt = secrets.token_hex(16)
        tombstone = Tombstone.objects.create(
            creditor=row.creditor,
            debtor_id=row.debtor_id,
            kind=row.kind,
            salt=salt,
            digest=_digest(salt, row.value),
            person=person,
            at=clock.now(),
            note=note,
        )
        Fact.objects.filter(pk=fact).delete()
        _tell_forgotten(tombstone, person)
    return tombstone


def forget_debtor(debtor: Debtor, *, person: str, note: str = "") -> Tombstone:
    """Forget all that was learned of a debtor; their payments teach nothing any more, until a person allows it."""
    with transaction.atomic():
        _lock(debtor.creditor)
        standing = Tombstone.objects.filter(debtor=debtor, kind="", lifted_at=None).first()
        if standing is not None:
            return standing
        tombstone = Tombstone.objects.create(
            creditor=debtor.creditor, debtor=debtor, person=person, at=clock.now(), note=note
        )
        Fact.objects.filter(debtor=debtor).delete()
        _tell_forgotten(tombstone, person)
    return tombstone


def allow(tombstone: int, *, person: str) -> Tombstone:
    """Let something that was forgotten be learned again. Raises `LearningError` when there is no such order."""
    with transaction.atomic():
        row = Tombstone.objects.select_for_update(no_key=True).filter(pk=tombstone, lifted_at=None).first()
        if row is None:
            raise LearningError(f"No hay ningún olvido vigente con el número {tombstone}.")
        row.lifted_at, row.lifted_by = clock.now(), person
        row.save(update_fields=["lifted_at", "lifted_by"])
        record(
            "learning.allowed",
            row,
            {"debtor": row.debtor_id},
            Actor.person(person),
            creditor=row.creditor_id,
            seals=[row],
        )
    return row


def as_fact(row: Fact) -> facts.Fact:
    """A stored fact as the pure modules take it."""
    return facts.Fact(
        kind=row.kind,
        debtor=row.debtor_id,
        value=row.value,
        shown=row.shown,
        confirmations=row.confirmations,
        contradictions=row.contradictions,
        first_on=row.first_on,
        last_on=row.last_on,
        usable=row.usable,
        why=row.why,
        decisions=tuple(row.decisions),
    )


def _row(creditor: Creditor, fact: facts.Fact) -> Fact:
    return Fact(
        creditor=creditor,
        debtor_id=fact.debtor,
        kind=fact.kind,
        value=fact.value,
        shown=fact.shown,
        confirmations=fact.confirmations,
        contradictions=fact.contradictions,
        first_on=fact.first_on,
        last_on=fact.last_on,
        usable=fact.usable,
        why=fact.why,
        decisions=list(fact.decisions),
    )


def _lock(creditor: Creditor) -> None:
    Creditor.objects.select_for_update(no_key=True).get(pk=creditor.pk)


def _digest(salt: str, value: str) -> str:
    return hashlib.sha256(f"{salt}|{value}".encode()).hexdigest()


def _without_forgotten(creditor: Creditor, found: Iterable[facts.Fact]) -> list[facts.Fact]:
    graves: dict[int, list[Tombstone]] = {}
    for row in Tombstone.objects.filter(creditor=creditor, lifted_at=None):
        graves.setdefault(row.debtor_id, []).append(row)
    return [
        fact
        for fact in found
        if not any(
            not grave.kind or (grave.kind == fact.kind and grave.digest == _digest(grave.salt, fact.value))
            for grave in graves.get(fact.debtor, ())
        )
    ]


def _tell_forgotten(tombstone: Tombstone, person: str) -> None:
    told = {"debtor": tombstone.debtor_id, "kind": tombstone.kind, "note": tombstone.note}
    actor = Actor.person(person)
    record("learning.forgotten", tombstone, told, actor, creditor=tombstone.creditor_id, seals=[tombstone])


def _calibration(version: Version | None) -> Calibration:
    return IDENTITY if version is None else Calibration(tuple((said, found) for said, found in version.points))


def _contender(calibration: Calibration, threshold: Decimal | None, standing: Decimal) -> trials.Contender:
    return trials.Contender(calibration=calibration, threshold=standing if threshold is None else threshold)


def _store(
    creditor: Creditor,
    calibration: Calibration,
    gate: gates.Gate,
    verdict: trials.Verdict,
    examples: int,
    current: Version | None,
    actor: Actor,
) -> Version:
    last = Version.objects.filter(creditor=creditor).order_by("-number").first()
    now = clock.now()
    version = Version(
        creditor=creditor,
        number=last.number + 1 if last else 1,
        state=_States.REJECTED,
        made_at=now,
        made_by=actor.kind,
        made_by_name=actor.name,
        points=[list(point) for point in calibration.points],
        threshold=gate.threshold,
        examples=examples,
        trial={**verdict.told(), "threshold": gate.why},
        reason=verdict.reason,
    )
    if not verdict.better:
        version.save(force_insert=True)
        told = {"number": version.number, "reason": verdict.reason}
        record("learning.rejected", version, told, actor, creditor=creditor, seals=[version])
        return version
    version.state, version.live_since = _States.RETIRED, now
    version.retired_at, version.retired_by = now, ""
    version.save(force_insert=True)
    _switch(current, version, actor, verdict.reason)
    return version


def _switch(current: Version | None, following: Version | None, actor: Actor, reason: str) -> None:
    """One out, the other in, in one event."""
    now = clock.now()
    moved = []
    if current is not None:
        current.state, current.retired_at, current.retired_by = _States.RETIRED, now, actor.name
        current.save(update_fields=["state", "retired_at", "retired_by"])
        moved.append(current)
    if following is not None:
        following.state, following.live_since = _States.LIVE, now
        following.retired_at, following.retired_by = None, ""
        following.save(update_fields=["state", "live_since", "retired_at", "retired_by"])
        moved.append(following)
    if moved:
        told = {
            "from": current.number if current else None,
            "to": following.number if following else None,
            "reason": reason,
        }
        record("learning.switched", moved[-1], told, actor, creditor=moved[-1].creditor_id, seals=moved)
