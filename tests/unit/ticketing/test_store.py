"""The double's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from cobranza.demo.doubles.store import Store


def test_a_file_keeps_what_was_changed(tmp_path: Path) -> None:
    file = tmp_path / "d" / "mesa.sqlite3"
    store = Store(file)
    with store.change():
        store.put("ticket", 1, {"id": 1, "subject": "ñ"})
        store.put("ticket", 2, {"id": 2})
        assert store.number("ticket") == 1
    with store.change():
        store.drop("ticket", 2)
        store.drop("ticket", 3)
    store.close()

    again = Store(file)

    assert again.all("ticket") == [{"id": 1, "subject": "ñ"}]
    assert again.number("ticket") == 2
    again.clear()
    assert Store(file).all("ticket") == []


def test_its_clock_jumps_forward() -> None:
    store = Store()
    before = store.now()
    with store.change():
        store.advance(3600)
        store.advance(3600)

    assert 7199 <= (store.now() - before).total_seconds() <= 7260


def test_numbers_are_never_given_twice() -> None:
    store = Store()
    with pytest.raises(RuntimeError), store.change():
        store.number("ticket")
        raise RuntimeError

    assert store.number("ticket") == 2
