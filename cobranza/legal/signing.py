"""Sign-off: a lawyer's word about exactly these bytes.

A signature names the hash of one package. It counts only while every file on disk is what the manifest says, the case
says what the package was made from, and the debtor owes what was frozen; when any of these fails the signature is void
and the record says why. Over an amount two different people sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.ledger.events import Actor
from cobranza.legal import building, checklist, papers, stages
from cobranza.legal.case import Case
from cobranza.legal.checklist import Check
from cobranza.legal.filing import recall
from cobranza.legal.house import Legal
from cobranza.legal.models import LegalCase, Preparation, SignOff
from cobranza.legal.package import Package, PackageError, read_package
from cobranza.legal.requirements import requirements
from cobranza.legal.stages import Stages
from cobranza.regimes.interest import RateBook


class NotReady(BusinessError):
    """A package that may not be signed as it stands."""

    code = "COB-EXP-029"
    remedy = "Resuelva lo que falta y vuelva a preparar el expediente."


class OtherPackage(BusinessError):
    """The person read another package than the one that counts now."""

    code = "COB-EXP-030"
    remedy = "Recargue la página, lea el paquete nuevo y fírmelo si procede."


class FourEyes(BusinessError):
    """The same person twice where two are needed."""

    code = "COB-EXP-031"
    remedy = "Tiene que firmarlo otra persona del equipo jurídico."


class NoSignature(BusinessError):
    """There is no signature of that person that could be revoked."""

    code = "COB-EXP-032"
    remedy = "Recargue la página: puede que ya esté revocada."


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Everything that the sign-off hangs on, at one second.

    Attributes:
        case: As the tables say it now.
        preparation: The package that counts, None before the first.
        package: Its manifest, None when it cannot be trusted.
        stale: Why the package does not count any more, Spanish lines; empty when it does.
        checks: The court's checklist.
        signatures: Those that count.
        needed: How many people have to sign.
    """

    case: Case
    preparation: Preparation | None
    package: Package | None
    stale: tuple[str, ...]
    checks: tuple[Check, ...]
    signatures: tuple[SignOff, ...]
    needed: int

    @property
    def missing_to_sign(self) -> tuple[Check, ...]:
        """What stands in the way of a signature."""
        return checklist.stopping(self.checks, "firmar")

    @property
    def missing_to_file(self) -> tuple[Check, ...]:
        """What stands in the way of filing."""
        return checklist.stopping(self.checks, "presentar")

    @property
    def blocking(self) -> tuple[str, ...]:
        """Preflight objections that keep the package from being filed."""
        found = self.preparation.preflight if self.preparation is not None else []
        return tuple(str(each["text"]) for each in found if each.get("blocking"))


def look(row: LegalCase, settings: Legal, book: RateBook, *, on: date) -> Review:
    """Where a case stands at this second; reads every byte of its package.

    Raises:
        ConfigError, ClaimDataError, MissingRateError, UnknownCourtError: the case cannot be built; which, by name.
    """
    preparation = building.last_preparation(row)
    until = preparation.until if preparation is not None and row.stage != Stages.PREPARING else on
    case = building.case_of(row, settings, book, until=until)
    package, stale = None, []
    if preparation is not None and not any(each.get("blocking") for each in preparation.preflight):
        try:
            package = read_package(folder(row, preparation), expected=preparation.package_hash)
        except PackageError as exc:
            stale.append(exc.message)
    if preparation is not None and row.stage != Stages.PREPARING:
        if building.content_hash(case, building.own_writ(row)) != preparation.content_hash:
            stale.append("Los datos o los documentos del expediente han cambiado desde que se preparó.")
        stale += [f"Ha cambiado el saldo de {line}." for line in building.balance_changes(row)]
    packaged = {each.document for each in package.files if each.document} if package is not None else set()
    situation = building.situation(row, case, on, packaged)
    checks = checklist.evaluate(case, requirements(row.court), situation) if row.court else ()
    signatures = tuple(valid(preparation)) if preparation is not None else ()
    total = Money(preparation.currency, preparation.total) if preparation is not None else case.total
    return Review(
        case=case,
        preparation=preparation,
        package=package,
        stale=tuple(stale),
        checks=checks,
        signatures=signatures,
        needed=settings.revision.signatures(total),
    )


def folder(row: LegalCase, preparation: Preparation) -> Path:
    """Where a preparation's filing package lies."""
    return papers.folder(row.number) / preparation.folder / preparation.package


