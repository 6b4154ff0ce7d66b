"""What becomes of a filing when the portal, the line or the process fails: each in its named state, with evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cobranza.legal.filing import outage
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.records import AlreadyFiled, Claim
from cobranza.legal.package import MANIFEST
from cobranza.legal.ports import AccessRefused, CaptchaShown, Filing
from tests.unit.filing.conftest import LAG, Robot, W
from tests.unit.filing.conftest import claim as make_claim

Make = Callable[..., Claim]
SMOOTH = [State.DRAFT, State.UPLOADED, State.READY, State.SENDING, State.FILED]


def test_a_filing_ends_with_a_verified_receipt(robot: Robot, a_claim: Make) -> None:
    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert robot.states() == SMOOTH
    assert robot.court.filed(entry.case) == 1
    assert entry.registry == robot.court.filings[0].registry
    assert (robot.filer.home(entry) / "acuse" / "acuse.xml").is_file()
    assert robot.finish(a_claim()).id == entry.id, "the same claim again is the same filing"
    assert robot.court.filed(entry.case) == 1


@pytest.mark.parametrize("what", ["lost", "error", "kill", "other receipt", "altered receipt", "truncated receipt"])
def test_registered_without_a_receipt_is_found_in_the_tray(robot: Robot, a_claim: Make, what: str) -> None:
    robot.fails(submit=[what])

    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert robot.court.filed(entry.case) == 1
    assert State.UNCERTAIN in robot.states()
    assert entry.sends == 1


@pytest.mark.parametrize("what", ["fail", "expired", "kill before"])
def test_not_registered_is_proved_by_two_readings_and_sent_once_more(robot: Robot, a_claim: Make, what: str) -> None:
    robot.fails(submit=[what])
    begun = robot.clock.at

    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert robot.court.filed(entry.case) == 1
    assert entry.sends == 2
    assert robot.states()[3:] == [State.SENDING, State.UNCERTAIN, State.NOT_FILED, State.READY, State.SENDING,
                                  State.FILED]  # fmt: skip
    assert robot.clock.at - begun >= timedelta(seconds=2 * W)


def test_a_commit_after_the_time_out_is_waited_for(robot: Robot, a_claim: Make) -> None:
    robot.fails(submit=["delayed"])

    entry = robot.finish(a_claim())

    assert (entry.state, entry.sends, robot.court.filed(entry.case)) == (State.FILED, 1, 1)


def test_a_list_that_is_later_than_w_and_a_lost_draft_are_a_persons(robot: Robot, a_claim: Make) -> None:
    robot.court.lag = 10.0
    robot.fails(submit=["lost"], sent=["", *["empty"] * 9])

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REVIEW, "borrador_perdido")
    assert robot.court.filed(entry.case) == 1
    assert list((robot.filer.home(entry) / "pruebas").glob("*borrador-perdido*/pantalla.png"))


def test_two_filings_alike_are_a_persons(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    robot.court.lag = 0
    robot.court.hashes = False
    for number in (1, 2):
        draft = robot.court.session("", robot.folder)
        with draft as session:
            made = session.create(_filing_of(claim))
            robot.court.register(made.id)
        assert number == len(robot.court.filings)

    entry = robot.finish(claim)

    assert (entry.state, entry.problem_code) == (State.REVIEW, "varias")
    assert len(robot.court.filings) == 2, "nothing was sent"


def test_what_a_person_filed_by_hand_is_not_filed_again(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    robot.court.lag = 0
    with robot.court.session("", robot.folder) as session:
        made = session.create(_filing_of(claim))
        for file in claim.package.files:
            session.upload(made.id, file, (claim.folder / file.name).read_bytes())
        robot.court.register(made.id)

    entry = robot.finish(claim)

    assert (entry.state, entry.sends, len(robot.court.filings)) == (State.FILED, 0, 1)


def test_a_portal_without_references_or_hashes_is_not_trusted_with_a_like_filing(robot: Robot, a_claim: Make) -> None:
    robot.court.references = robot.court.hashes = False
    robot.fails(submit=["lost"])

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REVIEW, "varias")
    assert robot.court.filed(entry.case) == 1


@pytest.mark.parametrize(
    ("what", "state", "code"),
    [("refuse", State.REFUSED, "organo_cerrado"), ("duplicate", State.REVIEW, "duplicado")],
)
def test_a_no_of_the_portal_before_registering(robot: Robot, a_claim: Make, what: str, state: State, code: str) -> None:
    robot.fails(submit=[what])

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (state, code)
    assert not robot.court.filings
    assert robot.journal.history[-1].objections == (code,)


def test_refused_the_second_time_is_a_persons_because_the_first_may_have_arrived(robot: Robot, a_claim: Make) -> None:
    robot.fails(submit=["fail", "refuse"])

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REVIEW, "organo_cerrado")


def test_sent_again_and_again_without_arriving_is_a_persons(robot: Robot, a_claim: Make) -> None:
    robot.fails(submit=["fail"] * 9)

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code, entry.sends) == (State.REVIEW, "envios", 3)
    assert not robot.court.filings


@pytest.mark.parametrize("what", ["fail", "lost", "other", "kill"])
def test_an_upload_that_fails_is_put_right(robot: Robot, a_claim: Make, what: str) -> None:
    robot.fails(upload=["", what])

    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert [name for name, _ in robot.court.filings[0].files] == ["escrito.pdf", "anexo_1.pdf", "anexo_2.pdf"]


def test_a_portal_that_never_keeps_our_bytes_is_a_persons(robot: Robot, a_claim: Make) -> None:
    robot.fails(upload=["other"] * 50)

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REVIEW, "huella")


@pytest.mark.parametrize(("what", "code"), [("refuse", "tamano_fichero"), ("infect", "virus")])
def test_a_file_that_is_refused_goes_back_to_be_fixed(robot: Robot, a_claim: Make, what: str, code: str) -> None:
    robot.fails(upload=["", what])

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REFUSED, code)


def test_a_slow_scanner_is_waited_for_and_a_stuck_one_is_a_persons(robot: Robot, a_claim: Make) -> None:
    robot.court.scan = 600
    assert robot.finish(a_claim(1)).state is State.FILED

    robot.court.scan = 10**9
    entry = robot.finish(a_claim(2), turns=400)
    assert (entry.state, entry.problem_code) == (State.REVIEW, "antivirus")


@pytest.mark.parametrize(
    "call", ["login", "check", "drafts", "create", "upload", "read", "objections", "sent", "submit", "receipt"]
)
def test_a_session_that_ends_anywhere_is_opened_again(robot: Robot, a_claim: Make, call: str) -> None:
    robot.fails(**{call: ["expired"] if call not in ("create", "upload") else ["fail"]})

    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert robot.court.filed(entry.case) == 1


@pytest.mark.parametrize("call", ["login", "check", "drafts", "sent"])
def test_a_changed_page_is_a_persons(robot: Robot, a_claim: Make, call: str) -> None:
    robot.fails(**{call: ["changed"]})

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REVIEW, "portal_cambiado")
    assert not robot.court.filings


def test_a_draft_made_twice_leaves_one(robot: Robot, a_claim: Make) -> None:
    robot.fails(create=["twice"])

    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert list(robot.court.drafts) == [entry.draft]


def test_a_draft_that_was_made_and_not_written_down_is_found_again(robot: Robot, a_claim: Make) -> None:
    robot.fails(create=["kill"])

    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert list(robot.court.drafts) == [entry.draft]


def test_a_persons_draft_with_our_reference_is_left_alone(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    with robot.court.session("", robot.folder) as session:
        theirs = session.create(_filing_of(claim)).id

    entry = robot.finish(claim)

    assert entry.state is State.FILED
    assert entry.draft != theirs
    assert theirs in robot.court.drafts


def test_an_unavailable_tray_never_lets_it_be_sent(robot: Robot, a_claim: Make) -> None:
    robot.fails(sent=["fail"] * 99)

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REVIEW, "portal_caido")
    assert not robot.court.filings
    assert len(outage.read(robot.filer.home(entry))) == robot.policy.fallos


def test_an_uncertain_filing_with_its_deadline_near_is_a_persons_at_once(robot: Robot, a_claim: Make) -> None:
    robot.fails(submit=["fail"])

    entry = robot.finish(replace(a_claim(), deadline=robot.clock.at + timedelta(hours=3)))

    assert (entry.state, entry.problem_code) == (State.REVIEW, "plazo")


def test_a_receipt_of_another_case_time_after_time_is_a_persons(robot: Robot, a_claim: Make) -> None:
    robot.fails(submit=["altered receipt"], receipt=["altered"] * 50)

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.REVIEW, "acuse")
    assert robot.court.filed(entry.case) == 1


def test_a_court_clock_that_is_off_is_told(robot: Robot, a_claim: Make) -> None:
    robot.court.skew = 187 * 60

    entry = robot.finish(a_claim())

    assert entry.state is State.FILED
    assert any("compruebe que no afecta al plazo" in each for each in entry.notices)


@pytest.mark.parametrize(("what", "error"), [("captcha", CaptchaShown), ("certificate", AccessRefused)])
def test_who_cannot_enter_says_so_and_the_filing_stands_where_it_stood(
    robot: Robot, a_claim: Make, what: str, error: type[Exception]
) -> None:
    robot.fails(login=[what])

    with pytest.raises(error):
        robot.filer.file(a_claim())

    assert robot.journal.rows[1].state is State.PREPARED
    assert robot.journal.rows[1].problem
    assert robot.finish(a_claim()).state is State.FILED


def test_a_changed_byte_is_not_sent(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    (claim.folder / "anexo_1.pdf").write_bytes(b"otra cosa")

    entry = robot.finish(claim)

    assert (entry.state, entry.problem_code) == (State.REVIEW, "paquete_cambiado")
    assert not robot.court.filings


def test_a_revoked_signature_is_not_sent(robot: Robot, a_claim: Make) -> None:
    robot.approved = False

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code) == (State.WITHDRAWN, "firma")
    assert not robot.court.filings
    assert not robot.court.drafts


def test_a_signature_revoked_while_the_tray_is_read_is_not_sent(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()

    def revoke(call: str) -> str:
        robot.approved = robot.approved and call != "sent"
        return ""

    robot.court.fail = revoke

    entry = robot.finish(claim)

    assert (entry.state, entry.problem_code, entry.sends) == (State.WITHDRAWN, "firma", 0)
    assert not robot.court.filings and not robot.court.drafts


def _late(robot: Robot, claim: Claim) -> None:
    """Registered, the answer lost, and tray and drafts are later than every wait: only the mailbox can tell."""
    robot.court.lag = 10**6
    robot.fails(submit=["lost"])
    while not robot.court.filings:
        progress = robot.once(claim)
        assert progress is not None
        robot.clock.at = progress.due_at or robot.clock.at


def test_a_notice_of_an_unknown_filing_keeps_it_from_being_sent_again(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    _late(robot, claim)
    robot.court.notify(robot.court.filings[0].registry)

    entry = robot.finish(claim)

    assert (entry.state, entry.problem_code) == (State.REVIEW, "notificacion")
    assert robot.court.filed(entry.case) == 1
    assert list((robot.filer.home(entry) / "pruebas").glob("*notificacion*/pantalla.png"))


def test_without_a_notice_what_was_registered_would_be_sent_again(robot: Robot, a_claim: Make) -> None:
    """The control: nothing else differs."""
    claim = a_claim()
    _late(robot, claim)

    entry = robot.finish(claim)

    assert State.NOT_FILED in robot.states() and entry.sends > 1


def test_a_notice_whose_receipt_is_ours_proves_the_filing(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    robot.fails(submit=["lost"], sent=["", *["empty"] * 9])
    while not robot.court.filings:
        progress = robot.once(claim)
        assert progress is not None
        robot.clock.at = progress.due_at or robot.clock.at
    robot.court.notify(robot.court.filings[0].registry)

    entry = robot.finish(claim)

    assert (entry.state, entry.sends) == (State.FILED, 1)
    assert entry.registry == robot.court.filings[0].registry


def test_notices_of_other_peoples_filings_change_nothing(robot: Robot, a_claim: Make) -> None:
    other = a_claim(2)
    robot.court.lag = 0
    with robot.court.session("", robot.folder) as session:
        made = session.create(_filing_of(other))
        for file in other.package.files:
            session.upload(made.id, file, (other.folder / file.name).read_bytes())
        robot.court.notify(robot.court.register(made.id).registry)
    robot.fails(submit=["fail"])

    entry = robot.finish(a_claim(1))

    assert (entry.state, entry.sends) == (State.FILED, 2)


def test_a_mailbox_that_cannot_be_read_proves_nothing(robot: Robot, a_claim: Make) -> None:
    robot.fails(submit=["fail"], notifications=["fail"] * 99)

    entry = robot.finish(a_claim())

    assert (entry.state, entry.problem_code, entry.sends) == (State.REVIEW, "portal_caido", 1)


def test_looking_goes_on_though_the_files_are_gone(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    robot.fails(submit=["lost"])
    robot.once(claim)
    (claim.folder / MANIFEST).unlink()

    assert robot.finish(claim).state is State.FILED


def test_another_case_cannot_file_the_same_claim(robot: Robot, a_claim: Make) -> None:
    claim = a_claim()
    robot.finish(claim)

    with pytest.raises(AlreadyFiled):
        robot.filer.file(replace(claim, package=replace(claim.package, case="EXP-2026-999999")))


def test_with_a_wait_shorter_than_the_lag_it_files_twice(tmp_path: Path) -> None:
    """The control: the same protocol with too short a W does what it promises never to do."""
    twice = 0
    for number in range(1, 6):
        robot = Robot(tmp_path / str(number), wait=5)
        robot.court.lag = 10 * LAG
        robot.court.fail = lambda call: ""
        robot.fails(submit=["delayed", ""])
        claim = make_claim(robot.folder / "packages", number)
        robot.finish(claim, turns=30)
        robot.clock.sleep(1000)
        robot.court.tick()
        twice += robot.court.filed(claim.package.case) > 1
    assert twice == 5


def _filing_of(claim: Claim) -> Filing:
    return Filing(case=claim.case, package=claim.package, folder=claim.folder)
