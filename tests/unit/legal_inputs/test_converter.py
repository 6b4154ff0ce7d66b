"""The front of the room: cache, workers, order, and one bad file among good ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cobranza.legal.inputs import Converter, InputLimits, InputToolMissing, State, Tools, Verdict
from cobranza.legal.inputs.cache import key_of
from cobranza.legal.inputs.tools import ToolFailed, run
from cobranza.legal.inputs.workers import Worker, WorkerLost
from tests.unit.legal_inputs import samples


def _note(folder: Path, name: str, text: str = "Hola") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_many_files_come_back_in_order_and_a_bad_one_stops_none(converter: Converter, tmp_path: Path) -> None:
    (tmp_path / "malo.pdf").write_bytes(b"%PDF-1.7 roto")
    files = [_note(tmp_path, "b.txt"), tmp_path / "malo.pdf", tmp_path / "falta.pdf", _note(tmp_path, "a.txt", "Adiós")]
    taken = converter.take_all(files)
    assert [each.verdict.file for each in taken] == ["b.txt", "malo.pdf", "falta.pdf", "a.txt"]
    assert [each.verdict.rejected for each in taken] == [False, True, True, False]
    assert [each.verdict.reasons[0].code for each in taken[1:3]] == ["danado", "no_existe"]


def test_the_words_to_redact_go_with_their_file(converter: Converter, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one tuple"):
        converter.take_all([_note(tmp_path, "a.txt")], redact=[])


def test_a_conversion_is_made_once_whatever_the_name(tmp_path: Path) -> None:
    with Converter(tmp_path / "cache") as first:
        made = first.take(_note(tmp_path, "a.txt"))
    assert made.pdf is not None
    with Converter(tmp_path / "cache") as second:
        again = second.take(_note(tmp_path, "b.txt"))
        assert second._idle.empty()  # no worker was needed
    assert again.pdf == made.pdf and again.verdict.file == "b.txt"


@pytest.mark.parametrize("harm", ["truncate", "entry", "gone"])
def test_a_damaged_entry_is_noticed_and_made_again(converter: Converter, tmp_path: Path, harm: str) -> None:
    file = _note(tmp_path, "a.txt", f"Nota {harm}")
    pdf = converter.take(file).pdf
    assert pdf is not None
    whole = pdf.read_bytes()
    if harm == "truncate":
        os.truncate(pdf, 100)
    elif harm == "entry":
        (pdf.parent / "entry.json").write_text("{", encoding="utf-8")
    else:
        pdf.unlink()
    again = converter.take(file).pdf
    assert again is not None and again.read_bytes() == whole


def test_what_a_killed_process_left_is_swept_after_a_day(tmp_path: Path) -> None:
    drafts = tmp_path / "cache" / "tmp"
    for name, age in (("job-old", 90_000), ("job-new", 60)):
        (drafts / name).mkdir(parents=True)
        moment = time.time() - age
        os.utime(drafts / name, (moment, moment))
    Converter(tmp_path / "cache")
    assert [each.name for each in drafts.iterdir()] == ["job-new"]


def test_other_words_limits_or_versions_are_another_conversion() -> None:
    options = {"redact": ["x"], "limits": {"pages": 1}}
    keys = {
        key_of("a" * 64, options, "1"),
        key_of("b" * 64, options, "1"),
        key_of("a" * 64, {**options, "redact": []}, "1"),
        key_of("a" * 64, {**options, "limits": {"pages": 2}}, "1"),
        key_of("a" * 64, options, "2"),
    }
    assert len(keys) == 5
    assert key_of("a" * 64, dict(reversed(options.items())), "1") in keys


def test_two_processes_may_fill_one_cache_at_once(tmp_path: Path) -> None:
    file = _note(tmp_path, "a.txt")
    code = (
        "import sys; from pathlib import Path; from cobranza.legal.inputs import Converter\n"
        "with Converter(Path(sys.argv[1])) as c: print(c.take(Path(sys.argv[2])).pdf)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache"), str(file)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    places = {each.communicate(timeout=120)[0].strip() for each in both}
    assert len(places) == 1 and Path(places.pop()).is_file()
    assert list((tmp_path / "cache" / "tmp").iterdir()) == []


def test_a_worker_that_dies_is_a_verdict_and_the_next_file_gets_another(tmp_path: Path) -> None:
    with Converter(tmp_path / "cache") as converter:
        converter.take(_note(tmp_path, "a.txt"))
        worker = converter._idle.get()
        worker.close()
        converter._idle.put(worker)
        lost = converter.take(_note(tmp_path, "b.txt", "Otra"))
        assert lost.verdict.rejected and lost.verdict.has("sin_respuesta")
        assert converter.take(_note(tmp_path, "b.txt", "Otra")).verdict.state is State.CONVERTED


def test_a_late_worker_is_killed_with_what_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("cobranza.legal.inputs.workers._START", -5.0)
    worker = Worker(InputLimits(seconds=5), Tools.found(), tmp_path)
    job = {"name": "a", "sha256": "", "folder": str(tmp_path), "media_type": "text/plain", "redact": []}
    with pytest.raises(WorkerLost, match="demasiado"):
        worker.do(job)
    assert worker._process.returncode is not None


def test_a_program_has_bounded_time_and_memory(tmp_path: Path) -> None:
    started = time.process_time()
    with pytest.raises(ToolFailed, match="no ha terminado"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], folder=tmp_path, seconds=0.5, memory=1 << 30)
    with pytest.raises(ToolFailed, match="MemoryError"):
        run([sys.executable, "-c", "bytes(2 << 30)"], folder=tmp_path, seconds=30, memory=1 << 29)
    assert time.process_time() - started < 30


def test_a_missing_font_stops_by_name(tmp_path: Path) -> None:
    tools = Tools(fonts=tmp_path)
    with Converter(tmp_path / "cache", tools=tools) as converter, pytest.raises(InputToolMissing, match="Liberation"):
        converter.take(_note(tmp_path, "a.txt"))


def test_too_large_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with Converter(tmp_path / "cache", limits=InputLimits(size=3)) as converter:
        assert converter.take(_note(tmp_path, "a.txt")).verdict.has("demasiado_grande")


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    with Converter(tmp_path / "cache", limits=InputLimits(pages=2)) as converter:
        taken = converter.take(samples.text_pdf(tmp_path / "t.pdf", pages=3))
    assert taken.verdict.has("demasiadas_paginas")


def test_a_page_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    def swell(pdf) -> None:
        pdf.pages[0].obj["/Contents"] = pdf.make_stream(b"0 0 m\n" * 500_000)

    file = samples.change(samples.text_pdf(tmp_path / "t.pdf"), tmp_path / "b.pdf", swell)
    with Converter(tmp_path / "cache", limits=InputLimits(stream=1_000_000)) as converter:
        assert converter.take(file).verdict.has("bomba")


def test_a_verdict_survives_json(converter: Converter, tmp_path: Path) -> None:
    verdict = converter.take(samples.active(tmp_path / "a.pdf", samples.text_pdf(tmp_path / "t.pdf"))).verdict
    assert verdict.reasons and Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict
