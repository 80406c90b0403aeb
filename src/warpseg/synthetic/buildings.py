"""Buildings: fills the plots behind the pavements with houses, walls, fences, hedges and gardens."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from warpseg.synthetic import models
from warpseg.synthetic.look import WALLS, Look
from warpseg.synthetic.models import BUILDING, FENCE, TREE, Model, Quads


class Adder(Protocol):
    """Function that adds a model at a street position s and a lateral distance from the centre line, in metres."""

    def __call__(
        self, quads: Quads, s: float, lateral: float, y: float = 0.0, heading: float = 0.0, facing: float = 0.0
    ) -> None:
        """Add the model, y metres above the road, turned by ``heading`` radians or, if ``facing``, to the camera."""


def build_side(
    look: Look,
    rng: np.random.Generator,
    start: float,
    length: float,
    side: float,
    gap: tuple[float, float, float] | None,
    add: Adder,
) -> None:
    """Fill one side of a stretch with plots, around the side street if there is one."""
    ends = [(start, start + length)]
    if gap is not None:
        ends = [(start, gap[0] - gap[1] - 1.5), (gap[0] + gap[1] + 1.5, start + length)]
    built = look.built[0 if side < 0 else 1]
    for low, high in ends:
        plots = 1 if high - low < 12 else int(rng.integers(1, 4))
        for k in range(plots):
            first = low + (high - low) * k / plots
            last = low + (high - low) * (k + 1) / plots
            if rng.uniform() < built:
                _terrace(look, rng, first, last, side, add)
            elif rng.uniform() < 0.6:
                _detached(look, rng, first, last, side, add)
            else:
                _garden(look, rng, first, last, side, add)


def _house(
    look: Look, rng: np.random.Generator, s0: float, s1: float, side: float, setback: float, low: bool, add: Adder
) -> None:
    """Add a house with its front along the street from s0 to s1; a low one has a pitched roof."""
    choices = [facade for facade in look.facades if (facade.floors <= 3) == low] or list(look.facades)
    want = (s1 - s0) / 2.9
    facade = min(choices, key=lambda f: abs(f.bays - want) + 1.5 * float(rng.uniform()))
    height = facade.floors * float(rng.uniform(2.9, 3.4)) + 0.5
    wall = np.clip(np.array(WALLS[int(rng.integers(len(WALLS)))]) * rng.uniform(0.85, 1.12), 0, 1)
    tint = (float(wall[0]), float(wall[1]), float(wall[2]))
    dim = (0.9 * tint[0], 0.9 * tint[1], 0.9 * tint[2])
    lateral = side * (look.road_half + look.pavement + setback)
    depth = 10.0 * side
    middle = 0.5 * (s0 + s1)
    x0, x1 = look.centre(s0) - look.centre(middle), look.centre(s1) - look.centre(middle)
    z0, z1 = s0 - middle, s1 - middle
    near, far = (x0, -0.2, z0), (x1, -0.2, z1)
    o, e = (near, far) if side < 0 else (far, near)
    along = (e[0] - o[0], 0.0, e[2] - o[2])
    model = Model(look.textures)
    model.quad(o, along, (0, height, 0), BUILDING, facade.texture, tint)
    left = x0 + min(0.0, depth)
    flank = (abs(depth), height, "stones" if rng.uniform() < 0.3 else "plaster")
    model.quad((left, -0.2, z0), (flank[0], 0, 0), (0, flank[1], 0), BUILDING, flank[2], dim)
    model.quad((left + x1 - x0 + flank[0], -0.2, z1), (-flank[0], 0, 0), (0, flank[1], 0), BUILDING, flank[2], dim)
    roof = ((0.5, 0.27, 0.2), (0.34, 0.34, 0.37), (0.42, 0.3, 0.24))[int(rng.integers(3))]
    if low:
        rise = float(rng.uniform(2.0, 3.6))
        eaves = -0.35 * side
        model.quad((o[0] + eaves, height - 0.3, o[2]), along, (depth / 2 - eaves, rise, 0), BUILDING, "tiles", roof)
        model.quad((left, height - 0.2, z0), (abs(depth), 0, 0), (0, rise, 0), BUILDING, "gable", dim, sides=2)
        if rng.uniform() < 0.7:
            x, z = x0 + depth * 0.42, z0 + (z1 - z0) * 0.2
            top = height + rise
            model.box((x - 0.35, top - 1.2, z - 0.45), (x + 0.35, top + 0.8, z + 0.45), BUILDING, (0.5, 0.32, 0.26))
    else:
        # A slightly protruding parapet gives the roof line an edge.
        lip = -0.25 * side
        model.quad((o[0] + lip, height - 0.45, o[2]), along, (0, 0.35, 0), BUILDING, "plain", tint)
        model.quad((o[0] + lip, height - 0.1, o[2]), along, (depth, 0, 0), BUILDING, "plain", roof)
    if look.sun[1] > 0 and look.sun[0] * side > 0:
        # The sun is behind the house: its front wall's exact shadow, projected to the ground.
        reach = height / look.sun[1] * (1 - 0.2 * look.overcast)
        thrown = (-look.sun[0] * reach, 0.0, -look.sun[2] * reach)
        model.shadow((o[0], 0.2, o[2]), along, thrown, 0.55 * (1 - look.overcast), 0.012, ellipse=False)
    add(model.done(), middle, lateral)


def _terrace(look: Look, rng: np.random.Generator, s0: float, s1: float, side: float, add: Adder) -> None:
    _house(look, rng, s0, s1, side, float(rng.choice([0.0, 0.0, 0.6])), rng.uniform() < 0.25, add)


def _border(look: Look, rng: np.random.Generator, s0: float, s1: float, side: float, add: Adder) -> None:
    """Add a fence, a wall, railings or a hedge along the back of the pavement."""
    kind = str(rng.choice(["railing", "planks", "stones", "hedge", "railing"]))
    height = {"railing": 1.15, "planks": 1.6, "stones": 1.0, "hedge": 1.5}[kind] * float(rng.uniform(0.85, 1.2))
    label = {"railing": FENCE, "planks": FENCE, "stones": BUILDING, "hedge": TREE}[kind]
    tint = {
        "railing": (0.13, 0.15, 0.16), "planks": (0.5, 0.38, 0.27), "stones": (0.62, 0.56, 0.48),
        "hedge": look.greens[int(rng.integers(len(look.greens)))],
    }[kind]  # fmt: skip
    middle = 0.5 * (s0 + s1)
    pieces = max(1, round((s1 - s0) / 4))
    model = Model(look.textures)
    for k in range(pieces):
        a, b = s0 + (s1 - s0) * k / pieces, s0 + (s1 - s0) * (k + 1) / pieces
        near = (look.centre(a) - look.centre(middle), 0.0, a - middle)
        far = (look.centre(b) - look.centre(middle), 0.0, b - middle)
        along = (far[0] - near[0], 0.0, far[2] - near[2])
        model.quad(near, along, (0, height, 0), label, kind, tint, sides=2)
        if kind in ("stones", "hedge"):
            thick = side * (0.35 if kind == "stones" else 0.9)
            model.quad((near[0], height, near[2]), along, (thick, 0, 0), label, kind, tint, sides=2)
    add(model.done(), middle, side * (look.road_half + look.pavement + 0.1), float(look.setting["kerb"][0]))


def _detached(look: Look, rng: np.random.Generator, s0: float, s1: float, side: float, add: Adder) -> None:
    _border(look, rng, s0, s1, side, add)
    margin = min(2.0, 0.15 * (s1 - s0))
    _house(look, rng, s0 + margin, s1 - margin, side, float(rng.uniform(3.5, 7.0)), True, add)
    if rng.uniform() < 0.6:
        _plant(look, rng, float(rng.uniform(s0, s1)), side, 1.8, add)


def _garden(look: Look, rng: np.random.Generator, s0: float, s1: float, side: float, add: Adder) -> None:
    _border(look, rng, s0, s1, side, add)
    for k in range(int(rng.integers(3, 7))):
        _plant(look, rng, float(rng.uniform(s0, s1)), side, 2.0 + 2.2 * k, add)


def _plant(look: Look, rng: np.random.Generator, s: float, side: float, setback: float, add: Adder) -> None:
    """Add a tree or a shrub behind the border."""
    lateral = side * (look.road_half + look.pavement + setback)
    green = look.greens[int(rng.integers(len(look.greens)))]
    if rng.uniform() < 0.6:
        height = float(rng.uniform(5, 12))
        crown = str(rng.choice(look.crowns))
        width = height * float(rng.uniform(0.5, 0.85))
        add(models.tree(look.textures, crown, float(rng.uniform(1.2, 2.5)), height, width, green), s, lateral, 0, 0, 1)
    else:
        height = float(rng.uniform(1.4, 3.2))
        quads = models.shrub(look.textures, str(rng.choice(look.crowns[:4])), height, height * 1.5, green)
        add(quads, s, lateral, 0, 0, 1)
