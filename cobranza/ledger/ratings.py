"""What is expected of each debtor, for all to read: the newest score, and the person's verdict that outranks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Debtor, Rating, Survey, Verdict
from cobranza.ledger.tables_ratings import Segments


class VerdictError(BusinessError):
    """A decision on a debtor's treatment without a person, a reason or a known segment."""

    code = "COB-LIB-090"
    remedy = "Lo decide una persona, con uno de los segmentos y su motivo."


class SurveyError(BusinessError):
    """An answer outside the scale."""

    code = "COB-LIB-091"
    remedy = "La puntuación va de 0 a 10."


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a debtor is treated at a moment.

    Attributes:
        segment: One of `Segments`; the verdict's while one runs.
        band: Of the score.
        to_person: Why a person has to lead, Spanish; "" when nobody has to.
        by: Who decided it: the model's name or the person's.
        rating: The score behind it; None before the first one.
    """

    segment: str
    band: str
    to_person: str
    by: str
    rating: Rating | None


def rate(debtor: Debtor, rating: Rating, *, actor: Actor) -> Rating:
    """Store a new score of a debtor and make it the current one, sealed in the chain when the treatment changes.

    Args:
        rating: Not saved yet, complete but for `debtor` and `current`.
    """
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        before = Rating.objects.filter(debtor=debtor, current=True).first()
        if before is not None:
            Rating.objects.filter(pk=before.pk).update(current=False)
        rating.debtor, rating.current = debtor, True
        rating.save(force_insert=True)
        if before is None or (before.band, before.segment, before.to_person) != (
            rating.band, rating.segment, rating.to_person,
        ):  # fmt: skip
            payload = {
                "rating": rating.pk,
                "model": rating.model,
                "as_of": rating.as_of.isoformat(),
                "band": rating.band,
                "segment": rating.segment,
                "proposed": rating.proposed,
                "reasons": rating.reasons,
            }
            record("rating.changed", debtor, payload, actor, creditor=debtor.creditor_id)
    return rating


def current(debtor: Debtor | int) -> Rating | None:
    """The newest score of a debtor; None before the first one."""
    return Rating.objects.filter(debtor=debtor, current=True).first()


def standing(debtor: Debtor | int, *, today: date | None = None) -> Standing | None:
    """How a debtor is treated: by the running verdict, else by the newest score; None when there is neither."""
    pk = debtor.pk if isinstance(debtor, Debtor) else debtor
    return standings([pk], today=today).get(pk)


def standings(debtors: Iterable[int] | Creditor, *, today: date | None = None) -> dict[int, Standing]:
    """How each of several debtors is treated, in two reads; those without score and verdict are left out.

    Args:
        debtors: Their ids, or the creditor whose debtors are all meant.
        today: None is today.
    """
    day = today or _today()
    ratings = Rating.objects.filter(current=True)
    verdicts = Verdict.objects.filter(ended_at=None).exclude(until__lt=day)
    if isinstance(debtors, Creditor):
        ratings, verdicts = ratings.filter(debtor__creditor=debtors), verdicts.filter(debtor__creditor=debtors)
    else:
        wanted = list(debtors)
        ratings, verdicts = ratings.filter(debtor__in=wanted), verdicts.filter(debtor__in=wanted)
    light = ratings.defer("inputs", "reasons", "missing")
    found = {
        row.debtor_id: Standing(
            segment=row.segment, band=row.band, to_person=row.to_person, by=row.model, rating=row
        )
        for row in light.iterator(chunk_size=5000)
    }  # fmt: skip
    for verdict in verdicts:
        score = found.get(verdict.debtor_id)
        found[verdict.debtor_id] = Standing(
            segment=verdict.segment,
            band=score.band if score else "medio",
            to_person=score.to_person if score else "",
            by=verdict.by,
            rating=score.rating if score else None,
        )
    return found


def decide(debtor: Debtor, segment: str, *, reason: str, actor: Actor, until: date | None = None) -> Verdict:
    """Record a person's decision on how a debtor is treated; it replaces the one before.

    Raises:
        VerdictError: not a person, no reason, an unknown segment, or a last day that has passed.
    """
    if actor.kind != "person":
        raise VerdictError(f"«{actor.name}» no es una persona: el trato de {debtor.name} no lo decide un robot.")
    if segment not in Segments.values or not reason.strip():
        raise VerdictError(f"Falta el motivo o el segmento «{segment}» no existe; hay {', '.join(Segments.values)}.")
    if until is not None and until < _today():
        raise VerdictError(f"El último día, {until:%d/%m/%Y}, ya pasó.")
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        for running in Verdict.objects.filter(debtor=debtor, ended_at=None):
            _end(running, "Sustituida por otra decisión.", actor)
        verdict = Verdict.objects.create(
            debtor=debtor, segment=segment, reason=reason.strip(), by=actor.name, at=clock.now(), until=until
        )
        payload = {"segment": segment, "reason": reason.strip(), "until": until.isoformat() if until else ""}
        record("verdict.given", debtor, payload, actor, creditor=debtor.creditor_id, seals=[verdict])
    return verdict


def withdraw(debtor: Debtor, *, reason: str, actor: Actor) -> bool:
    """End the running verdict, so that the score counts again; tells whether there was one.

    Raises:
        VerdictError: not a person.
    """
    if actor.kind != "person":
        raise VerdictError(f"«{actor.name}» no es una persona: no retira lo que decidió una.")
    with transaction.atomic():
        running = Verdict.objects.select_for_update(no_key=True).filter(debtor=debtor, ended_at=None).first()
        if running is None:
            return False
        _end(running, reason, actor)
    return True


def _end(verdict: Verdict, reason: str, actor: Actor) -> None:
    verdict.ended_at, verdict.ended_reason = clock.now(), reason
    verdict.save(update_fields=["ended_at", "ended_reason"])
    payload = {"segment": verdict.segment, "reason": reason}
    creditor = verdict.debtor.creditor_id
    record("verdict.ended", verdict.debtor, payload, actor, creditor=creditor, seals=[verdict])


def ask_survey(debtor: Debtor, key: str, *, actor: Actor, agreement: int | None = None) -> Survey:
    """Note that a debtor is asked how it went; the same key twice is one survey."""
    with transaction.atomic():
        found, new = Survey.objects.get_or_create(
            key=key, defaults={"debtor": debtor, "agreement_id": agreement, "asked_at": clock.now()}
        )
        if new:
            record("survey.asked", debtor, {"key": key}, actor, creditor=debtor.creditor_id, seals=[found])
    return found


def answer_survey(survey: Survey, score: int, *, comment: str = "", actor: Actor) -> Survey:
    """Note what the debtor answered; the first answer counts.

    Raises:
        SurveyError: outside 0 to 10.
    """
    if not 0 <= score <= 10:
        raise SurveyError(f"La puntuación {score} no está entre 0 y 10.")
    with transaction.atomic():
        found = Survey.objects.select_for_update(no_key=True).select_related("debtor").get(pk=survey.pk)
        if found.answered_at is not None:
            return found
        found.score, found.comment, found.answered_at = score, comment.strip(), clock.now()
        found.save(update_fields=["score", "comment", "answered_at"])
        payload = {"key": found.key, "score": score}
        creditor = found.debtor.creditor_id
        record("survey.answered", found.debtor, payload, actor, creditor=creditor, seals=[found])
    return found


def _today() -> date:
    return clock.now().astimezone(clock.MADRID).date()
