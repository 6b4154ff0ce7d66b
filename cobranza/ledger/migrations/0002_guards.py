"""What the database itself refuses, whoever writes: the rules of allocations, balances and the event chain.

Every refusal carries the name of a rule in the error's CONSTRAINT field; `cobranza.ledger.rules` turns it into an
error that says what to do. Locks are always taken in one order (movements, invoices, chain; each by key), so two
writers wait for each other and never deadlock. ``FOR NO KEY UPDATE`` because foreign keys hold ``FOR KEY SHARE``.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Django empties test databases with TRUNCATE; nothing else may, and no real database is called test_….
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'En % no se permite %.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_append_only';
END $$;
"""

MOVEMENT = """
CREATE FUNCTION ledger_movement_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.used <> 0 THEN
            RAISE EXCEPTION 'Un movimiento entra sin nada aplicado.'
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_kept_by_database';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'used' - 'remaining' IS DISTINCT FROM to_jsonb(OLD) - 'used' - 'remaining' THEN
        RAISE EXCEPTION 'El movimiento % no se puede modificar.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_movement_fixed';
    END IF;
    IF NEW.used IS DISTINCT FROM OLD.used AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'Lo aplicado del movimiento % solo cambia con sus aplicaciones.', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_kept_by_database';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_movement_guard BEFORE INSERT OR UPDATE ON ledger_movement
    FOR EACH ROW EXECUTE FUNCTION ledger_movement_guard();
"""

INVOICE = """
CREATE FUNCTION ledger_invoice_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.allocated <> 0 THEN
            RAISE EXCEPTION 'Una factura entra sin nada aplicado.'
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_kept_by_database';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.creditor_id, NEW.erp, NEW.erp_key, NEW.kind, NEW.currency)
            IS DISTINCT FROM (OLD.creditor_id, OLD.erp, OLD.erp_key, OLD.kind, OLD.currency) THEN
        RAISE EXCEPTION 'La identidad de la factura % no cambia.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_invoice_fixed';
    END IF;
    IF NEW.allocated IS DISTINCT FROM OLD.allocated THEN
        IF pg_trigger_depth() < 2 THEN
            RAISE EXCEPTION 'Lo aplicado a la factura % solo cambia con sus aplicaciones.', OLD.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_kept_by_database';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_invoice_guard BEFORE INSERT OR UPDATE ON ledger_invoice
    FOR EACH ROW EXECUTE FUNCTION ledger_invoice_guard();
"""

