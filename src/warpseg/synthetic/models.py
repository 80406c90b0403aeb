"""Models: builds objects from quads in their own coordinates: x right, y up, z ahead, metres, standing on y = 0."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.render import QUAD, SHADOW
from warpseg.synthetic.textures import PROFILES, belt

Vector = tuple[float, float, float]
Quads = NDArray[np.void]

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)


class Model:
    """List of quads under construction; textures are given by name."""

    def __init__(self, textures: dict[str, int]) -> None:
        self.textures = textures
        self.rows: list[tuple[object, ...]] = []

    def quad(
        self,
        o: Vector,
        a: Vector,
        b: Vector,
        label: int,
        texture: str = "plain",
        tint: Vector = (1.0, 1.0, 1.0),
        *,
        sides: int = 1,
        pivot: Vector = (0.0, 0.0, 0.0),
        swing: float = 0.0,
    ) -> None:
        """Add the quad of points o + u a + v b; seen from its front, a points right and b up."""
        self.rows.append((o, a, b, pivot, swing, tint, self.textures[texture], label, sides, 0, len(self.rows)))

    def shadow(self, o: Vector, a: Vector, b: Vector, strength: float, soft: float, *, ellipse: bool = True) -> None:
        """Add a shadow on the ground."""
        lifted = (o[0], o[1] + 0.02, o[2])
        self.quad(lifted, a, b, SHADOW, tint=(strength, soft, float(ellipse)), sides=2)

    def box(self, low: Vector, high: Vector, label: int, tint: Vector, texture: str = "plain") -> None:
        """Add a box without its underside."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        w, h, d = x1 - x0, y1 - y0, z1 - z0
        for o, a, b in (
            ((x0, y0, z0), (w, 0, 0), (0, h, 0)),
            ((x1, y0, z1), (-w, 0, 0), (0, h, 0)),
            ((x1, y0, z0), (0, 0, d), (0, h, 0)),
            ((x0, y0, z1), (0, 0, -d), (0, h, 0)),
            ((x0, y1, z0), (w, 0, 0), (0, 0, d)),
        ):
            self.quad(o, a, b, label, texture, tint)

    def done(self) -> Quads:
        """Return the quads (n) as an array of ``render.QUAD``."""
        return np.array(self.rows, QUAD)


def vehicle(textures: dict[str, int], name: str, paint: Vector) -> Quads:
    """Build a car, van or bus from two sides, leaning windows and strips over its profile; its rear is at z = 0."""
    model = Model(textures)
    profile = PROFILES[name]
    low, high = belt(profile), max(y for _, y in profile)
    half = 0.86 if profile[-1][0] < 5 else 0.98 if profile[-1][0] < 8 else 1.25
    inset = 0.17 if profile[-1][0] < 5 else 0.08
    length = profile[-1][0]
    for side in (-1.0, 1.0):
        model.quad((side * half, 0, 0), (0, 0, length), (0, low, 0), CAR, f"{name} low", paint, sides=2)
        lean = (-side * inset, high - low, 0.0)
        model.quad((side * half, low, 0), (0, 0, length), lean, CAR, f"{name} high", paint, sides=2)
    for k, ((z0, y0), (z1, y1)) in enumerate(pairwise(profile)):
        top = min(y0, y1) > low + 0.1
        w = half - inset if top else half
        if k == 0:
            model.quad((-w, 0, z0), (2 * w, 0, 0), (0, y1, z1 - z0), CAR, "rear", paint)
        elif k == len(profile) - 2:
            model.quad((w, 0, z1), (-2 * w, 0, 0), (0, y0, z0 - z1), CAR, "front", paint)
        elif max(y0, y1) > low + 0.2 and not top:
            if y1 > y0:
                model.quad((-w, y0, z0), (2 * w, 0, 0), (0, y1 - y0, z1 - z0), CAR, "screen", paint)
            else:
                model.quad((w, y1, z1), (-2 * w, 0, 0), (0, y0 - y1, z0 - z1), CAR, "screen", paint)
        else:
            model.quad((-w, y0, z0), (2 * w, 0, 0), (0, y1 - y0, z1 - z0), CAR, "plain", paint, sides=2)
    model.shadow((-half - 0.25, 0, -0.3), (2 * half + 0.5, 0, 0), (0, 0, length + 0.6), 0.72, 0.16, ellipse=False)
    return model.done()


def person(textures: dict[str, int], look: int, coat: Vector, trousers: Vector, size: float, label: int) -> Quads:
    """Build a walking figure that faces the camera: torso and head, two swinging legs and arms."""
    model = Model(textures)
    s = size / 1.76
    for side in (-1.0, 1.0):
        hip: Vector = (side * 0.085 * s, 0.9 * s, 0.0)
        model.quad(
            (hip[0] - 0.09 * s, 0, 0.02), (0.18 * s, 0, 0), (0, 0.92 * s, 0), label, "leg", trousers,
            sides=3, pivot=hip, swing=side * 0.5,
        )  # fmt: skip
    model.quad((-0.23 * s, 0.82 * s, 0), (0.46 * s, 0, 0), (0, 0.94 * s, 0), label, f"person {look}", coat, sides=3)
    for side in (-1.0, 1.0):
        shoulder: Vector = (side * 0.2 * s, 1.4 * s, 0.0)
        dark = (0.86 * coat[0], 0.86 * coat[1], 0.86 * coat[2])
        model.quad(
            (shoulder[0] - 0.06 * s, 0.8 * s, -0.01), (0.12 * s, 0, 0), (0, 0.64 * s, 0), label, "arm", dark,
            sides=3, pivot=shoulder, swing=-side * 0.4,
        )  # fmt: skip
    model.shadow((-0.35, 0, -0.3), (0.7, 0, 0), (0, 0, 0.6), 0.5, 0.4)
    return model.done()


