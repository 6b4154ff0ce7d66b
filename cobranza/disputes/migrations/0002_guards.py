"""What the database refuses: a mail that goes back, a ticket that changes, an answer rewritten, a word overwritten."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION disputes_mail_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    path text[] := ARRAY['recibido', 'leido', 'creando', 'creado', 'acusado', 'hecho'];
BEGIN
    IF NEW.key <> OLD.key OR NEW.raw_id IS DISTINCT FROM OLD.raw_id OR NEW.creditor_id <> OLD.creditor_id
       OR OLD.canonical <> '' AND NEW.canonical <> OLD.canonical
       -- A mail stays with its case; one whose ticket takes no more comments opens the case that follows it.
       OR OLD.dispute_id IS NOT NULL AND NEW.dispute_id IS DISTINCT FROM OLD.dispute_id
          AND NOT (NEW.opens AND NOT OLD.opens) THEN
        RAISE EXCEPTION 'La identidad del correo % no cambia.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disputes_mail_fixed';
    END IF;
    -- 'hecho' is the end; 'ignorado' and 'cuarentena' end too, and only a person sends the latter back.
    IF OLD.state <> NEW.state AND (
        OLD.state IN ('hecho', 'ignorado')
        OR array_position(path, NEW.state) < array_position(path, OLD.state)
        OR OLD.state = 'cuarentena' AND NEW.state <> 'recibido'
        OR NEW.state IN ('ignorado', 'cuarentena') AND OLD.dispute_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'El correo % no pasa de % a %.', OLD.key, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disputes_mail_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER disputes_mail_guard BEFORE UPDATE ON disputes_mail
    FOR EACH ROW EXECUTE FUNCTION disputes_mail_guard();

CREATE FUNCTION disputes_dispute_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key <> OLD.key OR NEW.creditor_id <> OLD.creditor_id OR NEW.request <> OLD.request
       OR OLD.ticket <> '' AND (NEW.ticket <> OLD.ticket OR NEW.desk <> OLD.desk) THEN
        RAISE EXCEPTION 'El ticket de la disputa % no cambia.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disputes_ticket_fixed';
    END IF;
    IF OLD.decided_by = 'person' AND NEW.decided_by = 'robot' THEN
        RAISE EXCEPTION 'La disputa % la decidió una persona.', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disputes_person_decided';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER disputes_dispute_guard BEFORE UPDATE ON disputes_dispute
    FOR EACH ROW EXECUTE FUNCTION disputes_dispute_guard();

CREATE FUNCTION disputes_outgoing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state','reason','tries','ended_at']
            IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state','reason','tries','ended_at']
       OR OLD.state IN ('aceptado', 'rechazado', 'omitido')
       OR OLD.state = 'enviando' AND NEW.state = 'previsto' THEN
        RAISE EXCEPTION 'El acuse % no se modifica.', OLD.message_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disputes_outgoing_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER disputes_outgoing_guard BEFORE UPDATE ON disputes_outgoing
    FOR EACH ROW EXECUTE FUNCTION disputes_outgoing_guard();

-- Numbers as people write them: "FRA. 2026/381" and "F2026-00381" are looked up without what separates their parts.
CREATE INDEX disputes_invoice_flat ON ledger_invoice
    (creditor_id, (regexp_replace(upper(number), '[^A-Z0-9]', '', 'g')));
CREATE INDEX disputes_contact_flat ON ledger_contact ((lower(value))) WHERE kind = 'email';
"""

KEPT = ("mail", "dispute", "link", "outgoing", "suppression", "bounce")
APPENDED = ("rawmail", "decision")

UNDO = """
DROP INDEX disputes_contact_flat;
DROP INDEX disputes_invoice_flat;
DROP FUNCTION disputes_outgoing_guard() CASCADE;
DROP FUNCTION disputes_dispute_guard() CASCADE;
DROP FUNCTION disputes_mail_guard() CASCADE;
"""


def _refusals():
    for table in (*KEPT, *APPENDED):
        what = "DELETE OR UPDATE" if table in APPENDED else "DELETE"
        yield (
            f"CREATE TRIGGER disputes_{table}_kept BEFORE {what} ON disputes_{table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse();"
        )
        yield (
            f"CREATE TRIGGER disputes_{table}_whole BEFORE TRUNCATE ON disputes_{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();"
        )


def _permissions():
    for table in (*KEPT, *APPENDED):
        yield f"DROP TRIGGER disputes_{table}_whole ON disputes_{table};"
        yield f"DROP TRIGGER disputes_{table}_kept ON disputes_{table};"


class Migration(migrations.Migration):
    dependencies = [("disputes", "0001_initial"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL("\n".join((GUARDS, *_refusals())), "\n".join((*_permissions(), UNDO)))]
