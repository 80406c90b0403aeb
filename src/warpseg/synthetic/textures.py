"""Textures: draws the small textures that all streets share: vehicles, people, signs, fences, roofs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.canvas import Canvas, Colour, Mask, speckle

Picture = NDArray[np.uint8]

# Side views of vehicles, from the rear bumper over the roof to the front bumper: (metres ahead, metres up).
PROFILES: dict[str, tuple[tuple[float, float], ...]] = {
    "sedan": (
        (0.0, 0.3), (0.03, 0.92), (0.75, 1.0), (1.3, 1.4), (2.55, 1.43), (3.35, 0.97), (4.25, 0.76), (4.4, 0.3),
    ),
    "hatch": (
        (0.0, 0.3), (0.02, 0.9), (0.12, 0.98), (0.5, 1.42), (2.2, 1.48), (3.0, 0.99), (3.75, 0.8), (3.9, 0.3),
    ),
    "estate": (
        (0.0, 0.32), (0.02, 0.95), (0.1, 1.03), (0.4, 1.58), (2.75, 1.62), (3.5, 1.05), (4.4, 0.88), (4.55, 0.32),
    ),
    "van": (
        (0.0, 0.35), (0.02, 1.1), (0.05, 1.2), (0.1, 2.2), (3.9, 2.25), (4.6, 1.25), (5.1, 1.05), (5.2, 0.35),
    ),
    "bus": (
        (0.0, 0.35), (0.02, 1.2), (0.05, 1.25), (0.1, 2.95), (9.6, 3.0), (9.8, 1.25), (9.9, 1.1), (9.95, 0.35),
    ),
}  # fmt: skip

GLASS: Colour = (0.12, 0.14, 0.17)
SKYLIGHT = np.array((0.82, 0.91, 1.0), np.float32)
RUBBER: Colour = (0.06, 0.06, 0.065)


def belt(profile: Sequence[tuple[float, float]]) -> float:
    """Return the height, in metres, at which a vehicle's body ends and its windows begin."""
    return max(profile[2][1], profile[5][1])


def _wheel(canvas: Canvas, x: float, up: float, across: float, y: float) -> None:
    canvas.paint(canvas.disc(x, y, across * 1.17, up * 1.17), (0.03, 0.03, 0.03))
    canvas.paint(canvas.disc(x, y, across, up), RUBBER)
    canvas.paint(canvas.disc(x, y, across * 0.66, up * 0.66), (0.55, 0.56, 0.58))
    canvas.paint(canvas.disc(x, y, across * 0.5, up * 0.5), (0.3, 0.31, 0.33))
    canvas.paint(canvas.disc(x, y, across * 0.15, up * 0.15), (0.65, 0.65, 0.67))


def _lower_side(name: str) -> Picture:
    """Draw a vehicle's side up to its belt, wheels included, front to the right."""
    profile = PROFILES[name]
    length, top = profile[-1][0], belt(profile)
    canvas = Canvas(64, 256)
    body = canvas.polygon([(x / length, min(y, top) / top) for x, y in profile])
    canvas.paint(body, (0.9, 0.9, 0.9), 1.0)
    canvas.shade(0.72 + 0.32 * canvas.y, body)
    canvas.shade(np.where(np.abs(canvas.y - 0.66) < 0.025, np.float32(0.8), np.float32(1.0)), body)
    canvas.paint(body * canvas.box(0, 0, 1, 0.36), (0.1, 0.1, 0.1))
    for door in (0.36, 0.6) if name != "bus" else (0.3, 0.55, 0.86):
        canvas.paint(body * canvas.box(door, 0.36, door + 0.006, 1), (0.3, 0.3, 0.3), 0.5)
    canvas.paint(body * canvas.box(0, 0.66, 0.025, 0.85), (0.6, 0.06, 0.05))
    canvas.paint(body * canvas.box(0.965, 0.58, 1, 0.74), (0.9, 0.9, 0.85))
    radius = 0.31 if length < 5 else 0.38 if length < 8 else 0.48
    for x in (0.17 * length, 0.82 * length) if length < 8 else (0.25 * length, 0.8 * length):
        _wheel(canvas, x / length, radius / top, radius / length, radius / top)
    return canvas.texture()


