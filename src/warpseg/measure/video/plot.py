"""Plot: motion fields over frames, their quality over time, distances of motion vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from warpseg.measure.video import Inspection
from warpseg.measure.video.quality import psnr
from warpseg.measure.video.samples import Collector, Example
from warpseg.view.figure import check_matplotlib, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["colours", "draw"]

_WIDTH = 16.0  # inches, 100 pixels each
_EDGE, _GAP, _CAPTION, _HEAD, _STRIP = 0.35, 0.18, 0.34, 1.35, 2.6  # inches
_ARROWS = 18  # along a frame's longer side
_BEST = 60.0  # dB at which the curves end: differences above cannot be seen
_INK, _FAINT, _WARPED, _STILL, _CUT = "#22262b", "#7b8591", "#0b7a75", "#d07a2d", "#c1121f"


def draw(found: Inspection, collected: Collector, path: Path) -> None:
    """Draw the figure of one source as PNG. Raises ``OutputError`` where matplotlib is missing or writing fails."""
    check_matplotlib("--plot")
    figure = _figure(found, collected)
    save(figure, path, dpi=100)


def colours(motion: NDArray[np.float32], full: float) -> NDArray[np.float32]:
    """Return RGBA (h, w, 4) in [0, 1] of motion (2, h, w): direction as hue, speed as opacity, up to ``full``."""
    from matplotlib.colors import hsv_to_rgb

    hue = (np.arctan2(motion[1], motion[0]) / (2 * np.pi)) % 1
    speed = np.minimum(np.hypot(motion[0], motion[1]) / full, 1)
    rgb = hsv_to_rgb(np.stack([hue, np.full_like(hue, 0.85), np.ones_like(hue)], -1))
    return np.concatenate([rgb, 0.85 * speed[..., None] ** 0.7], -1).astype(np.float32)


def _figure(found: Inspection, collected: Collector) -> Figure:
    from matplotlib.figure import Figure

    examples = collected.examples
    height, width = examples[0].luma.shape if examples else found.video.size
    columns, rows = _grid(len(examples), width / height)
    cell = (_WIDTH - 2 * _EDGE - (columns - 1) * _GAP) / columns
    tall = cell * height / width
    total = _HEAD + rows * (tall + _CAPTION + _GAP) + _STRIP + 1.15
    figure = Figure(figsize=(_WIDTH, total))

    def place(left: float, top: float, wide: float, high: float) -> Axes:
        return figure.add_axes((left / _WIDTH, 1 - (top + high) / total, wide / _WIDTH, high / total))

    full = _full(examples)
    _head(figure, total, found, full)
    _wheel(place(_WIDTH - _EDGE - 1.05, 0.15, 1.05, 1.05), full)
    for k, example in enumerate(examples):
        left = _EDGE + (k % columns) * (cell + _GAP)
        top = _HEAD + (k // columns) * (tall + _CAPTION + _GAP) + _CAPTION
        _frame(place(left, top, cell, tall), example, full)
    top = _HEAD + rows * (tall + _CAPTION + _GAP) + 0.45
    _curves(place(_EDGE + 0.45, top, 10.1, _STRIP), found, collected)
    _distances(place(_EDGE + 11.25, top, _WIDTH - 2 * _EDGE - 11.25, _STRIP), found)
    return figure


def _grid(count: int, aspect: float) -> tuple[int, int]:
    """Return (columns, rows) for that many frames."""
    if count == 0:
        return 1, 0
    columns = count if count <= 3 else 2 if count == 4 else 3
    if aspect < 1:  # upright frames side by side
        columns = max(count, 4)
    return columns, math.ceil(count / columns)


def _full(examples: Sequence[Example]) -> float:
    """Return the speed in pixels per frame with full colour: of the fast parts, rounded up to 1, 2 or 5."""
    speeds = [np.hypot(*example.motion).ravel()[::7] for example in examples]
    fastest = max(float(np.percentile(np.concatenate(speeds), 93)) if speeds else 0.0, 0.5)
    power = 10.0 ** math.floor(math.log10(fastest))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= fastest * 0.999)


def _head(figure: Figure, total: float, found: Inspection, full: float) -> None:
    video = found.video
    height, width = video.size
    rate = f", {float(video.frame_rate):.5g} fps" if video.frame_rate else ""
    codec = video.codec or video.container or "pictures"
    step = found.quality
    gain = "" if step is None else (
        f"warped {_decibels(step.warped)}, zero motion {_decibels(step.still)}; "
    )  # fmt: skip
    used = ", ".join(f"{source} {count}" for source, count in found.motion.most_common())
    interval = "" if found.interval is None else f"; interval to begin with: {found.interval}"
    lines = (
        (f"{video.name}", 19, _INK, "bold"),
        (f"{codec}, {width}x{height}{rate}; {found.times.count} frames looked at, motion from: {used}", 12, _INK, None),
        (f"{gain}{len(found.cuts)} scene cuts{interval}", 12, _INK, None),
        ("Colour and arrows show where the picture moved since the previous frame.", 11, _FAINT, None),
    )
    for (text, size, colour, weight), top in zip(lines, (0.42, 0.72, 0.97, 1.21), strict=True):
        figure.text(
            _EDGE / _WIDTH, 1 - top / total, text, size=size, color=colour, weight=weight or "normal", parse_math=False
        )


def _wheel(axes: Axes, full: float) -> None:
    y, x = np.mgrid[-1:1:201j, -1:1:201j].astype(np.float32)
    picture = colours(np.stack([x, y]), 1.0)
    shown = picture[..., :3] * picture[..., 3:] + 0.45 * (1 - picture[..., 3:])
    inside = np.clip((1 - np.hypot(x, y)) * 100, 0, 1)
    axes.imshow(np.dstack([shown, inside]), extent=(-1, 1, 1, -1), interpolation="bilinear")
    axes.set_axis_off()
    axes.text(-1.15, 0.0, f"edge:\n{full:g} px\nper frame", ha="right", va="center", size=10, color=_INK)


def _over(luma: NDArray[np.uint8], colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay RGBA (h, w, 4) over a darkened picture (h, w)."""
    darkest, brightest = np.percentile(luma, (1, 99))
    # Dark pictures are brightened, up to fourfold, or motion in them would not be seen.
    light = np.clip((luma[..., None].astype(np.float32) - darkest) / max(brightest - darkest, 64), 0, 1)
    under = 0.08 + 0.72 * light
    # The picture shades full colour too, so that outlines stay visible.
    over = colour[..., :3] * (0.45 + 0.55 * light)
    mixed: NDArray[np.float32] = np.clip(under + (over - under) * colour[..., 3:], 0, 1)
    return mixed


