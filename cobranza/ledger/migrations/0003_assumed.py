"""Which dates a statement left out; and a change of `in_erp` alone locks no balance, so imports cannot deadlock."""

from django.db import migrations, models

CHANGED = """
CREATE OR REPLACE FUNCTION ledger_allocation_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM fresh n JOIN stale o USING (id)
                   WHERE o.reversed_at IS NULL AND n.reversed_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM ledger_movement WHERE id IN (SELECT movement_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    UPDATE ledger_movement m SET used = m.used - s.cash
        FROM (SELECT n.movement_id, sum(n.cash) AS cash FROM fresh n JOIN stale o USING (id)
              WHERE o.reversed_at IS NULL AND n.reversed_at IS NOT NULL GROUP BY n.movement_id) s
        WHERE m.id = s.movement_id;
    PERFORM 1 FROM ledger_invoice WHERE id IN (SELECT invoice_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    UPDATE ledger_invoice i SET allocated = i.allocated - s.applied, touched_at = clock_timestamp()
        FROM (SELECT n.invoice_id, sum(n.applied) AS applied FROM fresh n JOIN stale o USING (id)
              WHERE o.reversed_at IS NULL AND n.reversed_at IS NOT NULL GROUP BY n.invoice_id) s
        WHERE i.id = s.invoice_id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards")]

    operations = [
        migrations.AddField(
            "movement",
            "assumed",
            models.CharField(
                blank=True, default="", help_text="Campos que el extracto no traía y se supusieron.", max_length=60
            ),
        ),
        migrations.RunSQL(CHANGED, migrations.RunSQL.noop),
    ]
