"""Files: nothing that somebody wrote becomes a formula, amounts stay exact."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl

from cobranza.insight import crm, export

ROWS = [
    {"deudor": "=cmd|' /C calc'!A0", "importe": Decimal("1234.500"), "dia": date(2026, 6, 1), "ok": True, "nada": None},
    {"deudor": "Pepa", "importe": Decimal("-5"), "dia": date(2026, 6, 2), "ok": False, "nada": None},
]


def test_csv_for_people_and_for_programs() -> None:
    for_people, for_programs = export.as_csv(ROWS), crm.as_csv(ROWS)

    assert for_people.splitlines()[1] == "'=cmd|' /C calc'!A0;1234,500;2026-06-01;sí;"
    assert for_programs.splitlines()[1] == "'=cmd|' /C calc'!A0,1234.500,2026-06-01,True,"
    assert export.as_csv([]) == "\ufeff"


def test_a_workbook_has_numbers_and_no_formula() -> None:
    rows = [{**ROWS[0], "en": datetime(2026, 6, 1, 10, tzinfo=UTC)}]
    page = openpyxl.load_workbook(io.BytesIO(export.workbook([("a/b:c", rows)])))["a-b-c"]

    assert page["A2"].value.startswith("'=")
    assert page["A2"].data_type == "s"
    assert page["B2"].value == 1234.5
    assert page["F2"].value == datetime(2026, 6, 1, 10)


def test_json_keeps_amounts_as_text() -> None:
    assert crm.plain(ROWS[0])["importe"] == "1234.500"
