"""Drawing a week's contacts for review, reviewing them, and what came out: the steps of `quality` with the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from cobranza import instance
from cobranza.dunning.models import Message
from cobranza.insight.models import Review
from cobranza.insight.quality import Contact, Graded, Result, draw, estimate, fingerprint, form_of, grade
from cobranza.insight.settings import Criterion, Quality
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger import canonical
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Word

ROBOT = Actor.robot("calidad")
By = Literal["author", "kind", "template", "channel"]
_AROUND = timedelta(days=3)
_States = Review.States


class NoSuchReview(BusinessError):
    """No review of that number."""

    code = "COB-INS-121"
    remedy = "Elija una de la lista de revisiones."


class ReviewRefused(BusinessError):
    """A review that this person may not make, or that is made."""

    code = "COB-INS-122"
    remedy = "La tiene que hacer otra persona; recargue la lista por si ya está hecha."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What drawing a week came to.

    Attributes:
        week: Its Monday.
        contacts: All of that week.
        drawn: Reviews of the week, old and new.
        new: Of them, made now.
    """

    week: date
    contacts: int
    drawn: int
    new: int


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def last_week() -> date:
    """The Monday of the last week that is over."""
    return monday(_today()) - timedelta(weeks=1)


def sample(settings: Quality, week: date | None = None) -> Sample:
    """Draw a week's contacts; a week is drawn once, and again changes nothing.

    Args:
        settings: How many.
        week: Its Monday; None is the last that is over.
    """
    start = monday(week) if week is not None else last_week()
    words = {row.key: row for row in _words(start)}
    there = Review.objects.filter(week=start)
    if there.exists() or not words:
        return Sample(week=start, contacts=len(words), drawn=there.count(), new=0)
    accounts = frozenset(User.objects.values_list("username", flat=True))
    contacts = [
        Contact(key=row.key, author=row.author, kind=_kind(row.author, accounts), channel=row.channel)
        for row in words.values()
    ]
    templates = dict(
        Message.objects.filter(key__in=[row.reference for row in words.values()]).values_list("key", "template")
    )
    chosen = draw(contacts, start, settings)
    rows = [
        Review(
            week=start,
            word=words[each.contact.key],
            kind=each.contact.kind,
            author=each.contact.author,
            channel=each.contact.channel,
            template=templates.get(words[each.contact.key].reference, ""),
            stratum=each.contact.stratum[:200],
            stratum_size=each.size,
            stratum_drawn=each.drawn,
            drawn_at=clock.now(),
        )
        for each in chosen
    ]
    with transaction.atomic():
        # whoever comes second finds the words taken and adds nothing
        made = Review.objects.bulk_create(rows, ignore_conflicts=True)
        payload = {"week": start.isoformat(), "contacts": len(contacts), "drawn": [each.contact.key for each in chosen]}
        record("quality.drawn", f"insight.week:{start.isoformat()}", payload, ROBOT)
    return Sample(week=start, contacts=len(contacts), drawn=len(made), new=len(made))


def find(number: int) -> Review:
    """A review; raises `NoSuchReview`."""
    found = Review.objects.select_related("word", "word__debtor").filter(pk=number).first()
    if found is None:
        raise NoSuchReview(f"No hay ninguna revisión {number}.")
    return found


def waiting(person: str) -> QuerySet[Review]:
    """What that person may review: drawn, and not their own words."""
    rows = Review.objects.filter(state=_States.DRAWN).exclude(author=person)
    return rows.select_related("word", "word__debtor").order_by("week", "stratum", "pk")


def form(review: Review, settings: Quality) -> tuple[Criterion, ...]:
    """The questions of a review."""
    return form_of(settings.criterios, review.kind)


def around(review: Review) -> Sequence[Word]:
    """The conversation around what was drawn, three days each way, the oldest first."""
    word = review.word
    if word.debtor_id is None:
        return [word]
    near = Word.objects.filter(debtor=word.debtor_id, at__gte=word.at - _AROUND, at__lte=word.at + _AROUND)
    return list(near.order_by("at", "pk")[:60])


