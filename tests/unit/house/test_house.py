"""The house's own rules: who imports whom, what the registry finds, how errors look."""

from __future__ import annotations

import importlib
import pkgutil
import re
from importlib.metadata import distributions
from pathlib import Path

from packaging.specifiers import SpecifierSet

import cobranza
from cobranza import suite
from cobranza.kernel.errors import CobranzaError, parse_printed

ROOT = Path(__file__).resolve().parents[3]


def _all_errors() -> list[type[CobranzaError]]:
    packages = [cobranza]
    suite.activate()
    packages += [importlib.import_module(name) for name in ("connectors", "classifiers", "keywords")]
    for package in packages:
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if re.search(r"__main__|migrations|\.demo\.erp\.seed", info.name):
                continue
            importlib.import_module(info.name)
    found: list[type[CobranzaError]] = []
    waiting: list[type[CobranzaError]] = [CobranzaError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.split(".")[0] in ("cobranza", "connectors", "keywords", "classifiers"):
            found.append(kind)
    return found


def test_every_error_has_a_code_of_its_own_and_a_remedy() -> None:
    owners: dict[str, type[CobranzaError]] = {}
    for kind in _all_errors():
        assert re.fullmatch(r"COB-[A-Z]{2,4}-\d{3}", kind.code), kind
        assert kind.remedy.endswith("."), kind
        if "code" in vars(kind):
            assert owners.setdefault(kind.code, kind) is kind, f"{kind} and {owners[kind.code]} share {kind.code}"


def test_an_error_is_found_again_in_a_log_line() -> None:
    printed = str(CobranzaError("Algo pasó.", remedy="Haga esto."))
    assert parse_printed(f"12:00 FAIL {printed}") == {
        "code": "COB-GEN-001",
        "message": "Algo pasó.",
        "remedy": "Haga esto.",
    }


def test_rooms_import_only_what_they_may() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_every_pinned_package_runs_on_debian_12s_own_python() -> None:
    debian = "3.11.2"
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    }
    assert len(pinned) > 100
    too_new = [
        f"{found.name} {found.version} needs {needs}"
        for found in distributions()
        if found.name.lower().replace("_", "-") in pinned
        and (needs := found.metadata.get("Requires-Python"))
        and not SpecifierSet(needs).contains(debian)
    ]
    assert not too_new
