"""Street: a drive through a procedural street, with exact labels and exact motion of every frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from warpseg.classes import CAMVID
from warpseg.synthetic.look import look_for
from warpseg.synthetic.render import cast_shadows, place, resolve
from warpseg.synthetic.scene import Journey, Scene, gather
from warpseg.synthetic.shade import follow_back, name_surfaces, paint
from warpseg.synthetic.surfaces import KNOT
from warpseg.synthetic.traffic import Traffic

CLASSES = CAMVID.names  # by label


@dataclass(frozen=True)
class StreetFrame:
    """One frame of a drive.

    Frame 0 has no frame before it: its motion is zero and nothing is visible.
    """

    index: int
    pixels: NDArray[np.uint8]  # (H, W, 3) RGB
    labels: NDArray[np.uint8]  # (H, W), indices into CLASSES
    motion: NDArray[np.float32]  # (2, H, W), fractions of width and height: what is at p was at p + motion a frame ago
    visible: NDArray[np.bool_]  # (H, W), True where the camera saw it there

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"StreetFrame(index={self.index}, size=({height}, {width}), visible={self.visible.mean():.0%})"


@dataclass(frozen=True)
class _View:
    """Quads of a frame in camera space, with the light and the street's plan for shading them."""

    setting: NDArray[np.void]
    quads: NDArray[np.void]
    corners: NDArray[np.float64]
    planes: NDArray[np.float64]
    light: NDArray[np.float32]
    order: NDArray[np.int64]
    knots: NDArray[np.float64]
    sides: NDArray[np.float64]
    crossings: NDArray[np.float64]


@dataclass(frozen=True)
class _Surfaces:
    """Visible surface at each pixel centre, (H, W) each."""

    seen: NDArray[np.int32]  # index of the quad, -1 for ground and sky
    labels: NDArray[np.uint8]
    keys: NDArray[np.int64]  # identity of the surface through time


