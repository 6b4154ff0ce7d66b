"""The generic part learns any table of labelled texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.disputes import benchmark

ROWS = [
    ("where is my card", "card_arrival"),
    ("my card has not come", "card_arrival"),
    ("the card is late", "card_arrival"),
]
ROWS += [("change my pin", "change_pin"), ("i forgot the pin", "change_pin"), ("new pin please", "change_pin")]


def written(file: Path, rows: list[tuple[str, str]], head: str = "text,category") -> Path:
    file.write_text("\n".join([head, *(f'"{text}",{label}' for text, label in rows)]), encoding="utf-8")
    return file


@pytest.mark.parametrize("shots", [0, 2])
def test_learns_from_one_table_and_judges_another(tmp_path: Path, shots: int) -> None:
    train = benchmark.read(written(tmp_path / "train.csv", ROWS))
    test = benchmark.read(
        written(tmp_path / "test.csv", [("the card did not come", "card_arrival"), ("pin", "change_pin")])
    )

    found = benchmark.run(train, test, {}, shots=shots, seeds=2)

    assert found["accuracy"] == 1.0
    assert len(found["draws"]) == (2 if shots else 1)
    assert (found["train"], found["test"], found["labels"]) == (6, 2, 2)


def test_a_label_that_was_never_learned_counts_as_wrong(tmp_path: Path) -> None:
    train = benchmark.read(written(tmp_path / "train.csv", ROWS))
    test = benchmark.read(written(tmp_path / "test.csv", [("where is my card", "other")]))

    assert benchmark.run(train, test, {})["accuracy"] == 0.0


def test_another_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(benchmark.TableError, match="columnas"):
        benchmark.read(written(tmp_path / "x.csv", ROWS, head="a,b"))
    with pytest.raises(benchmark.TableError, match="0 filas"):
        benchmark.read(written(tmp_path / "x.csv", []))
