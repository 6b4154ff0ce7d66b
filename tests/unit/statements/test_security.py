"""Files made to harm: entities, bombs, paths that climb, numbers that are none. All refused, none acted upon."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from cobranza.ledger.statements import StatementError
from cobranza.reconciliation import statement_files
from connectors.statements.tabular import sheets
from tests.unit.statements import builders

WHOLE = builders.camt(builders.many(2), Decimal("10.00"))
SECRET = "clave-que-no-debe-salir"


def _refused(raw: bytes, folder: Path, name: str = "extracto.xml") -> str:
    path = folder / name
    path.write_bytes(raw)
    with pytest.raises(StatementError) as caught:
        statement_files.inspect(path)
    return caught.value.message


def _with_doctype(doctype: str, reference: str = "") -> bytes:
    head, _, rest = WHOLE.partition(b"\n")
    return head + b"\n" + doctype.encode() + b"\n" + rest.replace(b"<MsgId>1", f"<MsgId>{reference}".encode())


def test_the_file_without_the_attack_is_read(tmp_path: Path) -> None:
    path = tmp_path / "extracto.xml"
    path.write_bytes(_with_doctype("", "1"))

    assert len(statement_files.read(path).statements[0].movements) == 2


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE Document [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
        "<!doctype Document>",
        "<!-- <ok/> --><!DOCTYPE Document>",
        '<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_any_doctype_is_refused(doctype: str, tmp_path: Path) -> None:
    message = _refused(_with_doctype(doctype, "&x;"), tmp_path)

    assert "DOCTYPE" in message or "mal formado" in message
    assert "root:" not in message


def test_an_external_entity_never_brings_a_file_in(tmp_path: Path) -> None:
    (tmp_path / "secreto.txt").write_text(SECRET, encoding="utf-8")
    doctype = f'<!DOCTYPE Document [<!ENTITY x SYSTEM "{(tmp_path / "secreto.txt").as_uri()}">]>'

    assert SECRET not in _refused(_with_doctype(doctype, "&x;"), tmp_path)


def test_a_doctype_is_refused_in_utf_16_too(tmp_path: Path) -> None:
    text = _with_doctype("<!DOCTYPE Document>", "1").decode().replace("UTF-8", "UTF-16")

    assert "DOCTYPE" in _refused(text.encode("utf-16"), tmp_path)


def test_a_billion_laughs_ends_at_once(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE Document [<!ENTITY l0 "ja">{entities}]>'

    assert _refused(_with_doctype(doctype, "&l9;"), tmp_path)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e6", "1E999999999", "0x10", "1_000", "", "٣.١٤", "-5.00"]
)
def test_an_amount_that_is_no_plain_number_is_refused(number: str, tmp_path: Path) -> None:
    amount = str(abs(builders.many(2)[0].amount)).encode()
    raw = WHOLE.replace(b'<Amt Ccy="EUR">' + amount, b'<Amt Ccy="EUR">' + number.encode(), 1)

    assert raw != WHOLE
    assert "importe" in _refused(raw, tmp_path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e3"])
def test_ofx_refuses_numbers_that_are_none(number: str, tmp_path: Path) -> None:
    line = builders.many(1)[0]
    raw = builders.ofx([line]).replace(f"<TRNAMT>{line.amount}".encode(), f"<TRNAMT>{number}".encode())

    assert "importe" in _refused(raw, tmp_path, "extracto.ofx")


def test_very_deep_xml_is_refused(tmp_path: Path) -> None:
    deep = b"<a>" * 5000 + b"</a>" * 5000

    assert _refused(WHOLE.replace(b"<GrpHdr>", deep + b"<GrpHdr>"), tmp_path)


def _zip(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members:
            bundle.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name", ["../fuera.xml", "/etc/fuera.xml", "a/../../fuera.xml", "..\\fuera.xml", "C:/fuera.xml"]
)
def test_a_zip_with_a_path_that_climbs_is_refused_and_writes_nothing(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "dentro"
    folder.mkdir()

    assert "ruta" in _refused(_zip((name, WHOLE)), folder, "extracto.zip")
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["extracto.zip"]


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    assert "bomba" in _refused(_zip(("bomba.xml", WHOLE + b" " * 30_000_000)), tmp_path, "extracto.zip")


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    raw = bytearray(_zip(("extracto.xml", WHOLE)))
    size = len(WHOLE).to_bytes(4, "little")
    at = raw.rindex(size)
    raw[at : at + 4] = (len(WHOLE) // 2).to_bytes(4, "little")

    assert _refused(bytes(raw), tmp_path, "extracto.zip")


def test_a_zip_with_something_else_is_refused(tmp_path: Path) -> None:
    assert "no es un fichero CAMT" in _refused(_zip(("lee.exe", b"MZ"), ("a.xml", WHOLE)), tmp_path, "extracto.zip")


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    raw = _zip(("extracto.xml", WHOLE))

    assert "dañado" in _refused(raw[: len(raw) // 2], tmp_path, "extracto.zip")


def _book() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    sheet = book.create_sheet("Movimientos")
    for row in (
        ["Fecha", "Concepto", "Importe", "Saldo"],
        ["02/03/2026", "Pago", 5, 15],
        ["03/03/2026", "Pago", 5, 20],
    ):
        sheet.append(row)
    book.save(buffer)
    return buffer.getvalue()


def _rewritten(raw: bytes, name: str, change: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as bundle:
        members = [(info.filename, bundle.read(info)) for info in bundle.infolist()]
    return _zip(*((each, change + content if each == name else content) for each, content in members))


def test_an_excel_book_with_a_doctype_is_refused(tmp_path: Path) -> None:
    attack = b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>'

    assert "DOCTYPE" in _refused(_rewritten(_book(), "xl/workbook.xml", attack), tmp_path, "extracto.xlsx")


def test_an_excel_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_UNPACKED_BYTES", 1_000_000)  # the real limit would take long to build a bomb for
    with zipfile.ZipFile(io.BytesIO(_book())) as bundle:
        members = [(info.filename, bundle.read(info)) for info in bundle.infolist()]
    bomb = _zip(*members, ("xl/media/relleno.bin", b"\0" * 1_000_001))

    assert "bomba" in _refused(bomb, tmp_path, "extracto.xlsx")


@pytest.mark.parametrize("cut", [30, 200, 1000, 2500])
def test_a_damaged_excel_book_is_refused(cut: int, tmp_path: Path) -> None:
    assert _refused(_book()[:cut], tmp_path, "extracto.xlsx")


@pytest.mark.parametrize("cut", [8, 100, 512, 600])
def test_a_damaged_old_excel_book_is_refused(cut: int, tmp_path: Path) -> None:
    assert "Excel" in _refused((b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x01" * 600)[:cut], tmp_path, "extracto.xls")


@pytest.mark.parametrize(
    "raw", [b"", b"   \r\n", b"\x00" * 100, b"\x1a", b"\xff\xfe", b"MZ\x90\x00", b"%PDF-1.7 ...", b"<html></html>"]
)
def test_what_is_no_statement_is_refused_with_a_remedy(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cosa.bin"
    path.write_bytes(raw)

    with pytest.raises(StatementError) as caught:
        statement_files.inspect(path)

    assert caught.value.remedy


def test_a_login_page_served_as_the_statement_is_refused(tmp_path: Path) -> None:
    page = (
        b"<!DOCTYPE html><html><body><form><table><tr><td>Usuario</td><td>Clave</td></tr></table></form></body></html>"
    )

    assert "cabecera" in _refused(page, tmp_path, "extracto.xls")
