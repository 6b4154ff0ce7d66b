"""What the database refuses: a request of other terms or one that comes back to life, a decision rewritten."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION agreements_waiting_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key <> OLD.key OR NEW.debtor_id <> OLD.debtor_id OR NEW.currency <> OLD.currency
       OR NEW.total <> OLD.total OR NEW.proposal <> OLD.proposal OR NEW.proof <> OLD.proof THEN
        RAISE EXCEPTION 'Lo que se pidió aprobar en % no cambia.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreements_waiting_fixed';
    END IF;
    IF OLD.state <> 'en_espera' AND NEW.state <> OLD.state THEN
        RAISE EXCEPTION 'La solicitud % ya terminó.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreements_waiting_ended';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreements_waiting_guard BEFORE UPDATE ON agreements_waiting
    FOR EACH ROW EXECUTE FUNCTION agreements_waiting_guard();
"""

KEPT = ("waiting",)
APPENDED = ("decision",)


def _refusals():
    for table in (*KEPT, *APPENDED):
        what = "DELETE OR UPDATE" if table in APPENDED else "DELETE"
        yield (
            f"CREATE TRIGGER agreements_{table}_kept BEFORE {what} ON agreements_{table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse();"
        )
        yield (
            f"CREATE TRIGGER agreements_{table}_whole BEFORE TRUNCATE ON agreements_{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();"
        )


def _permissions():
    for table in (*KEPT, *APPENDED):
        yield f"DROP TRIGGER agreements_{table}_whole ON agreements_{table};"
        yield f"DROP TRIGGER agreements_{table}_kept ON agreements_{table};"


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_initial"), ("ledger", "0002_guards")]

    operations = [
        migrations.RunSQL(
            "\n".join((GUARDS, *_refusals())),
            "\n".join((*_permissions(), "DROP FUNCTION agreements_waiting_guard() CASCADE;")),
        )
    ]
