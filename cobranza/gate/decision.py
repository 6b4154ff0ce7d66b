"""The one decision: may this be sent at this second?

`decide` is pure: the act, what is known of the debtor, and the law go in; the answer comes out, with the ids of the
rules that gave it. It is asked when a message is queued and again right before it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal

from cobranza.gate import hours
from cobranza.gate.acts import (
    Act,
    ActError,
    Agreement,
    Block,
    Consent,
    Decision,
    OptOut,
    PastContact,
    Purpose,
    State,
    Verdict,
    in_utc,
    whole_second,
)
from cobranza.kernel import clock
from cobranza.kernel.spanish import write_amount
from cobranza.regimes.contact import CapRule, ConsentRule, ContactLaw, Hours, HoursRule, Rule

_DAYS_BACK = 14
_REPLIES = frozenset({Purpose.ANSWER, Purpose.FAREWELL})


@dataclass(frozen=True, slots=True)
class _Timer:
    """A rule of time: `following` is the first instant, the given one or later, that it permits."""

    rule: str
    reason: str
    following: Callable[[datetime], datetime | None]


@dataclass(frozen=True, slots=True)
class _Case:
    """An act, a state and a law, with what is read off them more than once."""

    act: Act
    state: State
    law: ContactLaw
    zones: tuple[tzinfo, ...]
    days: tuple[date, ...]

    def in_force(self, rule: Rule) -> bool:
        return any(rule.in_force(day) for day in self.days) and rule.concerns(self.act.debtor_type, self.act.channel)


def decide(act: Act, state: State, law: ContactLaw) -> Decision:
    """Allow, defer or deny one act at its second.

    Denied is what no waiting cures (nothing left to claim, a dispute on all of it, a plan in good standing, no
    consent, opted out, a third party, a forbidden form). Deferred is what another second cures; `Decision.until` is
    the first such second, on which the same question with the same state is not deferred by those rules. A balance
    that is too old or unknown defers without `until`: it waits for a reading.

    Args:
        act: What, how, when.
        state: The debtor, as read for this question.
        law: `cobranza.regimes.contact.law(act.country)`, perhaps with the house's rules changed.

    Raises:
        ActError: the law is of another country.
        ZoneError: the debtor's zone does not exist.
        RegimeError: the region has no known holidays.

    >>> from cobranza.regimes import contact
    >>> at = datetime.fromisoformat("2026-03-07T15:00:00-05:00")
    >>> act = Act(country="CO", debtor_type="consumer", channel="letter", at=at)
    >>> decide(act, State(), contact.law("CO")).verdict.value
    'deny'
    """
    if act.country.upper() != law.country:
        raise ActError(f"El acto es de {act.country} y la norma de {law.country}.")
    zones = tuple(clock.zone(name) for name in ((state.zone,) if state.zone else law.zones))
    case = _Case(act, state, law, zones, tuple({act.at.astimezone(zone).date() for zone in zones}))
    claimable = _claimable(case, act.at)
    warnings = tuple(_warnings(case))
    denials = list(_denials(case))
    timers = list(_timers(case))
    blocking = [timer for timer in timers if timer.following(act.at) != act.at]
    waits = list(_waits(case))
    answer = Decision(
        verdict=Verdict.ALLOW,
        at=act.at.astimezone(zones[0]),
        rules=_consulted(case),
        warnings=warnings,
        claimable=claimable,
    )
    if denials:
        return _stopped(answer, Verdict.DENY, denials)
    if not blocking and not waits:
        return answer
    stops = waits + [(timer.rule, timer.reason) for timer in blocking]
    until = hours.earliest(act.at, [timer.following for timer in timers]) if blocking else None
    if blocking and until is None:
        return _stopped(answer, Verdict.DENY, [*stops, _gate(case, "SIN-HORA", "Ninguna hora próxima lo permite.")])
    deferred = _stopped(answer, Verdict.DEFER, stops)
    return deferred if waits or until is None else replace(deferred, until=until.astimezone(zones[0]))


def move_earlier(act: Act, state: State, law: ContactLaw, *, not_before: datetime) -> datetime | None:
    """For what must not come late (a reminder before it is due): the last permitted day up to `act.at`.

    Returns:
        First permitted second of that day, not before `not_before`; None when there is none within two weeks. The
        balance is taken as fresh then: it is read again before sending.
    """
    zone = clock.zone(state.zone or law.zones[0])
    not_before = in_utc(not_before, "not_before")
    day = act.at.astimezone(zone).date()
    for back in range(_DAYS_BACK + 1):
        at = max(hours.start_of_day(day - timedelta(days=back), zone), not_before)
        if at > act.at:
            continue
        balance = None if state.balance is None else replace(state.balance, read_at=at)
        found = decide(replace(act, at=at), replace(state, balance=balance), law)
        first = at if found.allowed else found.until
        if first is not None and first <= act.at and first.astimezone(zone).date() == day - timedelta(days=back):
            return first.astimezone(zone)
        if at == not_before:
            break
    return None


def _stopped(answer: Decision, verdict: Verdict, stops: list[tuple[str, str]]) -> Decision:
    told: dict[str, str] = {}
    for name, reason in stops:
        told.setdefault(name, reason)
    return replace(answer, verdict=verdict, rules=tuple(told), reasons=tuple(told.values()))


def _gate(case: _Case, name: str, reason: str) -> tuple[str, str]:
    return case.law.gate(name).id, reason


def _consulted(case: _Case) -> tuple[str, ...]:
    if case.act.purpose in _REPLIES:
        return (case.law.gate("RESPUESTA").id,)
    caps = [cap for cap in case.law.caps if cap.scope != "third_party" or case.act.recipient != "debtor"]
    return tuple(rule.id for rule in (*case.law.hours, *caps) if case.in_force(rule))


def _warnings(case: _Case) -> Iterator[str]:
    law, act = case.law, case.act
    if law.confirmed_by_lawyer_on is None:
        yield f"Ningún abogado ha confirmado todavía las normas de contacto de {law.country}."
        if act.unattended:
            yield f"Envío desatendido en {law.country} sin normas confirmadas por un abogado."
    if law.confidence == "baja":
        yield f"Las fuentes sobre {law.country} son débiles: casi todo es política propia."
    if not case.state.zone and len(law.zones) > 1:
        yield "No consta la zona horaria del deudor: la hora debe valer en todas las del país."
    if act.purpose in _REPLIES:
        yield "Respuesta a un mensaje del deudor: no se aplican horas ni topes (política propia)."


# What no waiting cures.


def _denials(case: _Case) -> Iterator[tuple[str, str]]:
    act, law = case.act, case.law
    if act.purpose in _REPLIES:
        last = max((each.at for each in case.state.inbound if each.channel == act.channel), default=None)
        if last is None or not last <= act.at < last + timedelta(hours=law.gate("RESPUESTA").hours):
            yield _gate(case, "RESPUESTA", f"El deudor no ha escrito hace poco por {act.channel}.")
        if act.amount is not None:  # an answer that asks for money is held to the balance too
            yield from _money(case)
    else:
        if not all(any(rule.in_force(day) and _concerns(case, rule) for rule in law.hours) for day in case.days):
            yield _gate(case, "SIN-NORMA", f"No hay regla de horas en vigor ese día en {law.country}.")
        if act.purpose is not Purpose.SERVICE:
            yield from _money(case)
        for block in case.state.blocks:
            if block.until is None and block.since <= act.at:
                yield _gate(case, "RETENCION", f"No se puede cobrar: {block.reason}.")
        chosen = case.state.preferences.channels
        if chosen and act.channel not in chosen:
            yield _gate(case, "PREFERENCIA-CANAL", f"El deudor ha elegido {', '.join(sorted(chosen))}.")
    if act.purpose is Purpose.FAREWELL and all(out.channel not in ("", act.channel) for out in case.state.opt_outs):
        yield _gate(case, "BAJA", "No hay ninguna baja de este canal que confirmar.")
    for out in case.state.opt_outs:
        if out.channel in ("", act.channel) and not any(each.given_at > out.at for each in _consents(case)):
            if act.purpose is Purpose.FAREWELL and not _spoken_since(case, out):
                continue
            where = f"de {out.channel}" if out.channel else "de todos los canales"
            yield _gate(case, "BAJA", f"El deudor se dio de baja {where}.")
    yield from _unconsented(case)
    for rule in law.recipients:
        if case.in_force(rule) and act.recipient not in rule.allow:
            yield rule.id, f"No se puede contactar a un tercero ({act.recipient}). {rule.text}"
    for forbid in law.forbids:
        if not case.in_force(forbid):
            continue
        if forbid.overdue_days_up_to is not None and (act.overdue_days or 0) > forbid.overdue_days_up_to:
            continue
        whole = not forbid.forms and not forbid.topics
        if whole or forbid.forms & act.forms or forbid.topics & act.topics:
            yield forbid.id, forbid.text
    for need in law.requires:
        if case.in_force(need) and act.identifies is not None and not need.needs <= act.identifies:
            yield need.id, f"Falta decir: {', '.join(sorted(need.needs - act.identifies))}. {need.text}"


def _spoken_since(case: _Case, out: OptOut) -> bool:
    """Something left on the channel after the stop: it has been confirmed, or never may be any more."""
    return any(each.channel == case.act.channel and each.at >= out.at for each in case.state.contacts)


def _concerns(case: _Case, rule: Rule) -> bool:
    return rule.concerns(case.act.debtor_type, case.act.channel)


def _money(case: _Case) -> Iterator[tuple[str, str]]:
    balance, act = case.state.balance, case.act
    good = [each for each in case.state.agreements if each.good]
    if act.purpose is Purpose.INSTALMENT and not good:
        yield _gate(case, "PLAN", "No hay plan ni promesa en vigor cuya cuota recordar.")
    if any(_is_plan(each) and each.covers is None for each in good) and act.purpose is Purpose.CLAIM:
        yield _gate(case, "PLAN", "Hay un plan de pagos al corriente sobre toda la deuda.")
    if balance is None:
        return
    rest = balance.open - max(balance.disputed, Decimal(0))
    if balance.open <= 0:
        yield _gate(case, "SALDO-CERO", "No queda nada por pagar.")
        return
    if rest <= 0:
        yield _gate(case, "DISPUTA", "Todo lo pendiente está en disputa.")
        return
    most = _without_plans(rest, good) if act.purpose is Purpose.CLAIM else rest
    if most <= 0:
        yield _gate(case, "PLAN", "Los planes al corriente cubren lo que queda.")
    elif act.amount is not None and act.amount > most:
        rule = "DISPUTA" if rest < act.amount <= balance.open else "IMPORTE"
        yield _gate(case, rule, f"Solo se pueden reclamar {write_amount(most)}.")


def _is_plan(agreement: Agreement) -> bool:
    return agreement.kind != "promise" or agreement.due is None


def _without_plans(rest: Decimal, good: list[Agreement]) -> Decimal:
    for each in good:
        if _is_plan(each):
            rest -= rest if each.covers is None else max(each.covers, Decimal(0))
    return max(rest, Decimal(0))


def _claimable(case: _Case, at: datetime) -> Decimal | None:
    """The most that may be claimed at `at`: open, less disputed, less what plans and live promises cover."""
    balance = case.state.balance
    if balance is None:
        return None
    rest = max(balance.open - max(balance.disputed, Decimal(0)), Decimal(0))
    if case.act.purpose is not Purpose.CLAIM:
        return rest
    good = [each for each in case.state.agreements if each.good]
    rest = _without_plans(rest, good)
    for each in good:
        if not _is_plan(each) and at < _promise_end(case, each):
            rest -= rest if each.covers is None else max(each.covers, Decimal(0))
    return max(rest, Decimal(0))


def _promise_end(case: _Case, promise: Agreement) -> datetime:
    if promise.due is None:
        return datetime.max.replace(tzinfo=UTC)
    day = promise.due + timedelta(days=case.law.gate("PROMESA").days + 1)
    return max(hours.start_of_day(day, zone) for zone in case.zones)


def _consents(case: _Case) -> list[Consent]:
    """Those that count: proved, given, not revoked, for this channel and address."""
    act = case.act
    return [
        each
        for each in case.state.consents
        if each.channel == act.channel
        and each.proof.strip()
        and each.given_at <= act.at
        and each.revoked_at is None
        and (not each.address or not act.address or _same(each.address, act.address))
    ]


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _unconsented(case: _Case) -> Iterator[tuple[str, str]]:
    act = case.act
    if act.purpose in _REPLIES:
        return
    for rule in case.law.consents:
        if case.in_force(rule) and not _consented(case, rule):
            if rule.mode == "opt_in":
                yield rule.id, f"No consta consentimiento con prueba para {act.channel}. {rule.text}"
            else:
                yield rule.id, f"La dirección no la dio el deudor. {rule.text}"


def _consented(case: _Case, rule: ConsentRule) -> bool:
    if rule.mode == "opt_in":
        return bool(_consents(case))
    address = case.act.address
    return not address or any(_same(address, given) for given in case.state.given_addresses)


# What a fresh reading cures.


def _waits(case: _Case) -> Iterator[tuple[str, str]]:
    if case.act.purpose in {*_REPLIES, Purpose.SERVICE} and case.act.amount is None:
        return
    balance, limit = case.state.balance, case.law.gate("SALDO-FRESCO").hours
    if balance is None:
        yield _gate(case, "SALDO-FRESCO", "El saldo no se ha leído.")
    elif case.act.at - balance.read_at > timedelta(hours=limit):
        yield _gate(case, "SALDO-FRESCO", f"El saldo se leyó hace más de {limit} horas.")


# What another second cures.


def _timers(case: _Case) -> Iterator[_Timer]:
    if case.act.purpose in _REPLIES:
        return
    waived = any(each.other_hours.strip() for each in _consents(case))
    for rule in case.law.hours:
        if _concerns(case, rule) and not (rule.waivable and waived):
            for zone in case.zones:
                yield _Timer(rule.id, f"Fuera de las horas permitidas. {rule.text}", _in_hours(case, rule, zone))
    wished = case.state.preferences
    if wished.weekdays or wished.start or wished.end:
        for zone in case.zones:
            name, reason = _gate(case, "PREFERENCIA-HORA", "Fuera de las horas que eligió el deudor.")
            yield _Timer(name, reason, _in_wished(case, zone))
    for cap in case.law.caps:
        if _concerns(case, cap) and (cap.scope != "third_party" or case.act.recipient != "debtor"):
            counted = [each for each in case.state.contacts if _counts(case, cap, each)]
            if counted:
                for zone in case.zones:
                    yield _Timer(cap.id, f"Tope alcanzado. {cap.text}", _under_cap(case, cap, counted, zone))
    for cooling in case.law.coolings:
        ends = [each.at + timedelta(hours=cooling.hours) for each in case.state.happened if each.event == cooling.event]
        if ends and case.in_force(cooling):
            yield _Timer(cooling.id, cooling.text, _not_before(max(ends)))
    for block in case.state.blocks:
        name, reason = _gate(case, "RETENCION", f"No se puede cobrar: {block.reason}.")
        yield _Timer(name, reason, _outside(block))
    if case.act.purpose is Purpose.CLAIM and any(not _is_plan(each) for each in case.state.agreements if each.good):
        name, reason = _gate(case, "PROMESA", "Hay una promesa de pago en plazo.")
        yield _Timer(name, reason, _after_promises(case))


def _in_hours(case: _Case, rule: HoursRule, zone: tzinfo) -> Callable[[datetime], datetime | None]:
    def of(day: date) -> Hours:
        if not rule.in_force(day):
            return hours.WHOLE_DAY
        holiday = day in case.state.local_holidays or case.law.is_holiday(day, case.state.region)
        return rule.hours(day, holiday=holiday)

    return lambda at: hours.next_in_hours(at, zone, of)


def _in_wished(case: _Case, zone: tzinfo) -> Callable[[datetime], datetime | None]:
    wished = case.state.preferences
    start, end = wished.start or hours.WHOLE_DAY[0][0], wished.end
    whole: Hours = ((start, end),) if end is None or start < end else ((hours.WHOLE_DAY[0][0], end), (start, None))

    def of(day: date) -> Hours:
        return whole if not wished.weekdays or day.weekday() in wished.weekdays else ()

    return lambda at: hours.next_in_hours(at, zone, of)


def _counts(case: _Case, cap: CapRule, contact: PastContact) -> bool:
    act = case.act
    if act.reference and contact.reference == act.reference:
        return False
    if (cap.channels and contact.channel not in cap.channels) or (cap.reached_only and not contact.reached):
        return False
    if cap.scope == "channel":
        return contact.channel == act.channel
    if cap.scope == "recipient":
        return contact.recipient == act.recipient
    return cap.scope == "debtor" or contact.recipient != "debtor"


def _under_cap(
    case: _Case, cap: CapRule, counted: list[PastContact], zone: tzinfo
) -> Callable[[datetime], datetime | None]:
    return lambda at: hours.next_under_cap(at, cap, counted, case.act.channel, zone)


def _not_before(end: datetime) -> Callable[[datetime], datetime | None]:
    return lambda at: at if at >= end else whole_second(end)


def _outside(block: Block) -> Callable[[datetime], datetime | None]:
    def following(at: datetime) -> datetime | None:
        if at < block.since or (block.until is not None and at >= block.until):
            return at
        return None if block.until is None else whole_second(block.until)

    return following


def _after_promises(case: _Case) -> Callable[[datetime], datetime | None]:
    ends = sorted(_promise_end(case, each) for each in case.state.agreements if each.good and not _is_plan(each))
    need = case.act.amount

    def enough(at: datetime) -> bool:
        rest = _claimable(case, at)
        if rest is None:
            return not any(at < end for end in ends)
        return rest > 0 and (need is None or rest >= need)

    def following(at: datetime) -> datetime | None:
        if enough(at):
            return at
        return next((end for end in ends if end > at and enough(end)), None)

    return following
