"""What people decide teaches the next round; what they order to forget stays forgotten. On PostgreSQL."""

from __future__ import annotations

import inspect
import json
import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import click
import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction

from cobranza.cli import reconcile_learned as cli
from cobranza.kernel import clock
from cobranza.ledger import allocations, verification
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Allocation, Debtor, Event, Invoice
from cobranza.ledger.receivables import Customer, PostedPayment
from cobranza.reconciliation.learning import confirmations, workflow
from cobranza.reconciliation.learning.models import Fact, Score, Tombstone, Version
from cobranza.reconciliation.learning.workflow import LearningError
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.postings import intend, mark_posted, mark_submitted
from cobranza.reconciliation.proposals import Link, accept, dismiss, reopen
from keywords.aprendizaje import Aprendizaje
from tests.journeys.learning.conftest import answers
from tests.journeys.ledger.conftest import PEPA, ROBOT, document, line, listed

pytestmark = pytest.mark.django_db
D = Decimal
OTHER = Customer(key="c2", name="Bodegas Quintanar, S.A.", tax_id="A58818501", country="ES", email="")
STRANGE = "PPA INVERSIONES 2010"
ACCOUNT = "ES7921000813610123456789"


def _from(amount: str, text: str = "TRANSFERENCIA", name: str = STRANGE, account: str = ACCOUNT):
    return replace(line(amount, text), counterparty_name=name, counterparty_account=account)


def _live(movement) -> Proposal:
    return Proposal.objects.exclude(state="superseded").get(movement=movement)


DOCUMENTS = (document("1", "121.00"), document("2", "345.67"), document("3", "512.34"), document("4", "77.70"))


@pytest.fixture
def confirmed(owed, paid, rounds):
    """Two payments of somebody whom nobody knows, put on Pepa's invoices by a person."""
    invoices = owed(*DOCUMENTS)
    payments = paid(_from("121.00"), _from("345.67"))
    rounds()
    for movement, invoice in zip(payments, invoices, strict=False):
        links = [Link(invoice=invoice.pk, applied=invoice.open)]
        accept(_live(movement).pk, person="ana", links=links)
    return invoices


def test_nothing_is_learned_before_anybody_decides(owed, paid, rounds, creditor) -> None:
    owed(document("1", "121.00"))
    [money] = paid(_from("121.00", "PAGO F-1"))

    stored = rounds()

    assert (stored.automatic + stored.review, Fact.objects.count(), Score.objects.count()) == (1, 0, 0)
    assert not Event.objects.filter(kind__startswith="learning.").exists()
    assert workflow.known(creditor).threshold(D("0.95")) == D("0.95")
    assert "Aprendido" not in _live(money).explanation


def test_two_confirmations_make_a_stranger_known(confirmed, paid, rounds) -> None:
    [third] = paid(_from("512.34"))
    rounds("r2")

    found = _live(third)
    assert [match.invoice_id for match in found.matches.all()] == [confirmed[2].pk]
    assert "Aprendido: la cuenta …6789 es suya (2 cobros confirmados" in found.explanation
    assert f"«{STRANGE}» es Ferretería Pepa, S.L." in found.explanation
    assert set(Fact.objects.values_list("kind", "value", "usable")) == {
        ("alias", STRANGE, True),
        ("account", ACCOUNT, True),
    }


def test_the_strangers_third_payment_was_not_found_without_learning(confirmed, paid, matched_plain) -> None:
    [third] = paid(_from("512.34"))
    matched_plain()

    assert not _live(third).matches.exists()


def test_a_decision_taken_back_teaches_nothing(confirmed, paid, rounds) -> None:
    for row in Proposal.objects.filter(state="accepted"):
        reopen(row.pk, person="luis")
    rounds("r2")

    assert not Fact.objects.exists()


def test_a_name_that_pays_for_two_customers_is_told_and_not_used(confirmed, creditor, paid, rounds) -> None:
    theirs = document("9", "640.00", customer="c2")
    import_ledger(creditor, "tryton", listed(*DOCUMENTS, theirs, customers=(PEPA, OTHER)), actor=ROBOT)
    other = Invoice.objects.get(erp_key="9")
    [money] = paid(_from("640.00"))
    rounds("r2")
    accept(_live(money).pk, person="ana", links=[Link(invoice=other.pk, applied=D(640))])
    rounds("r3")

    aliases = Fact.objects.filter(kind="alias")
    assert {(fact.confirmations, fact.contradictions, fact.usable) for fact in aliases} == {
        (2, 1, False),
        (1, 2, False),
    }
    assert all(fact.why for fact in aliases)


