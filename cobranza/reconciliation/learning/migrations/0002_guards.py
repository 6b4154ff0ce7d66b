"""What the database refuses: learning what was ordered to be forgotten, rewriting a version, undoing an order."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION learning_fact_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM learning_tombstone t
        WHERE t.debtor_id = NEW.debtor_id AND t.lifted_at IS NULL
          AND (t.kind = '' OR t.kind = NEW.kind
               AND t.digest = encode(sha256(convert_to(t.salt || '|' || NEW.value, 'UTF8')), 'hex'))
    ) THEN
        RAISE EXCEPTION 'Una persona ordenó olvidar esto del deudor %.', NEW.debtor_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'learning_forgotten';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER learning_fact_guard BEFORE INSERT OR UPDATE ON learning_fact
    FOR EACH ROW EXECUTE FUNCTION learning_fact_guard();

CREATE FUNCTION learning_tombstone_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL
       OR to_jsonb(NEW) - ARRAY['lifted_at','lifted_by'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['lifted_at','lifted_by']
    THEN
        RAISE EXCEPTION 'Lo que se ordenó olvidar no se modifica.'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'learning_tombstone_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER learning_tombstone_guard BEFORE UPDATE ON learning_tombstone
    FOR EACH ROW EXECUTE FUNCTION learning_tombstone_guard();

CREATE FUNCTION learning_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state','live_since','retired_at','retired_by']
            IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state','live_since','retired_at','retired_by'] THEN
        RAISE EXCEPTION 'Lo que dice una versión no se modifica.'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'learning_version_fixed';
    END IF;
    IF OLD.state = 'rejected' OR NEW.state = 'rejected' THEN
        RAISE EXCEPTION 'La versión % fue rechazada en la prueba y no entra en uso.', OLD.number
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'learning_version_rejected';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER learning_version_guard BEFORE UPDATE ON learning_version
    FOR EACH ROW EXECUTE FUNCTION learning_version_guard();

CREATE TRIGGER learning_version_kept BEFORE DELETE ON learning_version
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER learning_version_whole BEFORE TRUNCATE ON learning_version
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER learning_tombstone_kept BEFORE DELETE ON learning_tombstone
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER learning_tombstone_whole BEFORE TRUNCATE ON learning_tombstone
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

UNDO = """
DROP TRIGGER learning_tombstone_whole ON learning_tombstone;
DROP TRIGGER learning_tombstone_kept ON learning_tombstone;
DROP TRIGGER learning_version_whole ON learning_version;
DROP TRIGGER learning_version_kept ON learning_version;
DROP FUNCTION learning_version_guard() CASCADE;
DROP FUNCTION learning_tombstone_guard() CASCADE;
DROP FUNCTION learning_fact_guard() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("learning", "0001_facts"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL(GUARDS, UNDO)]
