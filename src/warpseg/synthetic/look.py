"""Look: the plan, light, colours and textures of a street, decided once by its seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.atlas import Atlas, build_atlas
from warpseg.synthetic.facades import FACADE, draw_crown, draw_facade
from warpseg.synthetic.surfaces import SETTING
from warpseg.synthetic.textures import shared_textures

Colour = tuple[float, float, float]

WALLS: tuple[Colour, ...] = (
    (0.62, 0.34, 0.26), (0.7, 0.45, 0.34), (0.52, 0.3, 0.24), (0.82, 0.76, 0.62), (0.9, 0.87, 0.8), (0.72, 0.7, 0.66),
    (0.85, 0.72, 0.5), (0.68, 0.72, 0.74), (0.78, 0.62, 0.52), (0.6, 0.6, 0.58), (0.86, 0.8, 0.72), (0.74, 0.8, 0.76),
)  # fmt: skip
PAINTS: tuple[Colour, ...] = (
    (0.75, 0.77, 0.8), (0.14, 0.15, 0.17), (0.85, 0.86, 0.87), (0.5, 0.07, 0.08), (0.12, 0.2, 0.42), (0.35, 0.37, 0.4),
    (0.1, 0.27, 0.22), (0.62, 0.6, 0.52), (0.2, 0.36, 0.55), (0.7, 0.2, 0.1),
)  # fmt: skip
CLOTHES: tuple[Colour, ...] = (
    (0.12, 0.13, 0.16), (0.16, 0.2, 0.36), (0.55, 0.12, 0.12), (0.7, 0.68, 0.62), (0.3, 0.34, 0.26), (0.42, 0.33, 0.26),
    (0.25, 0.45, 0.6), (0.75, 0.6, 0.2), (0.3, 0.3, 0.33), (0.8, 0.8, 0.8),
)  # fmt: skip


@dataclass(frozen=True)
class Facade:
    """Name of a facade texture, with the number of bays and floors in it."""

    texture: str
    bays: int
    floors: int


@dataclass(frozen=True)
class Look:
    """Look of a street; lengths are in metres, shares in [0, 1], colours RGB in [0, 1]."""

    seed: int
    camera_height: float
    camera_pitch: float
    camera_lane: float
    view: float
    bends: tuple[tuple[float, float, float], ...]
    road_half: float
    pavement: float
    built: tuple[float, float]
    parked: tuple[float, float]
    trees: tuple[float, float]
    tree_spacing: float
    lamp_spacing: float
    busy: float
    sun: tuple[float, float, float]
    overcast: float
    greens: tuple[Colour, ...]
    facades: tuple[Facade, ...]
    crowns: tuple[str, ...]
    textures: dict[str, int]
    atlas: Atlas
    setting: NDArray[np.void]
    noise: NDArray[np.float32]

    def centre(self, s: float) -> float:
        """Return the street centre's x at street position s, in metres."""
        return sum(size * math.sin(s * rate + phase) for size, rate, phase in self.bends)

    def slope(self, s: float) -> float:
        """Return the heading of the street at street position s, in radians."""
        return math.atan((self.centre(s + 4) - self.centre(s - 4)) / 8)


@lru_cache(maxsize=4)
def look_for(seed: int, turn: float, detail: int) -> Look:
    """Decide the look of a street by its seed; ``detail`` is the side of its facade textures in texels."""
    rng = np.random.default_rng((seed, 1))
    pictures = dict(shared_textures())
    facades = tuple(_facade(rng, pictures, k, detail) for k in range(9))
    crowns = []
    for k in range(5):
        crown = np.empty((128, 128, 5), np.uint8)
        conical = float(k == 4)
        draw_crown(int(rng.integers(1 << 20)), int(rng.integers(11, 20)), float(rng.uniform(0.5, 1.0)), conical, crown)
        pictures[f"crown {k}"] = crown
        crowns.append(f"crown {k}")
    textures = {name: k for k, name in enumerate(pictures)}
    road_half = float(rng.uniform(3.3, 6.2))
    pavement = float(rng.uniform(1.8, 4.0))
    parked = tuple(float(rng.choice([0.0, 0.35, 0.8])) if road_half > 4.4 else 0.0 for _ in range(2))
    setting, sun, overcast = _setting(rng, road_half, pavement, parked)
    season = rng.uniform()
    greens = tuple(
        (
            float(rng.uniform(0.26, 0.42) + 0.3 * max(0.0, season - 0.75)),
            float(rng.uniform(0.4, 0.56)),
            float(rng.uniform(0.14, 0.26)),
        )
        for _ in range(4)
    )
    lane = 0.5 * (road_half - (2.0 if parked[0] > 0 else 0.2))
    left_hand = rng.uniform() < 0.6
    return Look(
        seed=seed,
        camera_height=float(rng.uniform(1.15, 1.75)),
        camera_pitch=float(rng.uniform(-0.02, 0.07)),
        camera_lane=-lane if left_hand else lane,
        view=float(rng.uniform(0.82, 1.1)),
        bends=tuple(
            (turn * size * float(rng.uniform(0.4, 1.0)), 2 * math.pi / length, float(rng.uniform(0, 6.3)))
            for size, length in ((13.0, 340.0), (3.0, 130.0))
        ),
        road_half=road_half,
        pavement=pavement,
        built=(float(rng.choice([0.15, 0.5, 0.9])), float(rng.choice([0.15, 0.6, 0.95]))),
        parked=(parked[0], parked[1]),
        trees=(float(rng.choice([0.1, 0.5, 0.9])), float(rng.choice([0.1, 0.4, 0.9]))),
        tree_spacing=float(rng.uniform(7, 14)),
        lamp_spacing=float(rng.uniform(20, 34)),
        busy=float(rng.uniform(0.5, 1.5)),
        sun=sun,
        overcast=overcast,
        greens=greens,
        facades=facades,
        crowns=tuple(crowns),
        textures=textures,
        atlas=build_atlas(list(pictures.values())),
        setting=setting,
        noise=rng.uniform(-1, 1, (256, 256)).astype(np.float32),
    )


