from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.insight.quality import (
    Contact,
    FormError,
    Graded,
    draw,
    estimate,
    fingerprint,
    form_of,
    grade,
)
from cobranza.insight.settings import Criterion, Quality, read

WEEK = date(2026, 3, 2)
FORM = (
    Criterion(clave="identidad", pregunta="¿Se comprobó quién era?", peso=40, critico=True),
    Criterion(clave="trato", pregunta="¿Fue respetuoso el trato?", peso=40),
    Criterion(clave="nota", pregunta="¿Quedó anotado lo hablado?", peso=20, solo="persona"),
)


def _contacts(author: str, count: int, channel: str = "email") -> list[Contact]:
    kind = "robot" if author.startswith("robot") else "persona"
    return [Contact(key=f"{author}:{channel}:{i}", author=author, kind=kind, channel=channel) for i in range(count)]


def test_points_count_over_what_applies() -> None:
    found = grade(FORM, {"identidad": "cumple", "trato": "no", "nota": "no_aplica"}, 75)

    assert found.score == 50
    assert not found.passed
    assert found.failed == ()


def test_a_critical_failure_fails_whatever_the_points() -> None:
    found = grade(FORM, {"identidad": "no", "trato": "cumple", "nota": "cumple"}, 50)

    assert found.score == 60
    assert not found.passed
    assert found.failed == ("identidad",)


@pytest.mark.parametrize(
    "answers",
    [
        {"identidad": "cumple", "trato": "cumple"},
        {"identidad": "cumple", "trato": "cumple", "nota": "quizá"},
        {"identidad": "cumple", "trato": "cumple", "nota": "cumple", "otra": "no"},
        dict.fromkeys(("identidad", "trato", "nota"), "no_aplica"),
    ],
)
def test_a_form_that_is_not_whole_is_refused(answers: dict[str, str]) -> None:
    with pytest.raises(FormError):
        grade(FORM, answers, 75)


def test_a_robot_and_a_person_have_the_questions_that_concern_them() -> None:
    assert [each.clave for each in form_of(FORM, "robot")] == ["identidad", "trato"]
    assert [each.clave for each in form_of(FORM, "persona")] == ["identidad", "trato", "nota"]


def test_another_form_has_another_fingerprint() -> None:
    assert fingerprint(FORM, 75) != fingerprint(FORM[:2], 75) != fingerprint(FORM[:2], 80)


def test_the_shipped_form_can_be_passed_and_failed_by_either_kind() -> None:
    settings = read().calidad
    for kind in ("robot", "persona"):
        form = form_of(settings.criterios, kind)
        assert grade(form, {each.clave: "cumple" for each in form}, settings.aprobado).passed
        assert not grade(form, {each.clave: "no" for each in form}, settings.aprobado).passed


def test_everybody_is_in_the_sample_and_says_how_many_they_stand_for() -> None:
    everything = [*_contacts("ana", 50), *_contacts("ana", 4, "call"), *_contacts("robot_x", 500), *_contacts("leo", 1)]

    found = draw(everything, WEEK, Quality(por_estrato=3, total=60))

    assert Counter(each.contact.stratum for each in found) == {
        "ana/email": 3, "ana/call": 3, "robot_x/email": 3, "leo/email": 1
    }  # fmt: skip
    assert {each.contact.author: each.size for each in found if each.contact.channel == "email"} == {
        "ana": 50, "robot_x": 500, "leo": 1
    }  # fmt: skip


def test_a_small_sample_leaves_nobody_out_before_it_takes_a_second_of_another() -> None:
    everything = [contact for name in ("ana", "leo", "eva") for contact in _contacts(name, 20)]

    found = draw(everything, WEEK, Quality(por_estrato=3, total=4))

    assert {each.contact.author for each in found} == {"ana", "leo", "eva"}
    assert len(found) == 4
    assert sum(each.drawn for each in {each.contact.stratum: each for each in found}.values()) == 4


@given(st.integers(0, 40), st.integers(1, 5), st.integers(1, 20), st.randoms())
def test_the_sample_does_not_depend_on_the_order_and_never_exceeds_its_limits(
    count: int, per: int, total: int, shuffler: random.Random
) -> None:
    everything = [*_contacts("ana", count), *_contacts("robot_x", count * 2)]
    settings = Quality(por_estrato=per, total=total)
    mixed = list(everything)
    shuffler.shuffle(mixed)

    found = draw(everything, WEEK, settings)

    assert {each.contact.key for each in found} == {each.contact.key for each in draw(mixed, WEEK, settings)}
    assert len(found) <= total
    assert all(each.drawn <= min(per, each.size) for each in found)


def test_every_contact_is_drawn_as_often_as_any_other() -> None:
    everything, seen = _contacts("ana", 10), Counter[str]()
    for week in range(400):
        seen.update(each.contact.key for each in draw(everything, WEEK + timedelta(weeks=week), Quality(por_estrato=2)))

    assert len(seen) == 10
    assert all(45 <= count <= 120 for count in seen.values())  # 80 expected; six deviations either way


def _graded(stratum: str, size: int, scores: list[float], group: str = "ana") -> list[Graded]:
    return [
        Graded(group=group, stratum=stratum, size=size, drawn=len(scores), score=score, passed=score >= 75)
        for score in scores
    ]


def test_a_review_weighs_as_much_as_the_contacts_that_it_stands_for() -> None:
    (found,) = estimate([*_graded("ana/email", 300, [100, 100, 100]), *_graded("ana/call", 100, [60, 60, 60])])

    assert found.score == pytest.approx(90)
    assert found.passed == pytest.approx(0.75)
    assert found.stands_for == 400
    assert found.reviews == 6
    assert found.passed_low < 0.75 < found.passed_high < 1


def test_one_review_says_hardly_anything() -> None:
    (found,) = estimate(_graded("ana/email", 40, [100]))

    assert (found.score_low, found.score_high) == (0, 100)
    assert found.passed_low < 0.25


def test_reviewing_all_leaves_no_doubt_about_the_mean() -> None:
    (found,) = estimate(_graded("ana/email", 4, [50, 70, 90, 100]))

    assert found.score_low == found.score_high == pytest.approx(77.5)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    shaker, inside, times = random.Random(5), 0, 300
    for _ in range(times):
        email = [shaker.gauss(80, 12) for _ in range(400)]
        call = [shaker.gauss(60, 12) for _ in range(100)]
        truth = (sum(email) + sum(call)) / 500
        sample = [
            *_graded("ana/email", 400, shaker.sample(email, 12)),
            *_graded("ana/call", 100, shaker.sample(call, 12)),
        ]
        (found,) = estimate(sample)
        inside += found.score_low <= truth <= found.score_high

    assert 0.88 <= inside / times <= 0.99


def test_groups_are_told_apart() -> None:
    found = estimate([*_graded("a", 10, [90, 80], "ana"), *_graded("b", 10, [50, 60], "robot")])

    assert [(each.group, round(each.score)) for each in found] == [("ana", 85), ("robot", 55)]
