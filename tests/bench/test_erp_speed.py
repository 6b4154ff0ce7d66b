"""How fast 200 open invoices come out of Tryton, and how long a payment takes, each way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.demo.erp import server
from cobranza.demo.erp.server import RunningErp
from cobranza.ledger.receivables import PaymentOrder
from connectors.erps import settings
from tests.journeys.erps.conftest import CACHE

pytestmark = [pytest.mark.bench, pytest.mark.erp]


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    with server.running(tmp_path_factory.mktemp("erp"), cache=CACHE) as running:
        yield running


@pytest.mark.parametrize(("way", "target"), [("api", 2), pytest.param("web", 15, marks=pytest.mark.browser)])
def test_reads_the_open_ledger(
    way: str,
    target: int,
    erp: RunningErp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if way == "web" and not erp.has_web:
        pytest.skip(erp.tools.web_missing)
    monkeypatch.setenv("COBRANZA_DEMO_ERP_URL", erp.url)
    monkeypatch.setenv("COBRANZA_DEMO_ERP_CLAVE", erp.password)
    begin = time.perf_counter()
    port = settings.open_erp("demo", mode=way, evidence=tmp_path)
    ledger = port.open_ledger()
    read = time.perf_counter() - begin
    assert len(ledger.documents) == ledger.control_count >= 200

    document = next(one for one in ledger.documents if one.kind == "invoice" and one.open > 10)
    begin = time.perf_counter()
    port.post_payment(
        PaymentOrder(
            key=f"bench:{way}:1",
            document=document.key,
            number=document.number,
            amount=Decimal("1.00"),
            currency="EUR",
            paid_on=date(2026, 11, 19),
        )
    )
    posted = time.perf_counter() - begin
    port.close()
    with capsys.disabled():
        print(
            f"\n  Tryton por {way}: {len(ledger.documents)} documentos abiertos en {read:.1f} s, con la entrada"
            f" (objetivo {target} s); un cobro en {posted:.1f} s"
        )
