"""Each reader against its own invented examples, with the golden `<name>.expected.json` beside them.

To accept a change: `cobranza statements read FILE --json > FILE.expected.json`, and read the diff.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cobranza import suite
from cobranza.reconciliation import statement_files

EXAMPLES = sorted(
    file
    for file in (suite.shipped_root() / "connectors" / "statements").glob("*/examples/*")
    if not file.name.endswith(".expected.json")
)


def test_every_format_has_examples() -> None:
    assert {file.parents[1].name for file in EXAMPLES} == {"camt", "mt940", "n43", "ofx", "tabular"}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parents[1].name}/{file.name}")
def test_reads_its_example(file: Path) -> None:
    expected = json.loads(file.with_name(file.name + ".expected.json").read_text(encoding="utf-8"))

    assert statement_files.as_dict(statement_files.inspect(file)) == expected


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parents[1].name}/{file.name}")
def test_its_example_is_proved(file: Path) -> None:
    assert statement_files.read(file).objections == ()


def test_a_reversed_credit_is_a_debit_and_a_reversed_debit_a_credit() -> None:
    file = next(each for each in EXAMPLES if each.name == "aleman_con_devolucion.sta")

    marks = [str(movement.amount) for movement in statement_files.read(file).statements[0].movements]

    assert marks == ["250.00", "-100.00", "40.00", "-0.50"]


def test_pending_entries_never_reach_the_workflows() -> None:
    file = next(each for each in EXAMPLES if each.name == "remesa_y_devolucion.xml")

    shown, used = statement_files.inspect(file).statements[0], statement_files.read(file).statements[0]

    assert [movement.booked for movement in shown.movements] == [True, True, True, True, False]
    assert used.movements == shown.movements[:4]


def test_a_detail_counts_only_in_the_currency_of_the_account() -> None:
    file = next(each for each in EXAMPLES if each.name == "remesa_y_devolucion.xml")

    foreign = statement_files.read(file).statements[0].movements[2]

    assert (str(foreign.amount), foreign.details[0].amount) == ("20.00", None)
    assert foreign.counterparty_tax_id == "B00000000"
