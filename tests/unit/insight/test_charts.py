"""Charts say what they show, draw only numbers, and let nobody's text become markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest

from cobranza.insight import charts
from cobranza.insight.charts import Chart, Series, Spread
from cobranza.insight.paper import Picture

D = Decimal
LABELS = ("01/26", "02/26", "03/26")


def _said(value: Decimal) -> str:
    return f"{value:.1f}"


def _all() -> list[Chart]:
    one = Series(name="<b>Uno</b>", values=(D(1), None, D("3.5")))
    two = Series(name="Dos", values=(D(-2), D(4), D(0)))
    spread = Spread(name="email & sms", value=D("0.4"), low=D("0.3"), high=D("0.5"), count=90)
    return [
        charts.lines("Curso <i>", LABELS, [one], _said, target=D(2), better="down", target_name="Objetivo"),
        charts.lines("Dos", LABELS, [one, two], _said),
        charts.bars("Barras", LABELS, [one, two], _said),
        charts.stacked("Pila", LABELS, [one, two], _said),
        charts.ranked("Filas", LABELS, one, _said),
        charts.spreads("Efecto", [spread], _said, control=spread, control_name="Control", extra=("+1",)),
        charts.lines("Vacío", (), [Series(name="x", values=())], _said),
        charts.bars("Ceros", LABELS, [Series(name="x", values=(D(0), D(0), None))], _said),
    ]


@pytest.mark.parametrize("chart", _all(), ids=lambda chart: chart.title)
def test_a_chart_is_sound_svg_with_its_words(chart: Chart) -> None:
    drawn = charts.svg(chart, "k")
    tree = ET.fromstring(drawn)

    assert tree.get("role") == "img"
    assert tree.get("aria-labelledby") == "k-t k-d"
    assert tree[0].text == chart.title
    assert "style=" not in drawn and "<script" not in drawn and "<b>" not in drawn
    for element in tree.iter():
        for name in ("x", "y", "cx", "cy", "width", "height"):
            assert "nan" not in element.get(name, "")
    for shape in chart.shapes:
        for x, y in shape.points:
            assert -1 <= x <= chart.width + 1
            assert -1 <= y <= chart.height + 1
    assert Picture(chart, 300).wrap(300, 300) == (300, chart.height * 300 / chart.width)


def test_the_table_holds_what_the_chart_draws() -> None:
    chart = charts.lines("x", LABELS, [Series(name="Uno", values=(D(1), None, D("3.5")))], _said, head="Mes")

    assert chart.head == ("Mes", "Uno")
    assert chart.rows == (("01/26", "1.0"), ("02/26", "—"), ("03/26", "3.5"))


def test_stacked_parts_reach_the_top_of_their_sum() -> None:
    chart = charts.stacked("x", ("a",), [Series(name="u", values=(D(30),)), Series(name="v", values=(D(70),))], _said)
    rects = [shape for shape in chart.shapes if shape.kind == "rect"]

    assert rects[0].points[0][1] == pytest.approx(rects[1].points[1][1])  # the second begins where the first ends


def test_a_spark_needs_two_points() -> None:
    assert charts.spark([D(1), None]) == ()
    assert charts.spark([D(1), D(1), D(2)])[-1].kind == "dot"
