"""From the command to the receipt and on to the court's answer, as people use it: settings, database, commands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cobranza import suite
from cobranza.cli import root
from cobranza.demo.court.server import RunningCourt
from cobranza.kernel.errors import UsageError
from cobranza.legal.filing import following, handover, workflow
from cobranza.legal.filing.handover import Notice, Outcome, ReadyCase
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.models import CourtFiling, CourtNotice, FilingStep
from cobranza.legal.filing.people import VerdictRefused
from cobranza.legal.ports import CaseStatus, Stage
from connectors.courts.es_lexnet import WORDS
from connectors.courts.portal import WebCourt
from tests import court_http

pytestmark = pytest.mark.django_db

_SETTINGS = """
[protocolo]
antivirus_segundos = 30
reintento_segundos = 1

[[juzgados]]
slug = "es_lexnet"
url = "{url}/es_lexnet"
credencial = "procuradora"
usuario = "procuradora"
clave = "env:JUZGADO_CLAVE"
totp = "env:JUZGADO_TOTP"
pin = "env:JUZGADO_PIN"
autoridad = "{authority}"

[juzgados.extra]
organo = "2807942001"
provincia = "Madrid"
localidad = "Madrid"
"""


@dataclass
class Desk:
    """A room that signed things and writes down what it is told."""

    ready: list[ReadyCase] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    statuses: list[CaseStatus] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    released: list[tuple[str, int, str]] = field(default_factory=list)
    signed: bool = True

    def signed_off(self) -> Sequence[ReadyCase]:
        return self.ready

    def still_signed_off(self, case_id: str, package_hash: str) -> bool:
        return self.signed

    def settled(self, case_id: str, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def freed(self, case_id: str, filing: int, by: str) -> None:
        self.released.append((case_id, filing, by))

    def followed(self, case_id: str, status: CaseStatus) -> None:
        self.statuses.append(status)

    def noticed(self, case_id: str, notice: Notice) -> None:
        self.notices.append(notice)


@pytest.fixture
def desk(court: RunningCourt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A signed case, the settings of the court, and a room that listens."""
    home = tmp_path / "suite"
    shutil.copytree(suite.root() / "config", home / "config")
    shutil.copytree(suite.root() / "connectors" / "courts", home / "connectors" / "courts")
    authority = court_http.authority(court.url, tmp_path)
    text = _SETTINGS.format(url=court.url, authority=authority)
    (home / "config" / "courts.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("COBRANZA_HOME", str(home))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(tmp_path / "output"))
    portal = WebCourt(WORDS, opener=court_http.surface)
    monkeypatch.setattr(workflow, "portal", lambda _court: portal)
    court.admin.faults(scan_seconds=0, visibility_lag=0)
    claim = court_http.claim(tmp_path / "packages", 1)
    listening = Desk()
    listening.ready.append(
        ReadyCase(
            case_id=claim.package.case, case=claim.case, package_folder=claim.folder,
            package_hash=claim.package.hash, court="es_lexnet",
        )
    )  # fmt: skip
    monkeypatch.setattr(handover, "_rooms", [listening])
    return listening


def run(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(root, ["legal", *arguments, "--json"])
    assert result.exit_code == code, (result.output, result.exception)
    return json.loads(result.output)


def test_filed_by_command_and_followed_to_its_notices(desk: Desk, court: RunningCourt, tmp_path: Path) -> None:
    case = desk.ready[0].case_id
    filed = run("file", case)
    assert filed["state"] == "presentado"
    assert [each.state for each in desk.outcomes] == [State.FILED]
    assert desk.outcomes[0].receipt is not None
    assert (desk.outcomes[0].receipt / "acuse.xml").is_file()
    assert run("file", case)["filing"] == filed["filing"], "again changes nothing"
    assert len(court.admin.truth()["filings"]) == 1
    assert len(desk.outcomes) == 1

    court.admin.course(filed["registry"], state="repartido")
    court.admin.course(filed["registry"], state="inadmitido", reasons=["DOM-04"])
    told = run("follow")["courts"][0]
    assert told["moved"] == [{"case": case, "stage": "inadmitido"}]
    assert told["rejections"][case][0]["code"] == "domicilio"
    assert len(told["notices"]) == 2
    assert not told["opened"]
    assert desk.statuses[-1].stage is Stage.NOT_ADMITTED
    assert all(each.notification.opened_at is None for each in desk.notices)
    again = run("follow")["courts"][0]
    assert (again["moved"], again["notices"]) == ([], [])

    opened = run("follow", "--open")["courts"][0]["opened"]
    assert len(opened) == 2
    assert all(each.notification.opened_at for each in desk.notices[-2:])
    kept = CourtNotice.objects.get(portal_id=opened[0])
    assert (Path(kept.folder) / "justificante.pdf").read_bytes().startswith(b"%PDF-")

    history = run("filings", str(filed["filing"]))
    assert [each["state"] for each in history["steps"]][:2] == ["preparado", "borrador"]
    assert run("filings", "--state", "presentado")["filings"][0]["number"]


def test_a_number_that_changed_is_taken_over(desk: Desk, court: RunningCourt) -> None:
    court.admin.faults(F17={"count": 1, "seconds": 5})
    filed = run("file", desk.ready[0].case_id)
    court.admin.clock(advance_seconds=60)

    run("follow")

    row = CourtFiling.objects.get()
    assert row.former_registries == [filed["registry"]]
    assert row.registry == court.admin.truth()["filings"][0]["registry"] != filed["registry"]
    assert "cambió el número" in row.notices[-1]


def test_an_unclear_filing_is_cleared_up_though_its_sign_off_is_gone(
    desk: Desk, court: RunningCourt, monkeypatch: pytest.MonkeyPatch
) -> None:
    court.admin.faults(F1=1)
    waiting = run("file", desk.ready[0].case_id, code=4)
    assert waiting["state"] == "incierto"
    desk.ready.clear()
    desk.signed = False
    CourtFiling.objects.update(due_at=None)

    (row,) = workflow.unclear("es_lexnet")
    workflow.look(row)

    assert CourtFiling.objects.get().state == "presentado"
    assert [each.state for each in desk.outcomes] == [State.FILED]


@pytest.mark.parametrize(
    ("verdict", "state"), [("no_consta", "no_consta"), ("retirar", "retirado"), ("presentado", "presentado")]
)
def test_a_person_clears_up_what_the_robot_could_not(desk: Desk, court: RunningCourt, verdict: str, state: str) -> None:
    court.admin.faults(F5={"mode": "altered"}, F2=0)
    waiting = run("file", desk.ready[0].case_id, code=4)
    for _ in range(12):
        CourtFiling.objects.update(due_at=None)
        if CourtFiling.objects.get().state == "revision_humana":
            break
        workflow.look(CourtFiling.objects.get())
    assert desk.outcomes[-1].state is State.REVIEW
    with pytest.raises(VerdictRefused):
        workflow.decide(waiting["filing"], "otra_vez", by="ana")
    court.admin.faults(F5=False)
    registry = court.admin.truth()["filings"][0]["registry"]
    extra = ["--registry", registry] if verdict == "presentado" else []

    told = run("decide", str(waiting["filing"]), verdict, "--by", "ana", *extra)

    assert told["state"] == state
    if verdict != "presentado":
        assert FilingStep.objects.latest("pk").by == "ana"


def test_a_folder_is_filed_without_a_room(desk: Desk, court: RunningCourt, monkeypatch: pytest.MonkeyPatch) -> None:
    from cobranza.legal import case_file

    ready = desk.ready[0]
    monkeypatch.setattr(case_file, "read_case", lambda _file, _book: ready.case)
    monkeypatch.setattr(handover, "_rooms", [])
    folder, case = str(ready.package_folder), str(ready.package_folder / "manifest.json")

    told = run("file", "--folder", folder, "--case-file", case, "--court", "es-lexnet")

    assert told["state"] == "presentado"
    wrong = CliRunner().invoke(root, ["legal", "file", "--folder", folder, "--case-file", case, "--court", "pe_mpe"])
    assert isinstance(wrong.exception, UsageError)


def test_following_goes_on_past_a_case_that_cannot_be_read(desk: Desk, court: RunningCourt, tmp_path: Path) -> None:
    run("file", desk.ready[0].case_id)
    second = court_http.claim(tmp_path / "packages", 2)
    desk.ready[0] = replace(
        desk.ready[0], case_id=second.package.case, case=second.case, package_folder=second.folder,
        package_hash=second.package.hash,
    )  # fmt: skip
    run("file", second.package.case)
    CourtFiling.objects.filter(case="EXP-2026-000001").update(registry="20199999999999")

    (court_name, credential) = following.courts()[0]
    told = following.follow(court_name, credential, evidence=tmp_path / "seguimiento")

    assert set(told.problems) == {"EXP-2026-000001"}
    assert [case for case, _ in told.moved] == [second.package.case]
