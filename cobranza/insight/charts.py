"""Charts as plain shapes, drawn once for the screen (SVG) and once for paper (PDF). Pure: no colours, no script.

Every chart has its words (title, description) and its numbers stand in a table beside it; a class says what a shape
means, the style sheet what it looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 460, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 14, 26
_MOST_LABELS = 7
Written = Callable[[Decimal], str]


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing to draw, in units of the drawing, y downwards.

    Attributes:
        kind: "line", "area", "rect", "dot" or "text".
        css: What it means: "grid", "a" … "f" (the series), "band", "target", "axis".
        points: Corners: of a rect the upper left and the lower right one.
        text: Of a text; of others what a pointer is told.
        anchor: Of a text: "start", "middle" or "end".
    """

    kind: str
    css: str
    points: tuple[tuple[float, float], ...]
    text: str = ""
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart with its words and its numbers.

    Attributes:
        title: What it shows.
        description: What there is to see, for who cannot.
        shapes: In order of drawing.
        legend: (class, words).
        head: Headings of the table.
        rows: The numbers as written.
    """

    title: str
    description: str
    shapes: tuple[Shape, ...]
    legend: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    width: int = WIDTH
    height: int = HEIGHT

    def svg(self, key: str) -> str:
        """The drawing as SVG; `key` makes its ids unique on the page."""
        return svg(self, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values of one thing in order; None where there is none."""

    name: str
    values: tuple[Decimal | None, ...]


@dataclass(slots=True)
class _Plane:
    """Where values stand in the drawing."""

    low: float
    high: float
    count: int
    ticks: tuple[float, ...] = ()
    shapes: list[Shape] = field(default_factory=list)

    def x(self, place: float) -> float:
        """Middle of the step `place`."""
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (place + 0.5) / max(1, self.count)

    def y(self, value: float) -> float:
        """Height of a value."""
        span = self.high - self.low or 1.0
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - (value - self.low) / span)

    @property
    def step(self) -> float:
        """Width of one step."""
        return (WIDTH - _LEFT - _RIGHT) / max(1, self.count)


