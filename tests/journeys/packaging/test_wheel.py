"""The wheel, installed alone in a clean environment and used from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_SECONDS = 300


def _run(*command: str, cwd: Path, **extra: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COBRANZA", "PYTHON"))}
    done = subprocess.run(
        command, cwd=cwd, env=environment | extra, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rueda")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; its dependencies are the ones of this environment, without our checkout."""
    home = tmp_path_factory.mktemp("entorno limpio")
    _run(sys.executable, "-m", "venv", str(home), cwd=home)
    program = home / "bin" / "python"
    site = Path(_run(str(program), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    _run(str(program), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel), cwd=home)
    return program


def test_installs_one_name_with_the_suite_inside(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/", 1)[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cobranza"}
    for folder in ("robots", "keywords", "classifiers", "connectors", "config"):
        assert any(name.startswith(f"cobranza/_suite/{folder}/") for name in names), folder
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_command_works_from_another_folder(python: Path, tmp_path: Path) -> None:
    said = _run(str(python), "-m", "cobranza", "robots", "--json", cwd=tmp_path, COBRANZA_DATA=str(tmp_path / "d"))
    assert "conciliacion_diaria" in said
    where = _run(str(python), "-c", "import cobranza; print(cobranza.__file__)", cwd=tmp_path)
    assert not where.startswith(str(ROOT))


def test_init_gives_an_editable_copy_that_wins_over_the_shipped_one(python: Path, tmp_path: Path) -> None:
    copy = tmp_path / "mi empresa"
    _run(str(python), "-m", "cobranza", "init", str(copy), cwd=tmp_path)
    robot = copy / "robots" / "conciliacion_diaria.robot"
    text = robot.read_text(encoding="utf-8")
    robot.with_name("la_mia.robot").write_text(text, encoding="utf-8")
    said = _run(str(python), "-m", "cobranza", "robots", "--json", cwd=copy)
    assert "la_mia" in said
