"""The schema `informes`, and the tables of the day's figures. Back and forth without loss: views hold nothing."""

from django.db import migrations, models

from cobranza.insight.informes import contact, view, wallet, work

VIEWS = (*wallet.VIEWS, *contact.VIEWS, *work.VIEWS)
CREATE = "\n".join([
    "CREATE SCHEMA informes;",
    "COMMENT ON SCHEMA informes IS 'Vistas de solo lectura para cifras y herramientas externas. Columnas estables.';",
    view.FUNCTIONS,
    *(each.create() for each in VIEWS),
])
DROP = "\n".join([*(each.drop() for each in reversed(VIEWS)), view.DROP_FUNCTIONS, "DROP SCHEMA informes;"])


class Migration(migrations.Migration):
    dependencies = [
        ("insight", "0001_records"),
        ("ledger", "0006_ratings"),
        ("reconciliation", "0003_reversals"),
        ("disputes", "0004_forgetting"),
        ("dunning", "0002_asked_and_versions"),
        ("agreements", "0002_guards"),
        ("payments", "0002_guards"),
        ("legal", "0004_alert_mail"),
        ("filing", "0002_guards"),
        ("runs", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cube",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.CharField(max_length=80)),
                ("day", models.DateField()),
                ("creditor", models.CharField(blank=True, default="", max_length=50)),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                ("country", models.CharField(blank=True, default="", max_length=2)),
                ("segment", models.CharField(blank=True, default="", max_length=16)),
                ("strategy", models.CharField(blank=True, default="", max_length=120)),
                ("channel", models.CharField(blank=True, default="", max_length=16)),
                ("kind", models.CharField(blank=True, default="", help_text="Tramo, brazo, hora… según la cifra.", max_length=40)),
                ("num", models.DecimalField(decimal_places=6, max_digits=24)),
                ("den", models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ("rows", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "cifra del día",
                "verbose_name_plural": "cifras del día",
                "indexes": [models.Index(fields=["slug", "day"], name="insight_cube_day")],
            },
        ),
        migrations.CreateModel(
            name="CubeState",
            fields=[
                ("slug", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("digest", models.CharField(help_text="De su definición: al cambiar, se rehace entera.", max_length=64)),
                ("refreshed_at", models.DateTimeField()),
                ("full_at", models.DateTimeField(help_text="Última vez que se rehizo entera.")),
            ],
            options={"verbose_name": "estado de una cifra", "verbose_name_plural": "estados de cifras"},
        ),
        migrations.CreateModel(
            name="UnitCost",
            fields=[
                ("channel", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=12)),
                ("currency", models.CharField(max_length=3)),
            ],
            options={"verbose_name": "coste de un canal", "verbose_name_plural": "costes de canales"},
        ),
        migrations.CreateModel(
            name="Trial",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=120)),
                ("pilot_share", models.PositiveSmallIntegerField()),
                ("holdout_share", models.PositiveSmallIntegerField()),
                ("since", models.DateField()),
                ("until", models.DateField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "ensayo",
                "constraints": [models.UniqueConstraint(fields=("creditor", "name"), name="insight_trial_once")],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
