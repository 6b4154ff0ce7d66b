"""The rows behind a figure: those of its view that count, the heaviest first."""

# ruff: noqa: S608 - every name comes from the contract of the views, every value goes as a parameter

from __future__ import annotations

from collections.abc import Mapping

from cobranza.insight.definitions import Figure
from cobranza.insight.facts import BUCKETS, PARTS
from cobranza.insight.figures import DIRECT, filters, reading
from cobranza.insight.ports import Slice
from cobranza.kernel import clock

_STOCK = frozenset({"saldo", "dso_simple", "dso_countback", "dso_mejor", "antiguedad"})
_OPEN = "acreedor, deudor_id, deudor, pais, segmento, factura_id, numero, moneda, emitida_el, vence_el, total"
_THEN = "acreedor, deudor_id, deudor, pais, segmento, factura_id, numero, moneda, vence_el"


def rows(figure: Figure, part: Slice, limit: int = 500) -> tuple[Mapping[str, object], ...]:
    """The rows behind a figure for a slice; see `cobranza.insight.ports.Figures.rows`."""
    if figure.entry.calculo in _STOCK:
        sql, values = _stock(figure, part)
    elif figure.entry.calculo == "paso":
        sql, values = _rolled(part)
    else:
        sql, values = _counted(figure, part)
    with reading() as cursor:
        cursor.execute(f"{sql} LIMIT %s", [*values, limit])
        names = [column.name for column in cursor.description]
        return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def _counted(figure: Figure, part: Slice) -> tuple[str, list[object]]:
    entry = figure.entry
    names = {key: name for key, name in {**PARTS, **DIRECT}.items() if name in figure.columns}
    if entry.moneda in figure.columns:
        names["currency"] = entry.moneda
    names["kind"] = entry.clase or ("brazo" if entry.calculo == "efecto" else names.get("kind", "''"))
    where, given = filters(part, names, kind=True)
    den = f" OR coalesce({figure.den.sql}, 0) <> 0" if figure.den else ""
    counts = f"(coalesce({figure.num.sql}, 0) <> 0{den})"
    chosen = " AND ".join([f"{entry.fecha} BETWEEN %s AND %s", f"({figure.where.sql})", *where, counts])
    columns = ", ".join(name for name in figure.columns if name != "modificado_en")
    return (
        f"SELECT {columns} FROM informes.{figure.view} WHERE {chosen} "
        f"ORDER BY abs({figure.weight.sql}) DESC NULLS LAST, {entry.fecha} DESC",
        [
            part.start, part.end, *figure.where.values, *given, *figure.num.values,
            *(figure.den.values if figure.den else ()), *figure.weight.values,
        ],
    )  # fmt: skip


def _buckets(figure: Figure, part: Slice) -> list[str]:
    if part.others.get("kind"):
        return [part.others["kind"]]
    if figure.entry.calculo == "dso_mejor":
        return ["sin vencer"]
    return list(figure.entry.tramos or BUCKETS) if figure.entry.calculo == "antiguedad" else list(BUCKETS)


def _stock(figure: Figure, part: Slice) -> tuple[str, list[object]]:
    names = {key: name for key, name in {**PARTS, **DIRECT}.items() if name in figure.columns}
    where, given = filters(part, names)
    buckets = _buckets(figure, part)
    today = clock.now().astimezone(clock.MADRID).date()
    if part.end >= today:
        chosen = " AND ".join(["estado <> 'settled'", "tramo = ANY(%s)", *where])
        sql = (
            f"SELECT {_OPEN}, pendiente, dias_vencida, tramo FROM informes.facturas WHERE {chosen} "
            "ORDER BY abs(pendiente) DESC, vence_el"
        )
        return sql, [buckets, *given]
    chosen = " AND ".join(["dia <= %s", *where])
    sql = (
        f"SELECT * FROM (SELECT {_THEN}, sum(importe) AS pendiente, %s - vence_el AS dias_vencida, "
        "informes.tramo(%s - vence_el) AS tramo "
        f"FROM informes.cartera_movimientos WHERE {chosen} GROUP BY {_THEN}) f "
        "WHERE pendiente <> 0 AND tramo = ANY(%s) ORDER BY abs(pendiente) DESC, vence_el"
    )
    return sql, [part.end, part.end, part.end, *given, buckets]


def _rolled(part: Slice) -> tuple[str, list[object]]:
    """Debts of a bucket at the end of the month before, with where they were at the end of the last month known."""
    where, given = filters(part, {**DIRECT, "country": "pais", "segment": "segmento"})
    kind = part.others.get("kind", "")
    today = clock.now().astimezone(clock.MADRID).date()
    end = min(part.end, today)
    chosen = " AND ".join(["dia <= m.fin", *where])
    sql = f"""
        SELECT * FROM (
            SELECT {_THEN}, informes.tramo(m.inicio - vence_el) AS tramo_antes,
                   sum(importe) FILTER (WHERE dia <= m.inicio) AS pendiente_antes,
                   informes.tramo(m.fin - vence_el) AS tramo_despues, sum(importe) AS pendiente_despues
            FROM (SELECT (date_trunc('month', %s::date + 1) - interval '1 day')::date AS fin,
                         (date_trunc('month', %s::date + 1) - interval '1 month' - interval '1 day')::date AS inicio) m
            JOIN informes.cartera_movimientos ON {chosen}
            GROUP BY {_THEN}, m.inicio, m.fin
        ) f
        WHERE pendiente_antes > 0 AND (%s = '' OR %s = tramo_antes || ' → ' || tramo_despues
            OR (%s = tramo_antes || ' → cobrado' AND pendiente_despues < pendiente_antes))
        ORDER BY pendiente_antes DESC
    """
    return sql, [end, end, *given, kind, kind, kind]
