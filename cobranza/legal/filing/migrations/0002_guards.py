"""What the database refuses: a state that may not follow, a package that changes, a history that is rewritten."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION filing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed text[] := CASE OLD.state
        WHEN 'preparado' THEN ARRAY['borrador', 'presentado', 'revision_humana', 'rechazado', 'retirado']
        WHEN 'borrador' THEN ARRAY['preparado', 'subido', 'revision_humana', 'rechazado', 'retirado']
        WHEN 'subido' THEN ARRAY['preparado', 'borrador', 'listo', 'revision_humana', 'rechazado', 'retirado']
        WHEN 'listo' THEN ARRAY['preparado', 'borrador', 'enviando', 'presentado', 'revision_humana', 'rechazado',
                                'retirado']
        WHEN 'enviando' THEN ARRAY['presentado', 'incierto', 'rechazado', 'revision_humana']
        WHEN 'incierto' THEN ARRAY['presentado', 'no_consta', 'revision_humana']
        WHEN 'no_consta' THEN ARRAY['listo', 'revision_humana', 'retirado']
        WHEN 'revision_humana' THEN ARRAY['presentado', 'no_consta', 'preparado', 'rechazado', 'retirado']
        ELSE ARRAY[]::text[]
    END;
BEGIN
    IF (NEW."case", NEW.court, NEW.package_hash, NEW.fingerprint, NEW.reference, NEW.corrects)
       IS DISTINCT FROM (OLD."case", OLD.court, OLD.package_hash, OLD.fingerprint, OLD.reference, OLD.corrects)
       OR NEW.sends < OLD.sends THEN
        RAISE EXCEPTION 'Lo que se firmó en la presentación % no cambia.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'filing_fixed';
    END IF;
    IF NEW.state <> OLD.state AND NOT NEW.state = ANY (allowed) THEN
        RAISE EXCEPTION 'La presentación % no pasa de % a %.', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'filing_forward';
    END IF;
    -- Sent again only after the proof that it was not registered.
    IF NEW.sends > OLD.sends AND NOT (OLD.state = 'listo' AND NEW.state = 'enviando' AND NEW.sends = OLD.sends + 1) THEN
        RAISE EXCEPTION 'La presentación % solo se envía desde «listo».', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'filing_sends';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER filing_guard BEFORE UPDATE ON filing_courtfiling FOR EACH ROW EXECUTE FUNCTION filing_guard();
CREATE TRIGGER filing_kept BEFORE DELETE ON filing_courtfiling FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER filing_whole BEFORE TRUNCATE ON filing_courtfiling FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER filing_step_kept BEFORE UPDATE OR DELETE ON filing_filingstep
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER filing_step_whole BEFORE TRUNCATE ON filing_filingstep
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

UNDO = """
DROP TRIGGER filing_step_whole ON filing_filingstep;
DROP TRIGGER filing_step_kept ON filing_filingstep;
DROP TRIGGER filing_whole ON filing_courtfiling;
DROP TRIGGER filing_kept ON filing_courtfiling;
DROP TRIGGER filing_guard ON filing_courtfiling;
DROP FUNCTION filing_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("filing", "0001_initial"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL(GUARDS, UNDO)]
