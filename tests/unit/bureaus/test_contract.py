"""The contract of a source on who pays, the same for a file and for a service; and that nobody waits for a late one."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cobranza.demo.bureaus.server import RunningBureau, in_process
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.money import Money
from cobranza.ledger.models import Debtor
from cobranza.risk import judging, reading, scoring, sources
from cobranza.risk.models import BureauReport
from cobranza.risk.ports import Bureau, BureauDown, BureauRefused, Report, Subject
from cobranza.risk.settings import risk_settings
from connectors.bureaus.file import COLUMNS, FileBureau
from connectors.bureaus.rest.bureau import RestBureau
from connectors.bureaus.settings import BureauSettings, checked_address
from tests.unit.risk.conftest import ROBOT, Company, company

__all__ = ["company"]
TODAY = clock.now().astimezone(clock.MADRID).date()
PEPA = Subject(tax_id="B-12345674", country="ES")
GRADES = {"A": 0.01, "C": 0.12}
_NAMES = {"tax_id": "nif", "country": "pais", "default": "probabilidad", "grade": "nota", "incidents": "incidencias",
          "owed": "importe", "currency": "moneda", "as_of": "fecha", "provenance": "procedencia",
          "reference": "referencia"}  # fmt: skip


@dataclass
class Case:
    """A source, and how it is told of somebody."""

    bureau: Bureau
    know: Callable[..., None]
    away: Callable[[], None]


@pytest.fixture(scope="module")
def double() -> Iterator[RunningBureau]:
    with in_process() as running:
        yield running


def _entry(**changes: Any) -> BureauSettings:
    given = {"conector": "file", "paises": ("ES",), "notas": GRADES, "caduca_dias": 90, "peso": 2.0}
    return BureauSettings.model_validate(given | changes)


@pytest.fixture(params=["file", "rest"])
def case(
    request: pytest.FixtureRequest, double: RunningBureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Case:
    if request.param == "file":
        file = tmp_path / "informes.csv"
        rows: list[dict[str, str]] = []

        def know(**content: Any) -> None:
            rows.append({_NAMES[name]: str(value) for name, value in content.items()})
            out = io.StringIO()
            writer = csv.DictWriter(out, COLUMNS, delimiter=";", restval="")
            writer.writeheader()
            writer.writerows(rows)
            file.write_text(out.getvalue(), encoding="utf-8")

        know(tax_id="A0", country="ES", default="0.5", as_of="2020-01-01")
        return Case(FileBureau("fuente", _entry(fichero=str(file))), know, file.unlink)
    double.reset()
    for name, value in double.environment().items():
        monkeypatch.setenv(name, value)
    entry = _entry(conector="rest", url="env:COBRANZA_INFORMES_URL", clave="env:COBRANZA_INFORMES_CLAVE",
                   espera_segundos=2.0, reintentos=1)  # fmt: skip
    bureau = RestBureau("fuente", entry, sleep=lambda _: None)
    return Case(bureau, double.report, lambda: double.faults(unavailable=5))


def _known(case: Case, **changes: Any) -> None:
    given = {
        "tax_id": "B12345674", "country": "ES", "default": "0.07", "incidents": "2", "owed": "310.50",
        "currency": "EUR", "as_of": TODAY.isoformat(), "provenance": "Registro de ejemplo", "reference": "R-1",
    }  # fmt: skip
    case.know(**(given | changes))


def test_a_report_says_what_when_and_where_from(case: Case) -> None:
    _known(case)
    assert case.bureau.ask(PEPA) == Report(
        default=0.07, incidents=2, owed=Money("EUR", Decimal("310.50")), as_of=TODAY,
        provenance="Registro de ejemplo", reference="R-1",
    )  # fmt: skip
    assert (case.bureau.weight, case.bureau.expires_days) == (2.0, 90)
    assert case.bureau.countries == {"ES"}


def test_a_grade_is_translated_and_an_unknown_one_refused(case: Case) -> None:
    _known(case, default="", grade="C")
    found = case.bureau.ask(PEPA)
    assert found is not None
    assert found.default == 0.12
    _known(case, default="", grade="Z")
    with pytest.raises(BureauRefused, match="nota"):
        case.bureau.ask(PEPA)


def test_who_is_not_known_is_nobody(case: Case) -> None:
    assert case.bureau.ask(Subject(tax_id="B00000000", country="ES")) is None
    _known(case)
    assert case.bureau.ask(Subject(tax_id="B12345674", country="MX")) is None


@pytest.mark.parametrize(
    "wrong", [{"default": "1.5"}, {"default": "nan"}, {"default": "mucho"}, {"incidents": "-1"}, {"as_of": "ayer"},
              {"owed": "inf"}, {"owed": "-5"}],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_and_never_read_as_good(case: Case, wrong: dict[str, str]) -> None:
    _known(case, **wrong)
    with pytest.raises(BureauRefused):
        case.bureau.ask(PEPA)


def test_a_source_that_is_away_says_so(case: Case) -> None:
    case.away()
    with pytest.raises(BureauDown):
        case.bureau.ask(PEPA)


def test_the_newest_report_counts(case: Case) -> None:
    _known(case, default="0.5", as_of=(TODAY - timedelta(days=30)).isoformat())
    _known(case, default="0.01")
    found = case.bureau.ask(PEPA)
    assert found is not None
    assert found.default == 0.01


# ---- the service alone


def _rest(double: RunningBureau, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> RestBureau:
    double.reset()
    for name, value in double.environment().items():
        monkeypatch.setenv(name, value)
    given = {"url": "env:COBRANZA_INFORMES_URL", "clave": "env:COBRANZA_INFORMES_CLAVE", "espera_segundos": 0.3}
    return RestBureau("fuente", _entry(conector="rest", **(given | changes)), sleep=lambda _: None)


@pytest.mark.parametrize("fault", ["drop_before", "unavailable", "rate_limit", "cut_body"])
def test_one_failure_is_asked_again(double: RunningBureau, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    bureau = _rest(double, monkeypatch, espera_segundos=2.0)
    double.report("B12345674", default="0.07", as_of=TODAY.isoformat())
    double.faults(**{fault: 1})
    found = bureau.ask(PEPA)
    assert found is not None
    assert found.default == 0.07


def test_late_pending_and_nonsense_are_told_apart(double: RunningBureau, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = _rest(double, monkeypatch, reintentos=0)
    double.report("B12345674", pending=True)
    with pytest.raises(BureauDown, match="prepara"):
        bureau.ask(PEPA)
    double.faults(slow=1)
    with pytest.raises(BureauDown):
        bureau.ask(PEPA)
    double.faults(clear=True, garbage=1)
    with pytest.raises(BureauRefused):
        bureau.ask(PEPA)
    monkeypatch.setenv("COBRANZA_INFORMES_CLAVE", "otra")
    with pytest.raises(BureauRefused, match="401") as caught:
        bureau.ask(PEPA)
    assert "otra" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://informes.example", "ftp://x", "https://u:p@x", "https://x?q"])
def test_only_an_encrypted_address_is_taken(address: str) -> None:
    with pytest.raises(ValueError, match="https"):
        checked_address(address)


# ---- several sources together


class Said:
    """A source in memory."""

    countries = frozenset({"ES"})
    expires_days = 90

    def __init__(self, slug: str, answer: Report | CobranzaError | None, weight: float = 1.0) -> None:
        self.slug, self.answer, self.weight, self.asked = slug, answer, weight, 0

    def ask(self, subject: Subject) -> Report | None:
        self.asked += 1
        if isinstance(self.answer, CobranzaError):
            raise self.answer
        return self.answer


def report(default: float = 0.02, as_of: date = TODAY) -> Report:
    return Report(default=default, incidents=0, as_of=as_of, provenance="registro")


def test_nobody_waits_for_a_late_source_and_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    gate = threading.Event()

    class Late(Said):
        def ask(self, subject: Subject) -> Report | None:
            gate.wait(20)
            return None

    monkeypatch.setattr(sources, "PATIENCE", 0.2)
    try:
        told = sources.ask(PEPA, TODAY, found=[Said("buena", report()), Late("tarda", None)])
    finally:
        gate.set()
    assert [(each.source, each.report is not None, each.missing) for each in told] == [
        ("buena", True, ""), ("tarda", False, "no ha contestado a tiempo"),
    ]  # fmt: skip


def test_old_and_future_information_does_not_count() -> None:
    old, future = TODAY - timedelta(days=91), TODAY + timedelta(days=1)
    told = sources.ask(PEPA, TODAY, found=[Said("vieja", report(as_of=old)), Said("futura", report(as_of=future))])
    assert [each.report for each in told] == [None, None]
    assert [f"{day:%d/%m/%Y}" in each.missing for each, day in zip(told, (old, future), strict=True)] == [True, True]


def test_a_source_that_fails_stops_neither_the_round_nor_the_score(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        company.owes(f"d{number}", -20, tax_id=f"B1234567{number}")
    down, good = Said("caida", BureauDown("no")), Said("buena", report(0.9))
    monkeypatch.setattr(sources, "bureaus", lambda: [down, good])
    told = sources.refresh(Debtor.objects.select_related("creditor").order_by("pk"))

    assert told == {"read": 6, "unknown": 0, "failed": sources.GIVES_UP}
    assert down.asked == sources.GIVES_UP
    assert sources.refresh(Debtor.objects.select_related("creditor"))["read"] == 0, "fresh ones are not asked again"
    before = scoring.score([Debtor.objects.earliest("pk").pk], actor=ROBOT)[0]
    assert before.missing == ["caida: no hay informe"]
    assert before.inputs["bureau_score"][0] == 10
    monkeypatch.setattr(sources, "bureaus", lambda: [])
    BureauReport.objects.all().delete()
    again = judging.look(reading.read([before.debtor_id]), TODAY, judging.judge_in_use(), risk_settings())
    assert float(again.judged["pay_60"].iloc[0]) > float(before.pay_60), "a bad report counts against"
