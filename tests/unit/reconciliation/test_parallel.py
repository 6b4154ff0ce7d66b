"""The same bytes come out whatever the order of the rows and whoever does the work."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cobranza.cli.reconcile import group
from cobranza.reconciliation import columns, files, frames, parallel, partitions
from cobranza.reconciliation.columns import UnusualError
from cobranza.reconciliation.parallel import ClusterMissing, Workers, WorkersError
from cobranza.reconciliation.policy import Policy
from tests.bench.worlds import PROFILES, make
from tests.unit.reconciliation.factory import CUSTOMERS, frame, invoice, payment


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make(folder, payments=250, profile=PROFILES["real"], seed=11)
    return folder


@pytest.fixture(scope="module")
def alone(world: Path) -> bytes:
    return _matches(world, parallel.Here())


def _matches(folder: Path, workers: Workers) -> bytes:
    with workers:
        tables = files.read_tables(folder)
        solved = workers.solve(partitions.split(tables), Policy(), candidates=True)
    result = partitions.merged(tables, solved)
    out, review = folder / "matches.csv", folder / "unmatched.csv"
    files.write_columns(partitions.links_as_text(tables, result.links), out, free_text=["explanation"])
    files.write_columns(partitions.unmatched_as_text(tables, result.unmatched), review)
    return out.read_bytes() + review.read_bytes()


@pytest.mark.parametrize("count", [2, 3])
def test_processes_change_nothing(count: int, world: Path, alone: bytes) -> None:
    assert len(alone.splitlines()) > 200
    assert _matches(world, parallel.Processes(count)) == alone


def test_the_order_of_rows_changes_nothing(world: Path, alone: bytes, tmp_path: Path) -> None:
    for file in world.glob("[cfip]*.csv"):
        header, *rows = file.read_text(encoding="utf-8").splitlines()
        random.Random(3).shuffle(rows)
        (tmp_path / file.name).write_text("\n".join([header, *rows, ""]), encoding="utf-8")

    assert _matches(tmp_path, parallel.Here()) == alone


@pytest.fixture
def cluster() -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="the extra «cluster» is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as local:
        yield local.scheduler_address


def test_a_cluster_of_two_processes_changes_nothing(cluster: str, world: Path, alone: bytes) -> None:
    assert _matches(world, parallel.Cluster(cluster)) == alone


def test_a_cluster_that_is_not_there_is_named() -> None:
    pytest.importorskip("distributed", reason="the extra «cluster» is not installed")
    with pytest.raises(WorkersError, match=r"127\.0\.0\.1:9"):
        parallel.Cluster("tcp://127.0.0.1:9", timeout_s=1.0)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ClusterMissing) as caught:
        parallel.Cluster("tcp://127.0.0.1:9")
    assert "cobranza[cluster]" in caught.value.remedy


def test_both_ways_at_once_are_refused(world: Path) -> None:
    answer = CliRunner().invoke(
        group, ["files", str(world), "--out", str(world / "m.csv"), "--cluster", "tcp://x:1", "--processes", "2"]
    )

    assert "--cluster y --processes" in str(answer.exception)


def test_fast_and_slow_reading_agree(world: Path) -> None:
    fast = files.read_tables(world)
    slow = files.read_folder(world)
    people = frames.customer_columns(slow["customers"])

    assert fast.customers.equals(people)
    assert fast.payments.combine_chunks().equals(frames.payment_columns(slow["payments"]).combine_chunks())
    assert fast.documents.combine_chunks().equals(frames.document_columns(slow["invoices"], people).combine_chunks())
    assert fast.fx.combine_chunks().equals(frames.rate_columns(slow["fx"]).combine_chunks())


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        ("payments", "amount", "12,50", "payments, línea 3, columna «amount»: «12,50» no es un importe."),
        ("payments", "booking_date", "2026-02-30", "columna «booking_date»: «2026-02-30» no es un día."),
        ("payments", "payment_id", "P2", "columna «payment_id»: «P2» está repetido."),
        ("invoices", "customer_id", "C9", "columna «customer_id»: «C9» no está en customers."),
        ("invoices", "type", "nota", "«nota» no es «invoice» ni «credit_note»."),
        ("invoices", "open_amount", "-1.00", "tiene el signo cambiado para su tipo."),
    ],
)
def test_a_bad_cell_of_a_file_is_named(name: str, column: str, value: str, message: str, tmp_path: Path) -> None:
    money = [payment("P2", "1.00"), payment("P1", "2.00")]
    papers = [invoice("I2", "F-2", "1.00"), invoice("I1", "F-1", "2.00")]
    {"payments": money, "invoices": papers}[name][1][column] = value
    files.write(frame(money, frames.PAYMENT_COLUMNS), tmp_path / "payments.csv")
    files.write(frame(papers, frames.INVOICE_COLUMNS), tmp_path / "invoices.csv")
    files.write(frame(CUSTOMERS, frames.CUSTOMER_COLUMNS), tmp_path / "customers.csv")

    with pytest.raises(frames.TableError) as caught:
        files.read_tables(tmp_path)

    assert caught.value.message.endswith(message)


def test_unusual_files_are_read_the_slow_way(world: Path, alone: bytes, tmp_path: Path) -> None:
    for file in world.glob("[cfip]*.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.reader(lines))
        if file.stem == "payments":
            day = rows[0].index("booking_date")
            rows[1:] = [[*row[:day], f"{row[day]}T00:00:00", *row[day + 1 :]] for row in rows[1:]]
        with (tmp_path / file.name).open("w", encoding="utf-8-sig", newline="") as out:
            csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)

    with pytest.raises(UnusualError):
        columns.payments_of(files._text_table(tmp_path / "payments.csv"))
    assert _matches(tmp_path, parallel.Here()) == alone


def test_countries_that_share_an_account_are_one_part(tmp_path: Path) -> None:
    money = [payment("P1", "5.00", country="PE", payer_account="ES001"), payment("P2", "6.00", country="MX")]
    papers = [invoice("I1", "F-1", "5.00")]
    tables = partitions.Tables(
        payments=frames.payment_columns(frame(money, frames.PAYMENT_COLUMNS)),
        documents=frames.document_columns(
            frame(papers, frames.INVOICE_COLUMNS), frames.customer_columns(frame(CUSTOMERS, frames.CUSTOMER_COLUMNS))
        ),
        customers=frames.customer_columns(frame(CUSTOMERS, frames.CUSTOMER_COLUMNS)),
        fx=columns.FX.empty_table(),
        fixed=columns.FIXED.empty_table(),
    )

    parts = partitions.split(tables)

    assert [part.tables.payments["id"].to_pylist() for part in parts] == [["P1"], ["P2"]]
    assert parts[0].tables.documents["id"].to_pylist() == ["I1"]
