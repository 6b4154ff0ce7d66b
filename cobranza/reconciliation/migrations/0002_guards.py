"""What the database refuses: a posting that goes backwards, a decision that changes, a person's word overwritten."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION reconciliation_intent_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state','reference','open_before','open_after','message','allocation_id','submitted_at','finished_at']
            IS DISTINCT FROM
       to_jsonb(OLD) - ARRAY['state','reference','open_before','open_after','message','allocation_id','submitted_at','finished_at'] THEN
        RAISE EXCEPTION 'Lo previsto en % no se modifica.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reconciliation_intent_fixed';
    END IF;
    IF OLD.state IN ('posted', 'refused')
       OR OLD.state IN ('submitted', 'unknown') AND NEW.state = 'intended' THEN
        RAISE EXCEPTION 'El registro % no vuelve de % a %.', OLD.key, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reconciliation_intent_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reconciliation_intent_guard BEFORE UPDATE ON reconciliation_postingintent
    FOR EACH ROW EXECUTE FUNCTION reconciliation_intent_guard();

CREATE TRIGGER reconciliation_intent_kept BEFORE DELETE ON reconciliation_postingintent
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER reconciliation_intent_whole BEFORE TRUNCATE ON reconciliation_postingintent
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER reconciliation_decision_kept BEFORE UPDATE OR DELETE ON reconciliation_decision
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER reconciliation_decision_whole BEFORE TRUNCATE ON reconciliation_decision
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

UNDO = """
DROP TRIGGER reconciliation_decision_whole ON reconciliation_decision;
DROP TRIGGER reconciliation_decision_kept ON reconciliation_decision;
DROP TRIGGER reconciliation_intent_whole ON reconciliation_postingintent;
DROP TRIGGER reconciliation_intent_kept ON reconciliation_postingintent;
DROP FUNCTION reconciliation_intent_guard() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_proposals"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL(GUARDS, UNDO)]
