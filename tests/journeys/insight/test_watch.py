"""The watch with the database: one alert per deviation whatever is repeated, told once, closed again, led by people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from cobranza.insight import alert_mail, alerts
from cobranza.insight.baselines import Day
from cobranza.insight.models import Alert, AlertMail, AlertNote, Watched
from cobranza.insight.ports import Definition, Slice, Value
from cobranza.insight.settings import Alerts, InsightSettings
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor, Event
from cobranza.ledger.verification import verify
from tests.journeys.ledger.conftest import creditor
from tests.unit.insight_alerts.worlds import FIRST, HISTORY, days

__all__ = ["creditor"]
ANA = Actor.person("ana")
ROWS = ({"debtor": "Invención, S.A.", "amount": Decimal("900.00"), "on": date(2025, 7, 7)},)
SETTINGS = InsightSettings(
    alertas=Alerts(buzon="avisos", correos={"supervisión": "jefa@empresa.example"}, consola="https://c.example")
)


class FewFigures:
    """One figure with a known course."""

    def __init__(self, course: Sequence[Day], **changes: Any) -> None:
        self._course = {day.on: day for day in course}
        told: dict[str, Any] = {
            "slug": "contacto", "name": "Contacto efectivo", "formula": "contestan ÷ contactados", "unit": "porcentaje",
            "source": "mensajes", "owner": "supervisión",
        }  # fmt: skip
        self._definition = Definition(**(told | changes))

    def definitions(self) -> tuple[Definition, ...]:
        return (self._definition,)

    def value(self, slug: str, part: Slice) -> Value:
        raise NotImplementedError

    def series(self, slug: str, part: Slice, step: Literal["day", "week", "month"] = "day") -> tuple[Value, ...]:
        count = (part.end - part.start).days + 1
        return tuple(self._value(part.start + timedelta(days=index)) for index in range(count))

    def rows(self, slug: str, part: Slice, limit: int = 500) -> tuple[Mapping[str, object], ...]:
        return ROWS[:limit]

    def _value(self, on: date) -> Value:
        day = self._course.get(on)
        known = day is not None and day.amount is not None
        return Value(
            slug="contacto",
            amount=Decimal(str(round(day.amount or 0, 6))) if day is not None and known else None,
            numerator=Decimal(str(day.numerator)) if day is not None else Decimal(0),
            denominator=Decimal(str(day.denominator)) if day is not None and day.denominator is not None else None,
            rows=0,
            as_of=datetime.combine(on, time(23), tzinfo=UTC),
        )


def _shifted() -> FewFigures:
    return FewFigures(days("rate", 21, HISTORY + 40, shift_at=HISTORY, back_at=HISTORY + 14))


def _on(index: int) -> date:
    return FIRST + timedelta(days=index)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Says what time it is."""

    def say(moment: datetime) -> None:
        monkeypatch.setattr("cobranza.kernel.clock.now", lambda: moment)

    say(datetime(2025, 7, 8, 9, 0, tzinfo=UTC))
    return say  # type: ignore[return-value]


def test_a_shift_is_one_alert_within_one_run_and_stays_one_while_it_lasts(creditor: Creditor, at: Any) -> None:
    figures = _shifted()
    alerts.watch(figures, SETTINGS, until=_on(HISTORY - 1))
    assert not Alert.objects.exists()

    first = alerts.watch(figures, SETTINGS, until=_on(HISTORY))
    again = alerts.watch(figures, SETTINGS, until=_on(HISTORY))
    later = alerts.watch(figures, SETTINGS, until=_on(HISTORY + 7))

    (alert,) = Alert.objects.all()
    assert [each.pk for each in first.opened] == [alert.pk]
    assert again.opened == again.closed == later.opened == later.closed == []
    assert alert.opened_on == _on(HISTORY)
    assert alert.last_day == _on(HISTORY + 7)
    assert (alert.cause, alert.direction, alert.worse) == ("limites", "down", True)
    assert alert.low is not None and alert.high is not None
    assert alert.opened_value < alert.low < alert.expected < alert.high
    assert alert.rows == [{"debtor": "Invención, S.A.", "amount": "900", "on": "2025-07-07"}]
    assert "Contacto efectivo" in alert.why
    assert Event.objects.filter(kind="insight.alert_opened").count() == 1


def test_it_closes_when_the_figure_is_back_and_a_new_shift_is_a_new_alert(creditor: Creditor, at: Any) -> None:
    course = days("rate", 21, HISTORY + 60, shift_at=HISTORY, back_at=HISTORY + 14)
    course[HISTORY + 42 :] = days("rate", 22, HISTORY + 60, shift_at=HISTORY + 42)[HISTORY + 42 :]
    figures = FewFigures(course)
    alerts.watch(figures, SETTINGS, until=_on(HISTORY - 1))

    for index in range(HISTORY, HISTORY + 45, 3):  # a run every third day misses none
        alerts.watch(figures, SETTINGS, until=_on(index))

    old, new = Alert.objects.order_by("pk")
    assert old.closed_on is not None and _on(HISTORY + 12) <= old.closed_on <= _on(HISTORY + 18)
    assert old.closed_by == ""
    assert new.opened_on == _on(HISTORY + 42) and new.closed_at is None
    assert verify().ok


def test_the_first_run_of_all_judges_one_day_and_not_the_past(creditor: Creditor, at: Any) -> None:
    done = alerts.watch(_shifted(), SETTINGS, until=_on(HISTORY + 30))

    assert done.checked == 1
    assert done.opened == []
    assert Watched.objects.get().last_day == _on(HISTORY + 30)


