"""Rates are data: dated, sourced, verified or not, and refused by name where they are missing."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.regimes import interest_files
from cobranza.regimes.interest import Agreement, Rate, book
from cobranza.regimes.interest_errors import ExpiredRateError, MissingRateError, UnknownRegimeError, period_name
from cobranza.regimes.payments import RegimeError

TABLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "legal" / "tasas" / "tasas.csv"
FILE = """
[defaults]
business = "zz-legal"

[sources.gazette]
text = "Boletín inventado, 1"
verified_on = 2030-01-05

[[series]]
slug = "zz-legal"
name = "Interés legal"
publisher = "el boletín inventado"
period = "year"
rates = [
  { since = 2030-01-01, until = 2030-12-31, rate = "4.00", source = "gazette" },
  { since = 2032-01-01, until = 2032-12-31, rate = "5.00", source = "gazette" },
]

[[regime]]
slug = "zz-legal"
series = "zz-legal"
name = "Interés legal"
norm = "Ley inventada, art. 1"
currency = "EUR"
method = "simple"
parties = "any"
start = "after_due"
imputation = "interest_first"
imputation_norm = "Ley inventada, art. 2"
"""


def shipped_in(folder: Path, text: str) -> Path:
    (folder / "zz").mkdir()
    (folder / "zz" / "interest.toml").write_text(text, encoding="utf-8")
    return folder


def test_every_shipped_rate_has_a_source_and_an_end() -> None:
    rates = [(series.slug, rate) for series in book().series.values() for rate in series.rates]
    assert len(rates) > 60
    for slug, rate in rates:
        assert rate.source, slug
        assert rate.since <= rate.until, slug
        assert rate.verified_on is None or rate.verified_on <= date(2026, 11, 22), slug


def test_the_figures_are_those_of_the_collected_table() -> None:
    if not TABLE.is_file():
        pytest.skip("the collected table is not beside this checkout")
    series = {"ley3_2004": "es-ley3-2004", "interes_legal": "es-legal", "ibc_consumo_ordinario_EA": "co-ibc"}
    compared = 0
    with TABLE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["tipo"] not in series or not row["tasa_pct"]:
                continue
            ours = {(rate.since, rate.until): rate for rate in book().series[series[row["tipo"]]].rates}
            rate = ours[(date.fromisoformat(row["desde"]), date.fromisoformat(row["hasta"]))]
            assert rate.percent == Decimal(row["tasa_pct"]), row
            compared += 1
    assert compared > 60


def test_colombias_limits_are_the_published_ones() -> None:
    limits = {rate.since: rate.result for rate in book().series["co-ibc"].rates if rate.result is not None}
    regime = book().regime("co-ibc")
    assert len(limits) > 10
    for rate in book().series["co-ibc"].rates:
        assert rate.since not in limits or regime.applied(rate.percent) == limits[rate.since]
    assert regime.applied(Decimal("16.82")) == Decimal("25.23")


def test_a_semester_that_was_not_found_is_refused_by_name() -> None:
    with pytest.raises(ExpiredRateError) as caught:
        book().stretches("es-ley3-2004", date(2026, 6, 1), date(2026, 8, 15))
    assert caught.value.gaps == ((date(2026, 7, 1), date(2026, 8, 15)),)
    for words in ("es-ley3-2004", "2026-S2", "30/06/2026", "01/07/2026", "BOE", "config/interest.toml"):
        assert words in str(caught.value)


@pytest.mark.parametrize("slug", ["cl-corriente", "pe-legal", "ar-activa-bna"])
def test_a_country_without_sourced_rates_is_refused_by_name(slug: str) -> None:
    with pytest.raises(MissingRateError) as caught:
        book().stretches(slug, date(2025, 3, 1), date(2025, 3, 31))
    assert slug in caught.value.message
    assert "2025" in caught.value.message
    assert book().series[slug].publisher in caught.value.remedy


def test_every_hole_is_told_at_once() -> None:
    with pytest.raises(MissingRateError) as caught:
        book().stretches("co-ibc", date(2018, 4, 1), date(2018, 10, 2))
    assert caught.value.gaps == ((date(2018, 6, 1), date(2018, 7, 31)), (date(2018, 10, 1), date(2018, 10, 2)))
    assert not isinstance(caught.value, ExpiredRateError)


def test_days_before_the_first_rate_are_missing_not_expired() -> None:
    with pytest.raises(MissingRateError) as caught:
        book().stretches("es-ley3-2004", date(2005, 12, 31), date(2006, 1, 1))
    assert not isinstance(caught.value, ExpiredRateError)
    assert "para el 31/12/2005" in caught.value.message


def test_a_law_in_force_until_further_notice_has_to_be_looked_at_again() -> None:
    (rate,) = book().series["mx-ccom362"].rates
    assert rate.open_ended
    with pytest.raises(ExpiredRateError, match="revisarlo"):
        book().stretches("mx-ccom362", rate.until, rate.until + timedelta(days=1))


def test_a_regime_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UnknownRegimeError, match="es-ley3-2004") as caught:
        book().regime("es-ley-3")
    assert caught.value.exit_code == 2


def test_who_nobody_chose_a_regime_for() -> None:
    assert book().default("es", "business").slug == "es-ley3-2004"
    assert book().default("ES", "consumer").slug == "es-legal"
    with pytest.raises(UnknownRegimeError, match="consumidor de MX"):
        book().default("MX", "consumer")


def test_an_agreed_rate_goes_first_and_comes_down_to_the_limit() -> None:
    contract = Agreement(percent=Decimal("30"), source="Contrato 7, cláusula 3", verified_on=date(2026, 1, 2))
    (free,) = book().stretches("es-ley3-2004", date(2030, 1, 1), date(2030, 2, 1), agreed=contract)
    assert (free.percent, free.sources) == (Decimal("30"), ("Contrato 7, cláusula 3",))
    (capped,) = book().stretches("co-ibc", date(2026, 3, 1), date(2026, 3, 5), agreed=contract)
    assert capped.percent == Decimal("25.52")
    low = Agreement(percent=Decimal("12"), source="Contrato 8")
    (agreed,) = book().stretches("co-ibc", date(2026, 3, 1), date(2026, 3, 5), agreed=low)
    assert (agreed.percent, agreed.verified_on) == (Decimal("12"), None)


def test_the_rate_of_the_due_day_holds_where_the_law_says_so(tmp_path: Path) -> None:
    text = FILE.replace('start = "after_due"', 'start = "after_due"\nat_due = true')
    own = interest_files.read(shipped_in(tmp_path, text))
    (only,) = own.stretches("zz-legal", date(2031, 1, 1), date(2035, 1, 1))
    assert only.percent == Decimal("4.00")
    with pytest.raises(MissingRateError, match="31/12/2031"):
        own.stretches("zz-legal", date(2032, 1, 1), date(2032, 1, 2))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"4.00"', "4.00", "entre comillas"),
        ('"4.00"', '"cuatro"', "falta o no vale"),
        ('"4.00"', '"-4"', "tanto por ciento"),
        ('source = "gazette" },\n  {', 'source = "rumour" },\n  {', "rumour"),
        ("until = 2030-12-31", "until = 2029-12-31", "acaba antes de empezar"),
        ("until = 2030-12-31", "until = 2032-01-01", "se solapan"),
        ("until = 2030-12-31, ", "", "review_by"),
        ("verified_on = 2030-01-05", 'verified_on = "ayer"', "ayer"),
        ('method = "simple"', 'method = "compound"', "compound"),
        ('series = "zz-legal"\nname', 'series = "zz-other"\nname', "zz-other"),
        ('business = "zz-legal"', 'business = "zz-other"', "zz-other"),
        ('rate = "4.00"', 'rate = "4.00", result = "5.00"', "lo publicado"),
        ('norm = "Ley inventada, art. 1"\n', "", "norm"),
        ("[[series]]", "[[series", "no se puede leer"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in FILE
    with pytest.raises(RegimeError, match=told):
        interest_files.read(shipped_in(tmp_path, FILE.replace(old, new, 1)))


def test_a_verified_figure_is_not_changed_in_passing() -> None:
    verified = next(rate for rate in book().series["es-ley3-2004"].rates if rate.since == date(2025, 1, 1))
    other = Rate(since=verified.since, until=verified.until, percent=Decimal("11.20"), source="Boletín, página 9")
    with pytest.raises(ValueError, match=r"contradice 11\.15"):
        book().with_rates("es-ley3-2004", [other])
    corrected = book().with_rates("es-ley3-2004", [other], corrects=True)
    assert corrected.stretches("es-ley3-2004", verified.since, verified.since)[0].percent == Decimal("11.20")
    assert book().stretches("es-ley3-2004", verified.since, verified.since)[0].percent == Decimal("11.15")


@pytest.mark.parametrize(
    ("day", "period", "name"),
    [
        (date(2026, 6, 30), "semester", "2026-S1"),
        (date(2026, 7, 1), "semester", "2026-S2"),
        (date(2026, 7, 1), "year", "2026"),
        (date(2026, 7, 1), "month", "2026-07"),
        (date(2026, 7, 1), "open", ""),
    ],
)
def test_periods_have_names(day: date, period: str, name: str) -> None:
    assert period_name(day, period) == name  # type: ignore[arg-type]
