"""Balance, disputes, plans, consent, preferences, recipients, forms: each stops what it should and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza.gate.acts import (
    Act,
    ActError,
    Agreement,
    Balance,
    Block,
    Consent,
    Happened,
    Inbound,
    OptOut,
    PastContact,
    Preferences,
    Purpose,
    State,
    Verdict,
)
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.regimes import contact
from cobranza.regimes.payments import RegimeError
from tests.unit.gate.asking import CONSENTS, ZONE, act, ask, local, state

NOON = "2026-03-04 12:00:00"
AT = local(NOON, ZONE["ES"])


def owes(open_: str, disputed: str = "0", hours_ago: int = 0) -> Balance:
    return Balance(open=Decimal(open_), disputed=Decimal(disputed), read_at=AT - timedelta(hours=hours_ago))


def test_all_in_order_is_allowed_with_the_rules_that_were_asked() -> None:
    found = ask("ES", NOON)
    assert found.allowed
    assert {"ES-PROPIA-HORARIO", "PROPIA-DIA"} <= set(found.rules)
    assert found.claimable == Decimal(1000)


@pytest.mark.parametrize(
    ("balance", "verdict", "rule"),
    [
        (None, Verdict.DEFER, "PROPIA-SALDO-FRESCO"),
        (owes("1000", hours_ago=25), Verdict.DEFER, "PROPIA-SALDO-FRESCO"),
        (owes("0"), Verdict.DENY, "PROPIA-SALDO-CERO"),
        (owes("-3"), Verdict.DENY, "PROPIA-SALDO-CERO"),
        (owes("1000", "1000"), Verdict.DENY, "PROPIA-DISPUTA"),
        (owes("1000", "1000.01"), Verdict.DENY, "PROPIA-DISPUTA"),
    ],
)
def test_the_balance(balance: Balance | None, verdict: Verdict, rule: str) -> None:
    found = ask("ES", NOON, balance=balance)
    assert (found.verdict, found.rules, found.until) == (verdict, (rule,), None)


def test_a_balance_is_fresh_to_the_second() -> None:
    assert ask("ES", NOON, balance=owes("10", hours_ago=24)).allowed
    stale = replace(owes("10", hours_ago=24), read_at=AT - timedelta(hours=24, seconds=1))
    assert ask("ES", NOON, balance=stale).rules == ("PROPIA-SALDO-FRESCO",)


def test_only_the_undisputed_rest_may_be_claimed() -> None:
    balance = owes("1000", "200")
    assert ask("ES", NOON, balance=balance).claimable == Decimal(800)
    assert ask("ES", NOON, balance=balance, amount=Decimal(800)).allowed
    over = ask("ES", NOON, balance=balance, amount=Decimal("800.01"))
    assert (over.verdict, over.rules) == (Verdict.DENY, ("PROPIA-DISPUTA",))
    assert "800,00" in over.reasons[0]
    assert ask("ES", NOON, balance=balance, amount=Decimal(1001)).rules == ("PROPIA-IMPORTE",)


def test_a_plan_in_good_standing_is_not_claimed() -> None:
    plan = Agreement(kind="plan")
    assert ask("ES", NOON, agreements=(plan,)).rules == ("PROPIA-PLAN",)
    assert ask("ES", NOON, agreements=(replace(plan, good=False),)).allowed
    part = Agreement(kind="plan", covers=Decimal(300))
    assert ask("ES", NOON, agreements=(part,)).claimable == Decimal(700)
    assert ask("ES", NOON, agreements=(part,), amount=Decimal(701)).verdict is Verdict.DENY
    assert ask("ES", NOON, agreements=(replace(part, covers=Decimal(1000)),)).rules == ("PROPIA-PLAN",)


def test_its_instalment_may_be_reminded() -> None:
    plan = Agreement(kind="plan")
    assert ask("ES", NOON, agreements=(plan,), purpose=Purpose.INSTALMENT, amount=Decimal(100)).allowed
    none = ask("ES", NOON, purpose=Purpose.INSTALMENT)
    assert (none.verdict, none.rules) == (Verdict.DENY, ("PROPIA-PLAN",))
    paid = ask("ES", NOON, agreements=(plan,), purpose=Purpose.INSTALMENT, balance=owes("0"))
    assert paid.rules == ("PROPIA-SALDO-CERO",)


def test_a_promise_is_respected_until_its_day_and_what_the_bank_takes() -> None:
    promise = Agreement(kind="promise", due=date(2026, 3, 6))  # Friday; two days more are Sunday
    found = ask("ES", NOON, agreements=(promise,))
    assert (found.verdict, found.rules) == (Verdict.DEFER, ("PROPIA-PROMESA",))
    assert found.until == local("2026-03-09 09:00:00", ZONE["ES"])
    passed = ask("ES", NOON, agreements=(replace(promise, due=date(2026, 3, 3)),))  # yesterday: two days for the bank
    assert passed.until == local("2026-03-06 09:00:00", ZONE["ES"])
    assert ask("ES", NOON, agreements=(replace(promise, good=False),)).allowed
    part = replace(promise, covers=Decimal(400))
    assert ask("ES", NOON, agreements=(part,), amount=Decimal(600)).allowed
    assert ask("ES", NOON, agreements=(part,), amount=Decimal(601)).rules == ("PROPIA-PROMESA",)


@pytest.mark.parametrize(
    "consent",
    [
        Consent(channel="email", given_at=AT, proof="formulario"),
        Consent(channel="sms", given_at=AT, proof=" "),
        Consent(channel="sms", given_at=AT, proof="formulario", revoked_at=AT),
        Consent(channel="sms", given_at=AT + timedelta(seconds=1), proof="formulario"),
        Consent(channel="sms", given_at=AT, proof="formulario", address="+34600000002"),
    ],
)
def test_without_proved_consent_for_the_channel_nothing_goes(consent: Consent) -> None:
    found = ask("ES", NOON, consents=(consent,), address="+34600000001")
    assert (found.verdict, found.rules) == (Verdict.DENY, ("PROPIA-CONSENTIMIENTO",))


def test_a_letter_needs_no_consent_but_in_colombia() -> None:
    assert ask("ES", NOON, "letter", consents=()).allowed
    assert ask("CO", NOON, "letter", consents=()).rules == ("CO-CANAL-AUTORIZADO",)


def test_mexico_takes_only_addresses_that_the_debtor_gave() -> None:
    number = "+525500000001"
    assert ask("MX", NOON, address=number).rules == ("MX-DATOS-DADOS",)
    assert ask("MX", NOON, address=number, given_addresses=frozenset({number})).allowed


def test_an_opt_out_stops_the_channel_until_a_later_consent() -> None:
    out = OptOut(channel="sms", at=AT - timedelta(days=1))
    assert ask("ES", NOON, opt_outs=(out,)).rules == ("PROPIA-BAJA",)
    assert ask("ES", NOON, "email", opt_outs=(out,)).allowed
    assert ask("ES", NOON, "email", opt_outs=(replace(out, channel=""),)).rules == ("PROPIA-BAJA",)
    again = (*CONSENTS, Consent(channel="sms", given_at=AT, proof="portal, 4 de marzo"))
    assert ask("ES", NOON, opt_outs=(out,), consents=again).allowed
    at_once = replace(out, at=AT)  # the same second: the stop wins
    assert ask("ES", NOON, opt_outs=(at_once,), consents=again).rules == ("PROPIA-BAJA",)


def test_preferences() -> None:
    assert ask("ES", NOON, preferences=Preferences(channels=frozenset({"email"}))).rules == (
        "PROPIA-PREFERENCIA-CANAL",
    )
    mornings = Preferences(start=time(9), end=time(12), weekdays=frozenset({0}))
    found = ask("ES", NOON, preferences=mornings)
    assert (found.rules, found.until) == (("PROPIA-PREFERENCIA-HORA",), local("2026-03-09 09:00:00", ZONE["ES"]))
    nights = ask("ES", NOON, preferences=Preferences(start=time(22), end=time(6)))
    assert nights.verdict is Verdict.DENY
    assert "PROPIA-SIN-HORA" in nights.rules  # what they want and what the law allows never meet: a person


@pytest.mark.parametrize("country", contact.countries())
@pytest.mark.parametrize("recipient", ["family", "employer", "reference", "other"])
def test_third_parties_are_never_contacted(country: str, recipient: str) -> None:
    found = ask(country, NOON, recipient=recipient)
    assert found.verdict is Verdict.DENY
    assert "PROPIA-DESTINATARIO" in found.rules


def test_guarantors_are_contacted_with_a_cap_of_their_own() -> None:
    assert ask("ES", NOON, recipient="guarantor").allowed
    there = (_contact(days=5, recipient="codebtor"),)
    assert ask("ES", NOON, recipient="guarantor", contacts=there).rules == ("PROPIA-TERCEROS",)
    assert ask("ES", NOON, contacts=there).allowed


@pytest.mark.parametrize(
    ("country", "told", "rule"),
    [
        ("CO", {"topics": frozenset({"reason_for_non_payment"})}, "CO-MOTIVO"),
        ("CO", {"channel": "visit"}, "CO-VISITAS"),
        ("PE", {"forms": frozenset({"court_look"})}, "PE-FORMA-JUDICIAL"),
        ("PE", {"forms": frozenset({"poster"})}, "PE-CARTELES"),
        ("PE", {"forms": frozenset({"debtor_list"})}, "PE-LISTAS"),
        ("MX", {"forms": frozenset({"hidden_number"})}, "MX-FORMAS"),
        ("MX", {"forms": frozenset({"pay_to_agency"})}, "MX-COBRO-DESPACHO"),
        ("CL", {"topics": frozenset({"court_action_not_begun"})}, "CL-AMENAZA"),
        ("CL", {"forms": frozenset({"collection_fee"}), "overdue_days": 20}, "CL-GASTOS-20-DIAS"),
        ("EC", {"forms": frozenset({"hidden_number"})}, "EC-NUMERO"),
        ("EC", {"topics": frozenset({"threat"})}, "EC-TRATO"),
        ("AR", {"forms": frozenset({"court_look"})}, "AR-TRATO-DIGNO"),
        ("ES", {"forms": frozenset({"court_look"})}, "PROPIA-FORMAS"),
        ("ES", {"identifies": frozenset({"sender"})}, "PROPIA-IDENTIFICACION"),
    ],
)
def test_forbidden_forms_and_topics(country: str, told: dict[str, Any], rule: str) -> None:
    found = ask(country, NOON, **told)
    assert found.verdict is Verdict.DENY
    assert rule in found.rules


def test_chile_may_charge_from_the_twenty_first_day() -> None:
    assert ask("CL", NOON, forms=frozenset({"collection_fee"}), overdue_days=21).allowed
    unknown = ask("CL", NOON, forms=frozenset({"collection_fee"}))
    assert unknown.rules == ("CL-GASTOS-20-DIAS",)


def test_blocks_and_waits() -> None:
    concurso = Block(kind="insolvency", reason="concurso 12/2026", since=AT)
    assert ask("ES", NOON, blocks=(concurso,)).rules == ("PROPIA-RETENCION",)
    short = replace(concurso, until=AT + timedelta(hours=2))
    found = ask("ES", NOON, blocks=(short,))
    assert (found.verdict, found.until) == (Verdict.DEFER, AT + timedelta(hours=2))
    assert ask("ES", NOON, blocks=(replace(concurso, since=AT + timedelta(seconds=1)),)).allowed
    paid = ask("ES", NOON, happened=(Happened(event="payment", at=AT - timedelta(hours=47)),))
    assert (paid.rules, paid.until) == (("PROPIA-ENFRIAR-PAGO",), AT + timedelta(hours=1))


def test_a_message_does_not_count_against_itself() -> None:
    own = (_contact(days=0, reference="aviso-7"),)
    assert ask("ES", NOON, contacts=own, reference="aviso-7").allowed
    assert ask("ES", NOON, contacts=own, reference="aviso-8").verdict is Verdict.DEFER


def test_an_answer_goes_at_once_where_the_debtor_wrote() -> None:
    night = "2026-03-08 23:00:00"
    wrote = (Inbound(channel="whatsapp", at=local("2026-03-08 22:59:00", ZONE["ES"])),)
    told: dict[str, Any] = {"purpose": Purpose.ANSWER, "inbound": wrote}
    assert ask("ES", night, "whatsapp", **told).allowed
    assert ask("ES", night, "sms", **told).rules == ("PROPIA-RESPUESTA",)
    assert ask("ES", "2026-03-10 12:00:00", "whatsapp", **told).rules == ("PROPIA-RESPUESTA",)
    stop = (OptOut(at=local("2026-03-08 22:59:30", ZONE["ES"])),)
    assert ask("ES", night, "whatsapp", **told, opt_outs=stop).rules == ("PROPIA-BAJA",)


def test_an_answer_that_asks_for_money_is_held_to_the_balance() -> None:
    wrote = (Inbound(channel="whatsapp", at=AT),)
    told: dict[str, Any] = {"purpose": Purpose.ANSWER, "inbound": wrote, "amount": Decimal(100)}
    assert ask("ES", NOON, "whatsapp", **told).allowed
    assert ask("ES", NOON, "whatsapp", **told, balance=owes("0")).rules == ("PROPIA-SALDO-CERO",)
    assert ask("ES", NOON, "whatsapp", **told, balance=owes("150", "60")).rules == ("PROPIA-DISPUTA",)
    assert ask("ES", NOON, "whatsapp", **told, balance=None).rules == ("PROPIA-SALDO-FRESCO",)


def test_hours_pass_by_the_clock_of_the_world_not_of_the_wall() -> None:
    madrid = clock.zone("Europe/Madrid")
    read = datetime(2026, 10, 24, 22, tzinfo=madrid)  # the clock is set back that night: 24 hours later it is 21:00
    at = datetime(2026, 10, 25, 22, tzinfo=madrid)
    known = State(balance=Balance(open=Decimal(10), read_at=read), zone="Europe/Madrid", consents=CONSENTS)
    assert "PROPIA-SALDO-FRESCO" in decide(act("ES", at), known, contact.law("ES")).rules


def test_what_no_lawyer_has_confirmed_warns() -> None:
    assert len(ask("CO", NOON).warnings) == 1
    assert len(ask("CO", NOON, unattended=True).warnings) == 2
    confirmed = replace(contact.law("CO"), confirmed_by_lawyer_on=date(2026, 3, 1))
    at = local(NOON, ZONE["CO"])
    assert decide(act("CO", at, unattended=True), state(at, ZONE["CO"]), confirmed).warnings == ()


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ActError):
        act("ES", datetime(2026, 3, 4, 12))
    with pytest.raises(ActError):
        OptOut(at=datetime.max.replace(tzinfo=clock.zone("America/Lima")))
    with pytest.raises(ActError):
        act("ES", AT, "fax")
    with pytest.raises(ActError):
        State(balance=Balance(open=Decimal(1), read_at=datetime(2026, 3, 4)))
    with pytest.raises(ActError):
        decide(act("PE", AT), State(), contact.law("ES"))
    with pytest.raises(ActError):
        Act(country="ES", debtor_type="consumer", channel="sms", at=AT, amount=Decimal("NaN"))
    with pytest.raises(RegimeError):
        contact.law("BR")


def _contact(*, days: int, **more: Any) -> PastContact:
    return PastContact(at=AT.astimezone(UTC) - timedelta(days=days), channel="sms", **more)


def test_a_stop_is_confirmed_once_where_it_was_said_and_only_then() -> None:
    said = local(NOON, "Europe/Madrid") - timedelta(minutes=5)
    told: dict[str, Any] = {"purpose": Purpose.FAREWELL, "inbound": (Inbound(channel="sms", at=said),)}
    out = (OptOut(at=said, channel="sms"),)
    earlier = PastContact(at=said - timedelta(hours=1), channel="sms")
    later = PastContact(at=said + timedelta(minutes=1), channel="sms")

    assert ask("ES", NOON, opt_outs=out, contacts=(earlier,), **told).allowed
    assert ask("ES", "2026-03-15T03:00:00", opt_outs=out, contacts=(), **told | {"inbound": (
        Inbound(channel="sms", at=local("2026-03-15T02:59:00", "Europe/Madrid")),
    )}).allowed, "it answers: no hours"  # fmt: skip
    assert ask("ES", NOON, opt_outs=out, contacts=(earlier, later), **told).verdict is Verdict.DENY
    assert ask("ES", NOON, **told).verdict is Verdict.DENY, "no stop to confirm"
    assert ask("ES", NOON, "whatsapp", opt_outs=out, **told).verdict is Verdict.DENY, "not where it was said"
    answer = told | {"purpose": Purpose.ANSWER}
    assert ask("ES", NOON, opt_outs=out, **answer).verdict is Verdict.DENY, "anything else is stopped"