def test_a_rehearsal_says_what_would_open_and_stores_nothing(creditor: Creditor, at: Any) -> None:
    done = alerts.watch(_shifted(), SETTINGS, until=_on(HISTORY), rehearse=True)

    assert [each.opened_on for each in done.opened] == [_on(HISTORY)]
    assert not Alert.objects.exists() and not Watched.objects.exists() and not AlertMail.objects.exists()


def test_an_unknown_figure_in_the_settings_is_named(creditor: Creditor) -> None:
    wrong = InsightSettings(alertas=Alerts(cifras=("conntacto",)))

    with pytest.raises(alerts.NoSuchFigure, match="conntacto"):
        alerts.watch(_shifted(), wrong)


def test_the_database_itself_refuses_a_second_open_alert_of_the_same_deviation(creditor: Creditor, at: Any) -> None:
    alerts.watch(_shifted(), SETTINGS, until=_on(HISTORY))
    row = Alert.objects.get()
    row.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


class _Post:
    """Takes letters as the SMTP connector does."""

    slug = "smtp"

    def __init__(self, answer: str = "accepted") -> None:
        self.sent: list[Any] = []
        self._answer = answer

    def address(self, account: str) -> str:
        return f"{account}@empresa.example"

    @contextmanager
    def sender(self, account: str) -> Iterator[_Post]:
        yield self

    def send(self, mail: Any) -> str:
        self.sent.append(mail)
        return self._answer


def test_an_alert_of_the_night_is_told_once_at_the_end_of_the_quiet_hours(
    creditor: Creditor, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = _Post()
    monkeypatch.setattr("cobranza.suite.adapters", lambda folder: {"smtp": post})
    at(datetime(2025, 7, 8, 3, 0, tzinfo=UTC))  # five in the morning in Madrid
    alerts.watch(_shifted(), SETTINGS, until=_on(HISTORY))

    assert alert_mail.send_planned() == (0, ())
    at(datetime(2025, 7, 8, 6, 0, tzinfo=UTC))
    assert alert_mail.send_planned() == (1, ())
    assert alert_mail.send_planned() == (0, ())

    (letter,) = post.sent
    assert letter.to == "jefa@empresa.example"
    assert f"https://c.example/insight/alertas/{Alert.objects.get().pk}/" in letter.text
    assert "Invención" not in letter.text + letter.subject  # no debtors in mail


def test_a_letter_that_cannot_leave_waits_and_keeps_its_message_id(
    creditor: Creditor, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cobranza.suite.adapters", lambda folder: {})
    alerts.watch(_shifted(), SETTINGS, until=_on(HISTORY))
    sent, problems = alert_mail.send_planned()
    before = AlertMail.objects.get().message_id
    post = _Post()
    monkeypatch.setattr("cobranza.suite.adapters", lambda folder: {"smtp": post})

    assert (sent, len(problems)) == (0, 1)
    assert alert_mail.send_planned()[0] == 1
    assert post.sent[0].message_id == before


@pytest.mark.parametrize(
    ("now", "loud"),
    [
        (datetime(2025, 7, 8, 10, 0, tzinfo=UTC), datetime(2025, 7, 8, 10, 0, tzinfo=UTC)),
        (datetime(2025, 7, 8, 19, 0, tzinfo=UTC), datetime(2025, 7, 9, 6, 0, tzinfo=UTC)),
        (datetime(2025, 7, 8, 2, 0, tzinfo=UTC), datetime(2025, 7, 8, 6, 0, tzinfo=UTC)),
        (datetime(2025, 7, 8, 6, 0, tzinfo=UTC), datetime(2025, 7, 8, 6, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours_pass_midnight(now: datetime, loud: datetime) -> None:
    assert alert_mail.loud_from(now, Alerts(zona="Europe/Madrid")) == loud


def test_people_see_assign_and_comment_and_each_leaves_its_note(creditor: Creditor, at: Any) -> None:
    User.objects.create_user("leo")
    alerts.watch(_shifted(), SETTINGS, until=_on(HISTORY))
    row = Alert.objects.get()

    alerts.acknowledge(row, actor=ANA)
    alerts.acknowledge(row, actor=Actor.person("eva"))
    alerts.assign(row, "leo", actor=ANA)
    alerts.comment(row, "Ayer cayó la centralita.", actor=ANA)

    row.refresh_from_db()
    assert (row.acknowledged_by, row.assigned_to) == ("ana", "leo")
    kinds = list(AlertNote.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["abierta", "vista", "asignada", "comentario"]
    with pytest.raises(alerts.AlertRefused, match="nadie"):
        alerts.assign(row, "nadie", actor=ANA)
    with pytest.raises(alerts.AlertRefused):
        alerts.comment(row, "  ", actor=ANA)


def test_a_person_takes_the_new_level_for_the_norm(creditor: Creditor, at: Any) -> None:
    figures = FewFigures(days("rate", 21, HISTORY + 60, shift_at=HISTORY))
    alerts.watch(figures, SETTINGS, until=_on(HISTORY))
    row = Alert.objects.get()

    with pytest.raises(alerts.AlertRefused):
        alerts.accept_level(row, why="", actor=ANA)
    alerts.accept_level(row, why="Cambió el proveedor de telefonía.", actor=ANA)
    done = [alerts.watch(figures, SETTINGS, until=_on(HISTORY + index)) for index in (10, 24, 38, 50)]

    assert not any(each.opened for each in done)
    assert done[0].short  # the new history begins with the new level
    row.refresh_from_db()
    assert (row.closed_by, row.closed_why) == ("ana", "Cambió el proveedor de telefonía.")
    assert Watched.objects.get().since == _on(HISTORY)
