"""A lawyer's own rates come on top of those that are shipped, with source and day of verification."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.kernel.config import ConfigError, load
from cobranza.legal.settings import OwnRates, rate_book
from cobranza.regimes.interest_errors import ExpiredRateError

NEXT = """
[[tipos]]
serie = "es-ley3-2004"
desde = 2026-07-01
hasta = 2026-12-31
tipo = "99.25"
fuente = "Resolución inventada para esta prueba"
verificado = 2026-07-02
"""


def own(tmp_path: Path, text: str) -> OwnRates:
    file = tmp_path / "interest.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, OwnRates)


def test_a_rate_that_was_missing_is_there_once_a_lawyer_has_written_it(tmp_path: Path) -> None:
    day = date(2026, 7, 1)
    with pytest.raises(ExpiredRateError):
        rate_book(OwnRates()).stretches("es-ley3-2004", day, day)
    (found,) = rate_book(own(tmp_path, NEXT)).stretches("es-ley3-2004", day, day)
    assert found.percent == Decimal("99.25")
    assert found.sources == ("Resolución inventada para esta prueba",)
    assert found.verified_on == date(2026, 7, 2)


def test_an_unverified_rate_is_confirmed_by_writing_it_again(tmp_path: Path) -> None:
    text = NEXT.replace("2026-07-01", "2024-01-01").replace("2026-12-31", "2024-06-30").replace("99.25", "12.50")
    (found,) = rate_book(own(tmp_path, text)).stretches("es-ley3-2004", date(2024, 1, 1), date(2024, 6, 30))
    assert (found.percent, found.verified_on) == (Decimal("12.50"), date(2026, 7, 2))


def test_a_decimal_comma_is_a_decimal_comma(tmp_path: Path) -> None:
    (found,) = rate_book(own(tmp_path, NEXT.replace("99.25", "99,25"))).stretches(
        "es-ley3-2004", date(2026, 7, 1), date(2026, 7, 1)
    )
    assert found.percent == Decimal("99.25")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"99.25"', '"diez"', "tanto por ciento"),
        ('"99.25"', '"-1"', "tanto por ciento"),
        ('"99.25"', '"NaN"', "tanto por ciento"),
        ('fuente = "Resolución inventada para esta prueba"\n', "", "fuente"),
        ("verificado = 2026-07-02\n", "", "verificado"),
        ('"es-ley3-2004"', '"es-ley-3"', "es-ley-3"),
        ("desde = 2026-07-01", "desde = 2026-06-30", "solapan"),
        ("desde = 2026-07-01", "desde = 2027-07-01", "acaba antes"),
        ("tipo =", "tasa =", "tasa"),
    ],
)
def test_an_entry_that_cannot_be_trusted_is_refused_by_name(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in NEXT
    with pytest.raises(ConfigError, match=told):
        rate_book(own(tmp_path, NEXT.replace(old, new, 1)))


def test_a_verified_figure_is_only_changed_on_purpose(tmp_path: Path) -> None:
    text = NEXT.replace("2026-07-01", "2025-01-01").replace("2026-12-31", "2025-06-30")
    with pytest.raises(ConfigError, match="corrige = true"):
        rate_book(own(tmp_path, text))
    book = rate_book(own(tmp_path, text + "corrige = true\n"))
    assert book.stretches("es-ley3-2004", date(2025, 1, 1), date(2025, 1, 1))[0].percent == Decimal("99.25")
