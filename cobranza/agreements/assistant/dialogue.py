"""One turn of a negotiation: what is answered, what is done, and how the conversation goes on. Pure.

The policy is deterministic. Only proposals that the matrix approves unattended are ever shown; one is concluded when
the debtor accepts it after its terms were repeated in full, and what was accepted is recorded to the cent. Interest and
terms, hardship and whatever is not understood twice go to a person, and from then on the assistant is silent.
Nothing about a debt is said before the sender is identified.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from cobranza.agreements import schedule
from cobranza.agreements.assistant.understanding import Intent, Understood, understand
from cobranza.agreements.offers import Policy, Scenario, below_floor, offers, weigh
from cobranza.agreements.terms import AgreementError, Debt, Kind
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money

SURE = 0.6
"""Below this an intent is not acted on: the assistant asks."""
MOST_SHOWN = 3
_CHANGES = frozenset({Intent.PLAN, Intent.PART, Intent.PROMISE, Intent.CANNOT, Intent.REJECT})
_FILE = Path(__file__).resolve().parent / "says.toml"


class Phase(StrEnum):
    """Where a conversation stands."""

    OPEN = "abierta"
    OFFERED = "ofrecida"
    CONFIRMING = "confirmando"
    AGREED = "acordada"
    PERSON = "persona"
    STOPPED = "parada"


class Does(StrEnum):
    """What a turn asks the house to do; the caller does it once, with the conversation's key."""

    AGREE = "acordar"
    HAND_OVER = "pasar_a_persona"
    OPEN_DISPUTE = "abrir_disputa"
    CHECK_PAYMENT = "comprobar_pago"
    SUPPRESS = "suprimir_contacto"
    STOP_CHANNEL = "parar_canal"
    SEND_LINK = "enviar_enlace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation between two turns.

    Attributes:
        identified: The sender has shown that they are the debtor.
        phase: Where it stands.
        shown: Scenarios as they were numbered to the debtor.
        chosen: The one whose terms were repeated and wait for a yes.
        capacity: What the debtor said they can pay a month.
        pay_day: Day of the month they named.
        unclear: Turns in a row that were not understood.
    """

    identified: bool = False
    phase: Phase = Phase.OPEN
    shown: tuple[Scenario, ...] = ()
    chosen: Scenario | None = None
    capacity: Money | None = None
    pay_day: int | None = None
    unclear: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Attributes:
    talk: To go on with.
    says: Name of the text in `says.toml`; "" says nothing at all.
    text: Filled, in the language of the voice.
    does: What the house has to do, with its reason.
    understood: What the message was taken for; None when it was not read.
    agreed: The proposal that was concluded, with `Does.AGREE` only.
    """

    talk: Talk
    says: str
    text: str
    does: tuple[tuple[Does, str], ...] = ()
    understood: Understood | None = None
    agreed: Scenario | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Names and links that the texts need; `link` is this debtor's own, `language` what is read and answered."""

    debtor: str
    creditor: str
    link: str
    language: str = "es"


def answer(talk: Talk, message: str, debt: Debt, policy: Policy, voice: Voice) -> Turn:
    """One turn.

    Args:
        talk: As the turn before left it; `Talk()` for the first.
        message: What the debtor wrote.
        debt: As it is now: its `as_of` is today.
        policy: Limits.
        voice: Names.
    """
    if talk.phase in {Phase.PERSON, Phase.STOPPED}:
        read = understand(message, debt.as_of, debt.currency, voice.language)
        if read.intent is Intent.STOP and talk.phase is Phase.PERSON:
            return _stop(talk, read, voice)
        silent = talk.phase is Phase.STOPPED
        return Turn(
            talk=talk,
            says="" if silent else "closed",
            text="" if silent else says("closed", voice.language),
            understood=read,
        )
    read = understand(message, debt.as_of, debt.currency, voice.language)
    # Stop and "not me" need no proof of who one is: they are granted to anybody.
    if read.intent is Intent.STOP and read.confidence >= SURE:
        return _stop(talk, read, voice)
    if read.intent is Intent.NOT_ME and read.confidence >= SURE:
        stopped = replace(talk, phase=Phase.STOPPED, identified=False)
        return _turn(stopped, "not_me", voice, read, does=((Does.SUPPRESS, "dice que no es el deudor"),))
    if not talk.identified:
        return _turn(talk, "identify", voice, read)
    return _known(talk, read, debt, policy, voice)


def identified(talk: Talk) -> Talk:
    """The sender has shown who they are (portal link with its second proof)."""
    return replace(talk, identified=True)


