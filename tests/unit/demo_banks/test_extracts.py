"""The statement files are right in their format, by our own readers, and go wrong as switched."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from openpyxl import load_workbook

from cobranza.demo.banks import extracts, invented
from cobranza.demo.banks.world import Extract, Movement
from cobranza.kernel.spanish import amount
from cobranza.ledger.statements import StatementError
from cobranza.reconciliation import statement_files
from tests.unit.demo_banks.visitors import TODAY, CajaVisitor, EjemploVisitor

NAMESPACE = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


def _extract(bank: str = "caja_demo", account: int = 0, days: int = 45) -> Extract:
    return invented.invent(bank, 1, TODAY).accounts[account].extract(TODAY - timedelta(days=days), TODAY)


def test_norma_43_closes_by_its_own_records() -> None:
    extract = _extract()
    lines = extracts.norma43(extract).decode("latin-1").split("\r\n")
    assert lines.pop() == ""
    head, total, end = lines[0], lines[-2], lines[-1]
    moves = [line for line in lines if line.startswith("22")]
    signed = [int(line[28:42]) * (-1 if line[27] == "1" else 1) for line in moves]
    opening = int(head[33:47]) * (-1 if head[32] == "1" else 1)
    closing = int(total[59:73]) * (-1 if total[58] == "1" else 1)

    assert {len(line) for line in lines} == {80}
    assert head[2:20] == total[2:20] == extract.account.iban[4:12] + extract.account.iban[14:24]
    assert int(total[20:25]) == sum(1 for value in signed if value < 0)
    assert int(total[25:39]) == -sum(value for value in signed if value < 0)
    assert int(total[39:44]) == sum(1 for value in signed if value >= 0)
    assert int(total[44:58]) == sum(value for value in signed if value >= 0)
    assert opening + sum(signed) == closing == int(extract.closing * 100)
    assert int(end[20:26]) == len(lines) - 1
    assert len(moves) == len(extract.movements)


def test_norma_43_keeps_long_texts_whole_between_words() -> None:
    words = " ".join(f"F2026-{number:05d}" for number in range(12))
    extract = _extract()
    movement = replace(extract.movements[0], text=("TRANSF. DE UNA EMPRESA CON UN NOMBRE MUY LARGO SL", words))
    lines = extracts.norma43(replace(extract, movements=(movement,))).decode("latin-1").split("\r\n")
    texts = [line[start : start + 38].rstrip() for line in lines if line.startswith("23") for start in (4, 42)]

    assert " ".join(filter(None, texts)) == " ".join(movement.text)
    assert [line[:4] for line in lines if line.startswith("23")] == ["2301", "2302", "2303"]


def test_camt_totals_and_entries_agree() -> None:
    extract = _extract("banco_ejemplo")
    statement = etree.fromstring(extracts.camt053(extract)).find(".//c:Stmt", NAMESPACE)
    assert statement is not None
    entries = statement.findall("c:Ntry", NAMESPACE)

    def signed(node: etree._Element) -> Decimal:
        value = Decimal(node.findtext("c:Amt", "", NAMESPACE))
        return -value if node.findtext("c:CdtDbtInd", "", NAMESPACE) == "DBIT" else value

    opening, closing = (signed(balance) for balance in statement.findall("c:Bal", NAMESPACE))
    assert opening + sum(signed(entry) for entry in entries) == closing == extract.closing
    assert statement.findtext("c:TxsSummry/c:TtlNtries/c:NbOfNtries", "", NAMESPACE) == str(len(entries))
    assert Decimal(statement.findtext("c:TxsSummry/c:TtlCdtNtries/c:Sum", "", NAMESPACE)) == extract.credits


def test_the_csv_is_latin_1_with_semicolons_and_closes() -> None:
    extract = _extract()
    rows = list(csv.reader(io.StringIO(extracts.semicolons(extract).decode("latin-1")), delimiter=";"))
    facts = {row[0]: row[1] for row in rows[:5]}
    lines = rows[7:-1]

    assert rows[6] == ["Fecha operación", "Fecha valor", "Concepto", "Referencia", "Importe", "Saldo"]
    assert amount(facts["Saldo inicial"]) + sum(amount(line[4]) for line in lines) == amount(rows[-1][5])
    assert len(lines) == len(extract.movements)


def test_the_workbook_holds_real_days_and_numbers(tmp_path: Path) -> None:
    extract = _extract("banco_ejemplo")
    file = tmp_path / "x.xlsx"
    file.write_bytes(extracts.workbook(extract))
    rows = list(load_workbook(file).active.iter_rows(min_row=8, values_only=True))  # type: ignore[union-attr]

    assert rows[-1][0] == "Saldo final"
    assert [round(Decimal(str(row[5])), 2) for row in rows[:-1]] == [m.amount for m in extract.movements]
    assert [row[0].date() for row in rows[:-1]] == [m.booked_on for m in extract.movements]


@pytest.mark.parametrize("slug", sorted(extracts.FORMATS))
@pytest.mark.parametrize("account", [0, 1])
def test_our_own_readers_read_every_file_as_meant(slug: str, account: int, tmp_path: Path) -> None:
    extract = _extract(account=account)
    format_ = extracts.FORMATS[slug]
    file = tmp_path / f"extracto.{format_.extension}"
    file.write_bytes(format_.render(extract))
    (statement,) = statement_files.read(file).statements

    def facts(movements: tuple[Movement, ...]) -> list[tuple[object, ...]]:
        return [(m.booked_on, m.value_on, m.amount) for m in movements]

    assert facts(statement.movements) == facts(extract.movements)  # type: ignore[arg-type]
    assert (statement.opening, statement.closing) == (extract.opening, extract.closing)


@pytest.mark.parametrize("slug", sorted(extracts.FORMATS))
def test_our_own_readers_refuse_every_cut_file(slug: str, tmp_path: Path) -> None:
    format_ = extracts.FORMATS[slug]
    file = tmp_path / f"extracto.{format_.extension}"
    file.write_bytes(extracts.cut(format_.render(_extract())))

    with pytest.raises(StatementError):
        statement_files.read(file)


@pytest.mark.parametrize("format_", ["n43", "csv"])
def test_downloads_of_caja_go_wrong_as_switched(caja_inside: CajaVisitor, format_: str) -> None:
    document = caja_inside.order(format_)
    whole = caja_inside.fetch(document)
    kinds = {}
    for fault in ("download_empty", "download_truncated", "download_html", "download_wrong_extension"):
        caja_inside.faults(none=True)
        caja_inside.faults(**{fault: True})
        kinds[fault] = caja_inside.fetch(document)

    assert {answer.status_code for answer in kinds.values()} == {200}
    assert kinds["download_empty"].content == b""
    assert whole.content.startswith(kinds["download_truncated"].content)
    assert 0 < len(kinds["download_truncated"].content) < len(whole.content)
    assert not kinds["download_truncated"].content.endswith(b"\n")
    assert kinds["download_html"].text.startswith("<!doctype html>")
    assert kinds["download_html"].headers["content-disposition"] == whole.headers["content-disposition"]
    assert kinds["download_wrong_extension"].content == whole.content
    assert kinds["download_wrong_extension"].headers["content-disposition"].endswith('.pdf"')


@pytest.mark.parametrize("format_", ["camt", "xlsx"])
def test_banco_ejemplo_hands_out_its_files_at_once_or_late(ejemplo_inside: EjemploVisitor, format_: str) -> None:
    at_once = ejemplo_inside.order(format_)
    assert at_once["estado"] == "lista"
    assert ejemplo_inside.client.get(at_once["enlace"]).status_code == 200

    ejemplo_inside.faults(download_delayed=5)
    late = ejemplo_inside.order(format_)
    assert late["estado"] == "preparando"
    ejemplo_inside.portal.advance(6)
    assert ejemplo_inside.client.get(f"/api/descargas/{late['id']}").json()["estado"] == "lista"

    ejemplo_inside.faults(download_never_ready=True)
    ejemplo_inside.portal.advance(60)
    assert ejemplo_inside.client.get(f"/api/descargas/{late['id']}").json()["estado"] == "preparando"
