"""The engine on CSV files: read with errors that name file, line and column; write atomically and safe to open.

Free text that a spreadsheet would take for a formula is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.sheets import harmless
from cobranza.reconciliation import frames

REQUIRED = ("payments", "invoices", "customers")
_LARGEST_FIELD = 1_000_000


class CsvError(BusinessError):
    """A CSV file that cannot be read as a table."""

    code = "COB-CON-002"
    remedy = "Guarde el fichero como CSV en UTF-8, separado por comas, con la cabecera en la primera línea."


def read_folder(folder: Path) -> dict[str, pd.DataFrame]:
    """Read payments.csv, invoices.csv, customers.csv and, when there is one, fx.csv; every cell as text.

    Raises:
        CsvError: a file is missing, is not UTF-8 or a line has more or fewer cells than the header.
    """
    result = {name: read(folder / f"{name}.csv") for name in REQUIRED}
    rates = folder / "fx.csv"
    result["fx"] = read(rates) if rates.exists() else frames.text_frame(frames.FX_COLUMNS, [])
    return result


def read(file: Path) -> pd.DataFrame:
    """Read one CSV file; see `read_folder`."""
    rows: list[list[str]] = []
    try:
        csv.field_size_limit(_LARGEST_FIELD)
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            header = next(reader, None)
            if not header:
                raise CsvError(f"{file.name}: está vacío.")
            if len(set(header)) != len(header):
                twice = next(name for name in header if header.count(name) > 1)
                raise CsvError(f"{file.name}, línea 1: la columna «{twice}» está repetida.")
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise CsvError(
                        f"{file.name}, línea {reader.line_num}: tiene {len(row)} celdas y la cabecera {len(header)}."
                    )
                rows.append(row)
    except FileNotFoundError as exc:
        raise CsvError(f"No existe {file}.", remedy="Indique la carpeta que contiene ese fichero.") from exc
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise CsvError(f"{file.name}: no se puede leer ({exc}).") from exc
    return frames.text_frame([name.strip() for name in header], rows)


def write(frame: pd.DataFrame, file: Path, *, free_text: Sequence[str] = ()) -> None:
    """Write a frame as CSV, whole or not at all; `free_text` columns are made `harmless`.

    Raises:
        CsvError: the file cannot be written.
    """
    safe = frame.copy()
    for column in free_text:
        safe[column] = [harmless(str(value)) for value in safe[column].tolist()]
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out, lineterminator="\n")
                writer.writerow(safe.columns.tolist())
                writer.writerows(safe.itertuples(index=False, name=None))
                out.flush()
                os.fsync(out.fileno())
            temporary.chmod(0o644)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as exc:
        raise CsvError(
            f"No se puede escribir {file} ({exc.strerror}).", remedy="Compruebe la carpeta de salida y sus permisos."
        ) from exc
