"""What was written may be forgotten, and nothing else of it may change: the database refuses the rest."""

from django.db import migrations, models


GUARDS = """
CREATE FUNCTION disputes_rawmail_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key <> OLD.key OR OLD.erased_at IS NOT NULL OR NEW.erased_at IS NULL OR length(NEW.content) > 0 THEN
        RAISE EXCEPTION 'Los bytes del correo % no cambian: solo se borran.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disputes_rawmail_fixed';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER disputes_rawmail_kept ON disputes_rawmail;
CREATE TRIGGER disputes_rawmail_kept BEFORE DELETE ON disputes_rawmail
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER disputes_rawmail_guard BEFORE UPDATE ON disputes_rawmail
    FOR EACH ROW EXECUTE FUNCTION disputes_rawmail_guard();

CREATE FUNCTION disputes_erased_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL AND (NEW.erased_at IS DISTINCT FROM OLD.erased_at OR NEW.own_text <> '') THEN
        RAISE EXCEPTION 'El correo % se borró.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'disputes_mail_erased';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER disputes_erased_guard BEFORE UPDATE ON disputes_mail
    FOR EACH ROW EXECUTE FUNCTION disputes_erased_guard();

-- As in 0002, save that the words of a ticket that is there, or that nobody will open any more, may be forgotten.
CREATE OR REPLACE FUNCTION disputes_dispute_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key <> OLD.key OR NEW.creditor_id <> OLD.creditor_id
       OR NEW.request <> OLD.request AND NOT (
           jsonb_exists(NEW.request, 'erased') AND (OLD.ticket <> '' OR OLD.state IN ('cerrada', 'fusionada'))
       )
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
"""

UNDO = """
CREATE OR REPLACE FUNCTION disputes_dispute_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP FUNCTION disputes_erased_guard() CASCADE;
DROP FUNCTION disputes_rawmail_guard() CASCADE;
DROP TRIGGER disputes_rawmail_kept ON disputes_rawmail;
CREATE TRIGGER disputes_rawmail_kept BEFORE DELETE OR UPDATE ON disputes_rawmail
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('disputes', '0003_desk_routes'),
    ]

    operations = [
        migrations.AddField(
            model_name='mail',
            name='erased_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='mail',
            name='erased_why',
            field=models.CharField(blank=True, default='', help_text='Por qué se borró su contenido.', max_length=500),
        ),
        migrations.AddField(
            model_name='rawmail',
            name='erased_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='rawmail',
            name='content',
            field=models.BinaryField(help_text='Vacío cuando se ha borrado.'),
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
