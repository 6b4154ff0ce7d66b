"""Many at once: limits hold, chains stay whole, nobody deadlocks, and a killed process leaves nothing half done."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from urllib.parse import quote

import psycopg
import pytest
from django.db import connection

from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.events import record
from cobranza.ledger.intake import import_statement
from cobranza.ledger.models import Allocation, Event, Invoice, Movement, Statement
from cobranza.ledger.rules import LedgerError, OverAllocated
from cobranza.ledger.verification import verify
from tests.journeys.ledger.conftest import ROBOT, document, line, statement

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


def _together(jobs: Sequence[Callable[[], object]]) -> list[object]:
    """Start all jobs at the same moment, each on a connection of its own; give their results or ledger errors."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        try:
            start.wait(timeout=30)
            return job()
        except LedgerError as exc:
            return exc
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def _pay(money: Movement, invoice: Invoice, amount: str) -> Callable[[], object]:
    return lambda: allocate(money, [Part(invoice=invoice.pk, applied=D(amount))], actor=ROBOT)


def _raw(money: Movement, invoice: Invoice, amount: str) -> Callable[[], object]:
    """The same without our code: straight into the table."""

    def insert() -> object:
        from cobranza.ledger.rules import refusals

        with refusals(), connection.cursor() as cursor:
            return cursor.execute(
                "INSERT INTO ledger_allocation (key, movement_id, invoice_id, applied, withheld, fee, discount, cash,"
                " in_erp, rule, confidence, explanation, decided_by, decided_by_name, decided_at, reversed_by,"
                " reversed_by_name, reversed_reason) VALUES (gen_random_uuid()::text, %s, %s, %s, 0, 0, 0, %s, 0, 'x',"
                " 1, '', 'robot', 'x', now(), '', '', '')",
                [money.pk, invoice.pk, amount, amount],
            )

    return insert


@pytest.mark.parametrize("way", [_pay, _raw])
def test_an_invoice_is_never_paid_over_nor_a_movement_spent_twice(owed, paid, way) -> None:
    [shared, *invoices] = owed(document("0", "100"), *(document(str(n), "100") for n in range(1, 6)))
    [money, *moneys] = paid(line("100"), *(line("30", f"T{n}") for n in range(5)))

    over_invoice = _together([way(row, shared, "30") for row in moneys])
    over_money = _together([way(money, row, "30") for row in invoices])

    for results in (over_invoice, over_money):
        refused = [result for result in results if isinstance(result, LedgerError)]
        assert len(refused) == 2
        assert all(isinstance(result, OverAllocated) for result in refused)
    shared.refresh_from_db()
    money.refresh_from_db()
    assert (shared.open, money.remaining) == (10, 10)
    assert not [problem for problem in verify().problems if problem.kind == "balance"]


def test_crossed_documents_do_not_deadlock_and_the_chain_stays_whole(owed, paid) -> None:
    one, two = owed(document("1", "900"), document("2", "900"))
    moneys = paid(*(line("20", f"T{n}") for n in range(6)))

    def cross(number: int, money: Movement) -> Callable[[], object]:
        pair = (one, two) if number % 2 else (two, one)
        parts = [Part(invoice=row.pk, applied=D(10)) for row in pair]
        return lambda: allocate(money, parts, actor=ROBOT)

    def tell() -> object:
        return [record("test.told", "nothing:0", {"n": n}, ROBOT, creditor=one.creditor_id) for n in range(5)]

    results = _together([*(cross(number, money) for number, money in enumerate(moneys)), tell, tell])

    assert not [result for result in results if isinstance(result, LedgerError)]
    assert Invoice.objects.get(pk=one.pk).open == 840
    seqs = list(Event.objects.filter(chain=f"acreedor:{one.creditor_id}").order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    assert verify().ok


def test_the_same_statement_from_two_processes_comes_in_once(account) -> None:
    whole = statement(*(line("10", f"T{n % 3}") for n in range(9)))

    def bring(sha: str) -> Callable[[], object]:
        return lambda: import_statement(account, [whole], source="n43", sha256=sha, actor=ROBOT)

    _together([bring("a" * 64), bring("a" * 64), bring("b" * 64)])

    assert (Movement.objects.count(), Statement.objects.count()) == (9, 2)
    assert verify().ok


_VICTIM = """
    import sys
    import django
    django.setup()
    from decimal import Decimal
    from django.db import transaction
    from cobranza.ledger.allocations import Part, allocate
    from cobranza.ledger.events import Actor
    invoice, moneys, stop_at = int(sys.argv[1]), [int(word) for word in sys.argv[2].split(",")], int(sys.argv[3])
    for number, money in enumerate(moneys):
        with transaction.atomic():
            allocate(money, [Part(invoice=invoice, applied=Decimal(10))], actor=Actor.robot("victima"))
            if number == stop_at:
                print("inside", flush=True)
                sys.stdin.read()
        print("done", flush=True)
"""


@pytest.mark.parametrize("stop_at", [0, 2])
def test_a_killed_process_leaves_whole_allocations_only(owed, paid, stop_at) -> None:
    [invoice] = owed(document("1", "100"))
    moneys = paid(*(line("10", f"T{n}") for n in range(4)))
    ids = ",".join(str(row.pk) for row in moneys)
    command = [sys.executable, "-c", textwrap.dedent(_VICTIM), str(invoice.pk), ids, str(stop_at)]
    with subprocess.Popen(
        command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as victim:
        said = [victim.stdout.readline().strip() for _ in range(stop_at + 1)]
        os.kill(victim.pid, signal.SIGKILL)

    assert said == ["done"] * stop_at + ["inside"]
    # The server notices the broken connection by itself; the next writer waits for its locks, not for us.
    allocate(moneys[3], [Part(invoice=invoice.pk, applied=D(10))], actor=ROBOT)
    invoice.refresh_from_db()
    assert invoice.open == 100 - 10 * (stop_at + 1)
    assert Allocation.objects.count() == Event.objects.filter(kind="allocation.made").count() == stop_at + 1
    assert verify().ok


def _environment() -> dict[str, str]:
    settings = connection.settings_dict
    user = quote(settings["USER"]) + (f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else "")
    where = f"{settings['HOST']}:{settings['PORT']}" if settings["PORT"] else settings["HOST"]
    return os.environ | {
        "DATABASE_URL": f"postgresql://{user}@{where}/{settings['NAME']}",
        "DJANGO_SETTINGS_MODULE": "cobranza.settings",
    }


def test_truncate_is_refused_outside_test_databases() -> None:
    guards = importlib.import_module("cobranza.ledger.migrations.0002_guards")
    name = f"ledger_truncate_{os.getpid()}"
    with psycopg.connect(_environment()["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(_environment()["DATABASE_URL"], dbname=name, autocommit=True) as own:
                own.execute(guards.REFUSE)
                for table in guards.NEVER_DELETED:
                    own.execute(f"CREATE TABLE ledger_{table} (id int)")
                own.execute(guards._refusals())
                for table in guards.NEVER_DELETED:
                    with pytest.raises(psycopg.errors.RestrictViolation):
                        own.execute(f"TRUNCATE ledger_{table}")
        finally:
            server.execute(f"DROP DATABASE {name}")
