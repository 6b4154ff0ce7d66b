"""Whatever fails, and wherever the process dies: never filed twice, never lost, never called filed without proof."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.kernel.errors import CobranzaError
from cobranza.legal.filing import machine
from cobranza.legal.filing.machine import NEXT, State
from cobranza.legal.ports import Filing
from tests.unit.filing.conftest import Robot, claim
from tests.unit.filing.double import Killed

_CALLS = {
    "login": ["", "", "", "fail", "expired"],
    "check": ["", "", "fail", "expired", "kill"],
    "drafts": ["", "", "fail", "expired", "kill"],
    "create": ["", "", "twice", "fail", "kill"],
    "upload": ["", "", "", "fail", "lost", "other", "kill"],
    "read": ["", "", "", "fail", "expired", "kill"],
    "objections": ["", "", "fail", "expired"],
    "sent": ["", "", "fail", "expired", "kill"],
    "receipt": ["", "", "fail", "altered", "kill"],
    "submit": ["", "fail", "lost", "error", "delayed", "kill", "kill before", "expired", "other receipt"],
}
_words = st.fixed_dictionaries({call: st.lists(st.sampled_from(words), max_size=5) for call, words in _CALLS.items()})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=_words, deaths=st.lists(st.integers(1, 40), max_size=4), lag=st.sampled_from([0.0, 60.0, 120.0]))
def test_a_claim_is_filed_once_or_a_persons(words: dict[str, list[str]], deaths: list[int], lag: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        robot = Robot(Path(folder))
        robot.court.lag = lag
        robot.fails(**words)
        _die_at(robot, deaths)
        asked = claim(Path(folder) / "packages")

        entry = robot.finish(asked, turns=200)

        robot.clock.sleep(10_000)
        robot.court.tick()
        times = robot.court.filed(asked.package.case)
        assert times <= 1, "filed twice"
        if entry.state is State.FILED:
            assert times == 1
            assert entry.registry == robot.court.filings[0].registry
            assert [sha for _, sha in robot.court.filings[0].files] == [each.sha256 for each in asked.package.files]
        else:
            assert entry.state is State.REVIEW
            assert entry.problem
        _history_is_allowed(robot)


def _die_at(robot: Robot, deaths: list[int]) -> None:
    """The process dies at the n-th commit from the last death, before or after it."""
    left = list(deaths)

    def dies(where: str) -> None:
        if not left:
            return
        left[0] -= 1
        if left[0] <= 0:
            left.pop(0)
            raise Killed

    robot.journal.dies = dies


def _history_is_allowed(robot: Robot) -> None:
    states = [State.PREPARED, *robot.states()]
    for before, after in itertools.pairwise(states):
        assert before is after or after in NEXT[before]


@given(path=st.lists(st.sampled_from(State), min_size=2, max_size=12))
def test_nothing_leads_from_unknown_to_sending_but_the_proof(path: list[State]) -> None:
    walked = [path[0]]
    for to in path[1:]:
        if to in NEXT[walked[-1]]:
            walked.append(to)
    for place, state in enumerate(walked):
        if state is State.SENDING and State.UNCERTAIN in walked[:place]:
            last = max(at for at in range(place) if walked[at] is State.UNCERTAIN)
            between = set(walked[last:place])
            assert State.NOT_FILED in between or State.REVIEW in between


def test_what_ended_holds_and_what_was_refused_frees_its_fingerprint() -> None:
    assert {state for state, after in NEXT.items() if not after} == machine.ENDED
    assert State.FILED in machine.HOLDING
    assert not {State.REFUSED, State.WITHDRAWN} & machine.HOLDING
    assert NEXT.keys() == set(State)


def _simulate(folder: Path, seed: int, *, wait: int, cases: int = 25) -> Robot:
    """§6 of the research in small: errors before, drops after, late commits, deaths anywhere."""
    dice = random.Random(seed)
    robot = Robot(folder, wait=wait)

    def fail(call: str) -> str:
        roll = dice.random()
        if call == "submit":
            for word, share in (("fail", 0.08), ("lost", 0.12), ("delayed", 0.08), ("error", 0.04), ("kill", 0.08)):
                if roll < share:
                    return word
                roll -= share
            return ""
        return "fail" if call == "sent" and roll < 0.05 else "kill" if roll < 0.08 and call in _CALLS else ""

    robot.court.fail = fail
    for number in range(1, cases + 1):
        robot.finish(claim(folder / "packages", number), turns=300)
    robot.court.fail = lambda call: ""
    robot.clock.sleep(10_000)
    robot.court.tick()
    return robot


def test_the_simulation_of_the_research_files_each_once(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        robot = _simulate(tmp_path / str(seed), seed, wait=180)
        times = Counter(each.reference for each in robot.court.filings)
        assert set(times.values()) == {1}
        assert len(times) == 25 == sum(row.state is State.FILED for row in robot.journal.rows.values())
        assert robot.deaths > 5


def test_the_simulation_files_twice_with_a_wait_shorter_than_the_lag(tmp_path: Path) -> None:
    twice = 0
    for seed in (1, 2, 3):
        robot = _simulate(tmp_path / str(seed), seed, wait=5)
        twice += sum(count > 1 for count in Counter(each.reference for each in robot.court.filings).values())
    assert twice > 0


def test_a_robot_that_retries_on_error_files_twice(tmp_path: Path) -> None:
    """The control without a journal: what every portal script does."""
    dice = random.Random(7)
    robot = Robot(tmp_path)
    robot.fails(submit=[dice.choice(["", "lost", "error", "delayed"]) for _ in range(80)])
    for number in range(1, 21):
        asked = claim(tmp_path / "packages", number)
        for _ in range(20):
            with robot.court.session("", tmp_path) as session:
                draft = session.create(Filing(case=asked.case, package=asked.package, folder=asked.folder))
                for file in asked.package.files:
                    session.upload(draft.id, file, (asked.folder / file.name).read_bytes())
                try:
                    session.submit(draft.id)
                except CobranzaError:
                    robot.clock.at += timedelta(seconds=10)
                    continue
                break
    assert any(robot.court.filed(case) > 1 for case in {f"EXP-2026-{n:06d}" for n in range(1, 21)})
