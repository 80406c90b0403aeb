"""Scene: builds the standing objects of a street, chunk by chunk, for any position without those before."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic import models
from warpseg.synthetic.buildings import Adder, build_side
from warpseg.synthetic.look import PAINTS, Look
from warpseg.synthetic.models import Quads
from warpseg.synthetic.render import POSE, QUAD
from warpseg.synthetic.textures import PROFILES

CHUNK = 24.0
BEHIND, AHEAD = 12.0, 190.0


@dataclass(frozen=True)
class Placed:
    """Model with its pose (x, y, z, heading, facing, phase, stride) and a number that identifies it for ever."""

    quads: Quads
    pose: tuple[float, float, float, float, float, float, float]
    number: int


@dataclass(frozen=True)
class Group:
    """Many placed models in two arrays."""

    quads: Quads  # render.QUAD; the owner counts from 0 within the group
    poses: NDArray[np.void]  # render.POSE


def gather(things: Sequence[Placed]) -> Group:
    """Join placed models into one group and give every surface its lasting key."""
    if not things:
        return Group(np.empty(0, QUAD), np.empty(0, POSE))
    counts = [len(thing.quads) for thing in things]
    quads = np.concatenate([thing.quads for thing in things])
    quads["owner"] = np.repeat(np.arange(len(things), dtype=np.int32), counts)
    quads["key"] += np.repeat(np.array([thing.number for thing in things], np.int64), counts)
    return Group(quads, np.array([thing.pose for thing in things], POSE))


@dataclass(frozen=True)
class Chunk:
    """Stretch of street with its standing objects, and its side street and crossing if it has them."""

    things: Group
    side_street: tuple[float, float, float] | None
    crossing: float | None


@dataclass(frozen=True)
class Journey:
    """The camera's way along the street.

    speeds in m/s: each for step seconds from time 0 on, the last for ever; start in metres, the position at time 0.
    """

    speeds: tuple[float, ...]
    step: float
    start: float = 0.0

    @cached_property
    def _knots(self) -> list[float]:
        return list(accumulate((speed * self.step for speed in self.speeds[:-1]), initial=self.start))

    def position(self, time: float) -> float:
        """Return the street position at a time in seconds."""
        k = min(max(math.floor(time / self.step), 0), len(self.speeds) - 1)
        return self._knots[k] + self.speeds[k] * (time - k * self.step)

    def arrival(self, position: float) -> float:
        """Return the time in seconds at which a position is reached, as if never slower than 1 m/s."""
        k = max(bisect_right(self._knots, position) - 1, 0)
        return k * self.step + (position - self._knots[k]) / max(1.0, self.speeds[k])


@dataclass(frozen=True)
class Scene:
    """A street with its traffic and the camera's journey; traffic 0 is empty, 1 usual."""

    look: Look
    journey: Journey
    traffic: float

    def position(self, time: float) -> float:
        """Return the camera's street position at a time in seconds."""
        return self.journey.position(time)

    @cached_property
    def _chunk(self) -> Callable[[int], Chunk]:
        return lru_cache(maxsize=40)(self._build_chunk)

    def chunks(self, s: float) -> list[Chunk]:
        """Return the chunks that can be seen from street position s, in metres."""
        first, last = math.floor((s - BEHIND) / CHUNK), math.floor((s + AHEAD) / CHUNK)
        return [self._chunk(k) for k in range(first, last + 1)]

    def _build_chunk(self, k: int) -> Chunk:
        look = self.look
        rng = np.random.default_rng((look.seed, 2, k % (1 << 32)))
        start = k * CHUNK
        side_street = None
        if k % 5 == 3:
            side_street = (start + 0.5 * CHUNK, float(rng.uniform(3.0, 4.5)), float(rng.choice([-1.0, 1.0])))
        crossing = start + 3.0 if k % 4 == 1 and rng.uniform() < 0.8 else None
        things: list[Placed] = []
        number = (k + (1 << 30)) << 20

        def add(
            quads: Quads, s: float, lateral: float, y: float = 0.0, heading: float = 0.0, facing: float = 0.0
        ) -> None:
            pose = (look.centre(s) + lateral, y, s, heading, facing, 0.0, 0.0)
            things.append(Placed(quads, pose, number + (len(things) << 8)))

        kerb = float(look.setting["kerb"][0])
        for index, side in enumerate((-1.0, 1.0)):
            gap = side_street if side_street is not None and side_street[2] == side else None
            build_side(look, rng, start, CHUNK, side, gap, add)
            self._furnish(rng, start, index, side, gap, crossing, kerb, add)
            self._park(rng, start, index, side, gap, crossing, add)
        return Chunk(gather(things), side_street, crossing)

    def _furnish(
        self,
        rng: np.random.Generator,
        start: float,
        index: int,
        side: float,
        gap: tuple[float, float, float] | None,
        crossing: float | None,
        kerb: float,
        add: Adder,
    ) -> None:
        """Add trees, lamps, signs and cabinets to one pavement."""
        look, textures = self.look, self.look.textures
        edge = side * (look.road_half + 0.55)

        def free(s: float) -> bool:
            return start <= s < start + CHUNK and (gap is None or abs(s - gap[0]) > gap[1] + 1.5)

        spacing = look.tree_spacing
        for n in range(math.ceil(start / spacing), math.ceil((start + CHUNK) / spacing)):
            s = n * spacing + float(rng.uniform(-1, 1))
            if rng.uniform() > look.trees[index] or not free(s):
                continue
            height = float(rng.uniform(5, 10.5))
            crown = str(rng.choice(look.crowns))
            width = height * float(rng.uniform(0.5, 0.8))
            green = look.greens[int(rng.integers(len(look.greens)))]
            add(models.tree(textures, crown, float(rng.uniform(1.9, 3.0)), height, width, green), s, edge, kerb, 0, 1)
            shade = models.Model(textures)
            reach = min(3.0, 1 / max(0.2, look.sun[1]))
            shade.shadow(
                (-look.sun[0] * reach * 2.5 - width / 2, 0, -look.sun[2] * reach * 2.5 - width / 2),
                (width, 0, 0), (0, 0, width), 0.5 * (1 - look.overcast) + 0.12, 0.3,
            )  # fmt: skip
            add(shade.done(), s, edge, 0.0)
        spacing = look.lamp_spacing
        for n in range(math.ceil(start / spacing), math.ceil((start + CHUNK) / spacing)):
            s = n * spacing + 3.7
            if (n + index) % 2 == 0 or not free(s):
                continue
            grey = (0.38, 0.4, 0.41)
            height = 7.0
            add(models.post(textures, height, 0.15, grey), s, edge, kerb, 0, 1)
            add(models.lamp_arm(textures, height, -side * 1.6, grey), s, edge, kerb, look.slope(s))
        boards = ("speed sign", "warning sign", "parking sign", "keep sign")
        if rng.uniform() < 0.65:
            s = start + float(rng.uniform(2, CHUNK - 2))
            if free(s):
                sign = [(str(rng.choice(boards)), float(rng.uniform(0.6, 0.8)), 2.5)]
                if rng.uniform() < 0.3:
                    sign.append(("parking sign", 0.45, 1.85))
                add(models.post(textures, 2.85, 0.08, (0.55, 0.56, 0.57), sign), s, edge, kerb, 0, 1)
        if rng.uniform() < 0.35:
            s = start + float(rng.uniform(2, CHUNK - 2))
            if free(s):
                tint = ((0.3, 0.36, 0.33), (0.6, 0.6, 0.58))[int(rng.integers(2))]
                back = side * (look.road_half + look.pavement - 0.6)
                add(models.bin_box(textures, tint), s, back, kerb, look.slope(s))
        if crossing is not None:
            light = [(str(rng.choice(["red light", "green light"])), 0.95, 2.9)]
            add(models.post(textures, 3.4, 0.12, (0.2, 0.21, 0.22), light), crossing + 2.6 * -side, edge, kerb, 0, 1)

    def _park(
        self,
        rng: np.random.Generator,
        start: float,
        index: int,
        side: float,
        gap: tuple[float, float, float] | None,
        crossing: float | None,
        add: Adder,
    ) -> None:
        """Fill parking bays along one kerb."""
        look = self.look
        for slot in range(int(CHUNK // 6)):
            s = start + 6.0 * slot + 0.6
            if rng.uniform() > look.parked[index] * min(1.0, 0.4 + 0.6 * self.traffic):
                continue
            if gap is not None and s - 1 < gap[0] + gap[1] and s + 6 > gap[0] - gap[1]:
                continue
            if crossing is not None and s - 4 < crossing < s + 9:
                continue
            name = str(rng.choice(["sedan", "hatch", "estate", "van"], p=[0.35, 0.35, 0.22, 0.08]))
            quads = models.vehicle(look.textures, name, PAINTS[int(rng.integers(len(PAINTS)))])
            heading = look.slope(s) + float(rng.normal(0, 0.01))
            turned = rng.uniform() < 0.2
            length = PROFILES[name][-1][0]
            at = s + length if turned else s
            add(quads, at, side * (look.road_half - 1.08), 0.0, heading + math.pi if turned else heading)
