"""Whatever is altered behind the ledger's back is found and named, triggers or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from click.testing import CliRunner
from django.db import connection

from cobranza.cli import ledger as command
from cobranza.ledger.allocations import Part, allocate, reverse
from cobranza.ledger.holds import put
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Event, Invoice
from cobranza.ledger.verification import Head, verify
from tests.journeys.ledger.conftest import ANA, ROBOT, document, line, listed

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def lived(owed, paid) -> Invoice:
    """A ledger in which a bit of everything has happened."""
    one, two, _ = owed(document("1", "100"), document("2", "50"), document("3", "-10"))
    first, second = paid(line("100"), line("70", "OTRA"))
    allocate(first, [Part(invoice=one.pk, applied=D(100))], actor=ROBOT)
    [undone] = allocate(second, [Part(invoice=two.pk, applied=D(30))], actor=ANA)
    reverse(undone, actor=ANA, reason="No era")
    put(two, source="disputa:1", reason="Falta el albarán", actor=ANA, amount=D(20))
    import_ledger(one.creditor, "tryton", listed(document("3", "-10"), document("2", "50")), actor=ROBOT)
    return one


@contextmanager
def _unguarded(*tables: str) -> Iterator[Callable[[str], None]]:
    """Do what a database owner could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER USER")
        yield cursor.execute
        for table in tables:
            cursor.execute(f"ALTER TABLE ledger_{table} ENABLE TRIGGER USER")


def _found() -> set[tuple[str, str]]:
    return {(problem.kind, problem.where) for problem in verify().problems}


def test_a_ledger_that_nobody_touched_is_right(lived) -> None:
    report = verify()

    assert report.ok, report.problems
    assert report.events == Event.objects.count() > 8
    assert report.rows > 10


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("event", 'UPDATE ledger_event SET payload = payload || \'{"note": "x"}\' WHERE seq = 4'),
        ("event", "UPDATE ledger_event SET actor_name = 'otro' WHERE seq = 4"),
        ("event", "UPDATE ledger_event SET at = at + interval '1 microsecond' WHERE seq = 4"),
        ("event", "UPDATE ledger_event SET kind = 'x' WHERE seq = 4"),
        ("event", "UPDATE ledger_event SET hash = repeat('0', 64) WHERE seq = 4"),
    ],
)
def test_an_altered_event_is_named(lived, table, change) -> None:
    with _unguarded(table) as run:
        run(change)
    chain = Event.objects.first().chain_id

    assert ("event", f"{chain}#4") in _found()


def test_a_removed_event_is_named(lived) -> None:
    chain = Event.objects.first().chain_id
    with _unguarded("event", "seal") as run:
        run("DELETE FROM ledger_seal WHERE event_id = (SELECT id FROM ledger_event WHERE seq = 4)")
        run("DELETE FROM ledger_event WHERE seq = 4")
    assert ("event", f"{chain}#4") in _found()


def test_a_cut_tail_is_named(lived) -> None:
    chain, last = Event.objects.first().chain_id, Event.objects.count()
    with _unguarded("event", "seal") as run:
        run(f"DELETE FROM ledger_seal WHERE event_id IN (SELECT id FROM ledger_event WHERE seq > {last - 2})")
        run(f"DELETE FROM ledger_event WHERE seq > {last - 2}")
    assert ("chain", f"{chain}#{last - 1}") in _found()


