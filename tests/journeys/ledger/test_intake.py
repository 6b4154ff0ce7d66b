"""What comes in twice changes nothing, what is missing is never concluded from half a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cobranza.kernel import clock
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.bank_intake import EmptyStatement, OtherSource, WrongAccount
from cobranza.ledger.erp_intake import IncompleteLedger
from cobranza.ledger.holds import held, put, release
from cobranza.ledger.intake import import_ledger, import_statement
from cobranza.ledger.models import Allocation, Contact, Debtor, Event, Invoice, Movement, PayerAccount, Statement
from cobranza.ledger.registry import change_source, register_account, register_creditor
from cobranza.ledger.rules import BadAmount, PersonDecided
from cobranza.ledger.statements import StatementError
from cobranza.ledger.verification import verify
from tests.journeys.ledger.conftest import ANA, DAY, PEPA, ROBOT, document, line, listed, statement

pytestmark = pytest.mark.django_db
D = Decimal


def _read(creditor, *documents, **options):
    return import_ledger(creditor, "tryton", listed(*documents), actor=ROBOT, **options)


def test_the_same_list_twice_changes_nothing(creditor) -> None:
    first = _read(creditor, document("1", "100"), document("2", "-30"))
    rows = list(Invoice.objects.order_by("pk").values("pk", "gross", "open", "state", "debtor_id", "vanished_at"))
    again = _read(creditor, document("1", "100"), document("2", "-30"))

    assert first.new == ("1", "2")
    assert (again.new, again.changed, again.unchanged, again.vanished, again.debtors) == ((), (), 2, (), 0)
    assert rows == list(
        Invoice.objects.order_by("pk").values("pk", "gross", "open", "state", "debtor_id", "vanished_at")
    )
    assert (Debtor.objects.count(), Contact.objects.count(), PayerAccount.objects.count()) == (1, 1, 0)


def test_a_document_paid_in_part_in_the_erp_is_open_for_the_rest(creditor) -> None:
    _read(creditor, document("1", "100"))
    done = _read(creditor, document("1", "100", opens="40"))

    row = Invoice.objects.get()
    assert done.changed == ("1",)
    assert (row.open, row.elsewhere, row.state) == (40, 60, "partial")


def test_a_document_that_leaves_the_list_was_settled_there_and_may_return(creditor) -> None:
    _read(creditor, document("1", "100"), document("2", "50"))
    gone = _read(creditor, document("2", "50"))
    row = Invoice.objects.get(erp_key="1")
    assert (gone.vanished, row.open, row.state) == (("1",), 0, "settled")
    assert row.vanished_at is not None

    back = _read(creditor, document("1", "100"), document("2", "50"))
    row.refresh_from_db()
    assert (back.changed, row.open, row.vanished_at) == (("1",), 100, None)


def test_an_unreadable_row_makes_nothing_vanish(creditor) -> None:
    _read(creditor, document("1", "100"), document("2", "50"))

    half = replace(listed(document("2", "50"), issues=("Hoja 1, fila 2: sin importe",)), control_count=2)
    done = import_ledger(creditor, "tryton", half, actor=ROBOT)

    assert done.vanished == ()
    assert Invoice.objects.get(erp_key="1").open == 100
    assert done.issues == ("Hoja 1, fila 2: sin importe",)


@pytest.mark.parametrize(
    "ledger",
    [
        replace(listed(document("1", "100")), control_count=2),
        listed(document("1", "100"), document("1", "100")),
        listed(),
    ],
)
def test_half_a_list_is_refused_whole(creditor, ledger) -> None:
    _read(creditor, document("9", "100"))

    with pytest.raises(IncompleteLedger):
        import_ledger(creditor, "tryton", ledger, actor=ROBOT)

    assert [row.erp_key for row in Invoice.objects.filter(state="open")] == ["9"]


def test_a_list_read_before_our_posting_does_not_undo_it(creditor, paid) -> None:
    _read(creditor, document("1", "100"))
    invoice, [money] = Invoice.objects.get(), paid(line("100"))
    before = clock.now() - timedelta(seconds=1)
    allocate(money, [Part(invoice=invoice.pk, applied=D(100), in_erp=D(100))], actor=ROBOT)

    done = _read(creditor, document("1", "100"), read_at=before)

    invoice.refresh_from_db()
    assert (done.stale, invoice.open) == (("1",), 0)


def test_a_tax_withheld_stays_open_in_the_erp_and_not_here(creditor, paid) -> None:
    _read(creditor, document("1", "121"))
    invoice, [money] = Invoice.objects.get(), paid(line("106"))
    part = Part(invoice=invoice.pk, applied=D(121), withheld=D(15), in_erp=D(106))
    allocate(money, [part], actor=ROBOT)

    same = _read(creditor, document("1", "121", opens="15"))
    booked = _read(creditor, document("2", "1"))

    invoice.refresh_from_db()
    assert (same.changed, same.unchanged, booked.vanished) == ((), 1, ("1",))
    assert (invoice.open, invoice.elsewhere, Allocation.objects.get().in_erp) == (0, 0, 121)


def test_what_the_erp_says_and_cannot_be_is_told(creditor) -> None:
    done = _read(creditor, document("1", "100", opens="-20"), document("2", "10", customer="nadie"))

    assert Invoice.objects.get().open == 0
    assert len(done.issues) == 2
    assert "F-2" in done.issues[0] + done.issues[1]


def test_debtors_follow_the_erp_and_contacts_stay(creditor) -> None:
    _read(creditor, document("1", "100"))
    moved = replace(
        PEPA, name="Pepa e Hijas, S.L.", email="nuevo@pepa.example", accounts=("ES79 2100 0813 6101 2345 6789",)
    )
    import_ledger(creditor, "tryton", listed(document("1", "100"), customers=(moved,)), actor=ROBOT)

    assert Debtor.objects.get().name == "Pepa e Hijas, S.L."
    assert set(Contact.objects.values_list("value", flat=True)) == {"pagos@pepa.example", "nuevo@pepa.example"}
    assert PayerAccount.objects.get().number == "ES7921000813610123456789"


def _bring(account, *statements, sha="a" * 64, source="n43", **options):
    return import_statement(account, statements, source=source, sha256=sha, actor=ROBOT, **options)


def test_a_statement_in_twice_changes_nothing_and_twins_are_both_kept(account) -> None:
    whole = statement(line("10"), line("10"), line("-3", "COMISION"), opening="100")

    first = _bring(account, whole)
    same_file = _bring(account, whole)
    other_bytes = _bring(account, whole, sha="b" * 64)

    assert len(first.new) == 3
    assert (same_file.unchanged, same_file.new) == (True, ())
    assert (other_bytes.unchanged, other_bytes.new, other_bytes.known) == (False, (), 3)
    assert sorted(Movement.objects.values_list("amount", flat=True)) == [-3, 10, 10]
    assert Statement.objects.count() == 2


def test_a_statement_that_does_not_close_is_refused(account) -> None:
    with pytest.raises(StatementError):
        _bring(account, replace(statement(line("10"), opening="0"), closing=D("11")))
    assert not Movement.objects.exists()


def test_a_day_in_two_statements_keeps_an_equal_movement_of_each(account) -> None:
    noon = statement(line("10"), opening="100")
    evening = statement(line("10"), opening="110")
    next_day = statement(line("5", day=DAY + timedelta(days=1)), opening="120")

    assert len(_bring(account, noon, sha="1" * 64).new) == 1
    assert len(_bring(account, evening, sha="2" * 64).new) == 1
    assert len(_bring(account, next_day, sha="3" * 64).new) == 1
    assert _bring(account, evening, sha="4" * 64).new == ()
    assert _bring(account, statement(line("10"), line("10"), opening="100"), sha="5" * 64).new == ()


def test_another_source_confirms_and_never_doubles(account) -> None:
    screen = statement(line("10", "TRANSF. DE PEPA"), line("-3", "COMISION MANT."))
    file = statement(line("10", "TRANSFERENCIA PEPA SL FRA 1"), line("-3", "COMISIONES"))
    _bring(account, screen, source="portal:caja_demo")

    done = _bring(account, file, sha="f" * 64, source="n43")

    assert (done.confirmed, done.new, Movement.objects.count()) == (True, (), 2)
    account.refresh_from_db()
    assert account.source == "portal:caja_demo"


def test_another_source_that_differs_is_refused_with_the_differences(account) -> None:
    _bring(account, statement(line("10")), source="portal:caja_demo")

    with pytest.raises(OtherSource, match=r"portal:caja_demo.*02/03/2026 7,00 solo en n43"):
        _bring(account, statement(line("10"), line("7")), sha="f" * 64, source="n43")

    assert Movement.objects.count() == 1


def test_a_change_of_source_counts_from_its_day_on(account) -> None:
    later = DAY + timedelta(days=1)
    _bring(account, statement(line("10", "UNO")), source="portal:caja_demo")
    change_source(account, "n43", later, actor=ROBOT)

    done = _bring(account, statement(line("10", "TRANSF. UNO"), line("7", "DOS", day=later)), sha="f" * 64)

    assert [row.text for row in Movement.objects.filter(pk__in=done.new)] == ["DOS"]
    with pytest.raises(OtherSource, match="antes del 03/03/2026"):
        _bring(account, statement(line("99", "TRES"), line("7", "DOS", day=later)), sha="e" * 64)


def test_a_statement_of_another_account_is_refused_and_a_mixed_file_split(account) -> None:
    other = statement(line("5"), account="ES7921000813610123456789")
    with pytest.raises(WrongAccount):
        _bring(account, other)

    done = _bring(account, other, statement(line("10"), account="21000418450200051332"))

    assert len(done.new) == 1
    assert "ES7921000813610123456789" in done.notes[0]


def test_missing_days_are_told(account) -> None:
    _bring(account, statement(line("10"), opening="100"))

    done = _bring(account, statement(line("5", day=DAY + timedelta(days=3)), opening="400"), sha="f" * 64)

    assert "Faltan movimientos" in done.notes[0]


def test_a_statement_with_nothing_to_go_by_is_refused(account) -> None:
    with pytest.raises(EmptyStatement):
        _bring(account, statement())
    assert _bring(account, statement(opening="100")).new == ()
    assert _bring(account, statement(), sha="b" * 64, days=(DAY, DAY)).new == ()


def test_an_amount_its_currency_cannot_have_is_refused(account) -> None:
    with pytest.raises(BadAmount):
        _bring(account, statement(line("10.005")))


def test_holds_are_put_once_and_a_robot_leaves_a_persons(owed) -> None:
    [invoice] = owed(document("1", "100"))
    part = put(invoice, source="disputa:1", reason="Falta el albarán", actor=ANA, amount=D(30))
    assert put(invoice, source="disputa:1", reason="otra vez", actor=ANA).pk == part.pk
    assert held(invoice) == 30
    whole = put(invoice.debtor, source="plan:2", reason="Plan de pagos", actor=ROBOT)
    assert held(invoice) == 100

    with pytest.raises(PersonDecided):
        release(part, reason="no", actor=ROBOT)
    release(whole, reason="Cumplido", actor=ROBOT)
    release(part, reason="Entregado", actor=ANA)
    assert held(invoice) == 0


def test_registering_again_changes_nothing(creditor, account) -> None:
    before = Event.objects.count()
    register_account(creditor, "ES91 2100 0418 4502 0005 1332", "EUR", actor=ROBOT)
    register_creditor("talleres", "Talleres Invención, S.A.", actor=ROBOT, tax_id="A58818501", country="ES")
    assert Event.objects.count() == before
    register_creditor("talleres", "Talleres Nuevos, S.A.", actor=ROBOT, tax_id="A58818501", country="ES")
    assert Event.objects.count() == before + 1
    assert verify().ok