def _nice(low: float, high: float) -> tuple[float, float, tuple[float, ...]]:
    """Round bounds around some values, with four to six ticks."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / 4
    unit = 10 ** floor(log10(raw))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return first * step, last * step, tuple(step * number for number in range(first, last + 1))


def _plane(values: Sequence[Decimal | None], labels: Sequence[str], written: Written, *, zero: bool) -> _Plane:
    known = [float(value) for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    if zero or (low >= 0 and low < high * 0.6):
        low = min(low, 0.0)
    if zero:
        high = max(high, 0.0)
    bottom, top, ticks = _nice(low, high)
    plane = _Plane(bottom, top, len(labels), ticks)
    for tick in ticks:
        height = plane.y(tick)
        css = "axis" if tick == 0 else "grid"
        plane.shapes.append(Shape("line", css, ((_LEFT, height), (WIDTH - _RIGHT, height))))
        text = written(Decimal(str(round(tick, 6))))
        plane.shapes.append(Shape("text", "label", ((_LEFT - 6, height + 4),), text, "end"))
    every = max(1, ceil(len(labels) / _MOST_LABELS))
    for place, label in enumerate(labels):
        if (len(labels) - 1 - place) % every == 0:
            plane.shapes.append(Shape("text", "label", ((plane.x(place), HEIGHT - 8),), label, "middle"))
    return plane


def lines(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    written: Written,
    *,
    target: Decimal | None = None,
    better: str = "up",
    target_name: str = "",
    description: str = "",
    head: str = "",
) -> Chart:
    """Courses over time, with the side of the target that is wanted as a band."""
    everything = [value for each in series for value in each.values] + ([target] if target is not None else [])
    plane = _plane(everything, labels, written, zero=False)
    legend = [(chr(ord("a") + number), each.name) for number, each in enumerate(series)] if len(series) > 1 else []
    if target is not None:
        goal = plane.y(float(target))
        edge = _TOP if better == "up" else HEIGHT - _BOTTOM
        plane.shapes.append(Shape("rect", "band", ((_LEFT, min(goal, edge)), (WIDTH - _RIGHT, max(goal, edge)))))
        plane.shapes.append(Shape("line", "target", ((_LEFT, goal), (WIDTH - _RIGHT, goal))))
        legend.append(("target", f"{target_name} {written(target)}".strip()))
    for number, each in enumerate(series):
        css = chr(ord("a") + number)
        for run in _runs(each.values):
            corners = tuple((plane.x(place), plane.y(float(value))) for place, value in run)
            if len(series) == 1 and len(corners) > 1:
                floor_ = plane.y(max(plane.low, 0.0) if plane.low <= 0 else plane.low)
                plane.shapes.append(Shape("area", css, ((corners[0][0], floor_), *corners, (corners[-1][0], floor_))))
            plane.shapes.append(Shape("line", css, corners))
        last = next(((p, v) for p, v in reversed(list(enumerate(each.values))) if v is not None), None)
        for place, value in enumerate(each.values):
            if value is not None:
                spot = (plane.x(place), plane.y(float(value)))
                css_dot = f"{css} last" if last is not None and place == last[0] else css
                plane.shapes.append(Shape("dot", css_dot, (spot,), f"{labels[place]}: {written(value)}"))
    rows = tuple(
        (labels[place], *(_cell(each.values[place], written) for each in series)) for place in range(len(labels))
    )
    return Chart(
        title=title, description=description, shapes=tuple(plane.shapes), legend=tuple(legend),
        head=(head, *(each.name for each in series)), rows=rows,
    )  # fmt: skip


def bars(
    title: str, labels: Sequence[str], series: Sequence[Series], written: Written, *, description: str = "",
    head: str = "",
) -> Chart:  # fmt: skip
    """Amounts side by side, from zero."""
    plane = _plane([value for each in series for value in each.values], labels, written, zero=True)
    wide = plane.step * 0.72 / max(1, len(series))
    for number, each in enumerate(series):
        css = chr(ord("a") + number)
        for place, value in enumerate(each.values):
            if value is None:
                continue
            left = plane.x(place) - plane.step * 0.36 + wide * number
            ends = sorted((plane.y(0.0), plane.y(float(value))))
            told = f"{labels[place]}, {each.name}: {written(value)}"
            plane.shapes.append(Shape("rect", css, ((left, ends[0]), (left + max(1.0, wide - 1), ends[1])), told))
    legend = tuple((chr(ord("a") + number), each.name) for number, each in enumerate(series)) if len(series) > 1 else ()
    rows = tuple(
        (labels[place], *(_cell(each.values[place], written) for each in series)) for place in range(len(labels))
    )
    return Chart(
        title=title, description=description, shapes=tuple(plane.shapes), legend=legend,
        head=(head, *(each.name for each in series)), rows=rows,
    )  # fmt: skip


def stacked(
    title: str, labels: Sequence[str], series: Sequence[Series], written: Written, *, description: str = "",
    head: str = "",
) -> Chart:  # fmt: skip
    """Parts of a whole on top of each other; what is negative hangs below the line."""
    tops = [
        sum((each.values[p] or Decimal(0) for each in series if (each.values[p] or 0) > 0), Decimal(0))
        for p in range(len(labels))
    ]
    lows = [
        sum((each.values[p] or Decimal(0) for each in series if (each.values[p] or 0) < 0), Decimal(0))
        for p in range(len(labels))
    ]
    plane = _plane([*tops, *lows], labels, written, zero=True)
    for place, label in enumerate(labels):
        up = down = 0.0
        left = plane.x(place) - plane.step * 0.36
        for number, each in enumerate(series):
            value = float(each.values[place] or 0)
            if not value:
                continue
            base = up if value > 0 else down
            ends = sorted((plane.y(base), plane.y(base + value)))
            told = f"{label}, {each.name}: {written(each.values[place] or Decimal(0))}"
            corners = ((left, ends[0]), (left + plane.step * 0.72, ends[1]))
            plane.shapes.append(Shape("rect", chr(ord("a") + number), corners, told))
            up, down = (up + value, down) if value > 0 else (up, down + value)
    legend = tuple((chr(ord("a") + number), each.name) for number, each in enumerate(series))
    rows = tuple(
        (labels[place], *(_cell(each.values[place], written) for each in series)) for place in range(len(labels))
    )
    return Chart(
        title=title, description=description, shapes=tuple(plane.shapes), legend=legend,
        head=(head, *(each.name for each in series)), rows=rows,
    )  # fmt: skip


def ranked(
    title: str, labels: Sequence[str], series: Series, written: Written, *, description: str = "", head: str = ""
) -> Chart:
    """One bar below the other, with its name over it and its value beside it."""
    height = _TOP + 30 * max(1, len(labels))
    most = max([abs(float(value)) for value in series.values if value is not None], default=1.0) or 1.0
    shapes: list[Shape] = []
    for place, label in enumerate(labels):
        top = _TOP + 30 * place
        value = series.values[place]
        long = (WIDTH - 110) * abs(float(value or 0)) / most
        shapes.append(Shape("text", "label", ((4, top + 6),), label))
        shapes.append(
            Shape("rect", "a", ((4, top + 10), (4 + max(1.0, long), top + 20)), f"{label}: {_cell(value, written)}")
        )
        shapes.append(Shape("text", "label strong", ((10 + long, top + 19),), _cell(value, written)))
    rows = tuple((label, _cell(series.values[place], written)) for place, label in enumerate(labels))
    return Chart(
        title=title, description=description, shapes=tuple(shapes), head=(head, series.name), rows=rows, height=height
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A share with its interval, and how many it rests on."""

    name: str
    value: Decimal
    low: Decimal
    high: Decimal
    count: int


