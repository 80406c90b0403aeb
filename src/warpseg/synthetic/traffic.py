"""Traffic: moves vehicles and people on endless belts of slots, so that any time can be rendered by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from warpseg.synthetic import models
from warpseg.synthetic.look import CLOTHES, PAINTS
from warpseg.synthetic.models import PEDESTRIAN, Quads
from warpseg.synthetic.scene import AHEAD, BEHIND, Placed, Scene

# Kinds of belt; the escort keeps the camera's own speed.
CARS, ESCORT, CYCLISTS, WALKERS = 0, 1, 2, 3


@dataclass(frozen=True)
class Belt:
    """Slots that move along the street together."""

    number: int  # identifies the belt
    kind: int
    lateral: float  # metres from the centre
    speed: float  # m/s
    spacing: float  # metres between slots
    share: float  # of slots that are taken
    height: float = 0.0  # metres above the road


def _belts(scene: Scene) -> list[Belt]:
    look = scene.look
    kerb = float(look.setting["kerb"][0])
    busy = look.busy * scene.traffic
    drive = look.camera_lane
    parked = look.parked[0 if drive < 0 else 1] > 0
    gutter = math.copysign(look.road_half - (2.6 if parked else 0.65), drive)
    cyclists = 0.5 * busy if abs(gutter - drive) > 0.9 else 0.0
    walk = look.road_half + look.pavement
    return [
        Belt(0, CARS, -drive, -9.0, 24.0, 0.45 * busy),
        Belt(1, ESCORT, drive, max(scene.journey.speeds), 34.0, 0.5 * busy),
        Belt(2, CYCLISTS, gutter, 4.2, 22.0, cyclists),
        Belt(3, WALKERS, 0.9 - walk, 1.3, 9.0, 0.4 * busy, kerb),
        Belt(4, WALKERS, 1.6 - walk, -1.2, 11.0, 0.35 * busy, kerb),
        Belt(5, WALKERS, walk - 0.9, -1.35, 9.0, 0.4 * busy, kerb),
        Belt(6, WALKERS, walk - 1.5, 1.25, 12.0, 0.3 * busy, kerb),
        Belt(7, CYCLISTS, -gutter, -4.6, 47.0, 0.4 * busy if not any(look.parked) else 0.0),
    ]


class Traffic:
    """Moving objects of a scene at any time."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.belts = _belts(scene)
        self._vehicle = lru_cache(maxsize=64)(self._build_vehicle)
        self._walker = lru_cache(maxsize=256)(self._build_walker)
        self._cyclist = lru_cache(maxsize=64)(self._build_cyclist)

    def seen_from(self, s: float, time: float, chosen_at: float) -> Iterator[Placed]:
        """Yield the objects that may be visible from street position s, in metres, placed for ``time`` in seconds.

        ``chosen_at`` is the time that selects them: for motion, a frame needs its own objects in their earlier places.
        """
        for belt in self.belts:
            first, last = self._slots(belt, s, chosen_at)
            for slot in range(first, last + 1):
                yield from self._in_slot(belt, slot, time)
        for chunk in self.scene.chunks(s):
            if chunk.crossing is not None:
                yield from self._crossing(chunk.crossing, time)

    def _slots(self, belt: Belt, s: float, time: float) -> tuple[int, int]:
        if belt.kind == ESCORT:
            return 0, 3
        moved = belt.speed * time
        ahead = min(AHEAD, 110.0) if belt.kind == WALKERS else AHEAD
        return math.floor((s - BEHIND - moved) / belt.spacing), math.floor((s + ahead - moved) / belt.spacing)

    def _random(self, belt: int, slot: int) -> np.random.Generator:
        return np.random.default_rng((self.scene.look.seed, 3, belt, slot % (1 << 32)))

    def _in_slot(self, belt: Belt, slot: int, time: float) -> Iterator[Placed]:
        look = self.scene.look
        number = ((belt.number + 1) << 56) + ((slot + (1 << 30)) << 8)
        taken, shift, phase, aside = self._character(belt.number, slot)
        if taken > belt.share:
            return
        if belt.kind == ESCORT:
            s = self.scene.position(time) + 15.0 + belt.spacing * slot + 4.0 * math.sin(0.35 * time + 6.28 * phase)
        else:
            s = belt.spacing * (slot + 0.6 * shift) + belt.speed * time
        forward = belt.speed > 0
        heading = look.slope(s) + (0.0 if forward else math.pi)
        lateral = belt.lateral + 0.3 * (aside - 0.5)
        x = look.centre(s) + lateral
        if belt.kind in (CARS, ESCORT):
            yield Placed(self._vehicle(belt.number, slot), (x, 0.0, s, heading, 0.0, 0.0, 0.0), number)
        elif belt.kind == CYCLISTS:
            machine, person = self._cyclist(belt.number, slot)
            yield Placed(machine, (x, 0.0, s, heading, 0.0, 0.0, 0.0), number)
            yield Placed(person, (x, 0.0, s, heading, 1.0, 8.0 * time + 6.28 * phase, 1.0), number + 16)
        else:
            pose = (x, belt.height, s, heading, 1.0, 6.0 * time + 6.28 * phase, 0.55)
            yield Placed(self._walker(belt.number, slot), pose, number)

    def _crossing(self, at: float, time: float) -> Iterator[Placed]:
        """Yield the people who cross before the camera arrives at street position ``at``."""
        scene, look = self.scene, self.scene.look
        base = round(at)
        arrival = scene.journey.arrival(at - 14.0)
        for k in range(3):
            taken, shift, phase, aside = self._character(20 + k, base)
            if taken > 0.75 * scene.traffic:
                continue
            side = 1.0 if aside < 0.5 else -1.0
            wide = look.road_half + 0.6
            ready = arrival - shift * 2.0
            lateral = side * min(wide, max(-wide, wide - 2 * wide + 1.4 * (ready - time)))
            walking = 1.0 if abs(lateral) < wide else 0.0
            height = float(look.setting["kerb"][0]) if abs(lateral) > look.road_half else 0.0
            s = at - 1.2 + 1.1 * k
            pose = (look.centre(s) + lateral, height, s, 0.0, 1.0, 6.2 * time + 6.28 * phase, walking)
            yield Placed(self._walker(20 + k, base), pose, ((k + 20) << 56) + ((base + (1 << 30)) << 8))

    @lru_cache(maxsize=1024)  # noqa: B019 - a Traffic lives as long as its street
    def _character(self, belt: int, slot: int) -> tuple[float, float, float, float]:
        taken, shift, phase, aside = self._random(belt, slot).uniform(size=4)
        return float(taken), float(shift), float(phase), float(aside)

    def _build_vehicle(self, belt: int, slot: int) -> Quads:
        rng = self._random(belt + 100, slot)
        name = str(rng.choice(["sedan", "hatch", "estate", "van", "bus"], p=[0.34, 0.3, 0.2, 0.1, 0.06]))
        return models.vehicle(self.scene.look.textures, name, PAINTS[int(rng.integers(len(PAINTS)))])

    def _build_walker(self, belt: int, slot: int) -> Quads:
        rng = self._random(belt + 100, slot)
        coat, trousers = (CLOTHES[int(k)] for k in rng.integers(len(CLOTHES), size=2))
        size = float(rng.normal(1.7, 0.09)) if rng.uniform() < 0.88 else float(rng.uniform(1.1, 1.4))
        return models.person(self.scene.look.textures, int(rng.integers(4)), coat, trousers, size, PEDESTRIAN)

    def _build_cyclist(self, belt: int, slot: int) -> tuple[Quads, Quads]:
        rng = self._random(belt + 100, slot)
        textures = self.scene.look.textures
        coat, trousers = (CLOTHES[int(k)] for k in rng.integers(len(CLOTHES), size=2))
        machine = models.bicycle(textures, PAINTS[int(rng.integers(len(PAINTS)))])
        return machine, models.rider(textures, int(rng.integers(4)), coat, trousers)