def _upper_side(name: str) -> Picture:
    """Draw a vehicle's side from belt to roof: pillars in tint, windows with a reflection."""
    profile = PROFILES[name]
    length, low, high = profile[-1][0], belt(profile), max(y for _, y in profile)
    canvas = Canvas(32, 256)
    points = [(x / length, (max(y, low) - low) / (high - low)) for x, y in profile]
    cabin = canvas.polygon(points)
    canvas.paint(cabin, (0.85, 0.85, 0.85), 1.0)
    rear, front = profile[2][0] / length, profile[5][0] / length
    middle = 0.5 * (rear + front)
    shrunk = [(middle + (x - middle) * 0.92, 0.08 + y * 0.76) for x, y in points]
    glass = canvas.polygon(shrunk)
    if name == "van":
        glass *= canvas.box(0.7, 0, 1, 1)
    reflection = (0.12 + 0.35 * canvas.y * (0.6 + 0.4 * np.sin(canvas.x * 19)))[..., None] * SKYLIGHT
    canvas.paint(glass, np.asarray(np.array(GLASS, np.float32) + reflection, np.float32))
    pillars = 2 if name != "bus" else 7
    for k in range(1, pillars + 1):
        x = rear + (front - rear) * k / (pillars + 1)
        canvas.paint(cabin * canvas.box(x - 0.009, 0, x + 0.009, 1), (0.25, 0.25, 0.25), 0.6)
    return canvas.texture()


def _end(front: bool) -> Picture:
    """Draw the lower front or rear of a vehicle: lights, plate, bumper, tyres below."""
    canvas = Canvas(64, 128)
    for x in (0.12, 0.88):
        canvas.paint(canvas.box(x - 0.07, 0, x + 0.07, 0.3), RUBBER)
    body = canvas.box(0.01, 0.3, 0.99, 1)
    canvas.paint(canvas.box(0.06, 0.16, 0.94, 0.34), (0.05, 0.05, 0.05))
    canvas.paint(body, (0.9, 0.9, 0.9), 1.0)
    canvas.shade(0.7 + 0.35 * canvas.y, body)
    canvas.paint(canvas.box(0.02, 0.28, 0.98, 0.42), (0.25, 0.25, 0.25), 0.5)
    canvas.paint(canvas.box(0.37, 0.46, 0.63, 0.58), (0.9, 0.88, 0.6) if not front else (0.92, 0.92, 0.92))
    for x in (0.13, 0.87):
        if front:
            canvas.paint(canvas.disc(x, 0.74, 0.11, 0.12), (0.35, 0.35, 0.36))
            canvas.paint(canvas.disc(x, 0.74, 0.085, 0.09), (0.95, 0.95, 0.9))
        else:
            canvas.paint(canvas.box(x - 0.09, 0.62, x + 0.09, 0.86), (0.62, 0.05, 0.05))
            canvas.paint(canvas.box(x - 0.05, 0.64, x + 0.05, 0.7), (0.85, 0.6, 0.5))
    if front:
        canvas.paint(canvas.box(0.28, 0.66, 0.72, 0.84), (0.1, 0.1, 0.11))
        for y in (0.7, 0.75, 0.8):
            canvas.paint(canvas.box(0.28, y - 0.01, 0.72, y + 0.01), (0.4, 0.4, 0.42))
    return canvas.texture()


def _screen() -> Picture:
    """Draw a wind screen: a trapezoid in tint with glass that reflects the sky towards the top."""
    canvas = Canvas(32, 64)
    canvas.paint(canvas.polygon([(0, 0), (1, 0), (0.9, 1), (0.1, 1)]), (0.85, 0.85, 0.85), 1.0)
    glass = canvas.polygon([(0.06, 0.05), (0.94, 0.05), (0.86, 0.93), (0.14, 0.93)])
    shine = (0.05 + 0.4 * canvas.y + 0.12 * np.sin(canvas.x * 9 + 4 * canvas.y))[..., None] * SKYLIGHT
    canvas.paint(glass, np.asarray(np.array(GLASS, np.float32) + shine, np.float32))
    for x in (0.3, 0.7):
        canvas.paint(canvas.disc(x, 0.3, 0.09, 0.28) * glass, (0.08, 0.08, 0.09))
    return canvas.texture()


def _torso(hair: Colour, skin: Colour, skirt: bool) -> Picture:
    """Draw head, neck and shoulders to the hips of a person, clothes in tint."""
    canvas = Canvas(128, 64)
    outline = (
        [(0.05, 0.0), (0.95, 0.0), (0.72, 0.32), (0.84, 0.62), (0.6, 0.71), (0.4, 0.71), (0.16, 0.62), (0.28, 0.32)]
        if skirt
        else [(0.14, 0.0), (0.86, 0.0), (0.8, 0.3), (0.9, 0.62), (0.62, 0.72), (0.38, 0.72), (0.1, 0.62), (0.2, 0.3)]
    )
    coat = canvas.polygon(outline)
    canvas.paint(canvas.box(0.41, 0.66, 0.59, 0.8), (skin[0] * 0.8, skin[1] * 0.8, skin[2] * 0.8))
    canvas.paint(coat, (0.92, 0.92, 0.92), 1.0)
    canvas.shade(1.02 - 0.9 * (canvas.x - 0.42) ** 2 - 0.12 * (canvas.y < 0.08), coat)
    canvas.paint(coat * canvas.box(0.49, 0, 0.51, 0.66), (0.6, 0.6, 0.6), 1.0)
    canvas.paint(canvas.disc(0.5, 0.875, 0.2, 0.125), hair)
    canvas.paint(canvas.disc(0.5, 0.85, 0.16, 0.1), skin)
    canvas.paint(canvas.disc(0.5, 0.95, 0.18, 0.05), hair)
    return canvas.texture()


