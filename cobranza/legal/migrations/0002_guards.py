"""What the database refuses: a case that changes hands, a paper whose bytes change, a signature rewritten or revived."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION legal_case_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> OLD.number OR NEW.creditor_id <> OLD.creditor_id OR NEW.debtor_id <> OLD.debtor_id
       OR NEW.currency <> OLD.currency THEN
        RAISE EXCEPTION 'La identidad del expediente % no cambia.', OLD.number
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'legal_case_fixed';
    END IF;
    -- Nothing is signed that was not reviewed. What the court registered is a fact whatever happened here meanwhile.
    IF OLD.stage <> NEW.stage AND (
        NEW.stage = 'firmado' AND OLD.stage NOT IN ('en_revision', 'revision_humana')
        OR NEW.stage = 'en_revision' AND OLD.stage NOT IN ('en_preparacion', 'firmado')
        OR NEW.stage = 'presentado' AND OLD.stage IN ('aviso', 'aplazado', 'descartado')
        OR NEW.stage IN ('aviso', 'aplazado') AND OLD.stage NOT IN ('aviso', 'aplazado')
    ) THEN
        RAISE EXCEPTION 'El expediente % no pasa de % a %.', OLD.number, OLD.stage, NEW.stage
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'legal_case_stage';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER legal_case_guard BEFORE UPDATE ON legal_legalcase
    FOR EACH ROW EXECUTE FUNCTION legal_case_guard();

CREATE FUNCTION legal_document_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.case_id <> OLD.case_id OR NEW.key <> OLD.key OR NEW.sha256 <> OLD.sha256 OR NEW.size <> OLD.size THEN
        RAISE EXCEPTION 'Los bytes del documento % no cambian: suba otro.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'legal_document_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER legal_document_guard BEFORE UPDATE ON legal_casedocument
    FOR EACH ROW EXECUTE FUNCTION legal_document_guard();

CREATE FUNCTION legal_signature_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended <> '' OR to_jsonb(NEW) - ARRAY['ended','ended_at','ended_by','ended_reason']
            IS DISTINCT FROM to_jsonb(OLD) - ARRAY['ended','ended_at','ended_by','ended_reason'] THEN
        RAISE EXCEPTION 'Un visto bueno no se modifica: se revoca y se da otro.'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'legal_signature_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER legal_signature_guard BEFORE UPDATE ON legal_signoff
    FOR EACH ROW EXECUTE FUNCTION legal_signature_guard();
"""

KEPT = ("legalcase", "item", "defendant", "casedocument", "prior", "signoff", "deadline")
APPENDED = ("claimdecision", "preparation", "casenews")

UNDO = """
DROP FUNCTION legal_signature_guard() CASCADE;
DROP FUNCTION legal_document_guard() CASCADE;
DROP FUNCTION legal_case_guard() CASCADE;
"""


def _refusals():
    for table in (*KEPT, *APPENDED):
        what = "DELETE OR UPDATE" if table in APPENDED else "DELETE"
        yield (
            f"CREATE TRIGGER legal_{table}_kept BEFORE {what} ON legal_{table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse();"
        )
        yield (
            f"CREATE TRIGGER legal_{table}_whole BEFORE TRUNCATE ON legal_{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();"
        )


def _permissions():
    for table in (*KEPT, *APPENDED):
        yield f"DROP TRIGGER legal_{table}_whole ON legal_{table};"
        yield f"DROP TRIGGER legal_{table}_kept ON legal_{table};"


class Migration(migrations.Migration):
    dependencies = [("legal", "0001_initial"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL("\n".join((GUARDS, *_refusals())), "\n".join((*_permissions(), UNDO)))]
