"""The demo ERP itself: seeded soundly, one owner, gone with its owner, the same after kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from decimal import Decimal
from pathlib import Path

import psutil
import pytest
from stdnum import iban
from stdnum.es import nif

from cobranza.demo.erp import install, server
from cobranza.demo.erp.install import ErpToolsError
from cobranza.demo.erp.server import RunningErp
from tests.journeys.erps.conftest import CACHE, Books

pytestmark = [pytest.mark.erp, pytest.mark.timeout(600)]

OWNER = """
import sys, time
from pathlib import Path
from cobranza.demo.erp import server
with server.running(Path(sys.argv[1]), cache=Path(sys.argv[2])) as erp:
    print(erp.pid, flush=True)
    time.sleep(600)
"""


def test_the_seeded_company_is_sound(erp: RunningErp) -> None:
    truth = erp.truth
    states = Counter(one["state"] for one in truth["documents"])
    kinds = Counter(one["kind"] for one in truth["documents"] if one["state"] == "posted")
    assert states == {"posted": 206, "paid": 40, "draft": 5}
    assert kinds == {"invoice": 200, "credit_note": 6}
    assert nif.is_valid(truth["company"]["nif"])
    assert iban.is_valid(truth["company"]["iban"])
    assert len({one["nif"] for one in truth["customers"]}) == len(truth["customers"]) == 50
    for customer in truth["customers"]:
        assert nif.is_valid(customer["nif"])
        assert iban.is_valid(customer["iban"])
    for one in truth["documents"]:
        assert Decimal(one["net"]) + Decimal(one["tax"]) == Decimal(one["gross"])
        assert (Decimal(one["gross"]) < 0) == (one["kind"] == "credit_note")
        if one["state"] == "posted":
            assert 0 < abs(Decimal(one["open"])) <= abs(Decimal(one["gross"]))


def test_it_is_the_same_after_a_kill(erp: RunningErp, books: Books) -> None:
    before, url, pid = books.open_documents(), erp.url, erp.pid
    os.kill(pid, signal.SIGKILL)
    erp.restart()
    assert erp.pid != pid
    assert erp.url == url
    assert books.open_documents() == before


def test_it_goes_with_its_owner_and_has_only_one(tmp_path: Path) -> None:
    folder = tmp_path / "erp"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder), str(CACHE)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    try:
        child = psutil.Process(int(owner.stdout.readline()))
        with pytest.raises(ErpToolsError, match="Otro proceso"), server.running(folder, cache=CACHE):
            pass
        owner.kill()
        owner.wait()
        gone, alive = psutil.wait_procs([child], timeout=30)
        assert not alive
        assert gone == [child]
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()


def test_an_installation_is_made_once(erp: RunningErp) -> None:
    stamp = erp.tools.folder / "installed.json"
    before = stamp.stat().st_mtime_ns
    found = [install.install(CACHE)]
    thread = threading.Thread(target=lambda: found.append(install.install(CACHE)))
    thread.start()
    thread.join(60)
    assert found == [erp.tools, erp.tools]
    assert stamp.stat().st_mtime_ns == before