def spreads(
    title: str, found: Sequence[Spread], written: Written, *, control: Spread | None = None, description: str = "",
    head: tuple[str, ...] = (), control_name: str = "", extra: Sequence[str] = (),
) -> Chart:  # fmt: skip
    """Shares with their intervals, one above the other, against the band of a control group.

    Args:
        extra: One more cell for each row of the table (the difference to the control).
    """
    height = _TOP + 26 * max(1, len(found)) + _BOTTOM
    high = max([float(each.high) for each in (*found, *([control] if control else []))], default=1.0)
    _, top, ticks = _nice(0.0, high)
    left = 96

    def across(value: Decimal | float) -> float:
        return left + (WIDTH - left - 16) * float(value) / (top or 1.0)

    shapes: list[Shape] = []
    for tick in ticks:
        shapes.append(Shape("line", "grid", ((across(tick), _TOP), (across(tick), height - _BOTTOM))))
        shapes.append(
            Shape("text", "label", ((across(tick), height - 8),), written(Decimal(str(round(tick, 6)))), "middle")
        )
    if control is not None:
        corners = ((across(control.low), _TOP), (across(control.high), height - _BOTTOM))
        shapes.append(Shape("rect", "control", corners, control_name))
        shapes.append(
            Shape("line", "target", ((across(control.value), _TOP), (across(control.value), height - _BOTTOM)))
        )
    for place, each in enumerate(found):
        middle = _TOP + 26 * place + 13
        shapes.append(Shape("text", "label", ((left - 8, middle + 4),), each.name[:15], "end"))
        shapes.append(Shape("line", "whisker", ((across(each.low), middle), (across(each.high), middle))))
        told = f"{each.name}: {written(each.value)} ({written(each.low)} – {written(each.high)})"
        shapes.append(Shape("dot", "a last", ((across(each.value), middle),), told))
    rows = []
    for place, each in enumerate((*found, *([control] if control else []))):
        more = (extra[place],) if place < len(extra) else (("—",) if extra else ())
        rows.append(
            (each.name, written(each.value), f"{written(each.low)} – {written(each.high)}", str(each.count), *more)
        )
    return Chart(
        title=title, description=description, shapes=tuple(shapes), head=head, rows=tuple(rows), height=height,
        legend=(("target", control_name),) if control else (),
    )  # fmt: skip


def spark(values: Sequence[Decimal | None]) -> tuple[Shape, ...]:
    """A course without words, 120 × 32, for a tile that says its value in words."""
    known = [float(value) for value in values if value is not None]
    if len(known) < 2:
        return ()
    low, high = min(known), max(known)
    span = high - low or 1.0

    def spot(place: int, value: Decimal) -> tuple[float, float]:
        return 3 + 114 * place / max(1, len(values) - 1), 28 - 24 * (float(value) - low) / span

    found = []
    for run in _runs(values):
        corners = tuple(spot(place, value) for place, value in run)
        found.append(Shape("area", "a", ((corners[0][0], 32), *corners, (corners[-1][0], 32))))
        found.append(Shape("line", "a", corners))
    place, value = next((p, v) for p, v in reversed(list(enumerate(values))) if v is not None)
    return (*found, Shape("dot", "a last", (spot(place, value),)))


def _runs(values: Sequence[Decimal | None]) -> list[list[tuple[int, Decimal]]]:
    """Stretches without a gap."""
    runs: list[list[tuple[int, Decimal]]] = []
    for place, value in enumerate(values):
        if value is None:
            continue
        if runs and runs[-1][-1][0] == place - 1:
            runs[-1].append((place, value))
        else:
            runs.append([(place, value)])
    return runs


def _cell(value: Decimal | None, written: Written) -> str:
    return "—" if value is None else written(value)


def svg(chart: Chart, key: str) -> str:
    """A chart as SVG with its title and description."""
    names = f'<title id="{key}-t">{escape(chart.title)}</title><desc id="{key}-d">{escape(chart.description)}</desc>'
    return (
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}" role="img" '
        f'aria-labelledby="{key}-t {key}-d" preserveAspectRatio="xMidYMid meet">{names}{drawn(chart.shapes)}</svg>'
    )


def drawn(shapes: Sequence[Shape]) -> str:
    """Shapes as SVG."""
    return "".join(_element(shape) for shape in shapes)


def _element(shape: Shape) -> str:
    told = f"<title>{escape(shape.text)}</title>" if shape.text and shape.kind != "text" else ""
    css = f'class="{shape.kind} {shape.css}"'
    if shape.kind == "text":
        (x, y) = shape.points[0]
        return f'<text {css} x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}">{escape(shape.text)}</text>'
    if shape.kind == "dot":
        (x, y) = shape.points[0]
        return f'<circle {css} cx="{x:.1f}" cy="{y:.1f}" r="{4 if "last" in shape.css else 2.5}">{told}</circle>'
    if shape.kind == "rect":
        (left, top), (right, bottom) = shape.points
        size = f'width="{max(0.0, right - left):.1f}" height="{max(0.0, bottom - top):.1f}"'
        return f'<rect {css} x="{left:.1f}" y="{top:.1f}" {size}>{told}</rect>'
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    name = "polygon" if shape.kind == "area" else "polyline"
    return f'<{name} {css} points="{corners}">{told}</{name}>'