def rider(textures: dict[str, int], look: int, coat: Vector, trousers: Vector) -> Quads:
    """Build a cyclist's body, bars and tyre, as seen from ahead or behind; they face the camera."""
    model = Model(textures)
    for side in (-1.0, 1.0):
        hip: Vector = (side * 0.1, 0.98, 0.0)
        model.quad(
            (hip[0] - 0.085, 0.24, 0.0), (0.17, 0, 0), (0, 0.74, 0), BICYCLIST, "leg", trousers,
            sides=3, pivot=hip, swing=side * 0.22,
        )  # fmt: skip
    model.quad((-0.03, 0, 0.01), (0.06, 0, 0), (0, 0.68, 0), BICYCLIST, "plain", (0.07, 0.07, 0.07), sides=3)
    model.quad((-0.28, 1.0, 0.01), (0.56, 0, 0), (0, 0.045, 0), BICYCLIST, "plain", (0.1, 0.1, 0.1), sides=3)
    model.quad((-0.24, 0.88, -0.01), (0.48, 0, 0), (0, 0.9, 0), BICYCLIST, f"person {look}", coat, sides=3)
    return model.done()


def bicycle(textures: dict[str, int], paint: Vector) -> Quads:
    """Build a bicycle in its own plane, centred, pointing ahead."""
    model = Model(textures)
    model.quad((0, 0, -0.87), (0, 0, 1.74), (0, 1.12, 0), BICYCLIST, "bicycle", paint, sides=3)
    model.shadow((-0.4, 0, -0.8), (0.8, 0, 0), (0, 0, 1.6), 0.45, 0.3)
    return model.done()


def tree(textures: dict[str, int], crown: str, trunk: float, height: float, width: float, green: Vector) -> Quads:
    """Build a tree that faces the camera: a trunk and three layers of crown at different depths."""
    model = Model(textures)
    bark = (0.36, 0.3, 0.25)
    thick = 0.16 + 0.015 * height
    model.quad((-thick / 2, 0, 0), (thick, 0, 0), (0, trunk + 0.35 * height, 0), TREE, "bark", bark, sides=3)
    bottom = trunk * 0.85
    for shift, depth, part, dim in ((0.0, 0.0, 1.0, 1.0), (-0.16, 0.7, 0.8, 0.86), (0.18, -0.6, 0.72, 1.08)):
        w, h = width * part, (height - bottom) * (0.3 + 0.7 * part)
        tint = (green[0] * dim, green[1] * dim, green[2] * dim)
        model.quad(
            (shift * width - w / 2, bottom + 0.1 * (1 - part) * height, depth), (w, 0, 0), (0, h, 0), TREE, crown, tint,
            sides=3,
        )  # fmt: skip
    return model.done()


def shrub(textures: dict[str, int], crown: str, height: float, width: float, green: Vector) -> Quads:
    """Build a shrub that faces the camera."""
    model = Model(textures)
    model.quad((-width / 2, -0.15 * height, 0), (width, 0, 0), (0, 1.15 * height, 0), TREE, crown, green, sides=3)
    return model.done()


def post(
    textures: dict[str, int], height: float, thick: float, tint: Vector, boards: Sequence[tuple[str, float, float]] = ()
) -> Quads:
    """Build a post that faces the camera, with boards (texture, size, height of the middle) labelled as signs."""
    model = Model(textures)
    model.quad((-thick / 2, 0, 0), (thick, 0, 0), (0, height, 0), POLE, "post", tint, sides=3)
    for texture, size, middle in boards:
        wide = 0.4 * size if "light" in texture else size
        model.quad((-wide / 2, middle - size / 2, -0.06), (wide, 0, 0), (0, size, 0), SIGN, texture, sides=3)
    return model.done()


def lamp_arm(textures: dict[str, int], height: float, reach: float, tint: Vector) -> Quads:
    """Build a street lamp's arm and head, reaching along x from the top of its post."""
    model = Model(textures)
    model.quad((0, height - 0.1, 0), (reach, 0.35, 0), (0, 0.1, 0), POLE, "plain", tint, sides=3)
    low, high = min(reach, 1.25 * reach), max(reach, 1.25 * reach)
    head = (min(1.0, tint[0] * 1.6), min(1.0, tint[1] * 1.6), min(1.0, tint[2] * 1.6))
    model.box((low, height + 0.2, -0.12), (high, height + 0.36, 0.12), POLE, head)
    return model.done()


def bin_box(textures: dict[str, int], tint: Vector) -> Quads:
    """Build a junction cabinet or bin at the kerb: street furniture, labelled with the fences."""
    model = Model(textures)
    model.box((-0.35, 0, -0.25), (0.35, 1.1, 0.25), FENCE, tint, "plaster")
    model.shadow((-0.5, 0, -0.4), (1.0, 0, 0), (0, 0, 0.8), 0.5, 0.3, ellipse=False)
    return model.done()