def _known(talk: Talk, read: Understood, debt: Debt, policy: Policy, voice: Voice) -> Turn:
    handed = {
        Intent.HARDSHIP: ("hardship", "situación de dificultad"),
        Intent.PERSON: ("person", "pide hablar con una persona"),
        Intent.TERMS: ("terms", "pregunta por intereses o condiciones"),
    }
    if read.confidence < SURE and not (
        talk.phase is Phase.CONFIRMING and read.intent in {Intent.ACCEPT, Intent.REJECT}
    ):
        return _unclear(talk, read, voice)
    talk = replace(talk, unclear=0)
    if read.intent in handed:
        says, why = handed[read.intent]
        return _hand_over(talk, says, why, read, voice)
    if read.intent is Intent.DISPUTE:
        passed = replace(talk, phase=Phase.PERSON)
        return _turn(passed, "dispute", voice, read, does=((Does.OPEN_DISPUTE, "no está conforme"),))
    if read.intent is Intent.ALREADY_PAID:
        return _turn(talk, "already_paid", voice, read, does=((Does.CHECK_PAYMENT, "dice que ha pagado"),))
    if talk.phase is Phase.AGREED and read.intent in _CHANGES:
        return _hand_over(talk, "person", "quiere cambiar lo acordado", read, voice)
    if talk.phase is Phase.AGREED and read.intent is Intent.ACCEPT and talk.chosen is not None:
        return _turn(talk, "agreed", voice, read, acuerdo=told(talk.chosen, voice.language))
    if talk.phase is Phase.CONFIRMING and read.intent is Intent.ACCEPT and talk.chosen is not None:
        return _conclude(talk, read, debt, policy, voice)
    if read.intent is Intent.ACCEPT and talk.shown:
        return _choose(talk, read, debt, voice)
    if read.intent is Intent.PAY:
        return _turn(talk, "pay", voice, read, debt=debt, does=((Does.SEND_LINK, "quiere pagar"),))
    return _negotiate(talk, read, debt, policy, voice)


def _negotiate(talk: Talk, read: Understood, debt: Debt, policy: Policy, voice: Voice) -> Turn:
    if read.intent is Intent.GREETING:
        return _turn(talk, "greet", voice, read, debt=debt)
    if read.intent is Intent.PROMISE:
        if read.day is None:
            return _turn(talk, "ask_day", voice, read)
        return _propose(talk, read, debt, policy, voice, Kind.PROMISE, [read.day], None)
    if read.intent is Intent.PART:
        if read.amount is None:
            return _turn(talk, "ask_amount", voice, read)
        first = Money(debt.currency, read.amount).rounded()
        now = schedule.working_day(debt.as_of, debt.country)
        rest = schedule.pay_days(now, 1, debt.country, debt.pay_day)[0]
        return _propose(talk, read, debt, policy, voice, Kind.PART, [now, rest], first)
    if read.intent is Intent.PLAN and read.count is not None and read.count > 1:
        days = list(schedule.pay_days(debt.as_of, min(read.count, 60), debt.country, _pay_day(talk, read, debt)))
        return _propose(talk, read, debt, policy, voice, Kind.INSTALMENTS, days, None)
    if read.intent in {Intent.PLAN, Intent.CANNOT, Intent.REJECT}:
        capacity = talk.capacity
        if read.amount is not None and (read.monthly or talk.phase is not Phase.CONFIRMING):
            capacity = Money(debt.currency, read.amount).rounded()
        talk = replace(talk, capacity=capacity, pay_day=_pay_day(talk, read, debt))
        if capacity is None and (debt.capacity is None or read.intent is Intent.REJECT):
            return _turn(talk, "ask_capacity", voice, read)
        return _show(talk, read, debt, policy, voice)
    return _unclear(talk, read, voice)


def _pay_day(talk: Talk, read: Understood, debt: Debt) -> int | None:
    if read.day is not None:
        return read.day.day
    return talk.pay_day or debt.pay_day


def _show(talk: Talk, read: Understood, debt: Debt, policy: Policy, voice: Voice) -> Turn:
    """Approved scenarios that the debtor can pay, the creditor's best first."""
    asked = replace(debt, capacity=talk.capacity or debt.capacity, pay_day=talk.pay_day or debt.pay_day)
    found = [each for each in offers(asked, policy) if each.approval.state == "approved" and each.fits]
    if not found:
        return _hand_over(talk, "none_fits", "ninguna oferta permitida cabe en lo que puede pagar", read, voice)
    shown = tuple(found[:MOST_SHOWN])
    options = "\n".join(f"{number}. {told(each, voice.language)}" for number, each in enumerate(shown, start=1))
    says = "offer" if len(shown) > 1 else "offer_one"
    return _turn(replace(talk, phase=Phase.OFFERED, shown=shown, chosen=None), says, voice, read, opciones=options)


def _propose(
    talk: Talk,
    read: Understood,
    debt: Debt,
    policy: Policy,
    voice: Voice,
    kind: Kind,
    days: list[date],
    first: Money | None,
) -> Turn:
    """What the debtor proposes: repeated for a yes when it is inside the limits, else a person decides."""
    if kind is Kind.PART and first is not None and not first < debt.covered:
        return _turn(talk, "pay", voice, read, debt=debt, does=((Does.SEND_LINK, "quiere pagar"),))
    percent = policy.deferral_rate[debt.debtor]
    from_plan = percent if kind is Kind.INSTALMENTS else percent * 0
    try:
        proposal = schedule.build(debt, kind, days, first=first, percent=from_plan)
    except AgreementError:
        return _hand_over(talk, "none_fits", "propone pagos que no cuadran", read, voice)
    scenario = weigh(debt, proposal, policy)
    too_late = kind is Kind.PROMISE and (proposal.last_day - debt.as_of).days > policy.promise_days
    smallest = policy.smallest.get(debt.currency)
    tiny = smallest is not None and len(days) > 1 and min(row.amount.amount for row in proposal.instalments) < smallest
    if scenario.approval.state != "approved" or below_floor(debt, scenario.value, policy) or too_late or tiny:
        why = "; ".join(scenario.approval.reasons) or "propone más de lo que se puede acordar sin una persona"
        return _hand_over(talk, "none_fits", why, read, voice)
    return _repeat(talk, scenario, read, voice)


