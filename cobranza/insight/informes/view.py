"""How a view is written down: one line per column with its expression and its Spanish comment, and the SQL of it."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = "informes"

FUNCTIONS = """
CREATE FUNCTION informes.hoy() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('cobranza.hoy', true), '')::date, (now() AT TIME ZONE 'Europe/Madrid')::date)
$$;
COMMENT ON FUNCTION informes.hoy() IS 'El día de hoy en la instalación. Con «SET cobranza.hoy» se mira como otro día.';
CREATE FUNCTION informes.tramo(dias integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN dias <= 0 THEN 'sin vencer' WHEN dias <= 30 THEN '1-30' WHEN dias <= 60 THEN '31-60'
                WHEN dias <= 90 THEN '61-90' WHEN dias <= 180 THEN '91-180' ELSE 'más de 180' END
$$;
COMMENT ON FUNCTION informes.tramo(integer) IS 'Tramo de antigüedad de una deuda por sus días desde el vencimiento.';
CREATE FUNCTION informes.brazo(ensayo text, cuenta text, control integer, piloto integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN s.n < control * 10000 THEN 'holdout' WHEN s.n < (control + piloto) * 10000 THEN 'pilot'
                ELSE 'current' END
    FROM (SELECT ((v::numeric + CASE WHEN v < 0 THEN 18446744073709551616 ELSE 0 END) % 1000000)::int AS n
          FROM (SELECT ('x' || encode(substring(sha256(convert_to(ensayo || E'\\n' || cuenta, 'UTF8')) FROM 1 FOR 8),
                                      'hex'))::bit(64)::bigint AS v) h) s
$$;
COMMENT ON FUNCTION informes.brazo(text, text, integer, integer)
    IS 'Brazo de un ensayo (holdout, pilot, current) que toca a una cuenta; el mismo sorteo que hace la estrategia.';
"""

DROP_FUNCTIONS = """
DROP FUNCTION informes.brazo(text, text, integer, integer);
DROP FUNCTION informes.tramo(integer);
DROP FUNCTION informes.hoy();
"""


@dataclass(frozen=True, slots=True)
class Column:
    """Attributes:
    name: Of the view's column, Spanish.
    expression: SQL that gives it.
    comment: Spanish; its unit where it has one.
    """

    name: str
    expression: str
    comment: str


@dataclass(frozen=True, slots=True)
class View:
    """One view of the schema.

    Attributes:
        name: Without the schema.
        comment: What a row is, Spanish.
        columns: In order.
        source: SQL from ``FROM`` on.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    source: str

    def create(self) -> str:
        """The statements that make and document the view."""
        chosen = ",\n    ".join(f"{each.expression} AS {each.name}" for each in self.columns)
        lines = [f"CREATE VIEW {SCHEMA}.{self.name} AS\nSELECT\n    {chosen}\n{self.source};"]
        lines.append(f"COMMENT ON VIEW {SCHEMA}.{self.name} IS {_quoted(self.comment)};")
        lines += [
            f"COMMENT ON COLUMN {SCHEMA}.{self.name}.{each.name} IS {_quoted(each.comment)};" for each in self.columns
        ]
        return "\n".join(lines)

    def drop(self) -> str:
        """The statement that takes it away again."""
        return f"DROP VIEW {SCHEMA}.{self.name};"


def view(name: str, comment: str, columns: str, source: str) -> View:
    """A view from text: one column a line, ``name ~ expression ~ comment``."""
    made = []
    for line in filter(str.strip, columns.splitlines()):
        parts = [part.strip() for part in line.split(" ~ ")]
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"{name}: {line.strip()!r} is not «name ~ expression ~ comment»")
        made.append(Column(*parts))
    return View(name=name, comment=comment, columns=tuple(made), source=source.strip())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


DEBTOR = """
acreedor ~ a.key ~ Clave del acreedor, la de config/companies.toml.
deudor_id ~ d.id ~ Número interno del deudor.
deudor ~ d.name ~ Nombre del deudor. Dato personal si es una persona física.
pais ~ d.country ~ País del deudor, ISO 3166 de dos letras; vacío si no se sabe.
segmento ~ t.segmento ~ Trato de hoy: recordatorio, negociacion o caso_legal; vacío sin valoración.
"""
"""Columns that most views have."""

WHO = """
JOIN ledger_creditor a ON a.id = d.creditor_id
JOIN informes.trato t ON t.deudor_id = d.id
"""


def day(instant: str) -> str:
    """SQL of the calendar day of an instant in the installation's zone."""
    return f"({instant} AT TIME ZONE 'Europe/Madrid')::date"
