"""Charts: draws plots as inline SVG that stretches with the page; text stays HTML, so that it never shrinks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warpseg.view.html import Html, element, join, number

__all__ = ["Line", "areas", "bar", "legend", "lines", "rgb"]

SERIES = 8  # colours of lines in the style sheet, s0 to s7


@dataclass(frozen=True)
class Line:
    """Curve of a plot."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int  # its number in the style sheet
    dashed: bool = False
    dots: bool = True
    intervals: Sequence[tuple[float, float] | None] | None = None  # (low, high) of each point


def rgb(colour: Sequence[int]) -> str:
    """Return a colour (r, g, b), 0 to 255, in CSS notation."""
    return f"rgb({colour[0]} {colour[1]} {colour[2]})"


def bar(share: float, colour: str | None = None) -> Html:
    """Return a horizontal bar that fills ``share`` in [0, 1] of its width."""
    wide = f"{100 * min(max(share, 0.0), 1.0):.2f}"
    drawn = element("rect", width=wide, height=10, style=f"fill:{colour}" if colour else None)
    return element("svg", drawn, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def legend(entries: Sequence[tuple[str, str | None, int | None]]) -> Html:
    """Return a list of names with their colours, from entries (name, CSS colour, number of a series' colour)."""
    items = [
        element(
            "li",
            element("i", class_=None if series is None else f"s{series % SERIES}", style=colour and f"--c:{colour}"),
            name,
        )
        for name, colour, series in entries
    ]
    return element("ul", *items, class_="legend")


def lines(
    curves: Sequence[Line],
    *,
    caption: str,
    x_name: str,
    y_name: str,
    cursor: bool = False,
    zero: bool = False,
    also: Sequence[float] = (),
) -> Html:
    """Plot curves; ``caption`` describes the plot in words, for screen readers.

    ``cursor`` marks the slider's frame, ``zero`` includes 0 in the vertical scale, and ``also`` further values, for
    plots that are compared.
    """
    heights = [*also, *(y for curve in curves for y in curve.y)] + [
        edge for curve in curves for pair in curve.intervals or () if pair for edge in pair
    ]
    low, high = min(heights), max(heights)
    ticks = _ticks(0.0 if zero else low, high)
    widths = [x for curve in curves for x in curve.x]
    begin, end = min(widths), max(widths)
    margin = 0.03 * (end - begin or 1.0) if begin == end or any(curve.dots for curve in curves) else 0.0
    plot = _Plot(begin - margin, end + margin, ticks[0], ticks[-1])
    drawn = [piece for curve in curves for piece in _curve(curve, plot)]
    # A short axis of whole numbers is labelled at every value, or a 3 between ticks would be read as a 4.
    values = sorted(set(widths))
    marks = (
        values if len(values) <= 12 and all(x == int(x) for x in values) else _inside(_ticks(begin, end), begin, end)
    )
    key = (
        legend([(curve.name, None, curve.colour) for curve in curves if not curve.dashed]) if len(curves) > 1 else None
    )
    return _framed(plot, join(drawn), marks, ticks, caption, x_name, y_name, cursor, key)


def areas(
    names: Sequence[str], colours: Sequence[str], x: Sequence[float], values: NDArray[np.float64], *,
    caption: str, x_name: str, cuts: Sequence[float] = (), cursor: bool = True,
) -> Html:  # fmt: skip
    """Plot shares (points, names) stacked on each other; the rest up to 1 stays empty. ``cuts`` are marked."""
    plot = _Plot(x[0], max(x[-1], x[0] + 1), 0.0, 1.0)
    # A single point is drawn as a band.
    at = [plot.x(value) for value in (x if len(x) > 1 else (plot.left, plot.right))]
    if len(x) == 1:
        values = values.repeat(2, 0)
    tops = np.concatenate([np.zeros((len(values), 1)), values.cumsum(1)], 1)
    pieces = []
    for k, colour in enumerate(colours):
        upper = [f"{a:.1f},{plot.y(b):.1f}" for a, b in zip(at, tops[:, k + 1], strict=True)]
        lower = [f"{a:.1f},{plot.y(b):.1f}" for a, b in zip(at, tops[:, k], strict=True)]
        shape = element("title", names[k])
        pieces.append(element("polygon", shape, points=" ".join(upper + lower[::-1]), style=f"fill:{colour}"))
    for cut in cuts:
        pieces.append(
            element("path", element("title", f"scene cut at {cut:g}"), d=f"M{plot.x(cut):.1f} 0V100", class_="cut")
        )
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    marks = _inside(_ticks(plot.left, plot.right), plot.left, plot.right)
    return _framed(plot, join(pieces), marks, ticks, caption, x_name, "share of pixels", cursor, None, share=True)


@dataclass(frozen=True)
class _Plot:
    left: float
    right: float
    bottom: float
    top: float

    def x(self, value: float) -> float:
        """Return the position in a drawing 1000 units wide."""
        return 1000 * (value - self.left) / (self.right - self.left)

    def y(self, value: float) -> float:
        """Return the position in a drawing 100 units high, from its top."""
        return 100 * (self.top - value) / (self.top - self.bottom)


def _curve(curve: Line, plot: _Plot) -> Iterator[Html]:
    kind = f"s{curve.colour % SERIES}" + (" dashed" if curve.dashed else "")
    places = [(plot.x(x), plot.y(y)) for x, y in zip(curve.x, curve.y, strict=True)]
    for (x, _), pair in zip(places, curve.intervals or (), strict=False):
        if pair:
            yield element("path", d=f"M{x:.1f} {plot.y(pair[0]):.2f}V{plot.y(pair[1]):.2f}", class_=f"{kind} interval")
    yield element("path", d="M" + "L".join(f"{x:.1f} {y:.2f}" for x, y in places), class_=f"{kind} line")
    if curve.dots:
        for (x, y), across, value in zip(places, curve.x, curve.y, strict=True):
            # A line of zero length with round ends stays round when the drawing is stretched.
            label = element("title", f"{curve.name}: {number(value)} at {number(across)}")
            yield element("path", label, d=f"M{x:.1f} {y:.2f}h0", class_=f"{kind} dot")


def _framed(
    plot: _Plot, drawn: Html, x_ticks: Sequence[float], y_ticks: Sequence[float], caption: str, x_name: str,
    y_name: str, cursor: bool, key: Html | None, share: bool = False,
) -> Html:  # fmt: skip
    grid = [element("path", d=f"M0 {plot.y(y):.2f}H1000", class_="grid") for y in y_ticks]
    marker = (
        element("path", d="M0 0V100", class_="cursor", data_left=plot.left, data_right=plot.right) if cursor else None
    )
    # Areas would cover a grid drawn before them.
    inside = (drawn, *grid) if share else (*grid, drawn)
    svg = element(
        "svg", element("title", caption), *inside, marker,
        viewBox="0 0 1000 100", preserveAspectRatio="none", role="img", aria_label=caption,
    )  # fmt: skip
    ups = [element("span", f"{100 * y:.0f} %" if share else number(y), style=f"top:{plot.y(y):.2f}%") for y in y_ticks]
    acrosses = [element("span", f"{x:g}", style=f"left:{plot.x(x) / 10:.2f}%") for x in x_ticks]
    return element(
        "div",
        element("div", y_name, class_="y-name"),
        element(
            "div",
            element("div", *ups, class_="y-ticks", aria_hidden="true"),
            element("div", svg, class_="drawing"),
            class_="plot",
        ),
        element("div", *acrosses, class_="x-ticks", aria_hidden="true"),
        element("div", x_name, class_="x-name"),
        key,
        class_="chart",
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return three to seven round values, the first not above ``low`` and the last not below ``high``."""
    span = (high - low) or abs(high) or 1.0
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, max(last, first + 1) + 1)]


def _inside(ticks: Sequence[float], low: float, high: float) -> list[float]:
    return [tick for tick in ticks if low <= tick <= high]
