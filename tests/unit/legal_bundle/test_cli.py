"""`cobranza legal bundle`, `courts` and `package verify`, with the real conversions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import legal_example

ROOT = Path(__file__).resolve().parents[3]


def run(*words: object, code: int = 0, password: bytes = b"") -> dict[str, object]:
    """The command in a process of its own, without a database; its JSON."""
    passed: tuple[int, ...] = ()
    if password:
        reading, writing = os.pipe()
        os.write(writing, password)
        os.close(writing)
        passed, words = (reading,), (*words, "--password-fd", reading)
    done = subprocess.run(
        [sys.executable, "-m", "cobranza", "legal", *map(str, words), "--json"],
        cwd=ROOT, capture_output=True, timeout=240, check=False, pass_fds=passed,
        env={**os.environ, "DATABASE_URL": "postgresql://nadie@127.0.0.1:1/no"},
    )  # fmt: skip
    for each in passed:
        os.close(each)
    assert done.returncode == code, (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> legal_example.Example:
    return legal_example.write(tmp_path_factory.mktemp("caso"), only=("contrato.pdf", "burofax.pdf", "oferta.pdf"))


@pytest.mark.skipif(not Path("/usr/bin/gs").exists(), reason="no Ghostscript on this machine")
def test_a_case_becomes_a_bundle_and_a_package_that_verifies(example: legal_example.Example, tmp_path: Path) -> None:
    identity = tmp_path / "identidad.p12"
    identity.write_bytes(legal_example.identity())
    where = ("--documents", example.documents, "--court", "es-lexnet", "--out", tmp_path / "out")
    common = ("bundle", example.case, *where, "--cache", tmp_path / "cache")
    made = run(*common, "--sign", identity, password=legal_example.PASSWORD.encode() + b"\n")
    assert made["blocked"] is False and made["court"] == "es_lexnet"
    package, review = made["package"], made["review"]
    assert isinstance(package, dict) and isinstance(review, dict)
    files = package["files"]
    assert all(each["signed"] for each in files)
    burofax = next(each for each in files if each["document"] == "burofax")
    original = (example.documents / "burofax.pdf").read_bytes()
    assert burofax["sha256"] == hashlib.sha256(original).hexdigest()
    assert "oferta" not in made["documents"]  # type: ignore[operator]
    assert review["pdfa"] == "2b" and (tmp_path / "out" / review["file"]).is_file()
    assert made["archive"] == ["archivo/indice_eni.xml"]
    folder = tmp_path / "out" / package["folder"]
    assert run("package", "verify", folder)["hash"] == package["hash"]
    assert "error" in run("package", "verify", folder, "--expected", "0" * 64, code=3)
    with (folder / files[0]["name"]).open("ab") as file:
        file.write(b" ")
    assert "error" in run("package", "verify", folder, code=3)
    legal_example.spoil(example.documents, "contrato.pdf", "roto")
    blocked = run(*common, code=3)
    findings = blocked["findings"]
    assert isinstance(findings, list) and blocked["blocked"] is True
    assert any(each["blocking"] and each["file"] == "contrato.pdf" for each in findings)


def test_courts_are_listed_with_their_limits() -> None:
    courts = run("courts")["courts"]
    assert isinstance(courts, list)
    found = {each["court"]: each for each in courts}
    assert found["es_lexnet"]["limites"]["por_fichero"] > 0


def test_wrong_orders_are_told(example: legal_example.Example, tmp_path: Path) -> None:
    where = ("--documents", example.documents, "--out", tmp_path / "out")
    assert "error" in run("bundle", example.case, *where, "--court", "no_existe", code=3)
    assert "error" in run("bundle", example.case, *where, "--court", "es_lexnet", "--tsa", "http://x", code=2)
