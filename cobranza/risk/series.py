"""What no ledger holds: sectors, credit limits, and series of the economy, from files that ``config/risk.toml`` names.

Each is a CSV in UTF-8 with semicolons, decimal point and days as ``aaaa-mm-dd``; a missing file is no error (the
features are missing and that is said), a wrong one is.

- series: ``serie;clave;dia;publicado;valor``; serie is ``morosidad`` (share) or ``economia`` (index), clave a sector or
  a country, dia the period's last day, publicado the day on which it came out (what is not out yet is not known).
- limits: ``deudor;desde;limite`` with the debtor's key in the ERP.
- sectors: ``deudor;sector``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Final

import pandas as pd

from cobranza import suite
from cobranza.kernel.errors import BusinessError
from cobranza.risk.features.history import empty, number
from cobranza.risk.model_settings import model_settings

_NAMES: Final = {"morosidad": "arrears", "economia": "economy"}


class SeriesError(BusinessError):
    """A file of series, limits or sectors that cannot be read."""

    code = "COB-RIE-050"
    remedy = "Corrija el fichero que nombra config/risk.toml en [modelos] y repita la orden."


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What is not in the ledger; each part may be empty, and then its features are missing.

    Attributes:
        sectors: ERP key of a debtor → its sector.
        limits: Columns erp_key, known (day, as a number), amount.
        series: As `cobranza.risk.features.history.COLUMNS` says.
    """

    sectors: Mapping[str, str] = field(default_factory=dict)
    limits: pd.DataFrame | None = None
    series: pd.DataFrame = field(default_factory=partial(empty, "series"))

    def sector_of(self, keys: pd.Series[str]) -> pd.Series[str]:
        """The sector of each debtor by its ERP key, "" when it is not known."""
        return keys.map(dict(self.sectors)).fillna("") if self.sectors else pd.Series("", index=keys.index)

    def limits_of(self, people: pd.DataFrame) -> pd.DataFrame:
        """Limits as a frame of a history; `people` has the columns debtor and erp_key."""
        if self.limits is None:
            return empty("limits")
        return people[["debtor", "erp_key"]].merge(self.limits, on="erp_key")[["debtor", "known", "amount"]]


def configured() -> Extras:
    """What the files of ``config/risk.toml`` say now; a file is read again when it has changed.

    Raises:
        SeriesError: one of them cannot be read.
    """
    settings = model_settings()
    files = [_file(name) for name in (settings.series, settings.limites, settings.sectores)]
    return _read(*((file, file.stat().st_mtime_ns if file is not None else 0) for file in files))


def _file(name: str) -> Path | None:
    file = suite.root() / name if name else None
    return file if file is not None and file.is_file() else None


@cache
def _read(series: tuple[Path | None, int], limits: tuple[Path | None, int], sectors: tuple[Path | None, int]) -> Extras:
    return Extras(
        series=read_series(series[0]) if series[0] else empty("series"),
        limits=read_limits(limits[0]) if limits[0] else None,
        sectors=read_sectors(sectors[0]) if sectors[0] else {},
    )


def read_series(file: Path) -> pd.DataFrame:
    """Series of the economy; see the module.

    Raises:
        SeriesError: a column lacks, or a value is none.
    """
    rows = []
    for line, row in _rows(file, ("serie", "clave", "dia", "publicado", "valor")):
        try:
            day, out = date.fromisoformat(row["dia"]), date.fromisoformat(row["publicado"])
            rows.append((_NAMES[row["serie"]], row["clave"], number(day), number(out), float(row["valor"])))
        except (ValueError, KeyError) as exc:
            raise SeriesError(f"{file}, línea {line}: {exc}.") from exc
        if out < day:
            raise SeriesError(f"{file}, línea {line}: se publicó antes de acabar el periodo.")
    return pd.DataFrame(rows, columns=["name", "key", "day", "known", "value"]) if rows else empty("series")


def read_limits(file: Path) -> pd.DataFrame:
    """Credit limits by ERP key; see the module.

    Raises:
        SeriesError: a column lacks, or a value is none.
    """
    rows = []
    for line, row in _rows(file, ("deudor", "desde", "limite")):
        try:
            rows.append((row["deudor"], number(date.fromisoformat(row["desde"])), float(row["limite"])))
        except ValueError as exc:
            raise SeriesError(f"{file}, línea {line}: {exc}.") from exc
    return pd.DataFrame(rows, columns=["erp_key", "known", "amount"]).astype({"known": "int64", "amount": "float64"})


def read_sectors(file: Path) -> dict[str, str]:
    """The sector of each debtor by ERP key; see the module.

    Raises:
        SeriesError: a column lacks.
    """
    return {row["deudor"]: row["sector"] for _, row in _rows(file, ("deudor", "sector"))}


def _rows(file: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, delimiter=";")
            lacking = set(columns) - set(reader.fieldnames or ())
            if lacking:
                raise SeriesError(f"A {file} le faltan las columnas {', '.join(sorted(lacking))}.")
            return [
                (number, {name: (row[name] or "").strip() for name in columns})
                for number, row in enumerate(reader, start=2)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise SeriesError(f"No se puede leer {file} ({exc}).") from exc
