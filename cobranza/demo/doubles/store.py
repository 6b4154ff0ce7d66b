"""Where a desk keeps its rows: in memory, and in a SQLite file when it has to outlive its process."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_SCHEMA = "create table if not exists rows (kind text, id text, row text not null, primary key (kind, id))"


class Store:
    """Rows by kind and id. Everything changed inside `change` is written in one transaction, or not at all.

    Args:
        file: SQLite file; None keeps the rows in memory only.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._rows: dict[str, dict[str, Row]] = {}
        self._touched: dict[tuple[str, str], Row | None] = {}
        self._database: sqlite3.Connection | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._database.execute("pragma journal_mode=wal")
            self._database.execute("pragma synchronous=full")
            self._database.execute(_SCHEMA)
            for kind, name, row in self._database.execute("select kind, id, row from rows"):
                self._rows.setdefault(kind, {})[name] = json.loads(row)

    def get(self, kind: str, name: object) -> Row | None:
        """A row, None without one. Changing it needs a `put`."""
        return self._rows.get(kind, {}).get(str(name))

    def all(self, kind: str) -> list[Row]:
        """Every row of a kind, in the order of their making."""
        return sorted(self._rows.get(kind, {}).values(), key=lambda row: int(row.get("id", 0) or 0))

    def put(self, kind: str, name: object, row: Row) -> Row:
        """Keep a row."""
        self._rows.setdefault(kind, {})[str(name)] = row
        self._touched[kind, str(name)] = row
        return row

    def drop(self, kind: str, name: object) -> None:
        """Forget a row; harmless when there is none."""
        if self._rows.get(kind, {}).pop(str(name), None) is not None:
            self._touched[kind, str(name)] = None

    def number(self, kind: str, start: int = 1) -> int:
        """The next id of a kind; never given twice."""
        row = self.get("numbers", kind) or {"next": start}
        self.put("numbers", kind, {"next": row["next"] + 1})
        return int(row["next"])

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._touched.clear()
        if self._database is not None:
            self._database.execute("delete from rows")

    @contextmanager
    def change(self) -> Iterator[None]:
        """Write what the block put and dropped, once it ends well."""
        try:
            yield
        finally:
            touched, self._touched = self._touched, {}
            if self._database is not None and touched:
                self._database.execute("begin immediate")
                for (kind, name), row in touched.items():
                    if row is None:
                        self._database.execute("delete from rows where kind = ? and id = ?", (kind, name))
                    else:
                        text = json.dumps(row, ensure_ascii=False)
                        self._database.execute("insert or replace into rows values (?, ?, ?)", (kind, name, text))
                self._database.execute("commit")

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()

    # --- the desk's own clock, which a test may advance

    def now(self) -> datetime:
        """The desk's time, aware UTC, whole seconds as its answers carry them."""
        ahead = (self.get("clock", "ahead") or {"seconds": 0})["seconds"]
        return (datetime.now(UTC) + timedelta(seconds=ahead)).replace(microsecond=0)

    def advance(self, seconds: float) -> None:
        """Let the desk's clock jump forward."""
        ahead = (self.get("clock", "ahead") or {"seconds": 0})["seconds"]
        self.put("clock", "ahead", {"seconds": ahead + seconds})


def stamp(moment: datetime) -> str:
    """A moment as both vendors write it.

    >>> stamp(datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC))
    '2026-11-22T04:05:06Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The moment that a stamp says."""
    return datetime.fromisoformat(text)
