"""`cobranza disputes classify`: several processes give what one gives, in the same order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cobranza.cli import disputes_judge

MAILS = [
    {"id": f"m{number}", "from": "Ana <ana@taller.example>", "subject": "Factura", "body": body}
    for number, body in enumerate(
        [
            "Esa factura ya se la pagué por transferencia el día 4, les adjunto el comprobante del banco.",
            "Nunca llegaron las doce cajas del pedido; el transportista no entregó nada en el almacén.",
            "¿Me permitirían pagar la deuda en seis cuotas mensuales? No puedo de una sola vez.",
        ]
        * 2
    )
]


@pytest.mark.parametrize("processes", [1, 2])
def test_parts_come_back_in_order(processes: int) -> None:
    parts = [f"part {number}" for number in range(11)]

    assert list(disputes_judge._in_processes(str.upper, iter(parts), processes)) == [part.upper() for part in parts]


def test_only_a_few_parts_are_read_ahead() -> None:
    read: list[str] = []

    def parts() -> Iterator[str]:
        for number in range(50):
            read.append(str(number))
            yield str(number)

    found = disputes_judge._in_processes(str.upper, parts(), 2)
    next(found)
    assert len(read) <= 6
    found.close()


def test_a_short_table_is_judged_by_one_process_and_a_long_one_by_all(tmp_path: Path) -> None:
    short, long = tmp_path / "short.jsonl", tmp_path / "long.jsonl"
    short.write_text("{}\n" * 3, encoding="utf-8")
    long.write_text("{}\n" * 500, encoding="utf-8")

    assert disputes_judge._wanted(short) == 1
    assert disputes_judge._wanted(long) >= 1


def test_a_table_is_classified_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disputes_judge, "_TOGETHER", 4)
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(mail) for mail in MAILS), encoding="utf-8")

    done = CliRunner().invoke(disputes_judge.classify, ["--in", str(source), "--out", str(target), "--json"])

    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [mail["id"] for mail in MAILS]
    assert [row["label"] for row in rows[:3]] == ["pago_ya_realizado", "producto_no_recibido", "solicitud_plan_de_pago"]
    assert json.loads(done.output)["mails"] == 6