def _choose(talk: Talk, read: Understood, debt: Debt, voice: Voice) -> Turn:
    number = read.option or (1 if len(talk.shown) == 1 else 0)
    if not 1 <= number <= len(talk.shown):
        options = "\n".join(
            f"{each}. {told(scenario, voice.language)}" for each, scenario in enumerate(talk.shown, start=1)
        )
        return _turn(talk, "offer", voice, read, opciones=options)
    return _repeat(talk, talk.shown[number - 1], read, voice)


def _repeat(talk: Talk, scenario: Scenario, read: Understood, voice: Voice) -> Turn:
    waiting = replace(talk, phase=Phase.CONFIRMING, chosen=scenario)
    return _turn(waiting, "confirm", voice, read, acuerdo=told(scenario, voice.language))


def _conclude(talk: Talk, read: Understood, debt: Debt, policy: Policy, voice: Voice) -> Turn:
    """The yes: weighed again on the debt as it is now; a payment that came meanwhile changes what is owed."""
    scenario = talk.chosen
    if scenario is None:
        return _unclear(talk, read, voice)
    owed = debt.covered - scenario.proposal.waived.total + scenario.proposal.deferral
    now = weigh(debt, scenario.proposal, policy)
    if scenario.proposal.total != owed or scenario.proposal.first.due < debt.as_of or now.approval.state != "approved":
        return _hand_over(talk, "none_fits", "la deuda ha cambiado desde que se ofreció", read, voice)
    done = replace(talk, phase=Phase.AGREED)
    agreed = told(scenario, voice.language)
    turn = _turn(done, "agreed", voice, read, does=((Does.AGREE, told(scenario)),), acuerdo=agreed)
    return replace(turn, agreed=now)


def told(scenario: Scenario, language: str = "es") -> str:
    """A scenario in one line: every amount and every day, so that a yes leaves nothing open."""
    rows = scenario.proposal.instalments
    total = write_money(scenario.proposal.total)
    waived = scenario.proposal.waived.total
    given = says("waived", language, importe=write_money(waived)) if waived else ""
    if len(rows) == 1:
        return says("one", language, total=total, dia=write_day(rows[0].due)) + given
    each = "; ".join(says("part", language, importe=write_money(row.amount), dia=write_day(row.due)) for row in rows)
    return says("several", language, cuantos=str(len(rows)), total=total, pagos=each) + given


def _stop(talk: Talk, read: Understood, voice: Voice) -> Turn:
    stopped = replace(talk, phase=Phase.STOPPED)
    return _turn(stopped, "stop", voice, read, does=((Does.STOP_CHANNEL, "pide que no se le escriba"),))


def _unclear(talk: Talk, read: Understood, voice: Voice) -> Turn:
    if talk.unclear:
        return _hand_over(talk, "person", "no se le entiende por segunda vez", read, voice)
    return _turn(replace(talk, unclear=talk.unclear + 1), "clarify", voice, read)


def _hand_over(talk: Talk, says: str, why: str, read: Understood, voice: Voice) -> Turn:
    return _turn(replace(talk, phase=Phase.PERSON), says, voice, read, does=((Does.HAND_OVER, why),))


def _turn(
    talk: Talk,
    says: str,
    voice: Voice,
    read: Understood,
    *,
    debt: Debt | None = None,
    does: tuple[tuple[Does, str], ...] = (),
    **fields: str,
) -> Turn:
    values = {"deudor": voice.debtor, "acreedor": voice.creditor, "enlace": voice.link, **fields}
    if debt is not None:
        values["importe"] = write_money(debt.covered)
    return Turn(talk=talk, says=says, text=_say(says, voice.language, values), does=does, understood=read)


def says(name: str, language: str = "es", **values: str) -> str:
    """One of the texts of `says.toml`, filled, for whoever answers without a turn of the dialogue."""
    return _say(name, language, values)


def languages() -> frozenset[str]:
    """What it speaks."""
    return frozenset(_texts())


def _say(name: str, language: str, values: Mapping[str, str]) -> str:
    # A name may bring the full stop of its company form: "S.L.".
    return re.sub(r"\.\.(?=\s|$)", ".", _texts()[language][name].format_map(dict(values)))


@cache
def _texts() -> dict[str, dict[str, str]]:
    raw: dict[str, dict[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {language: {name: str(text) for name, text in of.items()} for language, of in raw.items()}