def sign(row: LegalCase, package_hash: str, settings: Legal, book: RateBook, *, on: date, person: str) -> SignOff:
    """Sign off a package, read again byte by byte at this second. The last signature needed frees it for filing.

    Args:
        row: Under review.
        package_hash: Of the package that the person has read.
        settings: Of the room.
        book: Rates.
        on: Today in the court's calendar.
        person: Account of a member of the legal team (the caller has checked that).

    Raises:
        WrongStage: it is not under review.
        OtherPackage: another package counts by now.
        PackageError: a byte of it has changed; earlier signatures are void from now on.
        NotReady: the case has changed, or the checklist keeps it from being signed.
        FourEyes: this person has signed already.
    """
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, Stages.REVIEW)
        review = look(found, settings, book, on=on)
        preparation = review.preparation
        if preparation is None or preparation.package_hash != package_hash:
            raise OtherPackage(f"{found.number}: el paquete que leyó no es el que vale ahora.")
        if not review.stale:
            _ready(found, review)
            if any(each.person == person for each in review.signatures):
                raise FourEyes(f"{person} ya ha firmado este paquete.")
            made = SignOff.objects.create(
                preparation=preparation, package_hash=package_hash, person=person, at=clock.now()
            )
            told = {"package": package_hash, "total": preparation.total, "preparation": preparation.ordinal}
            stages.tell("signed", found, told, Actor.person(person), seals=[made])
            if len(review.signatures) + 1 >= review.needed:
                stages.move(found, Stages.SIGNED, actor=Actor.person(person), told={"package": package_hash})
            return made
        _void(found, review.signatures, " ".join(review.stale), Actor.person(person))
    if review.package is None:
        raise PackageError(review.stale[0])
    raise NotReady(f"{row.number}: {' '.join(review.stale)}")


def revoke(row: LegalCase, *, why: str, person: str, of: str = "") -> SignOff:
    """Take a signature back before the case is filed; it goes back under review.

    Args:
        row: Case.
        why: Reason.
        person: Who takes it back.
        of: Whose, "" for one's own.

    Raises:
        WrongStage: the case is neither under review nor signed.
        NoSignature: there is none.
        NeedsReason: no reason.
        OnItsWay: it has been sent, or may have been.
    """
    told = stages.reason(why)
    with transaction.atomic():
        recall.hold_back(row.number)
        found = stages.locked(row)
        stages.require(found, Stages.REVIEW, Stages.SIGNED)
        preparation = building.last_preparation(found)
        mine = [each for each in valid(preparation) if each.person == (of or person)] if preparation else []
        if not mine:
            raise NoSignature(f"{of or person} no tiene un visto bueno vivo en {found.number}.")
        end(found, mine, SignOff.Ends.REVOKED, told, Actor.person(person))
        if found.stage == Stages.SIGNED:
            stages.move(found, Stages.REVIEW, actor=Actor.person(person), why=told)
    return mine[0]


def send_back(row: LegalCase, *, why: str, person: str) -> LegalCase:
    """Return a case to preparation with a reason: every signature ends, the robot assembles it anew.

    After a rejection or a request to correct, the new filing names the one that it corrects.

    Raises:
        WrongStage: it cannot go back from where it stands.
        NeedsReason: no reason.
        OnItsWay: it has been sent, or may have been.
    """
    told = stages.reason(why)
    with transaction.atomic():
        recall.hold_back(row.number)
        found = stages.locked(row)
        stages.require(found, Stages.REVIEW, Stages.SIGNED, Stages.CORRECTION, Stages.NOT_ADMITTED)
        actor = Actor.person(person)
        preparation = building.last_preparation(found)
        if preparation is not None:
            end(found, valid(preparation), SignOff.Ends.REVOKED, told, actor)
        changes: dict[str, object] = {"problem": {}}
        if found.stage in (Stages.CORRECTION, Stages.NOT_ADMITTED):
            changes["corrects"] = found.registry
        stages.move(found, Stages.PREPARING, actor=actor, why=told, changes=changes)
    return found


def void_if_stale(row: LegalCase, settings: Legal, book: RateBook, *, on: date, actor: Actor) -> Review:
    """Look at a signed case; when its package does not count any more, end its signatures and say why."""
    with transaction.atomic():
        found = stages.locked(row)
        review = look(found, settings, book, on=on)
        if review.stale and review.signatures and found.stage in (Stages.REVIEW, Stages.SIGNED):
            _void(found, review.signatures, " ".join(review.stale), actor)
            review = look(found, settings, book, on=on)
    return review


def _ready(row: LegalCase, review: Review) -> None:
    gaps = [each.requirement.texto for each in review.missing_to_sign]
    if gaps or not review.checks:
        raise NotReady(f"{row.number}: {'; '.join(gaps) or 'el juzgado no tiene requisitos escritos'}.")
    if review.blocking:
        raise NotReady(f"{row.number}: el portal no lo admitiría: {'; '.join(review.blocking)}")


def valid(preparation: Preparation) -> list[SignOff]:
    """The signatures of a package that count."""
    return list(preparation.signatures.filter(Q(ended="")).order_by("at", "pk"))


def _void(row: LegalCase, signatures: Sequence[SignOff], why: str, actor: Actor) -> None:
    end(row, signatures, SignOff.Ends.VOID, why, actor)
    if row.stage == Stages.SIGNED:
        stages.move(row, Stages.REVIEW, actor=actor, why=why)


def end(row: LegalCase, signatures: Sequence[SignOff], how: str, why: str, actor: Actor) -> None:
    """End signatures of a locked case, with the reason in the record."""
    for each in signatures:
        each.ended, each.ended_at, each.ended_by, each.ended_reason = how, clock.now(), actor.name, why
        each.save(update_fields=["ended", "ended_at", "ended_by", "ended_reason"])
        kind = "revoked" if how == SignOff.Ends.REVOKED else "voided"
        payload = {"package": each.package_hash, "person": each.person, "why": why}
        stages.tell(kind, row, payload, actor, seals=[each])
