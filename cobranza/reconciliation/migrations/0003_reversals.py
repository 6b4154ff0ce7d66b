"""Payments on their way out of the ERP, and what the database refuses about them."""

import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE OR REPLACE FUNCTION reconciliation_intent_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state','reference','open_before','open_after','message','allocation_id','submitted_at','finished_at']
            IS DISTINCT FROM
       to_jsonb(OLD) - ARRAY['state','reference','open_before','open_after','message','allocation_id','submitted_at','finished_at'] THEN
        RAISE EXCEPTION 'Lo previsto en % no se modifica.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reconciliation_intent_fixed';
    END IF;
    IF OLD.state = 'posted' AND NEW.state = 'reversed' AND to_jsonb(NEW) - 'state' = to_jsonb(OLD) - 'state' THEN
        RETURN NEW;
    END IF;
    IF OLD.state IN ('posted', 'refused', 'reversed')
       OR NEW.state = 'reversed'
       OR OLD.state IN ('submitted', 'unknown') AND NEW.state = 'intended' THEN
        RAISE EXCEPTION 'El registro % no va de % a %.', OLD.key, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reconciliation_intent_forward';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION reconciliation_reversal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state','reference','open_before','open_after','message','submitted_at','finished_at']
            IS DISTINCT FROM
       to_jsonb(OLD) - ARRAY['state','reference','open_before','open_after','message','submitted_at','finished_at'] THEN
        RAISE EXCEPTION 'Lo previsto en % no se modifica.', OLD.key
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reconciliation_reversal_fixed';
    END IF;
    IF OLD.state IN ('reversed', 'refused')
       OR OLD.state IN ('submitted', 'unknown') AND NEW.state = 'intended' THEN
        RAISE EXCEPTION 'La anulación % no va de % a %.', OLD.key, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reconciliation_reversal_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reconciliation_reversal_guard BEFORE UPDATE ON reconciliation_reversalintent
    FOR EACH ROW EXECUTE FUNCTION reconciliation_reversal_guard();

CREATE TRIGGER reconciliation_reversal_kept BEFORE DELETE ON reconciliation_reversalintent
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER reconciliation_reversal_whole BEFORE TRUNCATE ON reconciliation_reversalintent
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER reconciliation_asked_kept BEFORE UPDATE OR DELETE ON reconciliation_reversal
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER reconciliation_asked_whole BEFORE TRUNCATE ON reconciliation_reversal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

UNDO = """
DROP TRIGGER reconciliation_asked_whole ON reconciliation_reversal;
DROP TRIGGER reconciliation_asked_kept ON reconciliation_reversal;
DROP TRIGGER reconciliation_reversal_whole ON reconciliation_reversalintent;
DROP TRIGGER reconciliation_reversal_kept ON reconciliation_reversalintent;
DROP FUNCTION reconciliation_reversal_guard() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_assumed'),
        ('reconciliation', '0002_guards'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reversal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('undo', 'Una persona lo deshace'), ('return', 'El banco lo devolvió')], max_length=16)),
                ('reason', models.TextField()),
                ('reason_code', models.CharField(blank=True, default='', help_text='El del banco, si lo da.', max_length=16)),
                ('asked_by', models.CharField(max_length=8)),
                ('asked_by_name', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'anulación',
                'verbose_name_plural': 'anulaciones',
            },
        ),
        migrations.CreateModel(
            name='ReversalIntent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='Se escribe en el ERP con la anulación.', max_length=64, unique=True)),
                ('erp', models.SlugField()),
                ('document', models.CharField(max_length=120)),
                ('payment_key', models.CharField(max_length=64)),
                ('payment_reference', models.CharField(blank=True, default='', max_length=200)),
                ('amount', models.DecimalField(decimal_places=3, help_text='Lo que se registró en el ERP, en la moneda del documento.', max_digits=18)),
                ('currency', models.CharField(max_length=3)),
                ('reverse_on', models.DateField(help_text='El día de la devolución, o el del cobro si nunca debió registrarse.')),
                ('state', models.CharField(choices=[('intended', 'Prevista'), ('submitted', 'Enviada'), ('reversed', 'Deshecha'), ('unknown', 'Sin saber'), ('refused', 'Rechazada')], default='intended', max_length=16)),
                ('reference', models.CharField(blank=True, default='', help_text='La del ERP.', max_length=200)),
                ('open_before', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True)),
                ('open_after', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True)),
                ('message', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'anulación en el ERP',
                'verbose_name_plural': 'anulaciones en el ERP',
            },
        ),
        migrations.RemoveConstraint(
            model_name='postingintent',
            name='reconciliation_intent_posted',
        ),
        migrations.AlterField(
            model_name='decision',
            name='kind',
            field=models.CharField(choices=[('accepted', 'Aceptada'), ('changed', 'Aceptada con cambios'), ('dismissed', 'Descartada'), ('reopened', 'Reabierta'), ('undone', 'Deshecha'), ('confirmed', 'Comprobada: está en el ERP'), ('not_there', 'Comprobada: no está en el ERP')], max_length=16),
        ),
        migrations.AlterField(
            model_name='postingintent',
            name='state',
            field=models.CharField(choices=[('intended', 'Prevista'), ('submitted', 'Enviada'), ('posted', 'Registrada'), ('unknown', 'Sin saber'), ('refused', 'Rechazada'), ('reversed', 'Deshecha en el ERP')], default='intended', max_length=16),
        ),
        migrations.AlterField(
            model_name='proposal',
            name='state',
            field=models.CharField(choices=[('automatic', 'Segura: se registra sola'), ('review', 'Por revisar'), ('accepted', 'Aceptada por una persona'), ('posted', 'Registrada en el ERP'), ('refused', 'Rechazada por el ERP'), ('dismissed', 'Descartada por una persona'), ('unrelated', 'No es un cobro'), ('superseded', 'Sustituida por otra ejecución'), ('reversing', 'Se está deshaciendo'), ('reversed', 'Deshecha')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='postingintent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('allocation__isnull', False), ('finished_at__isnull', False), ('state__in', ['posted', 'reversed'])), models.Q(models.Q(('state__in', ['posted', 'reversed']), _negated=True), ('allocation', None)), _connector='OR'), name='reconciliation_intent_posted'),
        ),
        migrations.AddField(
            model_name='reversal',
            name='proposal',
            field=models.ForeignKey(help_text='La que se deshace, o la devolución.', on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='reconciliation.proposal'),
        ),
        migrations.AddField(
            model_name='reversalintent',
            name='match',
            field=models.ForeignKey(blank=True, help_text='El emparejamiento de la devolución que lo pide.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='reconciliation.match'),
        ),
        migrations.AddField(
            model_name='reversalintent',
            name='posting',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='reconciliation.postingintent'),
        ),
        migrations.AddField(
            model_name='reversalintent',
            name='reversal',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intents', to='reconciliation.reversal'),
        ),
        migrations.AddIndex(
            model_name='reversalintent',
            index=models.Index(fields=['state'], name='reconciliat_state_e78e64_idx'),
        ),
        migrations.AddConstraint(
            model_name='reversalintent',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'refused'), _negated=True), fields=('posting',), name='reconciliation_one_reversal'),
        ),
        migrations.AddConstraint(
            model_name='reversalintent',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='reconciliation_reversal_amount'),
        ),
        migrations.AddConstraint(
            model_name='reversalintent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ['reversed', 'refused'])), models.Q(('finished_at', None), ('state__in', ['intended', 'submitted', 'unknown'])), _connector='OR'), name='reconciliation_reversal_finished'),
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