def _limb(foot: Colour, part: float) -> Picture:
    canvas = Canvas(64, 16)
    canvas.paint(canvas.polygon([(0.0, 1.0), (1.0, 1.0), (0.8, 0.08), (0.2, 0.08)]), (0.9, 0.9, 0.9), 1.0)
    canvas.shade(np.asarray(1.05 - 0.45 * np.abs(canvas.x - 0.4) + 0 * canvas.y, np.float32))
    canvas.paint(canvas.box(0.12, 0, 0.95, part), foot)
    return canvas.texture()


def _bicycle() -> Picture:
    canvas = Canvas(128, 128)
    aspect = 1.0
    dark: Colour = (0.08, 0.08, 0.08)
    for x in (0.2, 0.8):
        ring: Mask = canvas.disc(x, 0.21, 0.2, 0.21) - canvas.disc(x, 0.21, 0.165, 0.175)
        canvas.paint(ring, dark)
        canvas.paint(canvas.disc(x, 0.21, 0.03, 0.03), (0.5, 0.5, 0.5))
        for angle in np.linspace(0, np.pi, 5)[:-1]:
            dx, dy = 0.18 * np.cos(angle), 0.18 * np.sin(angle)
            canvas.paint(canvas.stroke(x - dx, 0.21 - dy, x + dx, 0.21 + dy, 0.008), (0.45, 0.45, 0.45))
    for x0, y0, x1, y1 in (
        (0.2, 0.21, 0.47, 0.22), (0.2, 0.21, 0.4, 0.66), (0.47, 0.22, 0.38, 0.76), (0.47, 0.22, 0.72, 0.66),
        (0.4, 0.66, 0.72, 0.7), (0.8, 0.21, 0.7, 0.82),
    ):  # fmt: skip
        canvas.paint(canvas.stroke(x0, y0, x1, y1, 0.035, aspect), (0.9, 0.9, 0.9), 1.0)
    canvas.paint(canvas.stroke(0.32, 0.79, 0.46, 0.79, 0.05), dark)
    canvas.paint(canvas.stroke(0.66, 0.86, 0.76, 0.86, 0.035), dark)
    return canvas.texture()


def _sign(shape: str, rim: Colour, field: Colour, mark: Colour) -> Picture:
    canvas = Canvas(64, 64)
    for size, colour in ((0.5, rim), (0.38, field)):
        if shape == "disc":
            mask = canvas.disc(0.5, 0.5, size, size)
        elif shape == "triangle":
            mask = canvas.polygon([(0.5 - size, 0.55 - size), (0.5 + size, 0.55 - size), (0.5, 0.42 + size)])
        else:
            mask = canvas.box(0.5 - size, 0.5 - size, 0.5 + size, 0.5 + size)
        canvas.paint(mask, colour)
    canvas.paint(canvas.box(0.44, 0.3, 0.56, 0.6), mark)
    if shape != "triangle":
        canvas.paint(canvas.box(0.32, 0.46, 0.68, 0.56), mark)
    return canvas.texture()


def _traffic_light(lit: int) -> Picture:
    canvas = Canvas(64, 32, (0.05, 0.05, 0.05))
    for k, colour in enumerate(((0.95, 0.12, 0.08), (0.98, 0.7, 0.1), (0.15, 0.9, 0.4))):
        dim = 1.0 if k == lit else 0.22
        canvas.paint(canvas.disc(0.5, 0.82 - 0.32 * k, 0.32, 0.14), (colour[0] * dim, colour[1] * dim, colour[2] * dim))
    return canvas.texture()


def _railing() -> Picture:
    canvas = Canvas(64, 256)
    for x in np.arange(0.008, 1, 1 / 32):
        canvas.paint(canvas.box(x, 0.0, x + 0.009, 0.97), (0.85, 0.85, 0.85), 1.0)
    for y in (0.12, 0.84):
        canvas.paint(canvas.box(0, y, 1, y + 0.05), (0.95, 0.95, 0.95), 1.0)
    for x in (0.0, 0.25, 0.5, 0.75):
        canvas.paint(canvas.box(x, 0, x + 0.018, 1), (0.7, 0.7, 0.7), 1.0)
    return canvas.texture()


