"""Reports in a CSV that somebody else leaves: UTF-8, semicolons, one line for each report.

Columns: ``nif;pais;probabilidad;nota;incidencias;importe;moneda;fecha;procedencia;referencia``. `probabilidad` is of
default within a year, 0 to 1 with a point; or `nota` is a grade that the settings translate. `fecha` is the day of the
information, yyyy-mm-dd. The newest line of an id counts. The schema is our own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from cobranza.kernel.money import Money
from cobranza.risk.ports import BureauDown, BureauRefused, Report, Subject
from connectors.bureaus import settings
from connectors.bureaus.reading import amount, default, plain_id, whole
from connectors.bureaus.settings import BureauSettings

COLUMNS = ("nif", "pais", "probabilidad", "nota", "incidencias", "importe", "moneda", "fecha", "procedencia",
           "referencia")  # fmt: skip
_LARGEST = 256 * 1024 * 1024


class FileBureau:
    """One file; read when somebody is asked about and whenever it has changed."""

    def __init__(self, name: str, entry: BureauSettings) -> None:
        self.slug, self.weight, self.expires_days = name, entry.peso, entry.caduca_dias
        self.countries = frozenset(entry.paises)
        self._entry = entry
        self._read: tuple[tuple[int, int], dict[tuple[str, str], Report]] | None = None

    def ask(self, subject: Subject) -> Report | None:
        """See `Bureau.ask`."""
        return self._reports().get((plain_id(subject.tax_id), subject.country))

    def _reports(self) -> dict[tuple[str, str], Report]:
        file = self._entry.file()
        try:
            about = file.stat()
            stamp = (about.st_mtime_ns, about.st_size)
            if self._read is None or self._read[0] != stamp:
                if about.st_size > _LARGEST:
                    raise BureauRefused(f"{file.name} ocupa demasiado.")
                self._read = (stamp, self._load(file))
        except OSError as exc:
            raise BureauDown(f"No se puede leer {file.name} ({type(exc).__name__}).") from exc
        return self._read[1]

    def _load(self, file: Path) -> dict[tuple[str, str], Report]:
        found: dict[tuple[str, str], Report] = {}
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                rows = csv.DictReader(lines, delimiter=";")
                lacking = set(COLUMNS) - set(rows.fieldnames or ())
                if lacking:
                    raise BureauRefused(f"A {file.name} le faltan columnas: {', '.join(sorted(lacking))}.")
                for number, row in enumerate(rows, start=2):
                    key, report = self._report(row, f"{file.name}, línea {number}")
                    if key not in found or found[key].as_of <= report.as_of:
                        found[key] = report
        except (UnicodeDecodeError, csv.Error) as exc:
            raise BureauRefused(f"{file.name} no es un CSV en UTF-8 ({exc}).") from exc
        return found

    def _report(self, row: dict[str, str], where: str) -> tuple[tuple[str, str], Report]:
        text = {name: (row.get(name) or "").strip() for name in COLUMNS}
        try:
            as_of = date.fromisoformat(text["fecha"])
        except ValueError as exc:
            raise BureauRefused(f"{where}: la fecha «{text['fecha']}» no es aaaa-mm-dd.") from exc
        owed = None
        if text["importe"]:
            owed = Money(text["moneda"], amount(text["importe"], where))
        report = Report(
            default=default(text["probabilidad"], text["nota"], self._entry.notas, where),
            incidents=whole(text["incidencias"] or "0", where),
            owed=owed,
            as_of=as_of,
            provenance=text["procedencia"] or where.partition(",")[0],
            reference=text["referencia"],
        )
        return (plain_id(text["nif"]), text["pais"]), report


class FileBureaus:
    """Opens files; see `cobranza.risk.ports.Bureaus`."""

    slug = "file"

    def open(self, name: str) -> FileBureau:
        """See `Bureaus.open`."""
        return FileBureau(name, settings.entry(self.slug, name))

    def names(self) -> Iterator[str]:
        """See `Bureaus.names`."""
        return settings.names(self.slug)


ADAPTER = FileBureaus()
