"""What every figure is summed from: rows of (day, part of the business, above the line, below it), as SQL over views.

All figures have this one shape, so that the day's sums, the values, the series and the checks share one statement.
Balances are there as changes: what is open on a day is the sum of all changes until then, and so is each bucket of age
(a debt enters a bucket on one day and leaves it on another), so that no day's stock is ever counted from the start.
"""

# ruff: noqa: S608 - every name comes from the contract of the views, every value goes as a parameter

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cobranza.insight.definitions import Figure

WALLET, AGEING, ROLL = "_cartera", "_antiguedad", "_paso"
BUCKETS: Mapping[str, tuple[int | None, int | None]] = {
    "sin vencer": (None, 0),
    "1-30": (1, 30),
    "31-60": (31, 60),
    "61-90": (61, 90),
    "91-180": (91, 180),
    "más de 180": (181, None),
}
"""Days since the due day, as `informes.tramo` names them; None is open."""

PARTS = {
    "segment": "segmento", "country": "pais", "strategy": "estrategia", "channel": "canal", "kind": "clase",
}  # fmt: skip
"""Filters of a slice and the columns that they ask."""
_KEYS = ("acreedor", "moneda", "pais", "segmento", "estrategia", "canal")
ROLL_MONTHS = 13


@dataclass(frozen=True, slots=True)
class Facts:
    """Attributes:
    slug: What they are called in the day's sums.
    sql: Columns dia, acreedor, moneda, pais, segmento, estrategia, canal, clase, num, den, n, modificado_en.
    values: Its parameters.
    """

    slug: str
    sql: str
    values: tuple[object, ...] = ()

    @property
    def digest(self) -> str:
        """Changes with the definition."""
        return hashlib.sha256(repr((self.sql, self.values)).encode()).hexdigest()


def of(figure: Figure) -> tuple[Facts, ...]:
    """What a figure is counted from."""
    kind = figure.entry.calculo
    if kind in {"saldo", "dso_simple", "dso_countback"}:
        return (wallet(),)
    if kind == "antiguedad":
        return (ageing(),)
    if kind == "dso_mejor":
        return (wallet(), ageing())
    if kind == "paso":
        return (roll(),)
    return (_sum(figure),)


def supports(figure: Figure) -> frozenset[str]:
    """Filters that make sense for a figure: keys of `Slice.others`, and "creditor", "currency"."""
    entry = figure.entry
    found = {key for key, name in PARTS.items() if name in figure.columns}
    found |= {"kind"} if entry.clase or entry.calculo in {"antiguedad", "paso", "efecto"} else set()
    found |= {"creditor"} if "acreedor" in figure.columns else set()
    found |= {"currency"} if entry.moneda in figure.columns else set()
    return frozenset(found - ({"strategy", "channel"} if entry.calculo in {"saldo", "antiguedad", "paso"} else set()))


def _sum(figure: Figure) -> Facts:
    entry, columns = figure.entry, figure.columns
    names = {key: key for key in _KEYS if key in columns}
    if entry.moneda in columns:
        names["moneda"] = entry.moneda
    clase = entry.clase or ("brazo" if entry.calculo == "efecto" else "")
    keys = ", ".join(f"coalesce({names[key]}::text, '') AS {key}" if key in names else f"'' AS {key}" for key in _KEYS)
    grade = f"coalesce({clase}::text, '')" if clase else "''"
    num = f"coalesce({figure.num.sql}, 0)::numeric"
    den = f"coalesce({figure.den.sql}, 0)::numeric" if figure.den else "NULL::numeric"
    values = (*figure.num.values, *(figure.den.values if figure.den else ()), *figure.where.values)
    return Facts(
        figure.slug,
        f"SELECT {entry.fecha} AS dia, {keys}, {grade} AS clase, {num} AS num, {den} AS den, 1 AS n, modificado_en "
        f"FROM informes.{figure.view} WHERE {entry.fecha} IS NOT NULL AND ({figure.where.sql})",
        values,
    )


def wallet() -> Facts:
    """Changes of what is open (above the line) and credit sales (below)."""
    return Facts(
        WALLET,
        "SELECT dia, acreedor, moneda, pais, segmento, '' AS estrategia, '' AS canal, tipo AS clase, importe AS num, "
        "venta AS den, 1 AS n, modificado_en FROM informes.cartera_movimientos",
    )


def ageing() -> Facts:
    """What enters and leaves each bucket of age, day by day."""
    bounds = ", ".join(
        f"('{name}', {'NULL::int' if low is None else low}, {'NULL::int' if high is None else high})"
        for name, (low, high) in BUCKETS.items()
    )
    return Facts(
        AGEING,
        f"""
        SELECT p.dia, f.acreedor, f.moneda, f.pais, f.segmento, '' AS estrategia, '' AS canal, b.tramo AS clase,
               p.signo * f.importe AS num, NULL::numeric AS den, 1 AS n, f.modificado_en
        FROM informes.cartera_movimientos f
        CROSS JOIN (VALUES {bounds}) b(tramo, desde, hasta)
        CROSS JOIN LATERAL (SELECT greatest(f.dia, f.vence_el + b.desde) AS entra, f.vence_el + b.hasta AS sale) e
        CROSS JOIN LATERAL (VALUES (e.entra, 1), (e.sale + 1, -1)) p(dia, signo)
        WHERE p.dia IS NOT NULL AND (e.sale IS NULL OR e.entra <= e.sale)
        """,
    )


def roll() -> Facts:
    """Where the debt of each bucket at the end of a month was at the end of the next: worse (above), all (below)."""
    worse = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(BUCKETS))
    return Facts(
        ROLL,
        f"""
        SELECT m.fin AS dia, g.acreedor, g.moneda, g.pais, g.segmento, '' AS estrategia, '' AS canal,
               informes.tramo(m.inicio - g.vence_el) || ' → ' || p.a AS clase,
               CASE WHEN p.a <> 'cobrado' AND CASE p.a {worse} END
                         > CASE informes.tramo(m.inicio - g.vence_el) {worse} END THEN p.importe ELSE 0 END AS num,
               p.importe AS den, 1 AS n, now() AS modificado_en
        FROM (
            SELECT (d - interval '1 day')::date AS fin, (d - interval '1 month' - interval '1 day')::date AS inicio
            FROM generate_series(date_trunc('month', informes.hoy()::timestamp) - interval '{ROLL_MONTHS - 1} months',
                                 date_trunc('month', informes.hoy()::timestamp), interval '1 month') d
        ) m
        CROSS JOIN LATERAL (
            SELECT f.factura_id, f.acreedor, f.moneda, f.pais, f.segmento, f.vence_el,
                   sum(f.importe) FILTER (WHERE f.dia <= m.inicio) AS antes, sum(f.importe) AS despues
            FROM informes.cartera_movimientos f WHERE f.dia <= m.fin
            GROUP BY f.factura_id, f.acreedor, f.moneda, f.pais, f.segmento, f.vence_el
        ) g
        CROSS JOIN LATERAL (
            VALUES ('cobrado', g.antes - least(g.antes, greatest(g.despues, 0))),
                   (informes.tramo(m.fin - g.vence_el), least(g.antes, greatest(g.despues, 0)))
        ) p(a, importe)
        WHERE g.antes > 0 AND p.importe <> 0
        """,
    )
