"""What every court's adapter has to do, through its own profile of the test court."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cobranza import suite
from cobranza.demo.court.server import RunningCourt
from cobranza.legal import requirements
from cobranza.legal.checklist import check_rules
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.records import Claim
from cobranza.legal.ports import PortalChanged, Stage
from connectors.courts.portal import WebCourt
from tests import court_http
from tests.journeys.filing.conftest import CourtRobot, MakeRobot

COURTS = tuple(court_http.PLACES)


@pytest.fixture(params=COURTS)
def robot(request: pytest.FixtureRequest, make_robot: MakeRobot, court: RunningCourt, tmp_path: Path) -> CourtRobot:
    pfx = ""
    if request.param == "mx_pjf":
        pfx = str(tmp_path / "firel.pfx")
        Path(pfx).write_bytes(court.admin.pfx("mx"))
    return make_robot(request.param, pfx=pfx)


def claim_for(robot: CourtRobot, **how: Any) -> Claim:
    """A claim; at the MEED with an identifier that its writ quotes."""
    if robot.portal.slug == "ar_meed":
        how["quote"] = _identifier(robot)
    return robot.claim(**how)


def _identifier(robot: CourtRobot) -> str:
    with robot.portal.session("procuradora", robot.folder / "identificador") as session:
        return session.identifier()


def test_files_once_and_proves_it(robot: CourtRobot) -> None:
    claim = claim_for(robot)

    entry = robot.finish(claim)

    assert entry.state is State.FILED, entry.problem
    (filing,) = robot.filed(claim)
    assert (filing["registry"], filing["csv"]) == (entry.registry, entry.csv)
    assert filing["amount"] == claim.package.total
    assert [party["id_number"] for party in filing["parties"]] == [
        *claim.package.claimants, *claim.package.defendants,
    ]  # fmt: skip
    assert [each["type"] for each in filing["documents"]] == [each.catalogue for each in claim.package.files]


@pytest.mark.parametrize("robot", ["pe_mpe", "co_rama"], indirect=True)
def test_finds_what_was_registered_without_an_answer(robot: CourtRobot) -> None:
    robot.faults(F1=1)
    claim = claim_for(robot)

    entry = robot.finish(claim)

    assert (entry.state, entry.sends) == (State.FILED, 1), entry.problem
    assert len(robot.filed(claim)) == 1


def test_follows_a_case_to_its_rejection_and_files_the_correction(robot: CourtRobot) -> None:
    claim = claim_for(robot)
    entry = robot.finish(claim)
    robot.sleep(3600)
    robot.court.admin.course(entry.registry, profile=court_http.PLACES[robot.portal.slug][0], state="repartido")
    robot.court.admin.course(
        entry.registry, profile=court_http.PLACES[robot.portal.slug][0], state="subsanacion", reasons=["MASC-03"]
    )
    with robot.portal.session("procuradora", robot.folder) as session:
        status = session.status(entry.registry)
        notices = session.notifications(entry.created_at)
        opened = session.open(notices[0].id)

    assert (status.stage, status.answer_by is not None) == (Stage.CORRECTION, True)
    assert status.number
    assert "MASC-03" in status.reasons[0]
    assert [each.registry for each in notices] == [entry.registry] * 2
    assert all(each.opened_at is None and each.served_by for each in notices)
    assert opened.notification.opened_at is not None
    assert opened.files["resolucion.pdf"].startswith(b"%PDF-")
    assert opened.receipt.startswith(b"%PDF-")

    fixed = replace(claim_for(robot, corrects=entry.registry), corrects=entry.registry)
    again = robot.finish(fixed)

    assert again.state is State.FILED, again.problem
    (filing,) = robot.filed(fixed)
    assert filing["corrects"] == entry.registry


@pytest.mark.parametrize("robot", ["es_lexnet"], indirect=True)
def test_a_page_in_place_of_a_list_is_never_an_empty_list(robot: CourtRobot) -> None:
    with robot.portal.session("procuradora", robot.folder) as session:
        for order in ({"maintenance": "200"}, {"F8": {"count": 1, "mode": "page"}}, {"F18": {"step": "enviados"}}):
            robot.faults(**order)
            with pytest.raises(Exception, match=r"mantenimiento|entrar otra vez|comprobación"):
                session.sent(robot.now())
            robot.faults(maintenance="")


@pytest.mark.parametrize("robot", ["es_lexnet"], indirect=True)
def test_a_lost_column_is_told_by_name(robot: CourtRobot, monkeypatch: pytest.MonkeyPatch) -> None:
    robot.finish(claim_for(robot))
    robot.sleep(3600)
    from connectors.courts import pages

    real = pages.read
    monkeypatch.setattr(pages, "read", lambda source: real(source.replace(">Presentado<", ">Fecha de entrada<")))
    with robot.portal.session("procuradora", robot.folder) as session, pytest.raises(PortalChanged, match="Presentado"):
        session.sent(robot.now())


@pytest.mark.parametrize("slug", COURTS)
def test_has_its_requirements_and_asks_nothing_that_nobody_can_check(slug: str) -> None:
    adapter = suite.adapters("connectors.courts")[slug]
    assert isinstance(adapter, WebCourt)
    asked = requirements.requirements(slug)
    check_rules(asked)
    assert set(asked.procedimientos) <= set(adapter.words.proceedings)
    assert asked.presentacion.espera_incierto >= 600
    assert all(each.fuente for each in asked.requisitos)
