"""Content checks of downloads: kind by content, whole or refused."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from connectors.banks.files import BadDownload, accept


def n43(lines: int = 3) -> bytes:
    body = ["11" + "0" * 78, *(["22" + "0" * 78] * lines), "33" + "0" * 78]
    return "\r\n".join([*body, f"88{'9' * 18}{len(body):06d}{' ' * 54}", ""]).encode("latin-1")


def camt() -> bytes:
    return b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><a/></Document>'


def xlsx() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Fecha", "Importe"])  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


CSV = "Fecha;Importe;Concepto\r\n20/11/2026;12,00;Año\r\n21/11/2026;1,00;B\r\n".encode("latin-1")
GOOD = {"n43": n43(), "camt": camt(), "xlsx": xlsx(), "csv": CSV}


@pytest.mark.parametrize("kind", GOOD)
def test_whole_file_gets_the_extension_of_its_kind(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "extracto.pdf"
    file.write_bytes(GOOD[kind])
    right = accept(file, kind)
    assert right.suffix == {"n43": ".n43", "camt": ".xml", "xlsx": ".xlsx", "csv": ".csv"}[kind]
    assert right.read_bytes() == GOOD[kind]
    assert not file.exists()


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("data", [b"", b" \r\n", b"\xef\xbb\xbf<!DOCTYPE html><h1>Error</h1>", b"hola"])
def test_what_is_no_statement_is_refused(kind: str, data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "extracto.dat"
    file.write_bytes(data)
    with pytest.raises(BadDownload):
        accept(file, kind)


@pytest.mark.parametrize("kind", GOOD)
def test_no_cut_is_accepted(kind: str, tmp_path: Path) -> None:
    """Every cut but one that takes only line ends off, which loses nothing."""
    data = GOOD[kind]
    for length in range(1, len(data.rstrip()), max(1, len(data) // 60)):
        file = tmp_path / f"{length}.dat"
        file.write_bytes(data[:length])
        if kind == "csv" and data[:length].endswith(b"\n") and length > 30:
            continue  # a CSV cut between two lines looks whole; the reader proves it against the screen
        with pytest.raises(BadDownload):
            accept(file, kind)


def test_norma_43_with_a_lost_line_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "extracto.n43"
    lines = n43().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    with pytest.raises(BadDownload, match="anuncia 000005"):
        accept(file, "n43")


def test_entities_are_not_followed(tmp_path: Path) -> None:
    file = tmp_path / "extracto.xml"
    file.write_bytes(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + camt().split(b"?>")[1])
    assert accept(file, "camt") == file
    file.write_bytes(b"<otra/>")
    with pytest.raises(BadDownload, match="no un extracto camt"):
        accept(file, "camt")