def test_what_is_forgotten_stays_forgotten(confirmed, paid, rounds, creditor) -> None:
    rounds("r2")
    alias = Fact.objects.get(kind="alias")

    grave = workflow.forget(alias.pk, person="dpo", note="Lo pidió el cliente")
    again = workflow.learn(creditor, actor=ROBOT)

    assert (again.forgotten, list(Fact.objects.values_list("kind", flat=True))) == (1, ["account"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Fact.objects.create(**_columns(alias))
    with pytest.raises(IntegrityError), transaction.atomic():
        Tombstone.objects.all().delete()
    told = str(list(Event.objects.filter(kind__startswith="learning.").values_list("payload", flat=True)))
    assert STRANGE not in told and ACCOUNT not in told
    assert STRANGE not in str(Tombstone.objects.values().get())

    workflow.allow(grave.pk, person="dpo")
    assert workflow.learn(creditor, actor=ROBOT).forgotten == 0
    assert Fact.objects.filter(kind="alias").exists()
    assert verification.verify().ok


def test_a_debtor_is_forgotten_whole(confirmed, rounds, creditor) -> None:
    rounds("r2")
    debtor = Debtor.objects.get()

    grave = workflow.forget_debtor(debtor, person="dpo")

    assert workflow.forget_debtor(debtor, person="dpo").pk == grave.pk
    assert workflow.learn(creditor, actor=ROBOT) == workflow.Learned()
    assert not Fact.objects.exists()
    with pytest.raises(LearningError):
        workflow.forget(1, person="dpo")
    assert verification.verify().ok


def _columns(fact: Fact) -> dict[str, object]:
    return {field.attname: getattr(fact, field.attname) for field in Fact._meta.concrete_fields if field.name != "id"}


# ---- confidence


@pytest.fixture
def company(owed, paid, creditor):
    owed(document("2026-03381", "121.00"))
    paid(line("121.00", "PAGO F-2026-03381"))
    return creditor


def test_too_few_confirmations_train_nothing(company, history) -> None:
    history(answers(100))

    trained = workflow.train(company, actor=ROBOT)

    assert (trained.version, trained.verdict) == (None, None)
    assert "hacen falta 200" in trained.reason
    assert not Version.objects.exists()


def test_a_better_calibration_goes_live_and_can_be_taken_back(company, history, rounds) -> None:
    history(answers(700, shift=-0.25))

    rehearsed = workflow.train(company, actor=ROBOT, apply=False)
    assert rehearsed.verdict is not None and rehearsed.verdict.better and not Version.objects.exists()
    trained = workflow.train(company, actor=ROBOT)

    assert trained.version is not None and trained.verdict is not None
    assert (trained.version.state, trained.version.number) == ("live", 1)
    assert trained.verdict.candidate.ece < trained.verdict.live.ece - 0.1
    assert workflow.roll_back(company, person="ana") is None
    assert Version.objects.get().state == "retired"
    assert workflow.roll_back(company, person="ana", to=1) == Version.objects.get(state="live")
    with pytest.raises(LearningError):
        workflow.roll_back(company, person="ana", to=7)
    assert not [problem for problem in verification.verify().problems if problem.where.startswith("learning")]


def test_stored_confidence_is_the_measured_one_and_the_engines_own_is_kept(company, history, rounds) -> None:
    rounds()
    before = Proposal.objects.get().confidence
    history(answers(700, shift=-0.25))
    version = workflow.train(company, actor=ROBOT).version
    rounds("r2")

    now = Proposal.objects.get(rule__startswith="equal", state__in=["review", "automatic"])
    score = Score.objects.get(proposal=now)
    assert now.confidence < before
    assert (score.raw, score.version) == (before, version)
    assert rounds("r3").kept == 1


def test_random_answers_do_not_go_live(company, history) -> None:
    draw = random.Random(3)
    history([(said, draw.random() < 0.5) for said, _ in answers(600)])

    trained = workflow.train(company, actor=ROBOT)

    assert trained.version is not None
    assert (trained.version.state, "relación" in trained.reason) == ("rejected", True)
    assert workflow.known(company).version is None


def test_a_poisoned_stream_does_not_displace_what_was_learned_well(company, history) -> None:
    history(answers(700, shift=-0.1), days_ago=90)
    good = workflow.train(company, actor=ROBOT).version
    draw = random.Random(4)
    Version.objects.update(live_since=clock.now() - timedelta(days=30))
    history([(said, draw.random() < 0.4) for said, _ in answers(700, seed=9)], days_ago=1)

    poisoned = workflow.train(company, actor=ROBOT)

    assert poisoned.version is not None and poisoned.version.state == "rejected"
    assert "contradicen" in poisoned.reason
    assert workflow.known(company).version == good


def test_a_version_is_not_rewritten(company, history) -> None:
    history(answers(400, shift=-0.2))
    version = workflow.train(company, actor=ROBOT).version
    assert version is not None

    for change in ({"threshold": D("0.5")}, {"points": [["0", "0"], ["1", "1"]]}, {"state": "rejected"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Version.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.all().delete()


def test_a_dismissed_proposal_counts_against_the_engine(owed, paid, rounds, creditor) -> None:
    owed(document("2026-03381", "121.00"))
    [money] = paid(line("121.00", "PAGO F-2026-03381"))
    rounds()
    dismiss(_live(money).pk, person="ana")

    [example] = confirmations.gather(creditor, workflow.settings()).examples

    assert (example.right, example.source) == (False, "person")
    assert example.raw > 0.9


# ---- the command line


def _told(command, *words: str) -> tuple[int, dict]:
    """What the command says; the database is the test's own."""
    leaf = command
    bare = click.Command(leaf.name, params=leaf.params, callback=inspect.unwrap(leaf.callback))
    answer = CliRunner().invoke(bare, [*words, "--json"])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, json.loads(answer.stdout)


def test_the_command_lists_forgets_and_allows(confirmed, rounds) -> None:
    rounds("r2")

    code, told = _told(cli.show)
    assert (code, told["company"]) == (0, "talleres")
    assert {(fact["kind"], fact["value"], fact["used"]) for fact in told["facts"]} == {
        ("alias", STRANGE, True),
        ("account", ACCOUNT, True),
    }
    account = next(fact["id"] for fact in told["facts"] if fact["kind"] == "account")
    _, gone = _told(cli.forget, str(account), "--note", "Lo pidió")
    assert _told(cli.show, "--kind", "account")[1]["facts"] == []
    assert _told(cli.show)[1]["forgotten"][0]["note"] == "Lo pidió"
    assert _told(cli.allow, str(gone["forgotten"][0]["id"]))[1] == {"allowed": gone["forgotten"][0]["id"]}
    _told(cli.forget, "--debtor", "c1")
    assert _told(cli.show)[1]["facts"] == []


def test_the_command_trains_and_rolls_back(company, history) -> None:
    history(answers(700, shift=-0.25))

    assert _told(cli.train)[1]["version"] is None
    code, told = _told(cli.train, "--apply")
    assert (code, told["better"], told["version"]["state"]) == (0, True, "live")
    assert [row["number"] for row in _told(cli.versions)[1]["versions"]] == [1]
    assert _told(cli.rollback)[1] == {"live": None}
    assert _told(cli.rollback, "--to", "1")[1]["live"]["number"] == 1


# ---- what nobody looked at


def _posted(movement) -> Allocation:
    [match] = _live(movement).matches.all()
    intent = mark_submitted(intend(match, actor=ROBOT), actor=ROBOT)
    done = PostedPayment(key=intent.key, reference="P", open_before=D(1), open_after=D(0), already_there=False)
    return mark_posted(intent, done, actor=ROBOT).allocation


@pytest.fixture
def automatic(owed, paid, rounds):
    owed(document("2026-03381", "121.00"), document("2026-03382", "122.00"))
    money = paid(line("121.00", "PAGO F-2026-03381"), line("122.00", "PAGO F-2026-03382"))
    rounds(threshold="0.80")
    return [_posted(movement) for movement in money]


def test_a_posting_counts_as_right_only_when_it_stood_long_enough(automatic, creditor, monkeypatch) -> None:
    assert confirmations.gather(creditor, workflow.settings()).examples == []

    later = clock.now() + timedelta(days=61)
    monkeypatch.setattr(clock, "now", lambda: later)

    found = confirmations.gather(creditor, workflow.settings())
    assert [(row.right, row.source) for row in found.examples] == [(True, "matured")] * 2
    assert found.confirmations == []  # nobody confirmed anything: it teaches no names


def test_a_posting_that_a_person_undid_was_wrong_and_a_return_was_not(automatic, creditor) -> None:
    allocations.reverse(automatic[0], actor=Actor.person("ana"), reason="Era de otro")
    allocations.reverse(automatic[1], actor=ROBOT, reason="Devuelto por el banco")

    [example] = confirmations.gather(creditor, workflow.settings()).examples

    assert (example.right, example.source) == (False, "corrected")


def test_what_an_advice_said_is_not_the_engines(owed, paid, rounds, creditor) -> None:
    owed(document("2026-03381", "121.00"))
    [money] = paid(line("121.00", "PAGO F-2026-03381"))
    rounds()
    Proposal.objects.update(rule="advice/aviso")
    accept(_live(money).pk, person="ana")

    found = confirmations.gather(creditor, workflow.settings())

    assert (found.examples, len(found.confirmations)) == ([], 1)


def test_the_robots_words_learn_and_train(db) -> None:
    words = Aprendizaje()

    words.learn("demo")
    words.train("demo")

    assert not Version.objects.exists()


def test_switched_off_nothing_learned_is_used(confirmed, paid, rounds, creditor, monkeypatch) -> None:
    off = workflow.settings().model_copy(update={"activado": False})
    monkeypatch.setattr(workflow, "settings", lambda: off)
    [third] = paid(_from("512.34"))

    rounds("r2")

    assert not _live(third).matches.exists()
    assert Fact.objects.filter(usable=True).count() == 2
