"""What the database refuses: money held for a customer that changes or exceeds its movement, a note rewritten."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION workbench_on_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    brought numeric;
    held numeric;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - ARRAY['released_by','released_at','released_reason']
                IS DISTINCT FROM to_jsonb(OLD) - ARRAY['released_by','released_at','released_reason']
           OR OLD.released_at IS NOT NULL THEN
            RAISE EXCEPTION 'Una entrega a cuenta no se modifica.'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'workbench_on_account_fixed';
        END IF;
        RETURN NEW;
    END IF;
    SELECT amount INTO brought FROM ledger_movement WHERE id = NEW.movement_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount), 0) INTO held FROM workbench_onaccount
        WHERE movement_id = NEW.movement_id AND released_at IS NULL;
    IF held + NEW.amount > brought THEN
        RAISE EXCEPTION 'El movimiento trajo % y quedarían a cuenta %.', brought, held + NEW.amount
            USING ERRCODE = 'check_violation', CONSTRAINT = 'workbench_on_account_room';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER workbench_on_account_guard BEFORE INSERT OR UPDATE ON workbench_onaccount
    FOR EACH ROW EXECUTE FUNCTION workbench_on_account_guard();
CREATE TRIGGER workbench_on_account_kept BEFORE DELETE ON workbench_onaccount
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER workbench_on_account_whole BEFORE TRUNCATE ON workbench_onaccount
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER workbench_note_kept BEFORE UPDATE OR DELETE ON workbench_note
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER workbench_note_whole BEFORE TRUNCATE ON workbench_note
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

UNDO = """
DROP TRIGGER workbench_note_whole ON workbench_note;
DROP TRIGGER workbench_note_kept ON workbench_note;
DROP TRIGGER workbench_on_account_whole ON workbench_onaccount;
DROP TRIGGER workbench_on_account_kept ON workbench_onaccount;
DROP FUNCTION workbench_on_account_guard() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("workbench", "0001_initial"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL(GUARDS, UNDO)]
