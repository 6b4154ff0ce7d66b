"""F1 to F18 of the test court, each through the real adapter: the state it ends in, how often it was filed, what
evidence is left. The table in the docstring of each test's parameters is the answer to "what happens when …".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.legal.filing import outage
from cobranza.legal.filing.machine import State
from cobranza.legal.ports import AccessRefused, CaptchaShown
from tests.journeys.filing.conftest import CourtRobot

RESENT = [State.SENDING, State.UNCERTAIN, State.NOT_FILED, State.READY, State.SENDING, State.FILED]
FOUND = [State.SENDING, State.UNCERTAIN, State.FILED]


@pytest.mark.parametrize(
    ("faults", "way"),
    [
        pytest.param({"F1": 1}, FOUND, id="F1"),
        pytest.param({"F2": 1}, FOUND, id="F2"),
        pytest.param({"F3": {"count": 1, "step": "envio"}}, RESENT, id="F3"),
        pytest.param({"F4": {"count": 1, "hold": 0.05}}, FOUND, id="F4"),
        pytest.param({"F5": {"count": 1}}, FOUND, id="F5-fail"),
        pytest.param({"F5": {"count": 1, "mode": "truncated"}}, FOUND, id="F5-truncated"),
        pytest.param({"F5": {"count": 2, "mode": "other"}}, FOUND, id="F5-other"),
        pytest.param({"F5": {"count": 1, "mode": "altered"}}, FOUND, id="F5-altered"),
        pytest.param({"F8": {"count": 1, "step": "envio", "method": "POST"}}, RESENT, id="F8-envio"),
        pytest.param({"F8": {"count": 1, "step": "envio", "method": "POST", "mode": "page"}}, RESENT, id="F8-page"),
        pytest.param({"F13": {"count": 1}}, RESENT, id="F13"),
        pytest.param({"F13": {"count": 1, "commit": True}}, FOUND, id="F13-commit"),
    ],
)
def test_no_receipt_after_sending(robot: CourtRobot, faults: dict[str, Any], way: list[State]) -> None:
    """Never sent again without the proof; what arrived is found by its hashes."""
    robot.faults(**faults)
    claim = robot.claim()

    entry = robot.finish(claim)

    assert robot.states(entry)[-len(way) :] == way
    assert len(robot.filed(claim)) == 1
    assert {"acuse.xml", "acuse.pdf", "page.html", "hechos.json"} <= set(robot.proofs(entry))


@pytest.mark.parametrize(
    ("faults", "state", "code"),
    [
        pytest.param({"F5": {"mode": "altered"}}, State.REVIEW, "acuse", id="F5-always"),
        pytest.param({"F6": {"mode": "413"}}, State.REFUSED, "tamano_fichero", id="F6-413"),
        pytest.param({"F6": {"mode": "other_hash"}}, State.REVIEW, "huella", id="F6-hash-always"),
        pytest.param({"F7": {"mode": "stuck"}}, State.REVIEW, "antivirus", id="F7-stuck"),
        pytest.param({"F7": {"mode": "false_positive"}}, State.REFUSED, "virus", id="F7-false"),
        pytest.param({"F9": {"step": "organo"}}, State.REVIEW, "portal_cambiado", id="F9-labels"),
        pytest.param({"F9": {"step": "documentos"}}, State.REVIEW, "portal_cambiado", id="F9-labels-documents"),
        pytest.param(
            {"F9": {"step": "documentos", "mode": "catalogue"}}, State.REVIEW, "portal_cambiado", id="F9-catalogue"
        ),
        pytest.param({"F9": {"step": "organo", "mode": "extra_field"}}, State.REVIEW, "portal_cambiado", id="F9-extra"),
        pytest.param({"F11": {}}, State.REVIEW, "portal_caido", id="F11-error"),
        pytest.param({"F14": 1}, State.REVIEW, "duplicado", id="F14"),
        pytest.param({"F15": {"step": "firma"}}, State.REVIEW, "certificado", id="F15-firma"),
        pytest.param({"F16": 1}, State.REFUSED, "organo_cerrado", id="F16"),
        pytest.param({"F16": {"step": "organo"}}, State.REFUSED, "organo_cerrado", id="F16-organo"),
    ],
)
def test_a_person_or_the_preparation_has_to_act(
    robot: CourtRobot, faults: dict[str, Any], state: State, code: str
) -> None:
    robot.faults(**faults)
    claim = robot.claim()

    entry = robot.finish(claim, turns=120)

    assert (entry.state, entry.problem_code) == (state, code), entry.problem
    assert entry.problem
    assert len(robot.filed(claim)) == (1 if code == "acuse" else 0)
    assert {"page.html", "hechos.json", "SHA256SUMS"} <= set(robot.proofs(entry))


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param({"F6": {"count": 2, "mode": "500"}}, id="F6-500"),
        pytest.param({"F6": {"count": 1, "mode": "slow", "seconds": 0.2}}, id="F6-slow"),
        pytest.param({"F6": {"count": 1, "mode": "other_hash"}}, id="F6-hash"),
        pytest.param({"F7": {"count": 1}}, id="F7-slow"),
        *[
            pytest.param({"F8": {"count": 1, "step": step}}, id=f"F8-{step}")
            for step in ("borradores", "organo", "procedimiento", "intervinientes", "documentos", "subida", "resumen")
        ],
        pytest.param({"F8": {"count": 1, "step": "firma"}}, id="F8-firma"),
        pytest.param({"F9": {"step": "organo", "mode": "ids"}}, id="F9-ids"),
        pytest.param({"F9": {"step": "intervinientes", "mode": "order"}}, id="F9-order"),
        pytest.param({"F10": 1}, id="F10"),
        pytest.param({"F11": {"count": 2}}, id="F11-later"),
        pytest.param({"cookies": True, "survey": True, "banner": "Corte el domingo"}, id="overlays"),
    ],
)
def test_it_is_filed_all_the_same(robot: CourtRobot, faults: dict[str, Any]) -> None:
    robot.faults(**faults)
    claim = robot.claim()

    entry = robot.finish(claim)

    assert entry.state is State.FILED, entry.problem
    (filing,) = robot.filed(claim)
    assert filing["registry"] == entry.registry
    left = [each for each in robot.court.admin.truth()["drafts"] if each["reference"] and each["status"] == "abierto"]
    assert not left, "a draft of ours is left behind"


def test_f11_a_tray_that_lies_with_a_lost_answer_is_a_persons(robot: CourtRobot) -> None:
    robot.faults(F1=1)
    claim = robot.claim()
    robot.until(claim, State.UNCERTAIN)
    robot.faults(F11={"mode": "empty"})

    entry = robot.finish(claim)

    assert (entry.state, entry.problem_code) == (State.REVIEW, "borrador_perdido")
    assert len(robot.filed(claim)) == 1


@pytest.mark.parametrize("notice", [True, False])
def test_f11_a_tray_later_than_every_wait_is_told_by_the_mailbox(robot: CourtRobot, notice: bool) -> None:
    """Registered, the answer lost (F1), the tray hours late: a notice of the court keeps it from being sent again.

    Without one nothing tells, and only this court's refusal of a draft that it has taken stands between.
    """
    robot.faults(F1=1, visibility_lag=20_000)
    claim = robot.claim()
    robot.until(claim, State.UNCERTAIN)
    if notice:
        (filing,) = robot.court.admin.truth()["filings"]
        robot.court.admin.notify(filing["registry"], "Diligencia de ordenación", "Se ha recibido la petición.")

    entry = robot.finish(claim)

    assert (entry.state, entry.problem_code) == (State.REVIEW, "notificacion" if notice else "envios")
    assert (State.NOT_FILED in robot.states(entry)) == (not notice)
    assert (entry.sends, len(robot.filed(claim))) == (1 if notice else 3, 1)


@pytest.mark.parametrize("mode", ["wrong_clock", "after_15"])
def test_f12_a_stamp_that_is_off_is_filed_and_told(robot: CourtRobot, mode: str) -> None:
    robot.faults(F12={"mode": mode})

    entry = robot.finish(robot.claim())

    assert entry.state is State.FILED
    assert any("compruebe que no afecta al plazo" in each for each in entry.notices)


def test_f15_a_refused_certificate_keeps_every_robot_away(robot: CourtRobot) -> None:
    """At the login nobody gets in: the run ends with an error that blocks the credential; nothing was begun."""
    entry = robot.journal.open(claim := robot.claim())
    robot.entry = robot.entry.model_copy(update={"clave": "env:JUZGADO_PIN"})
    robot.portal._entries = lambda _slug, _credential: robot.entry

    with pytest.raises(AccessRefused) as refused:
        robot.once(claim)

    assert refused.value.blocks_credential
    kept = robot.journal.read(entry.id)
    assert (kept.state, kept.problem_code) == (State.PREPARED, "acceso")


def test_f17_a_number_that_changes_is_followed(robot: CourtRobot) -> None:
    robot.faults(F17={"count": 1, "seconds": 60})
    claim = robot.claim()
    entry = robot.finish(claim)
    robot.sleep(3600)

    with robot.portal.session("procuradora", robot.folder) as session:
        status = session.status(entry.registry)
        again = session.receipt(status.registry)

    (filing,) = robot.filed(claim)
    assert filing["registry"] == status.registry != entry.registry
    assert again.registry == entry.registry, "the receipt keeps the number that it was issued with"
    assert again.signature_valid


def test_f18_a_captcha_is_handed_over(robot: CourtRobot) -> None:
    robot.faults(F18={"step": "acceso"})
    claim = robot.claim()

    with pytest.raises(CaptchaShown):
        robot.once(claim)

    assert robot.journal.rows[1].state is State.PREPARED
    assert robot.journal.rows[1].problem_code == "captcha"
    assert not any(each["action"] == "captcha" for each in robot.court.admin.truth()["audit"]), "it was not tried"


@pytest.mark.parametrize("how", ["503", "200"])
def test_maintenance_is_an_outage_with_proof_and_never_an_empty_list(robot: CourtRobot, how: str) -> None:
    robot.faults(maintenance=how)
    claim = replace(robot.claim(), deadline=robot.now() + timedelta(days=2))

    progress = robot.once(claim)

    assert (progress.entry.state, progress.entry.problem_code) == (State.PREPARED, "portal_caido")
    home = robot.filer.home(progress.entry)
    (seen,) = outage.read(home)
    assert "mantenimiento" in seen.what
    assert "mantenimiento" in (home / seen.folder / "page.html").read_text(encoding="utf-8")
    text = outage.certificate(home, case=claim.package.case, deadline=claim.deadline, zone="Europe/Madrid")
    assert seen.proof in text
    robot.faults(maintenance="")
    assert robot.finish(claim).state is State.FILED
