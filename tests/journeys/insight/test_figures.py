"""Every figure against what was computed by hand from the small company of `conftest`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from cobranza.dunning.trial import Trial, arm
from cobranza.insight import cube, figures
from cobranza.insight.figures import MixedCurrencies, NoSuchFilter, SqlFigures, UnknownFigure
from cobranza.insight.models import Cube, CubeState
from cobranza.insight.models import Trial as TrialRow
from cobranza.insight.ports import Slice
from cobranza.ledger.models import Creditor, Debtor, Invoice
from cobranza.reconciliation.figures import query
from tests.journeys.figures.conftest import company as reconciled
from tests.journeys.figures.conftest import matched, owed

__all__ = ["matched", "owed", "reconciled"]
pytestmark = pytest.mark.django_db
D = Decimal
QUARTER = Slice(start=date(2026, 4, 1), end=date(2026, 6, 30))
EXPECTED = {
    "pendiente": "1350",  # 500 + 300 + 600 - 50
    "dso": "162",  # 1350 x 90 / 750 sold since 2 April
    "dso_agotamiento": "79",  # June 250 = 30 d, May 500 = 31 d, then 600 of April's 1000 = 18 d
    "dso_mejor": "36",  # 300 x 90 / 750
    "vencido": "0.777778",  # 1050 / 1350
    "vencido_mas_de_90": "0",
    "antiguedad": "1350",
    "paso_de_tramo": "0.727273",  # April 800 of 800, May 800 of 1400: 1600 / 2200
    "ventas": "1750",  # 1000 + 500 + 300 - 50
    "cobrado": "1200",  # 400 + 600 + 200
    "tasa_de_recuperacion": "0.421053",  # (600 + 0 + 200) / (600 + 500 + 800)
    "tasa_de_cura": "0.5",  # A1 yes, A4 no; A2 has not had its 30 days
    "tasa_de_contacto": "0.5",  # read, answered; of four
    "promesas_cumplidas": "0.666667",  # 2 of 3
    "cuotas_a_tiempo": "0.666667",
    "recuperacion_a_30": "0.5",
    "efecto": None,  # nobody is held out
    "coste_por_cuenta": "1.144",  # (3 x 0.002 + 0.07 + 4.50) / 4 debtor-months
    "coste_por_euro": "0.00572",  # 4.576 / 800
    "quejas_por_mil": "250",  # 1 of 4
    "bajas_por_mil": "250",
    "encuesta": "7",  # 8 and 6
    "conciliado_sin_intervencion": "1",
    "documentos_sin_intervencion": "1",
    "dias_de_disputa": "5",  # 7 and 3
    "disputas_sin_revision": "1",
    "admitidos_a_la_primera": "0.5",
    "dias_hasta_presentar": "20",  # 10 and 30
    "expedientes_abiertos": "2",
    "reclamado": "1200",
    "automatizacion": "0.9",  # 3 payments, 4 messages, 2 disputes; one call by hand
    "robots_bien": "0.75",  # 3 of 4; a cancelled run counts for nothing
}


def test_every_figure_has_its_sum_here() -> None:
    assert set(EXPECTED) == set(SqlFigures().figures)


def test_figures_are_those_computed_by_hand(company: Creditor) -> None:
    found = SqlFigures(live=True).values(list(EXPECTED), QUARTER)

    wrong = {
        slug: (value.amount, EXPECTED[slug])
        for slug, value in found.items()
        if value.amount != (None if (known := EXPECTED[slug]) is None else D(known))
    }
    assert not wrong


def test_the_days_sums_say_the_same_as_the_views(company: Creditor) -> None:
    live = SqlFigures(live=True).values(list(EXPECTED), QUARTER)
    done = cube.refresh()
    kept = SqlFigures().values(list(EXPECTED), QUARTER)

    assert set(done.whole) == set(CubeState.objects.values_list("slug", flat=True))
    assert {slug: value.amount for slug, value in kept.items()} == {slug: v.amount for slug, v in live.items()}
    assert {slug: value.numerator for slug, value in kept.items()} == {s: v.numerator for s, v in live.items()}


def test_a_refresh_counts_only_the_days_that_changed(company: Creditor, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from tests.journeys.insight.conftest import NOW, at

    cube.refresh()
    later = NOW + timedelta(hours=3)
    monkeypatch.setattr("cobranza.kernel.clock.now", lambda: later)
    before = set(Cube.objects.filter(slug="quejas_por_mil").values_list("pk", "day"))
    from cobranza.ledger.models import OptOut

    OptOut.objects.create(debtor=Debtor.objects.get(erp_key="c2"), channel="", said="BAJA", at=later)
    OptOut.objects.filter(at=at(6, 13)).update(said="ya no")

    done = cube.refresh()

    assert {"quejas_por_mil", "bajas_por_mil"} <= set(done.partly)
    assert not set(done.whole) - {"_paso"}
    kept = {pk for pk, _ in before} & set(Cube.objects.filter(slug="quejas_por_mil").values_list("pk", flat=True))
    assert len(kept) >= len(before) - 1
    assert SqlFigures().value("bajas_por_mil", QUARTER).amount == 500


def test_a_balance_is_known_for_every_day(company: Creditor) -> None:
    course = SqlFigures(live=True).series("pendiente", Slice(start=date(2026, 4, 1), end=date(2026, 6, 30)), "month")

    assert [value.amount for value in course] == [D(1400), D(1300), D(1350)]


def test_buckets_of_age_are_those_of_the_open_documents(company: Creditor) -> None:
    read = SqlFigures(live=True).read(("antiguedad",), QUARTER)
    found = {kind: value.amount for kind, value in read.classes("antiguedad", QUARTER.start, QUARTER.end).items()}

    assert found == {
        "sin vencer": D(300), "1-30": D(450), "31-60": D(0), "61-90": D(600), "91-180": D(0), "más de 180": D(0),
    }  # fmt: skip


def test_the_matrix_says_where_the_debt_went(company: Creditor) -> None:
    read = SqlFigures(live=True).read(("paso_de_tramo",), QUARTER)

    assert read.matrix == {"sin vencer": {"cobrado": D(600)}, "1-30": {"31-60": D(800)}}


@pytest.mark.parametrize(
    ("slug", "others", "amount"),
    [
        ("pendiente", {"country": "PT"}, "900"),
        ("tasa_de_contacto", {"channel": "sms"}, "0"),
        ("tasa_de_contacto", {"strategy": "general", "kind": "11"}, "0.666667"),
        ("antiguedad", {"kind": "61-90"}, "600"),
        ("dias_de_disputa", {"kind": "queja_por_trato"}, "3"),
    ],
)
def test_filters_narrow_a_figure(company: Creditor, slug: str, others: dict[str, str], amount: str) -> None:
    part = Slice(start=QUARTER.start, end=QUARTER.end, others=others, creditor="talleres", currency="EUR")

    live = SqlFigures(live=True).value(slug, part).amount
    cube.refresh()

    assert live == D(amount) == SqlFigures().value(slug, part).amount


def test_a_filter_that_makes_no_sense_is_refused(company: Creditor) -> None:
    with pytest.raises(NoSuchFilter, match="channel"):
        SqlFigures().value("pendiente", Slice(start=QUARTER.start, end=QUARTER.end, others={"channel": "sms"}))
    with pytest.raises(UnknownFigure):
        SqlFigures().value("nada", QUARTER)


def test_two_currencies_are_never_added(company: Creditor) -> None:
    Invoice.objects.create(
        creditor=company, debtor=Debtor.objects.get(erp_key="c1"), erp="x", erp_key="x", kind="invoice", number="X",
        issued_on=date(2026, 6, 1), due_on=date(2026, 6, 2), currency="USD", net=1, tax=0, gross=1,
        read_at="2026-06-01T00:00Z",
    )  # fmt: skip

    with pytest.raises(MixedCurrencies, match="EUR, USD"):
        SqlFigures(live=True).value("pendiente", QUARTER)
    dollars = Slice(start=QUARTER.start, end=QUARTER.end, currency="USD")
    assert SqlFigures(live=True).value("pendiente", dollars).amount == 1


def test_rows_behind_a_value_sum_to_it(company: Creditor) -> None:
    house = SqlFigures()

    assert sum(row["pendiente"] for row in house.rows("pendiente", QUARTER)) == 1350  # type: ignore[misc]
    assert [row["numero"] for row in house.rows("dso_mejor", QUARTER)] == ["A3"]
    assert [row["numero"] for row in house.rows("tasa_de_recuperacion", QUARTER)] == ["A4", "A2", "A1"]
    assert {row["canal"] for row in house.rows("coste_por_cuenta", QUARTER)} == {"email", "sms", "persona"}
    before = Slice(start=date(2026, 4, 1), end=date(2026, 4, 30))
    assert {row["numero"]: row["pendiente"] for row in house.rows("pendiente", before)} == {"A1": 600, "A4": 800}
    rolled = Slice(start=date(2026, 5, 1), end=date(2026, 5, 31), others={"kind": "1-30 → 31-60"})
    assert [row["numero"] for row in house.rows("paso_de_tramo", rolled)] == ["A4"]
    assert len(house.rows("tasa_de_contacto", QUARTER, limit=2)) == 2
    for slug in house.figures:
        assert isinstance(house.rows(slug, QUARTER), tuple)


def test_the_draw_of_a_trial_is_that_of_the_strategy() -> None:
    trial = Trial(name="otoño", pilot="x", pilot_share=30, holdout_share=20)
    keys = [f"{number}:EUR" for number in range(400)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT k, informes.brazo('otoño', k, 20, 30) FROM unnest(%s::text[]) k", [keys])
        drawn = dict(cursor.fetchall())

    assert drawn == {key: arm(trial, key, date(2026, 6, 1)) for key in keys}
    assert set(drawn.values()) == {"holdout", "pilot", "current"}


def test_the_effect_is_the_difference_to_those_who_got_nothing(company: Creditor) -> None:
    TrialRow.objects.create(
        creditor="talleres", name="t0", pilot_share=0, holdout_share=50, since=date(2026, 1, 1), until=None
    )
    trial = Trial(name="t0", holdout_share=50)
    arms = {d.erp_key: arm(trial, f"{d.pk}:EUR", date(2026, 5, 1)) for d in Debtor.objects.all()}
    house = SqlFigures(live=True)
    effects = house.effects("efecto", QUARTER)

    cured = {"c1": 1, "c2": 0}  # A1 within 30 days, A4 not
    treated = [cured[key] for key, name in arms.items() if name == "current"]
    held = [cured[key] for key, name in arms.items() if name == "holdout"]
    if treated:
        assert (effects[0].treated.hits, effects[0].treated.count) == (sum(treated), len(treated))
        assert (effects[0].control.hits, effects[0].control.count) == (sum(held), len(held))
    value = house.value("efecto", QUARTER).amount
    assert value == (sum(treated) / len(treated) - sum(held) / len(held) if treated and held else None)
    by_channel = house.effects("efecto", QUARTER, "channel")
    assert sum(each.treated.count for each in by_channel) == len(treated)


def test_straight_through_is_what_reconciliation_says(reconciled: Creditor) -> None:
    day = date(2026, 3, 2)
    told = query.report(reconciled, day.replace(day=1), day).total
    part = Slice(start=day.replace(day=1), end=day, creditor=reconciled.key)
    found = SqlFigures(live=True).values(("documentos_sin_intervencion", "conciliado_sin_intervencion"), part)

    documents, payments = found.values()
    assert (documents.numerator, documents.denominator) == (D(told.documents_automatic), D(told.documents))
    assert (payments.numerator, payments.denominator) == (D(told.payments_automatic), D(told.payments))


def test_a_read_writes_nothing_and_stops_in_time(company: Creditor) -> None:
    from django.db.utils import InternalError

    with pytest.raises(InternalError, match="read-only"), figures.reading() as cursor:
        cursor.execute("UPDATE ledger_debtor SET name = 'x'")
    with pytest.raises(figures.TooSlow), figures.reading(seconds=1) as cursor:
        cursor.execute("SELECT pg_sleep(3)")
    Debtor.objects.update(trade_name="x")  # nothing of a read's settings stays