def _facade(rng: np.random.Generator, pictures: dict[str, NDArray[np.uint8]], number: int, detail: int) -> Facade:
    bays, floors = int(rng.integers(2, 7)), int(rng.integers(2, 7))
    ground = int(rng.choice([1, 2])) if floors < 4 else int(rng.choice([0, 2, 2]))
    style = np.zeros(1, FACADE)
    style["bays"], style["floors"], style["ground"] = bays, floors, ground
    style["wide"], style["tall"] = rng.uniform(0.34, 0.62), rng.uniform(0.45, 0.64)
    style["arched"], style["brick"] = rng.integers(0, 2), rng.integers(0, 2)
    style["frame"], style["glass"] = rng.choice([0.9, 0.82, 0.25]), rng.uniform(0.5, 1.1)
    style["sign"], style["door"] = rng.uniform(0.05, 0.7, 3), rng.uniform(0.08, 0.5, 3)
    style["seed"] = rng.integers(1 << 20)
    picture = np.empty((detail, detail, 5), np.uint8)
    draw_facade(style, picture)
    pictures[f"facade {number}"] = picture
    return Facade(f"facade {number}", bays, floors)


def _setting(
    rng: np.random.Generator, road_half: float, pavement: float, parked: tuple[float, ...]
) -> tuple[NDArray[np.void], tuple[float, float, float], float]:
    """Return the part of a frame's setting for street and light, the sun's direction, and the overcast in [0, 1]."""
    s = np.zeros(1, SETTING)
    overcast = float(np.clip(rng.uniform(-0.5, 1.2), 0, 1))
    height, azimuth = float(rng.uniform(0.3, 1.1)), float(rng.uniform(0, 2 * math.pi))
    sun = (math.cos(height) * math.sin(azimuth), math.sin(height), math.cos(height) * math.cos(azimuth))
    warm = 1 - math.sin(height)
    direct = (1 - 0.93 * overcast) * float(rng.uniform(0.5, 0.72))
    ambient = 0.56 + 0.32 * overcast
    s["sun"] = sun
    s["sunlight"] = np.array([1.06, 0.97 - 0.1 * warm, 0.84 - 0.28 * warm]) * direct
    s["skylight"] = np.array([0.93, 0.99, 1.08]) ** (1 - 0.8 * overcast) * ambient
    grey = np.array([0.78, 0.8, 0.83])
    s["zenith"] = np.array([0.3, 0.5, 0.82]) * (1 - overcast) + grey * 0.92 * overcast
    s["horizon"] = np.array([0.8, 0.87, 0.94]) * (1 - overcast) + np.array([0.9, 0.91, 0.92]) * overcast
    s["cloud"], s["cloud_scale"] = np.clip(overcast * 0.8 + rng.uniform(-0.1, 0.35), 0, 1), rng.uniform(0.5, 1.2)
    s["skyline"], s["haze"] = rng.uniform(0.02, 0.06), rng.uniform(0.0015, 0.005)
    s["seed"] = rng.integers(200)
    s["road_half"], s["kerb"], s["pavement"] = road_half, rng.uniform(0.09, 0.16), pavement
    s["parking"] = [float(p > 0) for p in parked]
    s["edge_line"] = float(rng.uniform() < 0.5)
    s["dash"], s["gap"] = rng.choice([2.0, 3.0, 4.0]), rng.choice([2.0, 4.0, 6.0])
    s["slab"], s["wear"] = rng.uniform(0.4, 0.9), rng.uniform(0, 1)
    s["asphalt"] = rng.uniform(0.34, 0.54) * np.array([1.0, 1.0, 1.01 + rng.uniform(0, 0.04)])
    s["paving"] = rng.uniform(0.42, 0.62) * np.array([1.03, 1.0, rng.uniform(0.86, 1.0)])
    s["yard"] = s["paving"] * rng.uniform(0.75, 1.0)
    return s, sun, overcast