def review(
    found: Review, answers: Mapping[str, str], *, comment: str = "", settings: Quality, actor: Actor
) -> Review:  # fmt: skip
    """Finish a review.

    Raises:
        ReviewRefused: it is about the reviewer's own words, or is made already, or by no person.
        FormError: the form is not whole.
    """
    questions = form(found, settings)
    result = grade(questions, answers, settings.aprobado)
    with transaction.atomic():
        row = _mine(found, actor)
        row.state, row.answers, row.comment = _States.DONE, dict(answers), canonical.plain(comment.strip())[:4000]
        row.score = Decimal(repr(result.score)).quantize(Decimal("0.01"))
        row.passed, row.form = result.passed, fingerprint(settings.criterios, settings.aprobado)
        row.reviewer, row.reviewed_at = actor.name, clock.now()
        row.save()
        _tell("quality.reviewed", row, actor, {"score": row.score, "passed": row.passed, "failed": list(result.failed)})
    return row


def skip(found: Review, *, why: str, actor: Actor) -> Review:
    """Say that a contact cannot be reviewed (its text was erased by law, it is no contact); raises `ReviewRefused`."""
    if not why.strip():
        raise ReviewRefused("Falta el motivo.", remedy="Escriba por qué no se puede revisar.")
    with transaction.atomic():
        row = _mine(found, actor)
        row.state, row.comment, row.reviewer, row.reviewed_at = _States.SKIPPED, why.strip(), actor.name, clock.now()
        row.save()
        _tell("quality.skipped", row, actor, {"why": why.strip()})
    return row


def results(by: By, *, since: date, until: date, settings: Quality) -> tuple[Result, ...]:
    """What the reviews of some weeks say, by author, kind, template or channel.

    Only those made with the form of today are counted: other questions give other points.
    """
    rows = Review.objects.filter(
        state=_States.DONE,
        week__gte=monday(since),
        week__lte=until,
        form=fingerprint(settings.criterios, settings.aprobado),
    )
    if by == "template":
        rows = rows.exclude(template="")
    return estimate(_graded(rows, by))


def _graded(rows: QuerySet[Review], by: By) -> Iterator[Graded]:
    for row in rows.iterator():
        yield Graded(
            group=str(getattr(row, by)),
            stratum=f"{row.week.isoformat()}/{row.stratum}",
            size=row.stratum_size,
            drawn=row.stratum_drawn,
            score=float(row.score or 0),
            passed=bool(row.passed),
        )


def _mine(found: Review, actor: Actor) -> Review:
    row = Review.objects.select_for_update().get(pk=found.pk)
    if actor.kind != "person":
        raise ReviewRefused("Un contacto lo revisa una persona, no un robot.")
    if row.author == actor.name:
        raise ReviewRefused("Nadie revisa sus propios contactos.")
    if row.state != _States.DRAWN:
        raise ReviewRefused(f"Esa revisión ya está hecha, por {row.reviewer}.")
    return row


def _tell(kind: str, row: Review, actor: Actor, payload: Mapping[str, object]) -> None:
    debtor = row.word.debtor
    creditor = debtor.creditor_id if debtor is not None else None
    record(kind, row, {"word": row.word.key, "author": row.author, **payload}, actor, creditor=creditor, seals=[row])


def _words(start: date) -> QuerySet[Word]:
    """What we said that week to somebody we know."""
    zone = clock.zone(instance.settings().zona_horaria)
    first = datetime.combine(start, time(), tzinfo=zone)
    last = datetime.combine(start + timedelta(weeks=1), time(), tzinfo=zone)
    rows = Word.objects.filter(direction="out", debtor__isnull=False, at__gte=first, at__lt=last)
    return rows.exclude(text="").order_by("pk")


def _kind(author: str, accounts: frozenset[str]) -> str:
    return Review.Kinds.HUMAN.value if author in accounts else Review.Kinds.BOT.value


def _today() -> date:
    return clock.now().astimezone(clock.zone(instance.settings().zona_horaria)).date()