def _frame(axes: Axes, example: Example, full: float) -> None:
    height, width = example.luma.shape
    axes.imshow(_over(example.luma, colours(example.motion, full)), interpolation="antialiased")
    step = max(max(height, width) / _ARROWS, 1.0)
    rows = np.arange(step / 2, height, step).astype(int)
    columns = np.arange(step / 2, width, step).astype(int)
    x, y = np.meshgrid(columns, rows)
    u, v = example.motion[:, y, x] / full * step
    speed = np.hypot(u, v)
    moves = speed > 0.15 * step
    longest = 1.4 * step / np.maximum(speed, 1.4 * step)  # arrows end before they lie across each other
    u, v = u * longest, v * longest
    if moves.any():
        axes.quiver(
            x[moves] - u[moves] / 2, y[moves] - v[moves] / 2, u[moves], v[moves], angles="xy", scale_units="xy",
            scale=1, color="white", edgecolor=_INK, linewidth=0.5, width=0.0032, headwidth=3.6, headlength=4,
            headaxislength=3.6, minlength=0.5,
        )  # fmt: skip
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.set_axis_off()
    kind = f"{example.picture}-frame, " if example.picture else ""
    caption = f"{example.index}: {kind}{example.source}"
    quality = f"{_decibels(example.error.warped)}, zero motion {_decibels(example.error.still)}"
    axes.text(0, 1.02, caption, transform=axes.transAxes, size=11, color=_INK, weight="bold", va="bottom")
    axes.text(1, 1.02, quality, transform=axes.transAxes, size=9.5, color=_FAINT, ha="right", va="bottom")


def _curves(axes: Axes, found: Inspection, collected: Collector) -> None:
    points = collected.points
    index = np.array([point.index for point in points])
    warped, still = (
        np.array([min(psnr(error / point.pairs), _BEST) if point.pairs else np.nan for point, error in errors])
        for errors in (
            [(point, point.warped) for point in points],
            [(point, point.still) for point in points],
        )
    )
    axes.fill_between(index, still, warped, where=warped >= still, color=_WARPED, alpha=0.13, lw=0)
    axes.fill_between(index, still, warped, where=warped < still, color=_STILL, alpha=0.2, lw=0)
    axes.plot(index, still, color=_STILL, lw=1.4, label="zero motion")
    axes.plot(index, warped, color=_WARPED, lw=1.6, label="warped previous frame")
    for k, cut in enumerate(found.cuts):
        axes.axvline(cut, color=_CUT, lw=1, ls=(0, (4, 2)), label="scene cut" if k == 0 else None)
    keys = [point.index for point in points if point.intra]
    if keys:
        at = axes.get_xaxis_transform()
        axes.plot(keys, [0.025] * len(keys), "^", transform=at, color=_INK, ms=5, label="I-frame", clip_on=False)
    axes.set_title("How well motion explains each frame (PSNR, dB)", size=11, color=_INK, loc="left")
    axes.set_xlabel("frame", color=_FAINT)
    axes.margins(x=0.01, y=0.12)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, fontsize=9.5, borderaxespad=0.1)
    _plain(axes)
    axes.grid(axis="y", color="#e3e7eb", lw=0.8)


def _distances(axes: Axes, found: Inspection) -> None:
    axes.set_title("Area by the frame its vectors refer to", size=11, color=_INK, loc="left")
    _plain(axes)
    if not found.distances:
        axes.text(0.5, 0.5, "no coded vectors", transform=axes.transAxes, ha="center", color=_FAINT, size=11)
        axes.set(xticks=[], yticks=[])
        return
    intra = found.intra or 0.0
    each = (1 - intra) / found.distances.total()
    shares = {distance: each * count for distance, count in sorted(found.distances.items())}
    shown = [distance for distance, share in shares.items() if share >= 0.005]
    rest = sum(share for distance, share in shares.items() if distance not in shown)
    heights = {f"{distance:+d}": shares[distance] for distance in shown} | {"other": rest, "none": intra}
    if not rest:
        del heights["other"]
    paint = [_WARPED if name[0] == "-" else _STILL if name[0] == "+" else _FAINT for name in heights]
    bars = axes.bar(list(heights), list(heights.values()), color=paint, width=0.72)
    axes.bar_label(bars, [f"{share:.0%}" if share >= 0.005 else "" for share in heights.values()], size=9, color=_INK)
    axes.set_xlabel("frames back (-) or ahead (+)", color=_FAINT)
    axes.set_yticks([])
    axes.set_xlim(-0.7, max(len(heights), 5) - 0.3)  # a single bar is not drawn across the whole plot
    axes.margins(y=0.12)


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c8ced5")
    axes.tick_params(colors=_FAINT, labelsize=9.5)


def _decibels(error: float) -> str:
    value = psnr(error)
    return "exact" if math.isinf(value) else f"{value:.1f} dB"
