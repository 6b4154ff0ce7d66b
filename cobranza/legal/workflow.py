"""The steps of the legal room as robots and commands start them: tell, assemble, look, sign. Screens use the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import User

from cobranza.kernel.config import ConfigError
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor
from cobranza.legal import agenda, handing, house, mailing, opening, preparing, settings, signing, stages
from cobranza.legal.house import Legal
from cobranza.legal.models import LegalCase, Preparation, SignOff
from cobranza.legal.preparing import Assemble
from cobranza.legal.signing import Review
from cobranza.legal.stages import Stages
from cobranza.regimes.interest import RateBook
from cobranza.runs import items
from cobranza.screens.access import Role, roles_of

QUEUE = "expedientes"
ALERTS = Actor.robot("alertas_legales")
CONSOLE = Actor.robot("consola")
PREPARES = Actor.robot("preparar_expedientes")


class NotLegal(BusinessError):
    """Somebody decides who is not of the legal team."""

    code = "COB-EXP-034"
    remedy = "Decide una cuenta con el perfil «legal»: «cobranza users list»."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A robot's view of the room.

    Attributes:
        creditor: Whose cases; None for all.
        settings: Of the room.
        book: Rates.
        assemble: Bundle and package.
    """

    creditor: Creditor | None
    settings: Legal
    book: RateBook
    assemble: Assemble


def open_shift(company: str = "", *, assemble: Assemble | None = None) -> Shift:
    """What a robot works with.

    Args:
        company: Short name of the creditor, "" for all.
        assemble: For tests; by default `cobranza.legal.bundle`.

    Raises:
        ConfigError: the settings are wrong, or no such creditor is in the ledger.
    """
    creditor = None
    if company:
        creditor = Creditor.objects.filter(key=company).first()
        if creditor is None:
            raise ConfigError(f"El registro no tiene ningún acreedor «{company}».")
    if assemble is None:
        from cobranza.legal import assembling

        assemble = assembling.assemble
    return Shift(creditor=creditor, settings=house.read(), book=settings.rate_book(), assemble=assemble)


def alert(shift: Shift, *, on: date | None = None) -> list[LegalCase]:
    """Tell the lawyers about every debtor that has passed a threshold, once each; wake what was put off.

    Args:
        shift: Whose.
        on: Day, by default today where each creditor's courts are.

    Returns:
        The cases that were opened.
    """
    made: list[LegalCase] = []
    for creditor, day in creditors(shift, on):
        found = opening.alert_all(creditor, shift.settings, on=day, actor=ALERTS)
        for row in found:
            agenda.set_limitation(row, shift.settings, actor=ALERTS)
        made += found
    opening.wake(shift.settings, on=on or handing.today(shift.settings, "ES"), actor=ALERTS)
    return made


def kept_out(shift: Shift, *, on: date | None = None) -> list[tuple[str, str]]:
    """Debtors that pass a threshold and whom nobody is told of, each with the reason in Spanish."""
    return [
        (debtor.name, why)
        for creditor, day in creditors(shift, on)
        for debtor, why in opening.kept_out(creditor, shift.settings, on=day)
    ]


def write_letters() -> tuple[int, tuple[str, ...]]:
    """Send the alerts that go by e-mail, each once; how many, and what could not be sent. See `mailing`."""
    return mailing.send_planned(actor=ALERTS)


def creditors(shift: Shift, on: date | None = None) -> list[tuple[Creditor, date]]:
    """The creditors of a shift, each with today where its courts are."""
    rows = [shift.creditor] if shift.creditor is not None else list(Creditor.objects.order_by("key"))
    return [(each, on or handing.today(shift.settings, each.country)) for each in rows]


def waiting(shift: Shift) -> dict[str, int]:
    """How many cases wait for a person or a robot, by stage."""
    rows = LegalCase.objects.filter(stage__in=(*LegalCase.OURS, Stages.HUMAN))
    if shift.creditor is not None:
        rows = rows.filter(creditor=shift.creditor)
    counts = Counter(rows.values_list("stage", flat=True))
    return {str(Stages(stage).label): count for stage, count in sorted(counts.items())}


def to_prepare(shift: Shift) -> list[LegalCase]:
    """Cases that a person accepted and no robot has assembled yet, oldest first."""
    rows = LegalCase.objects.filter(stage=Stages.PREPARING).select_related("creditor", "debtor")
    if shift.creditor is not None:
        rows = rows.filter(creditor=shift.creditor)
    return list(rows.order_by("stage_at", "pk"))


def queue(shift: Shift) -> int:
    """Put every case to be assembled into the robots' queue; a case that has changed since is new work."""
    rows = to_prepare(shift)
    for row in rows:
        items.add(QUEUE, f"{row.number}@{row.changed_at.isoformat()}", {"case": row.number})
    return len(rows)


def prepare_queued(shift: Shift, progress: Callable[[int, str], None] | None = None) -> tuple[int, int]:
    """Assemble what is queued, one after another; one that fails does not stop the rest.

    Returns:
        How many were assembled, and how many could not be.
    """
    items.reclaim_lost()
    done = failed = 0
    for item in items.work(QUEUE):
        number, whole = str(item.payload["case"]), False
        with item:
            if progress is not None:
                progress(done + failed, number)
            row = stages.find(number)
            if row.stage == Stages.PREPARING:
                prepare(shift, row)
                done += 1
            whole = True
        if not whole:
            failed += 1  # the item has kept the error, the case says it to people
    return done, failed


def prepare(shift: Shift, row: LegalCase, *, on: date | None = None, actor: Actor = PREPARES) -> Preparation:
    """Assemble one case; what goes wrong is written down with the case and raised.

    Raises:
        CobranzaError: see `preparing.prepare`.
    """
    day = on or handing.today(shift.settings, row.country)
    try:
        return preparing.prepare(row, shift.settings, shift.book, on=day, actor=actor, assemble=shift.assemble)
    except BusinessError as exc:
        preparing.fail(row, exc, actor=actor)
        raise


def look(row: LegalCase) -> Review:
    """Where a case stands at this second; see `signing.look` for the errors."""
    rules = house.read()
    return signing.look(row, rules, settings.rate_book(), on=handing.today(rules, row.country))


def look_and_void(row: LegalCase) -> Review:
    """The same; signatures whose package does not count any more end here, and the record says why."""
    review = look(row)
    if not (review.stale and review.signatures):
        return review
    rules = house.read()
    on = handing.today(rules, row.country)
    return signing.void_if_stale(row, rules, settings.rate_book(), on=on, actor=CONSOLE)


def sign(row: LegalCase, package_hash: str, *, person: str) -> SignOff:
    """Sign off; see `signing.sign`. Raises `NotLegal` for an account that may not."""
    require_legal(person)
    rules = house.read()
    day = handing.today(rules, row.country)
    return signing.sign(row, package_hash, rules, settings.rate_book(), on=day, person=person)


def accept(row: LegalCase, *, person: str) -> LegalCase:
    """Decide to prepare a claim; see `opening.accept`. Raises `NotLegal`."""
    require_legal(person)
    rules = house.read()
    return opening.accept(row, rules, on=handing.today(rules, row.country), person=person)


def require_legal(person: str) -> None:
    """Raise `NotLegal` unless `person` is an active account of the legal team."""
    user = User.objects.filter(username=person, is_active=True).first()
    if user is None or Role.LEGAL not in roles_of(user):
        raise NotLegal(f"«{person}» no es una cuenta del equipo jurídico.")
