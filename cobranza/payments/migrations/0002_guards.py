"""What the database refuses: a charge of other terms, facts of a gateway that shrink, evidence that goes."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION payments_charge_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key <> OLD.key OR NEW.creditor_id <> OLD.creditor_id OR NEW.debtor_id <> OLD.debtor_id
       OR NEW.currency <> OLD.currency OR NEW.amount <> OLD.amount OR NEW.gateway <> OLD.gateway
       OR NEW.agreement_id IS DISTINCT FROM OLD.agreement_id THEN
        RAISE EXCEPTION 'Lo que se pidió cobrar en % no cambia.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payments_charge_fixed';
    END IF;
    IF NEW.paid < OLD.paid OR NEW.returned < OLD.returned THEN
        RAISE EXCEPTION 'Lo que dijo la pasarela de % no mengua.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payments_charge_grows';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_charge_guard BEFORE UPDATE ON payments_charge
    FOR EACH ROW EXECUTE FUNCTION payments_charge_guard();
"""

KEPT = ("charge", "booking", "heard")
APPENDED = ("chargepart",)


def _refusals():
    for table in (*KEPT, *APPENDED):
        what = "DELETE OR UPDATE" if table in APPENDED else "DELETE"
        yield (
            f"CREATE TRIGGER payments_{table}_kept BEFORE {what} ON payments_{table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse();"
        )
        yield (
            f"CREATE TRIGGER payments_{table}_whole BEFORE TRUNCATE ON payments_{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();"
        )


def _permissions():
    for table in (*KEPT, *APPENDED):
        yield f"DROP TRIGGER payments_{table}_whole ON payments_{table};"
        yield f"DROP TRIGGER payments_{table}_kept ON payments_{table};"


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("ledger", "0002_guards")]

    operations = [
        migrations.RunSQL(
            "\n".join((GUARDS, *_refusals())),
            "\n".join((*_permissions(), "DROP FUNCTION payments_charge_guard() CASCADE;")),
        )
    ]