ALLOCATION = """
CREATE FUNCTION ledger_allocation_enter() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    money record;
    document record;
BEGIN
    SELECT m.amount, m.currency, a.creditor_id INTO STRICT money
        FROM ledger_movement m JOIN ledger_bankaccount a ON a.id = m.account_id WHERE m.id = NEW.movement_id;
    SELECT kind, currency, creditor_id INTO STRICT document FROM ledger_invoice WHERE id = NEW.invoice_id;
    IF money.creditor_id <> document.creditor_id THEN
        RAISE EXCEPTION 'El movimiento % y la factura % son de acreedores distintos.', NEW.movement_id, NEW.invoice_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_allocation_creditor';
    END IF;
    IF document.kind = 'credit_note' AND NEW.applied > 0
       OR document.kind = 'invoice' AND sign(NEW.applied) <> sign(money.amount) THEN
        RAISE EXCEPTION 'Un movimiento de % no puede aplicar % a un documento de tipo %.',
            money.amount, NEW.applied, document.kind
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_allocation_direction';
    END IF;
    IF money.currency = document.currency THEN
        IF NEW.cash <> NEW.applied - NEW.withheld - NEW.fee - NEW.discount THEN
            RAISE EXCEPTION 'Aplicado % menos retenido %, gastos % y descuento % no da %.',
                NEW.applied, NEW.withheld, NEW.fee, NEW.discount, NEW.cash
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_allocation_sum';
        END IF;
    ELSIF NEW.rate IS NULL OR NEW.rate <= 0 THEN
        RAISE EXCEPTION 'Falta el cambio de % a %.', document.currency, money.currency
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_allocation_rate';
    END IF;
    IF NEW.reversed_at IS NOT NULL THEN
        RAISE EXCEPTION 'Una aplicación no nace anulada.'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_allocation_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_allocation_enter BEFORE INSERT ON ledger_allocation
    FOR EACH ROW EXECUTE FUNCTION ledger_allocation_enter();

CREATE FUNCTION ledger_allocation_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['in_erp', 'reversed_at', 'reversed_by', 'reversed_by_name', 'reversed_reason'];
BEGIN
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change OR OLD.reversed_at IS NOT NULL
       AND (to_jsonb(NEW) - 'in_erp' IS DISTINCT FROM to_jsonb(OLD) - 'in_erp') THEN
        RAISE EXCEPTION 'La aplicación % no se puede modificar; se anula y se hace otra.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_allocation_fixed';
    END IF;
    IF NEW.reversed_at IS NOT NULL AND OLD.reversed_at IS NULL
       AND OLD.decided_by = 'person' AND NEW.reversed_by <> 'person' THEN
        RAISE EXCEPTION 'La aplicación % la decidió una persona: un robot no la anula.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_allocation_person';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_allocation_change BEFORE UPDATE ON ledger_allocation
    FOR EACH ROW EXECUTE FUNCTION ledger_allocation_change();

-- Whole statements at a time: a netted payment is right as a set although no single row of it is.
CREATE FUNCTION ledger_allocation_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger_movement WHERE id IN (SELECT movement_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    UPDATE ledger_movement m SET used = m.used + s.cash
        FROM (SELECT movement_id, sum(cash) AS cash FROM fresh GROUP BY movement_id) s WHERE m.id = s.movement_id;
    PERFORM 1 FROM ledger_invoice WHERE id IN (SELECT invoice_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    UPDATE ledger_invoice i SET allocated = i.allocated + s.applied, touched_at = clock_timestamp()
        FROM (SELECT invoice_id, sum(applied) AS applied FROM fresh GROUP BY invoice_id) s WHERE i.id = s.invoice_id;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_allocation_added AFTER INSERT ON ledger_allocation
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_allocation_added();

CREATE FUNCTION ledger_allocation_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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
CREATE TRIGGER ledger_allocation_changed AFTER UPDATE ON ledger_allocation
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_allocation_changed();
"""

CHAIN = """
CREATE FUNCTION ledger_chain_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq <> 0 OR NEW.hash <> encode(sha256(convert_to('cobranza:' || NEW.name, 'UTF8')), 'hex') THEN
            RAISE EXCEPTION 'Una cadena empieza vacía.'
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_kept_by_database';
        END IF;
    ELSIF pg_trigger_depth() < 2 OR NEW.name <> OLD.name OR NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'La cabeza de la cadena % solo avanza con sus sucesos.', OLD.name
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_kept_by_database';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_chain_guard BEFORE INSERT OR UPDATE ON ledger_chain
    FOR EACH ROW EXECUTE FUNCTION ledger_chain_guard();

CREATE FUNCTION ledger_event_append() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger_chain SET seq = NEW.seq, hash = NEW.hash
        WHERE name = NEW.chain_id AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'El suceso % no sigue a la cabeza de la cadena %.', NEW.seq, NEW.chain_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_event_chain';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_event_append BEFORE INSERT ON ledger_event
    FOR EACH ROW EXECUTE FUNCTION ledger_event_append();
"""

FUNCTIONS = (
    "ledger_event_append", "ledger_chain_guard", "ledger_allocation_changed", "ledger_allocation_added",
    "ledger_allocation_change", "ledger_allocation_enter", "ledger_invoice_guard", "ledger_movement_guard",
    "ledger_refuse",
)  # fmt: skip

APPEND_ONLY = ("event", "seal", "statement")
NEVER_DELETED = (*APPEND_ONLY, "chain", "movement", "invoice", "allocation", "hold", "debtor", "bankaccount", "creditor")


def _refusals() -> str:
    rows = []
    for table in NEVER_DELETED:
        what = "DELETE OR UPDATE" if table in APPEND_ONLY else "DELETE"
        rows.append(
            f"CREATE TRIGGER ledger_{table}_kept BEFORE {what} ON ledger_{table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse();"
        )
        rows.append(
            f"CREATE TRIGGER ledger_{table}_whole BEFORE TRUNCATE ON ledger_{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();"
        )
    return "\n".join(rows)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_records")]

    operations = [
        migrations.RunSQL(
            "\n".join((REFUSE, MOVEMENT, INVOICE, ALLOCATION, CHAIN, _refusals())),
            "\n".join(f"DROP FUNCTION {name}() CASCADE;" for name in FUNCTIONS),
        )
    ]