@dataclass(frozen=True)
class Street:
    """An endless street, decided by its seed, and a camera that drives through it.

    size (height, width) in pixels; speed in m/s, or a tuple of speeds: from each frame to the next one, the last holds
    on; rate in frames per second; turn scales the street's bends (0 is straight, 1 gentle); traffic 0 is empty, 1
    usual; start in metres along the street; sway scales the camera's yaw, pitch and bob.
    """

    seed: int = 0
    size: tuple[int, int] = (360, 480)
    speed: float | tuple[float, ...] = 8.0
    rate: float = 30.0
    turn: float = 1.0
    traffic: float = 1.0
    start: float = 0.0
    sway: float = 1.0

    def __post_init__(self) -> None:
        if min(self.size) < 2:
            raise ValueError(f"size {self.size}: expected a height and width of at least 2")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed}: must not be negative")
        if self.rate <= 0:
            raise ValueError(f"rate {self.rate}: frames per second must be positive")
        if self.speed == ():
            raise ValueError("speed (): at least one speed is needed")

    def frame(self, index: int) -> StreetFrame:
        """Return one frame; the frame before it is resolved too, for the motion."""
        return self._finish(index, self._surfaces(self._view(index - 1)) if index > 0 else None)[0]

    def frames(self, count: int) -> Iterator[StreetFrame]:
        """Yield frames 0 to count - 1 in order, in constant memory."""
        before: _Surfaces | None = None
        for index in range(count):
            frame, before = self._finish(index, before)
            yield frame

    def still(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return pixels (H, W, 3) and labels (H, W) of one frame, without the cost of motion."""
        view = self._view(index)
        return self._paint(view), self._surfaces(view).labels

    def _finish(self, index: int, before: _Surfaces | None) -> tuple[StreetFrame, _Surfaces]:
        view = self._view(index)
        surfaces = self._surfaces(view)
        motion = np.zeros((2, *self.size), np.float32)
        visible = np.zeros(self.size, np.bool_)
        if before is not None:
            # The same objects, in their places of a frame earlier and seen by the camera of then.
            earlier = self._view(index - 1, chosen_at=index)
            follow_back(
                view.planes, earlier.corners, view.setting, earlier.setting, view.knots, view.sides,
                self._scene.look.noise, surfaces.seen, surfaces.keys, before.keys, motion, visible,
            )  # fmt: skip
        return StreetFrame(index, self._paint(view), surfaces.labels, motion, visible), surfaces

    @cached_property
    def _scene(self) -> Scene:
        detail = 256 if self.size[0] <= 400 else 512
        if isinstance(self.speed, tuple):
            journey = Journey(self.speed, 1 / self.rate, self.start)
        else:
            journey = Journey((self.speed,), 1 / self.rate)  # started later, see _time
        return Scene(look_for(self.seed, self.turn, detail), journey, self.traffic)

    @cached_property
    def _traffic(self) -> Traffic:
        return Traffic(self._scene)

    def _time(self, index: int) -> float:
        offset = 0.0
        if not isinstance(self.speed, tuple) and self.speed > 0:
            offset = self.start / self.speed
        return index / self.rate + offset

    def _setting(self, index: int) -> NDArray[np.void]:
        """Return the camera, street and light of one frame."""
        look, time = self._scene.look, self._time(index)
        position = self._scene.position(time)
        bob = self.sway * (0.012 * math.sin(5.3 * time + 0.4) + 0.008 * math.sin(8.9 * time))
        lateral = look.camera_lane + self.sway * 0.12 * math.sin(0.7 * time + 1.0)
        # The driver looks ahead: in the mean direction of the next metres, with a little sway.
        yaw = math.atan((look.centre(position + 14) - look.centre(position - 2)) / 16)
        yaw += self.sway * (0.03 * math.sin(0.9 * time) + 0.006 * math.sin(3.1 * time + 2.0))
        pitch = look.camera_pitch + self.sway * (0.006 * math.sin(4.1 * time + 1.3) + 0.004 * math.sin(1.7 * time))
        sine, cosine = math.sin(yaw), math.cos(yaw)
        up, level = math.sin(pitch), math.cos(pitch)
        setting = look.setting.copy()
        setting["focal"] = look.view * self.size[1] * min(1.0, self.size[0] / self.size[1] / 0.75)
        setting["x"], setting["y"], setting["z"] = look.centre(position) + lateral, look.camera_height + bob, position
        setting["axes"] = [
            [cosine, 0, -sine],
            [up * sine, -level, up * cosine],
            [level * sine, up, level * cosine],
        ]
        setting["first_knot"] = KNOT * math.floor(position / KNOT) - 10 * KNOT
        return setting

    def _view(self, index: int, *, chosen_at: int | None = None) -> _View:
        """Place all objects of a frame; with ``chosen_at``, the objects of that frame in their places of this one."""
        chosen = index if chosen_at is None else chosen_at
        scene, setting, time = self._scene, self._setting(index), self._time(index)
        position = scene.position(self._time(chosen))
        chunks = scene.chunks(position)
        groups = [chunk.things for chunk in chunks]
        groups.append(gather(list(self._traffic.seen_from(position, time, self._time(chosen)))))
        quads = np.concatenate([group.quads for group in groups])
        poses = np.concatenate([group.poses for group in groups])
        shifts = np.cumsum([0, *(len(group.poses) for group in groups[:-1])])
        quads["owner"] += np.repeat(shifts.astype(np.int32), [len(group.quads) for group in groups])
        corners = np.empty((len(quads), 9))
        planes = np.empty((len(quads), 11))
        light = np.empty((len(quads), 3), np.float32)
        depth = np.empty(len(quads))
        place(quads, poses, setting, corners, planes, light, depth)
        order = np.argsort(depth, kind="stable")
        order = order[np.searchsorted(depth[order], 0.0) :]
        first = float(setting["first_knot"][0])
        knots = np.array([scene.look.centre(first + KNOT * k) for k in range(110)])
        sides = np.array([c.side_street for c in chunks if c.side_street is not None]).reshape(-1, 3)
        crossings = np.array([[c.crossing] for c in chunks if c.crossing is not None]).reshape(-1, 1)
        return _View(setting, quads, corners, planes, light, order, knots, sides, crossings)

    def _resolve(self, view: _View, scale: int) -> NDArray[np.int32]:
        height, width = self.size
        seen = np.empty((scale * height, scale * width), np.int32)
        near = np.empty(seen.shape, np.float32)
        atlas = self._scene.look.atlas
        focal = scale * float(view.setting["focal"][0])
        resolve(
            view.quads, view.planes, view.order, focal,
            atlas.texels, atlas.starts, atlas.sizes, atlas.opaque, seen, near,
        )  # fmt: skip
        return seen

    def _surfaces(self, view: _View) -> _Surfaces:
        seen = self._resolve(view, 1)
        labels = np.empty(self.size, np.uint8)
        keys = np.empty(self.size, np.int64)
        noise = self._scene.look.noise
        name_surfaces(view.quads, view.setting, view.knots, view.sides, noise, seen, labels, keys)
        return _Surfaces(seen, labels, keys)

    def _paint(self, view: _View) -> NDArray[np.uint8]:
        seen = self._resolve(view, 2)
        sunlit = np.empty(seen.shape, np.float32)
        cast_shadows(view.quads, view.planes, view.order, 2 * float(view.setting["focal"][0]), seen, sunlit)
        pixels = np.empty((*self.size, 3), np.uint8)
        look = self._scene.look
        atlas = look.atlas
        paint(
            np.ascontiguousarray(view.quads["tint"]), np.ascontiguousarray(view.quads["texture"]),
            view.planes, view.light, view.setting, view.knots, view.sides, view.crossings, look.noise,
            atlas.texels, atlas.starts, atlas.sizes, seen, sunlit, pixels,
        )  # fmt: skip
        return pixels
