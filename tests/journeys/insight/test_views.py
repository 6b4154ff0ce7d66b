"""The schema of views is a contract: every column documented, none lost, and it can be taken away again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cobranza.insight import definitions

pytestmark = pytest.mark.django_db
_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL), col_description(c.oid, a.attnum),
       obj_description(c.oid, 'pg_class')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'informes' AND c.relkind = 'v' AND a.attnum > 0 ORDER BY c.relname, a.attnum
"""


def test_columns_are_those_promised_and_every_one_is_documented() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        rows = cursor.fetchall()
    there: dict[str, dict[str, str]] = {}
    for view, column, kind, _, _ in rows:
        there.setdefault(view, {})[column] = kind

    assert there == definitions.contract()
    assert not [f"{view}.{column}" for view, column, _, text, _ in rows if not text or len(text) < 3]
    assert not [view for view, _, _, _, text in rows if not text]


@pytest.mark.django_db(transaction=True)
def test_the_schema_goes_and_comes_back() -> None:
    MigrationExecutor(connection).migrate([("insight", "0001_records")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'informes'")
        assert cursor.fetchone() == (0,)
    forward = MigrationExecutor(connection)
    forward.migrate(forward.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM informes.facturas")
        assert cursor.fetchone() == (0,)
