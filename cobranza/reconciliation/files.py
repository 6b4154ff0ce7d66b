"""The engine on CSV files: read with errors that name file, line and column; write atomically and safe to open.

Free text that a spreadsheet would take for a formula is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.sheets import harmless
from cobranza.reconciliation import columns, frames
from cobranza.reconciliation.partitions import Tables

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("payments", "invoices", "customers")
_LARGEST_FIELD = 1_000_000
_ROWS_AT_ONCE = 100_000


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


def read_tables(folder: Path) -> Tables:
    """Read the same files as `read_folder`, straight into the engine's columns.

    Raises:
        CsvError: as `read_folder`.
        frames.TableError: a column is missing or a cell cannot be read; the error names file, line and column.
    """
    people = _columns(folder / "customers.csv", columns.customers_of, frames.customer_columns)
    rates = folder / "fx.csv"
    return Tables(
        payments=_columns(folder / "payments.csv", columns.payments_of, frames.payment_columns),
        documents=_columns(
            folder / "invoices.csv",
            lambda table: columns.documents_of(table, people),
            lambda frame: frames.document_columns(frame, people),
        ),
        customers=people,
        fx=_columns(rates, columns.rates_of, frames.rate_columns) if rates.exists() else columns.FX.empty_table(),
        fixed=columns.FIXED.empty_table(),
    )


def _columns(file: Path, fast: Callable[[pa.Table], pa.Table], slow: Callable[[pd.DataFrame], pa.Table]) -> pa.Table:
    """Read a file the fast way; whatever is unusual is read the slow way, which names what is wrong if anything is."""
    try:
        return fast(_text_table(file))
    except (columns.UnusualError, pa.ArrowInvalid, OSError, UnicodeDecodeError, csv.Error):
        return slow(read(file))


def _text_table(file: Path) -> pa.Table:
    """Every cell of a CSV file as text."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header = next(csv.reader(lines, strict=True), [])
    names = [name.strip() for name in header]
    if not names or len(set(names)) != len(names):
        raise columns.UnusualError
    return pyarrow.csv.read_csv(
        file,
        read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows_after_names=1),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def write(frame: pd.DataFrame, file: Path, *, free_text: Sequence[str] = ()) -> None:
    """Write a frame as CSV, whole or not at all; `free_text` columns are made `harmless`.

    Raises:
        CsvError: the file cannot be written.
    """
    write_columns(
        {str(name): pa.array(frame[name].tolist(), type=pa.string()) for name in frame.columns},
        file,
        free_text=free_text,
    )


def write_columns(
    table: Mapping[str, pa.Array | pa.ChunkedArray], file: Path, *, free_text: Sequence[str] = ()
) -> None:
    """Write columns of text as CSV, whole or not at all; see `write`."""
    safe = {name: _harmless(column) if name in free_text else column for name, column in table.items()}
    _replace(file, _lines(safe))


def _lines(table: Mapping[str, pa.Array | pa.ChunkedArray]) -> Iterator[bytes | pa.Buffer]:
    """The lines of a CSV file, many at once; a cell is quoted where it has to be."""
    yield (",".join(table) + "\n").encode()
    rows = len(next(iter(table.values()))) if table else 0
    for start in range(0, rows, _ROWS_AT_ONCE):
        cells = [_quoted(column.slice(start, _ROWS_AT_ONCE)) for column in table.values()]
        lines = pc.binary_join_element_wise(*cells, _large(","))
        whole = lines.combine_chunks() if isinstance(lines, pa.ChunkedArray) else lines
        block = pa.ListArray.from_arrays(pa.array([0, len(whole)], type=pa.int32()), whole)
        yield pc.binary_join(block, _large("\n"))[0].as_buffer()
        yield b"\n"


def _quoted(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    text = pc.cast(column, pa.large_string())
    special = pc.match_substring_regex(text, '[",\r\n]')
    if not pc.any(special).as_py():
        return text
    inner = pc.replace_substring(text, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise(_large('"'), inner, _large('"'), _large("")), text)


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _harmless(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """`harmless` cell by cell, but only where there is anything to look at."""
    odd = pc.match_substring_regex(column, r"^ *[^ \p{L}\p{N}«]|[\x00-\x08\x0b\x0c\x0e-\x1f]")
    if not pc.any(odd).as_py():
        return column
    fixed = [harmless(text) for text in pc.filter(column, odd).to_pylist()]
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    mask = odd.combine_chunks() if isinstance(odd, pa.ChunkedArray) else odd
    return pc.replace_with_mask(whole, mask, pa.array(fixed, type=whole.type))


def _replace(file: Path, blocks: Iterable[bytes | pa.Buffer]) -> None:
    """Put a new file in the place of the old one, when it is whole and on the disk."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                _write_all(out, blocks)
            temporary.chmod(0o644)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as exc:
        raise CsvError(
            f"No se puede escribir {file} ({exc.strerror}).", remedy="Compruebe la carpeta de salida y sus permisos."
        ) from exc


def _write_all(out: BinaryIO, blocks: Iterable[bytes | pa.Buffer]) -> None:
    for block in blocks:
        out.write(block)
    out.flush()
    os.fsync(out.fileno())
