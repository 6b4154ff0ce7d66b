"""Finds the suite: robots/, keywords/, classifiers/, connectors/, config/ and output/ of this installation.

The suite root is, in this order: the folder that `COBRANZA_HOME` names; the nearest folder upwards from the current
one that holds ``config/cobranza.toml``; the checkout this package lives in; the copy inside the wheel
(``cobranza/_suite``). `activate` puts it on `sys.path`, so that ``import connectors…`` works in our own processes.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from cobranza.kernel.errors import BusinessError

MARKER = Path("config") / "cobranza.toml"
_PACKAGE = Path(__file__).resolve().parent


class SuiteError(BusinessError):
    """The suite's folders are not where they should be."""

    code = "COB-SUI-001"
    remedy = "Cree una copia editable con «cobranza init CARPETA» o indique COBRANZA_HOME."


def shipped_root() -> Path:
    """The suite as shipped: the checkout when developing, ``cobranza/_suite`` when installed from the wheel."""
    inside = _PACKAGE / "_suite"
    return inside if inside.is_dir() else _PACKAGE.parent


def root() -> Path:
    """The suite root in use, absolute.

    Raises:
        SuiteError: `COBRANZA_HOME` names a folder without ``config/cobranza.toml``.
    """
    named = os.environ.get("COBRANZA_HOME")
    if named:
        folder = Path(named).expanduser().resolve()
        if not (folder / MARKER).is_file():
            raise SuiteError(f"COBRANZA_HOME es «{folder}» y ahí no está {MARKER}.")
        return folder
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return folder
    return shipped_root()


def data_folder() -> Path:
    """Where the instance keeps its state (embedded database, locks): `COBRANZA_DATA` or ``<root>/.cobranza``."""
    named = os.environ.get("COBRANZA_DATA")
    return Path(named).expanduser().resolve() if named else root() / ".cobranza"


def output_folder() -> Path:
    """Where runs leave their evidence: `COBRANZA_OUTPUT` or ``<root>/output``."""
    named = os.environ.get("COBRANZA_OUTPUT")
    return Path(named).expanduser().resolve() if named else root() / "output"


def activate() -> Path:
    """Put the suite root first on `sys.path` (once) and return it; shipped folders back up what the copy lacks."""
    top = root()
    for folder in (shipped_root(), top):
        text = str(folder)
        if text in sys.path:
            sys.path.remove(text)
        sys.path.insert(0, text)
    return top


@cache
def adapters(package: str) -> dict[str, object]:
    """Every `ADAPTER` under a suite package, by its `slug`.

    Args:
        package: Dotted name, for example ``connectors.statements``.

    Raises:
        SuiteError: two adapters share a slug, or one has none.
    """
    activate()
    found: dict[str, object] = {}
    for module in _modules(package):
        adapter = getattr(module, "ADAPTER", None)
        if adapter is None:
            continue
        slug = getattr(adapter, "slug", "")
        if not slug:
            raise SuiteError(f"El adaptador de {module.__name__} no tiene «slug».")
        if slug in found and found[slug] is not adapter:
            raise SuiteError(f"Dos adaptadores de {package} se llaman «{slug}».")
        found[slug] = adapter
    return dict(sorted(found.items()))


def _modules(package: str) -> list[ModuleType]:
    base = importlib.import_module(package)
    names = [info.name for info in pkgutil.iter_modules(base.__path__) if info.ispkg]
    return [importlib.import_module(f"{package}.{name}") for name in sorted(names)]
