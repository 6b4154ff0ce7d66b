"""Where the court keeps its rows and its files: SQLite, in memory or in a file that outlives the process."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_SCHEMA = """
create table if not exists rows (kind text, id text, n integer, row text not null, primary key (kind, id));
create index if not exists rows_in_order on rows (n);
create index if not exists rows_of_a_kind on rows (kind, n);
create table if not exists files (sha256 text primary key, content blob not null);
create table if not exists numbers (name text primary key, next integer not null);
create table if not exists audit (n integer primary key autoincrement, entry text not null);
"""


class Store:
    """Rows by kind and id, files by hash, numbers never given twice, and a log that is only ever added to.

    A `put` lasts at once, unless it is inside `together`: then all of the block lasts, or nothing.

    Args:
        file: SQLite file; None keeps everything in memory.
    """

    def __init__(self, file: Path | None = None) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=normal")  # survives the end of the process, which is what we kill
        self._database.executescript(_SCHEMA)

    def get(self, kind: str, name: object) -> Row | None:
        """A row, None without one. Changing it needs a `put`."""
        found = self._database.execute("select row from rows where kind = ? and id = ?", (kind, str(name))).fetchone()
        return json.loads(found[0]) if found else None

    def all(self, kind: str) -> list[Row]:
        """Every row of a kind, in the order of their making."""
        found = self._database.execute("select row from rows where kind = ? order by n", (kind,))
        return [json.loads(row) for (row,) in found]

    def put(self, kind: str, name: object, row: Row) -> Row:
        """Keep a row."""
        self._database.execute(
            "insert into rows values (?, ?, (select coalesce(max(n), 0) + 1 from rows), ?)"
            " on conflict (kind, id) do update set row = excluded.row",
            (kind, str(name), json.dumps(row, ensure_ascii=False)),
        )
        return row

    def drop(self, kind: str, name: object) -> None:
        """Forget a row; harmless when there is none."""
        self._database.execute("delete from rows where kind = ? and id = ?", (kind, str(name)))

    def number(self, name: str) -> int:
        """The next number of a series, from 1; never given twice."""
        self._database.execute("insert or ignore into numbers values (?, 1)", (name,))
        (number,) = self._database.execute("select next from numbers where name = ?", (name,)).fetchone()
        self._database.execute("update numbers set next = next + 1 where name = ?", (name,))
        return int(number)

    def keep(self, sha256: str, content: bytes) -> None:
        """Keep a file's bytes under a hash, which need not be theirs: a fault may want it otherwise."""
        self._database.execute("insert or replace into files values (?, ?)", (sha256, content))

    def content(self, sha256: str) -> bytes:
        """The bytes kept under a hash; empty without any."""
        found = self._database.execute("select content from files where sha256 = ?", (sha256,)).fetchone()
        return bytes(found[0]) if found else b""

    def log(self, entry: Row) -> None:
        """Add to the audit log."""
        self._database.execute("insert into audit (entry) values (?)", (json.dumps(entry, ensure_ascii=False),))

    def audit(self) -> list[Row]:
        """The audit log, oldest first."""
        return [json.loads(entry) for (entry,) in self._database.execute("select entry from audit order by n")]

    def clear(self) -> None:
        """Forget everything but the keys."""
        with self.together():
            self._database.execute("delete from rows where kind <> 'key'")
            for table in ("files", "numbers", "audit"):
                self._database.execute(f"delete from {table}")  # noqa: S608 - the three names above

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that the block keeps and drops, or nothing of it."""
        if self._database.in_transaction:
            yield
            return
        self._database.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")

    def close(self) -> None:
        """Close the file."""
        self._database.close()
