"""What the database refuses: an advice that changes after it came in, and a tie that is rewritten or undone twice."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION advice_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'state' IS DISTINCT FROM to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'Lo que dice el aviso % no se modifica.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'advice_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER advice_fixed BEFORE UPDATE ON advice_advice FOR EACH ROW EXECUTE FUNCTION advice_fixed();

CREATE FUNCTION advice_tie_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['undone_at','undone_by_name','undone_reason']
            IS DISTINCT FROM to_jsonb(OLD) - ARRAY['undone_at','undone_by_name','undone_reason']
       OR OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL THEN
        RAISE EXCEPTION 'La atadura % solo se deshace, y una vez.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'advice_tie_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER advice_tie_guard BEFORE UPDATE ON advice_tie FOR EACH ROW EXECUTE FUNCTION advice_tie_guard();

CREATE TRIGGER advice_kept BEFORE DELETE ON advice_advice FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER advice_whole BEFORE TRUNCATE ON advice_advice FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER advice_line_kept BEFORE UPDATE OR DELETE ON advice_adviceline
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER advice_line_whole BEFORE TRUNCATE ON advice_adviceline
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER advice_file_kept BEFORE UPDATE OR DELETE ON advice_advicefile
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER advice_file_whole BEFORE TRUNCATE ON advice_advicefile
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER advice_tie_kept BEFORE DELETE ON advice_tie FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER advice_tie_whole BEFORE TRUNCATE ON advice_tie FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

UNDO = """
DROP TRIGGER advice_tie_whole ON advice_tie;
DROP TRIGGER advice_tie_kept ON advice_tie;
DROP TRIGGER advice_file_whole ON advice_advicefile;
DROP TRIGGER advice_file_kept ON advice_advicefile;
DROP TRIGGER advice_line_whole ON advice_adviceline;
DROP TRIGGER advice_line_kept ON advice_adviceline;
DROP TRIGGER advice_whole ON advice_advice;
DROP TRIGGER advice_kept ON advice_advice;
DROP FUNCTION advice_tie_guard() CASCADE;
DROP FUNCTION advice_fixed() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("advice", "0001_advices"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL(GUARDS, UNDO)]
