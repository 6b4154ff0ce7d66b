"""Strategies: the right step on the right day, never the same template twice running, and nobody forgotten silently."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.cli.dunning import group
from cobranza.dunning.account import Account, DunningError, Habit, HabitRule, Item, Paid, Sent, habit
from cobranza.dunning.settings import StepEntry, names, strategy
from cobranza.dunning.strategy import Nothing, Proposal, answerable, propose
from cobranza.dunning.trial import Trial, arm
from cobranza.gate import policy
from cobranza.gate.days import open_day
from cobranza.kernel.money import Money

DUE = date(2026, 11, 18)  # a Wednesday
GENERAL = strategy("general")
ALL = frozenset({"email", "sms", "whatsapp", "ivr", "letter"})
GOOD = tuple(Paid(on=date(2026, 10, day), days_late=0) for day in (1, 5, 9, 13))
CHRONIC = tuple(Paid(on=date(2026, 10, day), days_late=20) for day in (1, 5, 9, 13))


def always(_day: date, _channel: str) -> bool:
    return True


def account(**changes: object) -> Account:
    given: dict[str, object] = {
        "key": "C1",
        "country": "ES",
        "debtor_type": "business",
        "items": (item("F1"),),
        "channels": ALL,
    }
    return Account(**{**given, **changes})  # type: ignore[arg-type]


def item(number: str, due: date = DUE, amount: str = "500.00") -> Item:
    return Item(number=number, due=due, claimable=Money("EUR", Decimal(amount)))


def sent(on: date, step: str, template: str, *, channel: str = "email", answered: bool | None = None) -> Sent:
    return Sent(on=on, step=step, anchor=DUE, channel=channel, template=template, answered=answered)


def step_on(days: int, who: Account) -> str:
    found = propose(who, GENERAL, DUE + timedelta(days=days), always)
    return found.step if isinstance(found, Proposal) else ""


@pytest.mark.parametrize(
    ("days", "good", "chronic"),
    [
        (-4, "", ""),
        (-3, "", "previo"),
        (-1, "", "previo"),
        (0, "", ""),
        (2, "", ""),
        (3, "recordatorio", "recordatorio"),
        (9, "recordatorio", "recordatorio"),
        (10, "segundo_aviso", "llamada_automatica"),
        (15, "segundo_aviso", "llamada_automatica"),
        (16, "mora_media", "mora_media"),
        (30, "mora_media", "mora_media"),
        (31, "aviso_formal", "aviso_formal"),
        (60, "aviso_formal", "aviso_formal"),
        (61, "carta", "carta"),
        (89, "carta", "carta"),
        (90, "negociacion", "negociacion"),
        (400, "negociacion", "negociacion"),
    ],
)
def test_the_stages_by_day_and_payer(days: int, good: str, chronic: str) -> None:
    assert step_on(days, account(paid=GOOD)) == good
    assert step_on(days, account(paid=CHRONIC)) == chronic


def test_a_notice_before_the_due_day_moves_to_an_earlier_permitted_day() -> None:
    # Three days before Wednesday 11 March 2026 is a Sunday: in Colombia it goes out on Saturday.
    law = policy.law("CO")
    who = account(country="CO", items=(item("F1", date(2026, 3, 11)),), paid=CHRONIC)

    def permitted(day: date, channel: str) -> bool:
        return open_day(law, day, debtor_type="consumer", channel=channel)

    def step(day: date) -> str:
        found = propose(who, GENERAL, day, permitted)
        return found.step if isinstance(found, Proposal) else ""

    assert [step(date(2026, 3, day)) for day in (6, 7, 8, 9, 10, 11)] == ["", "previo", "", "previo", "previo", ""]


def test_what_was_sent_is_not_sent_again_for_the_same_arrear_and_is_for_a_new_one() -> None:
    once = sent(DUE + timedelta(days=3), "recordatorio", "recordatorio_amable")
    assert step_on(5, account(paid=GOOD, sent=(once,))) == ""
    later = account(paid=GOOD, items=(item("F2", DUE + timedelta(days=40)),), sent=(once,))
    assert step_on(44, later) == "recordatorio"


def test_never_the_same_template_twice_running() -> None:
    first = sent(DUE + timedelta(days=31), "aviso_formal", "aviso_formal")
    found = propose(account(sent=(first,)), GENERAL, DUE + timedelta(days=45), always)
    assert isinstance(found, Proposal)
    assert (found.step, found.template) == ("aviso_formal", "aviso_formal_plan")
    other = sent(DUE, "x", "recordatorio_amable")
    found = propose(account(paid=GOOD, sent=(other,)), GENERAL, DUE + timedelta(days=3), always)
    assert isinstance(found, Proposal)
    assert found.template == "recordatorio_breve"


def test_an_account_that_never_answers_keeps_to_channels_that_cost_nothing() -> None:
    silent = tuple(sent(DUE - timedelta(days=9 - n), "x", f"t{n}", channel="sms", answered=False) for n in range(4))
    who = account(paid=CHRONIC, sent=silent, channels=frozenset({"sms", "ivr"}))
    found = propose(who, GENERAL, DUE + timedelta(days=5), always)
    assert isinstance(found, Nothing)
    assert found.why == "no contesta: se dejan los canales de pago"
    by_mail = propose(replace(who, channels=ALL), GENERAL, DUE + timedelta(days=5), always)
    assert isinstance(by_mail, Proposal)
    assert by_mail.channel == "email"
    woken = (*silent, sent(DUE, "x", "t9", answered=True))
    assert replace(who, sent=woken).unanswered == 0


def test_only_the_undisputed_rest_is_claimed_and_a_disputed_whole_is_left_alone() -> None:
    both = account(
        paid=GOOD, items=(item("F1", amount="0.00"), item("F2", amount="120.50"), item("F3", amount="10.00"))
    )
    found = propose(both, GENERAL, DUE + timedelta(days=3), always)
    assert isinstance(found, Proposal)
    assert (found.amount, [each.number for each in found.items]) == (Money("EUR", Decimal("130.50")), ["F2", "F3"])
    nothing = propose(account(items=(item("F1", amount="0.00"),)), GENERAL, DUE + timedelta(days=3), always)
    assert nothing == Nothing(account="C1", why="no debe nada que se pueda reclamar")


def test_small_amounts_get_no_letter_and_the_reason_is_told() -> None:
    found = propose(account(items=(item("F1", amount="299.99"),)), GENERAL, DUE + timedelta(days=70), always)
    assert found == Nothing(account="C1", why="el importe no llega al mínimo del paso carta")


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-10, 200),
    st.lists(st.tuples(st.integers(-10, 199), st.sampled_from([s.id for s in GENERAL.steps])), max_size=8),
    st.sampled_from([GOOD, CHRONIC, ()]),
    st.frozensets(st.sampled_from(sorted(ALL))),
    st.booleans(),
)
def test_a_proposal_always_keeps_its_step_s_own_limits(
    days: int, before: list[tuple[int, str]], paid: tuple[Paid, ...], channels: frozenset[str], answered: bool
) -> None:
    templates = {each.id: each.templates for each in GENERAL.steps}
    history = tuple(
        sent(DUE + timedelta(days=day), step, next(iter(templates[step]), ""), answered=answered)
        for day, step in before
        if day < days
    )
    who = account(paid=paid, channels=channels, sent=history)
    today = DUE + timedelta(days=days)
    found = propose(who, GENERAL, today, always)
    if isinstance(found, Nothing):
        assert found.why
        return
    step = next(each for each in GENERAL.steps if each.id == found.step)
    same = [each for each in history if each.step == step.id]
    assert len(same) < step.times
    assert all((today - each.on).days >= step.every for each in same)
    assert step.first <= days <= (days if step.last is None else step.last)
    if found.channel:
        assert found.channel in channels
        assert found.channel in step.channels
        assert found.channel in step.templates[found.template]
        assert found.template != who.last_template
    assert found.key.startswith(f"C1:{step.id}:{DUE.isoformat()}:")


@pytest.mark.parametrize(
    ("late", "told"),
    [
        ((), Habit.NEW),
        ((0, 0), Habit.NEW),
        ((0, 0, 4), Habit.GOOD),
        ((0, 0, 0, 0, 9), Habit.GOOD),
        ((0, 0, 9), Habit.MIXED),
        ((0, 9, 9), Habit.CHRONIC),
    ],
)
def test_habits(late: tuple[int, ...], told: Habit) -> None:
    paid = [Paid(on=DUE, days_late=days) for days in late]
    assert habit(paid, DUE, HabitRule()) is told
    assert habit(paid, DUE + timedelta(days=366), HabitRule()) is Habit.NEW


def test_a_trial_draws_its_shares_and_keeps_to_them() -> None:
    trial = Trial(name="cartas-2026", pilot="nueva", pilot_share=30, holdout_share=10, since=DUE)
    drawn = [arm(trial, f"C{number}", DUE) for number in range(5000)]
    assert 400 < drawn.count("holdout") < 600
    assert 1380 < drawn.count("pilot") < 1620
    assert drawn == [arm(trial, f"C{number}", DUE + timedelta(days=90)) for number in range(5000)]
    assert {arm(trial, f"C{number}", DUE - timedelta(days=1)) for number in range(50)} == {"current"}
    other = [arm(replace(trial, name="otra"), f"C{number}", DUE) for number in range(5000)]
    both = sum(one == two == "pilot" for one, two in zip(drawn, other, strict=True))
    assert 350 < both < 550, "two trials must draw independently: 9 % of 5,000"
    with pytest.raises(ValueError, match="100"):
        Trial(name="x", pilot_share=60, holdout_share=50)


def test_a_strategy_that_cannot_work_is_refused_by_name() -> None:
    step = {"id": "a", "desde": 3, "hace": "mensaje", "canales": ["email"], "plantillas": ["t"]}
    for change, told in (
        ({"veces": 2}, "dos plantillas"),
        ({"hasta": 2}, "anterior"),
        ({"canales": []}, "canales"),
        ({"adelanta": True}, "antes del vencimiento"),
        ({"minimo": {"EUR": "x"}}, "importe"),
    ):
        with pytest.raises(ValueError, match=told):
            StepEntry.model_validate({**step, **change})
    with pytest.raises(DunningError, match="general"):
        strategy("ninguna")
    assert "general" in names()


def test_the_command_tells_what_it_would_do_and_why_not(tmp_path: Path) -> None:
    file = tmp_path / "cuentas.json"
    rows = [
        {
            "key": "C1",
            "items": [{"number": "F1", "due": "2026-11-18", "claimable": "500.00"}],
            "channels": ["email"],
        },
        {"key": "C2", "items": [{"number": "F2", "due": "2026-11-18", "claimable": "0.00"}]},
    ]
    file.write_text(json.dumps(rows))
    done = CliRunner().invoke(group, ["propose", "--accounts", str(file), "--on", "2026-11-23", "--json"])
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.output)
    assert (first["step"], first["channel"], first["amount"]) == ("recordatorio", "email", "500.00")
    assert (second["step"], second["why"]) == (None, "no debe nada que se pueda reclamar")
    plain = CliRunner().invoke(group, ["propose", "--accounts", str(file), "--on", "2026-11-23"])
    assert "1 propuestas de 2 cuentas" in plain.output
    file.write_text('[{"key": "C1", "items": [], "extra": 1}]')
    broken = CliRunner().invoke(group, ["propose", "--accounts", str(file)])
    assert isinstance(broken.exception, DunningError)
    assert "extra" in str(broken.exception)


def proposed(days: int, **changes: object) -> Proposal | Nothing:
    return propose(account(**changes), GENERAL, DUE + timedelta(days=days), always)


@pytest.mark.parametrize("days", [16, 29, 90, 200])
def test_who_pays_after_a_reminder_never_reaches_an_adviser(days: int) -> None:
    found = proposed(days, segment="recordatorio")

    assert isinstance(found, Nothing)
    assert "no va a la lista de nadie" in found.why


@pytest.mark.parametrize("segment", ["negociacion", "caso_legal"])
@pytest.mark.parametrize("days", [1, 3, 16, 40])
def test_the_other_two_segments_reach_an_adviser_once_in_an_arrear(segment: str, days: int) -> None:
    found = proposed(days, segment=segment)
    assert isinstance(found, Proposal)
    assert (found.step, found.does, found.why) == ("asesor", "person", f"segmento {segment}")

    known = Sent(on=DUE + timedelta(days=1), step="asesor", anchor=DUE, channel="", template="")
    for again in (proposed(days, segment=segment, sent=(known,)), proposed(days, segment=segment, tasks={"llamar"})):
        assert not (isinstance(again, Proposal) and again.step == "asesor")


def test_high_value_or_vulnerable_goes_to_a_person_whatever_the_score() -> None:
    found = proposed(2, segment="recordatorio", to_person="importe alto")
    assert isinstance(found, Proposal)
    assert (found.step, found.why) == ("asesor", "importe alto")

    later = proposed(16, segment="recordatorio", to_person="importe alto", tasks={"negociar"})
    assert isinstance(later, Proposal)
    assert later.step == "mora_media"


def test_before_anything_is_due_no_adviser_is_asked() -> None:
    assert step_on(-2, account(segment="negociacion")) == "previo"


def test_a_step_may_be_for_a_segment_for_the_unrated_or_for_a_language() -> None:
    def due(who: Account, **filters: object) -> bool:
        only = replace(GENERAL, steps=(replace(GENERAL.steps[1], **filters),))  # type: ignore[arg-type]
        return isinstance(propose(who, only, DUE + timedelta(days=3), always), Proposal)

    rated = account(segment="recordatorio")
    assert due(rated, segments=frozenset({"recordatorio"}))
    assert not due(rated, segments=frozenset({"sin_valorar"}))
    assert due(account(), segments=frozenset({"sin_valorar"}))
    assert not due(account(), segments=frozenset({"recordatorio"}))
    assert due(account(language="pt"), languages=frozenset({"pt"}))
    assert not due(account(), languages=frozenset({"pt"}))


def test_what_no_ledger_tells_is_refused_by_name_instead_of_never_matching() -> None:
    asks = replace(GENERAL, steps=(replace(GENERAL.steps[1], products=frozenset({"gas"})),))

    assert answerable(GENERAL) is GENERAL
    with pytest.raises(DunningError, match=r"«recordatorio».*«productos»"):
        answerable(asks)


@pytest.mark.parametrize(("key", "value"), [("segmentos", ("legal",)), ("idiomas", ("fr",)), ("id", "asesor")])
def test_a_segment_a_language_or_a_name_that_cannot_be_is_refused(key: str, value: object) -> None:
    given: dict[str, object] = {"id": "x", "desde": 16, "hace": "persona"}
    with pytest.raises(ValueError, match=r"input_value|asesor"):
        StepEntry.model_validate(given | {key: value})