def _planks(rng: np.random.Generator) -> Picture:
    canvas = Canvas(64, 256, (0.8, 0.8, 0.8), 1.0)
    tones = rng.uniform(0.75, 1.15, 32).astype(np.float32)
    canvas.shade(np.asarray(tones[(canvas.x * 32).astype(int)] * np.ones_like(canvas.y), np.float32))
    canvas.shade(speckle(rng, (128, 512), 60, 0.06))
    gaps = ((canvas.x * 32) % 1 < 0.1).astype(np.float32) * np.ones_like(canvas.y)
    canvas.paint(np.asarray(gaps, np.float32), (0.25, 0.25, 0.25), 1.0)
    return canvas.texture()


def _rough(rng: np.random.Generator, height: int, width: int, rows: int, cells: int, amount: float) -> Picture:
    """Draw a tinted surface: blotches and, with rows > 0, courses (tiles, stones, hedge layers)."""
    canvas = Canvas(height, width, (0.85, 0.85, 0.85), 1.0)
    canvas.shade(speckle(rng, (2 * height, 2 * width), cells, amount))
    canvas.shade(speckle(rng, (2 * height, 2 * width), cells * 4, amount * 0.7))
    if rows:
        course = (canvas.y * rows) % 1
        canvas.shade(np.asarray(1.05 - 0.35 * (course < 0.14) - 0.12 * course + 0 * canvas.x, np.float32))
    return canvas.texture()


def _round_post() -> Picture:
    canvas = Canvas(16, 16, (0.9, 0.9, 0.9), 1.0)
    canvas.shade(np.asarray(1.1 - 1.6 * (canvas.x - 0.38) ** 2 + 0 * canvas.y, np.float32))
    return canvas.texture()


def _gable() -> Picture:
    canvas = Canvas(64, 64)
    canvas.paint(canvas.polygon([(0, 0), (1, 0), (0.5, 1)]), (0.84, 0.84, 0.84), 1.0)
    return canvas.texture()


@cache
def shared_textures() -> dict[str, Picture]:
    """Return all shared textures by name, (h, w, 5) uint8 each."""
    rng = np.random.default_rng(20)
    pictures = {
        "plain": Canvas(8, 8, (1, 1, 1), 1.0).texture(),
        "post": _round_post(),
        "tiles": _rough(rng, 64, 128, 16, 60, 0.05),
        "stones": _rough(rng, 64, 256, 12, 50, 0.09),
        "plaster": _rough(rng, 128, 128, 0, 12, 0.035),
        "hedge": _rough(rng, 64, 256, 0, 60, 0.22),
        "bark": _rough(rng, 64, 16, 0, 6, 0.15),
        "gable": _gable(),
        "railing": _railing(),
        "planks": _planks(rng),
        "front": _end(True),
        "rear": _end(False),
        "screen": _screen(),
        "bicycle": _bicycle(),
        "leg": _limb((0.08, 0.07, 0.06), 0.09),
        "arm": _limb((0.75, 0.55, 0.43), 0.14),
        "speed sign": _sign("disc", (0.75, 0.06, 0.07), (0.95, 0.95, 0.95), (0.08, 0.08, 0.08)),
        "warning sign": _sign("triangle", (0.78, 0.07, 0.07), (0.96, 0.94, 0.9), (0.08, 0.08, 0.08)),
        "parking sign": _sign("square", (0.9, 0.92, 0.95), (0.06, 0.2, 0.6), (0.95, 0.95, 0.95)),
        "keep sign": _sign("disc", (0.9, 0.92, 0.95), (0.07, 0.25, 0.65), (0.95, 0.95, 0.95)),
        "red light": _traffic_light(0),
        "green light": _traffic_light(2),
    }
    for name in PROFILES:
        pictures[f"{name} low"] = _lower_side(name)
        pictures[f"{name} high"] = _upper_side(name)
    looks: tuple[tuple[Colour, Colour, bool], ...] = (
        ((0.12, 0.08, 0.05), (0.85, 0.66, 0.54), False),
        ((0.5, 0.36, 0.18), (0.88, 0.7, 0.6), True),
        ((0.05, 0.04, 0.04), (0.45, 0.3, 0.22), False),
        ((0.6, 0.6, 0.6), (0.82, 0.64, 0.54), True),
    )
    for k, (hair, skin, skirt) in enumerate(looks):
        pictures[f"person {k}"] = _torso(hair, skin, skirt)
    return pictures