def test_a_chain_rewritten_with_its_head_is_caught_by_an_anchor(lived) -> None:
    anchor = verify().heads[0]
    with _unguarded("event", "seal", "chain") as run:
        run(f"DELETE FROM ledger_seal WHERE event_id IN (SELECT id FROM ledger_event WHERE seq = {anchor.seq})")
        run(f"DELETE FROM ledger_event WHERE seq = {anchor.seq}")
        run("UPDATE ledger_chain SET seq = seq - 1, hash = (SELECT hash FROM ledger_event ORDER BY seq DESC LIMIT 1)")

    problems = verify([Head.read(str(anchor))]).problems

    assert ("chain", f"{anchor.chain}#{anchor.seq}") in {(problem.kind, problem.where) for problem in problems}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("movement", "UPDATE ledger_movement SET text = 'OTRO TEXTO' WHERE id = {row}"),
        ("movement", "UPDATE ledger_movement SET value_on = value_on + 1 WHERE id = {row}"),
        ("invoice", "UPDATE ledger_invoice SET number = 'F-9' WHERE id = {row}"),
        ("invoice", "UPDATE ledger_invoice SET elsewhere = elsewhere + 0.001 * sign(gross) WHERE id = {row}"),
        ("allocation", "UPDATE ledger_allocation SET explanation = 'porque sí' WHERE id = {row}"),
        ("allocation", "UPDATE ledger_allocation SET decided_by_name = 'otra' WHERE id = {row}"),
        ("statement", "UPDATE ledger_statement SET file_name = 'x' WHERE id = {row}"),
        ("hold", "UPDATE ledger_hold SET amount = 1 WHERE id = {row}"),
        ("debtor", "UPDATE ledger_debtor SET tax_id = 'X' WHERE id = {row}"),
        ("bankaccount", "UPDATE ledger_bankaccount SET iban = 'X' WHERE id = {row}"),
        ("creditor", "UPDATE ledger_creditor SET name = 'X' WHERE id = {row}"),
    ],
)
def test_an_altered_row_of_any_table_is_named(lived, table, change) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(id) FROM ledger_{table}")
        row = cursor.fetchone()[0]
    with _unguarded(table) as run:
        run(change.format(row=row))

    assert ("row", f"{table}:{row}") in _found()


def test_a_row_slipped_in_or_taken_out_is_named(lived) -> None:
    with _unguarded("hold") as run:
        run("DELETE FROM ledger_hold")
        run(
            "INSERT INTO ledger_debtor (creditor_id, erp, erp_key, name, trade_name, tax_id, country, group_key,"
            " created_at, updated_at) SELECT creditor_id, erp, 'zz', name, '', '', '', '', now(), now()"
            " FROM ledger_debtor LIMIT 1"
        )
    kinds = {(kind, where.split(":")[0]) for kind, where in _found()}

    assert {("row", "hold"), ("row", "debtor")} <= kinds


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("invoice", "UPDATE ledger_invoice SET allocated = 99 WHERE id = {row}"),
        ("movement", "UPDATE ledger_movement SET used = 99 WHERE id = {row}"),
    ],
)
def test_a_balance_that_is_not_its_parts_is_named(lived, table, change) -> None:
    row = lived.pk if table == "invoice" else lived.allocations.get().movement_id
    with _unguarded(table) as run:
        run(change.format(row=row))

    assert ("balance", f"{table}:{row}") in _found()


def test_forged_seals_are_named(lived) -> None:
    with _unguarded("seal") as run:
        run("UPDATE ledger_seal SET digest = repeat('0', 64) WHERE id = (SELECT max(id) FROM ledger_seal)")
    assert "seal" in {kind for kind, _ in _found()}


def test_a_guard_left_off_is_named(lived) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_event DISABLE TRIGGER ledger_event_kept")
    assert _found() == {("guard", "ledger_event_kept")}


def test_the_command_says_so_and_ends_with_three(lived) -> None:
    fine = CliRunner().invoke(_bare(command.verify), ["--json"])
    with _unguarded("movement") as run:
        run("UPDATE ledger_movement SET text = 'OTRO'")
    bad = CliRunner().invoke(_bare(command.verify), ["--json"])
    said = CliRunner().invoke(_bare(command.verify), [])

    assert (fine.exit_code, json.loads(fine.output)["ok"]) == (0, True)
    assert (bad.exit_code, json.loads(bad.output)["ok"]) == (3, False)
    assert said.exit_code == 3
    assert "ha sido alterada" in said.output


def test_the_other_commands_show_what_is_there(lived) -> None:
    shown = CliRunner().invoke(_bare(command.show), ["F-1", "--json"])
    summed = CliRunner().invoke(_bare(command.balance), ["--json"])
    listed_ = CliRunner().invoke(_bare(command.events), ["--json", "--kind", "allocation.made"])

    [invoice] = json.loads(shown.output)["invoices"]
    assert (invoice["open"], invoice["allocated"], len(invoice["allocations"])) == ("0", "100", 1)
    [owed_] = json.loads(summed.output)["balances"]
    assert (owed_["open"], owed_["credit"], owed_["unapplied"]) == ("50", "-10", "70")
    assert len(json.loads(listed_.output)["events"]) == 2
    for body in (command.balance, command.events):
        assert CliRunner().invoke(_bare(body), []).exit_code == 0


def _bare(body):
    """The command on the test's own connection, without starting a database."""
    import copy

    plain = copy.copy(body)
    plain.callback = getattr(body.callback, "__wrapped__", body.callback)
    return plain
