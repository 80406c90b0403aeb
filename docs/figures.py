"""Figures of the documentation: ``python docs/figures.py`` writes docs/images/{conventions,frame}.svg."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

IMAGES = Path(__file__).with_name("images")
STEP = 2.5  # from one room to the next
BLUE, ORANGE, GREY, LIGHT = "#3f51b5", "#e65100", "#616161", "#eceff1"


def conventions() -> None:
    """Draw the grid of a map and the direction of motion."""
    figure, (grid, earlier, later) = plt.subplots(1, 3, figsize=(10, 3.5), width_ratios=[1.25, 1, 1])
    draw_grid(grid)
    for axes, title, x in ((earlier, "frame i - 1", 0.3), (later, "frame i", 0.7)):
        axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], title=title, aspect=0.75)
        axes.add_patch(Rectangle((x - 0.13, 0.5), 0.26, 0.24, color=LIGHT, ec=GREY))
        axes.text(x, 0.67, "car", ha="center", va="center", color=GREY)
    earlier.plot(0.3, 0.58, "o", color=ORANGE)
    earlier.text(0.3, 0.42, "p + offset", ha="center", color=ORANGE)
    later.annotate("", (0.3, 0.58), (0.7, 0.58), arrowprops={"arrowstyle": "->", "color": ORANGE, "lw": 2})
    later.plot(0.7, 0.58, "o", color=BLUE)
    later.text(0.7, 0.42, "p", ha="center", color=BLUE)
    later.text(0.5, 0.9, "offset = (-0.4, 0)", ha="center", color=ORANGE)
    figure.tight_layout()
    save(figure, "conventions")


def draw_grid(axes: Axes) -> None:
    """Draw a map of 3 x 4 cells with both kinds of coordinates."""
    height, width = 3, 4
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal")
    axes.set(xticks=range(width), yticks=range(height), xlabel="x in cells", ylabel="y in cells")
    for edge in np.arange(width + 1) - 0.5:
        axes.axvline(edge, color=GREY, lw=0.8)
    for edge in np.arange(height + 1) - 0.5:
        axes.axhline(edge, color=GREY, lw=0.8)
    for y in range(height):
        for x in range(width):
            axes.plot(x, y, "o", color=BLUE, ms=4)
    above = axes.secondary_xaxis("top", functions=(lambda x: (x + 0.5) / width, lambda f: f * width - 0.5))
    above.set(xlabel="fraction of the width", xticks=[0, 0.25, 0.5, 0.75, 1])
    side = axes.secondary_yaxis("right", functions=(lambda y: (y + 0.5) / height, lambda f: f * height - 0.5))
    side.set(ylabel="fraction of the height", yticks=[0, 0.5, 1])


def frame() -> None:
    """Draw the rooms that one frame passes, and the values that are passed on."""
    rooms = [
        ("video", "pictures in\ndisplay order"),
        ("motion", "offsets to the\nframe before"),
        ("keyframes", "chosen, grouped\ninto windows"),
        ("schemes", "propagate\nand fuse"),
        ("labels", "upsampling and\nargmax in one"),
        ("sinks", "write, whole\nor absent"),
    ]
    values = ["Picture", "Frame", "Window", "Estimate", "labels"]
    figure, axes = plt.subplots(figsize=(11.5, 3.2))
    axes.set(xlim=(-0.85, 13.35), ylim=(-2.0, 0.85), aspect="equal")
    axes.axis("off")
    for i, (name, what) in enumerate(rooms):
        box(axes, STEP * i, 0, name, what, BLUE)
        if i:
            arrow(axes, (STEP * (i - 1) + 0.84, 0), (STEP * i - 0.84, 0), "->", GREY)
            axes.text(STEP * (i - 0.5), 0.13, values[i - 1], ha="center", fontsize=8, color=GREY, style="italic")
    axes.text(-0.8, 0.65, "file, URL, camera, arrays", fontsize=8, color=GREY)
    axes.text(5 * STEP + 0.8, 0.65, "overlay, masks, table", fontsize=8, color=GREY, ha="right")
    box(axes, 3 * STEP, -1.35, "networks", "keyframes only", ORANGE)
    arrow(axes, (3 * STEP, -0.5), (3 * STEP, -0.87), "<->", ORANGE)
    for first, last, text in ((0, 1, "engine.source: open_video"), (4, 4, "engine.segmentation")):
        arrow(axes, (STEP * first - 0.75, -0.65), (STEP * last + 0.75, -0.65), "|-|,widthA=0.3,widthB=0.3", GREY)
        axes.text(STEP * (first + last) / 2, -0.95, text, ha="center", fontsize=8, color=GREY)
    save(figure, "frame")


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], style: str, colour: str) -> None:
    """Draw an arrow or a bracket between two points."""
    options = {"arrowstyle": style, "color": colour, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=options)


def box(axes: Axes, x: float, y: float, name: str, what: str, colour: str) -> None:
    """Draw one room."""
    shape = FancyBboxPatch((x - 0.8, y - 0.42), 1.6, 0.84, boxstyle="round,pad=0.02", fc=LIGHT, ec=colour, lw=1.3)
    axes.add_patch(shape)
    axes.text(x, y + 0.2, name, ha="center", va="center", fontsize=9, weight="bold", color=colour)
    axes.text(x, y - 0.14, what, ha="center", va="center", fontsize=8, color="black")


def save(figure: plt.Figure, name: str) -> None:
    """Write a figure on white, the same bytes each time."""
    figure.savefig(IMAGES / f"{name}.svg", bbox_inches="tight", facecolor="white", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    matplotlib.rcParams.update({"svg.hashsalt": "warpseg", "font.size": 9, "axes.titlesize": 10})
    conventions()
    frame()
