"""Reads `config/erps.toml`: which ERPs there are and which connector speaks to each.

An entry's `conector` names a folder of `connectors/erps/`; every other key belongs to that connector, whose `ADAPTER`
brings the model that checks it. A new connector adds a folder and edits nothing here.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

from pydantic import Field

from cobranza import suite
from cobranza.kernel import config
from cobranza.kernel.config import ConfigError, Strict
from cobranza.reconciliation.ports import Erp
from connectors.browser import Browser

FILE = Path("config") / "erps.toml"


class ErpConnector(Protocol):
    """What the `ADAPTER` of a folder of `connectors/erps/` offers."""

    slug: str
    Settings: type[Strict]

    def open(self, settings: Any, *, mode: str | None, evidence: Path, browser: Browser | None) -> Erp:
        """Open the ERP.

        Args:
            settings: An instance of `Settings`.
            mode: One of the connector's ways ("api", "web"); the one of `settings` when None.
            evidence: Folder that failures are written into.
            browser: For connectors that drive a web page; the process's own when None.
        """


class _Erps(Strict):
    """The whole file; each entry is checked by its connector's own model, which says so with `TABLE`."""

    FILE: ClassVar[str] = "erps.toml"

    erps: dict[str, dict[str, Any]] = Field(default_factory=dict)


def load(file: Path | None = None) -> dict[str, tuple[ErpConnector, Strict]]:
    """Every configured ERP: its connector and its checked settings, by name.

    Args:
        file: The suite's `config/erps.toml` by default.

    Raises:
        ConfigError: an unknown connector, key or value; the message names file, entry and key.
    """
    source = file or suite.root() / FILE
    known = cast(dict[str, ErpConnector], suite.adapters("connectors.erps"))
    found = {}
    for name, entry in config.load(source, _Erps).erps.items():
        where = f"{source}: erps.{name}"
        slug = entry.get("conector")
        if not isinstance(slug, str) or slug not in known:
            near = difflib.get_close_matches(str(slug), known, n=1)
            hint = f"; ¿quería decir «{near[0]}»?" if near else ""
            raise ConfigError(f"{where}: no existe el conector «{slug}»{hint} (se admiten: {', '.join(known)}).")
        connector = known[slug]
        found[name] = (connector, config.parse(entry, connector.Settings, where))
    return found


def open_erp(
    name: str, *, evidence: Path, mode: str | None = None, browser: Browser | None = None, file: Path | None = None
) -> Erp:
    """Open the ERP that `config/erps.toml` calls `name`; see `ErpConnector.open`.

    Raises:
        ConfigError: it is not there or is not well written.
    """
    entries = load(file)
    if name not in entries:
        raise ConfigError(
            f"No hay ningún ERP «{name}» en {file or FILE} (hay: {', '.join(sorted(entries)) or 'ninguno'})."
        )
    connector, settings = entries[name]
    return connector.open(settings, mode=mode, evidence=evidence, browser=browser)


def place(value: str) -> str:
    """An address as written, or from the environment when it says ``env:NAME``.

    Raises:
        ConfigError: the variable is not set.
    """
    scheme, _, name = value.partition(":")
    if scheme != "env":
        return value
    found = os.environ.get(name)
    if not found:
        raise ConfigError(f"La variable de entorno {name}, que indica dónde está el ERP, no tiene valor.")
    return found
