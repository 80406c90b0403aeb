"""Rendering: places quads in camera space, resolves the visible one at every sample, and casts shadows.

A quad is the points o + u a + v b, with u and v in [0, 1]. In camera space (x right, y down, z forward) the inverse of
the matrix [a b o] maps a ray (x, y, 1) to (u, v, 1) / z: three linear functions of the pixel. This makes perspective
exact and clipping unnecessary, and (u, v) identifies a surface point in the frame before.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.atlas import coverage, level_for
from warpseg.synthetic.kernels import kernel

NEAR = 0.3

# A quad in its owner's coordinates (x right, y up, z ahead). Seen from its front, a points right and b up.
# swing: amplitude, in radians, of a turn about pivot in the x, y plane. sides: 1 seen from the front only, 2 from both,
# 3 both and lit evenly. owner: row of the pose table. key: the surface's identity through time. label SHADOW: not a
# surface; tint holds (strength, soft edge as a share of the side, 1 for an ellipse).
QUAD = np.dtype(
    [
        ("o", "f8", (3,)),
        ("a", "f8", (3,)),
        ("b", "f8", (3,)),
        ("pivot", "f8", (3,)),
        ("swing", "f8"),
        ("tint", "f4", (3,)),
        ("texture", "i4"),
        ("label", "u1"),
        ("sides", "u1"),
        ("owner", "i4"),
        ("key", "i8"),
    ]
)

# Place of an object. heading: radians from z to x. facing: 1 turns it to the camera. phase, stride: of its walk.
POSE = np.dtype(
    [("x", "f8"), ("y", "f8"), ("z", "f8"), ("heading", "f8"), ("facing", "f8"), ("phase", "f8"), ("stride", "f8")]
)

SHADOW = 254
SKY_KEY, SKYLINE_KEY, GROUND_KEY = -1, -2, -3


@kernel
def place(
    quads: NDArray[np.void],
    poses: NDArray[np.void],
    setting: NDArray[np.void],
    corners: NDArray[np.float64],
    planes: NDArray[np.float64],
    light: NDArray[np.float32],
    depth: NDArray[np.float64],
) -> None:
    """Transform quads (n) to camera space.

    Writes ``corners`` (n, 9), o, a and b in the camera's axes; ``planes`` (n, 11), the coefficients of u/z, v/z and 1/z
    on the normalised ray (x, y, 1), then the lowest and highest y; ``light`` (n, 3); and ``depth`` (n), the mean
    distance, -1 for invisible quads.
    """
    s = setting[0]
    vectors = np.empty((3, 3))
    for q in range(len(quads)):
        quad = quads[q]
        pose = poses[quad.owner]
        sine = math.sin(pose.heading)
        cosine = math.cos(pose.heading)
        if pose.facing > 0:
            dx = pose.x - s.x
            dz = pose.z - s.z
            norm = math.sqrt(dx * dx + dz * dz) + 1e-9
            sine = dx / norm
            cosine = dz / norm
        angle = quad.swing * math.sin(pose.phase) * pose.stride
        turn_sine = math.sin(angle)
        turn_cosine = math.cos(angle)
        for k in range(3):
            if k == 0:
                x = quad.o[0] - quad.pivot[0]
                y = quad.o[1] - quad.pivot[1]
                z = quad.o[2]
            elif k == 1:
                x, y, z = quad.a[0], quad.a[1], quad.a[2]
            else:
                x, y, z = quad.b[0], quad.b[1], quad.b[2]
            if angle != 0.0:
                x, y = x * turn_cosine - y * turn_sine, x * turn_sine + y * turn_cosine
            if k == 0:
                x += quad.pivot[0]
                y += quad.pivot[1]
            vectors[k, 0] = x * cosine + z * sine
            vectors[k, 1] = y
            vectors[k, 2] = z * cosine - x * sine
        vectors[0, 0] += pose.x - s.x
        vectors[0, 1] += pose.y - s.y
        vectors[0, 2] += pose.z - s.z
        o = vectors[0]
        a = vectors[1]
        b = vectors[2]
        nx = a[1] * b[2] - a[2] * b[1]
        ny = a[2] * b[0] - a[0] * b[2]
        nz = a[0] * b[1] - a[1] * b[0]
        size = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
        toward = nx * o[0] + ny * o[1] + nz * o[2]
        for k in range(3):
            for r in range(3):
                corners[q, 3 * k + r] = (
                    s.axes[r, 0] * vectors[k, 0] + s.axes[r, 1] * vectors[k, 1] + s.axes[r, 2] * vectors[k, 2]
                )
        depth[q] = -1.0
        if (toward <= 0.0 and quad.sides == 1) or abs(toward) < 1e-7 * size:
            continue
        sign = -1.0 if toward > 0 else 1.0
        facing_sun = sign * (nx * s.sun[0] + ny * s.sun[1] + nz * s.sun[2]) / size
        upward = sign * ny / size
        direct = max(0.0, facing_sun)
        if quad.sides == 3:
            direct = 0.55
            upward = 0.2
        for c in range(3):
            light[q, c] = s.skylight[c] * (0.86 + 0.2 * upward) + s.sunlight[c] * direct
        depth[q] = _solve(corners[q], planes[q])


@kernel
def _solve(corner: NDArray[np.float64], plane: NDArray[np.float64]) -> float:
    """Write the inverse of [a b o] to a quad's row of ``planes``; return its mean depth, -1 behind the camera."""
    low = 1e9
    high = -1e9
    nearest = 1e9
    farthest = -1e9
    for k in range(4):
        u = k & 1
        v = k >> 1
        y = corner[1] + u * corner[4] + v * corner[7]
        z = corner[2] + u * corner[5] + v * corner[8]
        nearest = min(nearest, z)
        farthest = max(farthest, z)
        if z > NEAR:
            low = min(low, y / z)
            high = max(high, y / z)
    if farthest < NEAR:
        return -1.0
    if nearest < NEAR:
        low = -1e9
        high = 1e9
    ox, oy, oz = corner[0], corner[1], corner[2]
    ax, ay, az = corner[3], corner[4], corner[5]
    bx, by, bz = corner[6], corner[7], corner[8]
    determinant = ax * (by * oz - bz * oy) - ay * (bx * oz - bz * ox) + az * (bx * oy - by * ox)
    if abs(determinant) < 1e-12:
        return -1.0
    d = 1.0 / determinant
    plane[0], plane[1], plane[2] = d * (by * oz - bz * oy), d * (bz * ox - bx * oz), d * (bx * oy - by * ox)
    plane[3], plane[4], plane[5] = d * (oy * az - oz * ay), d * (oz * ax - ox * az), d * (ox * ay - oy * ax)
    plane[6], plane[7], plane[8] = d * (ay * bz - az * by), d * (az * bx - ax * bz), d * (ax * by - ay * bx)
    plane[9], plane[10] = low, high
    return 0.5 * (max(nearest, 0.0) + farthest)


@kernel
def _span(
    plane: NDArray[np.float64], y: float, centre: float, focal: float, width: int, bounds: NDArray[np.int64]
) -> None:
    """Write the first and last column of a quad in a row: the solution of five linear inequalities."""
    low = 0.0
    high = width - 1.0
    for k in range(5):
        if k == 0:
            slope, rest = plane[0], plane[1] * y + plane[2]
        elif k == 1:
            slope, rest = plane[6] - plane[0], (plane[7] - plane[1]) * y + plane[8] - plane[2]
        elif k == 2:
            slope, rest = plane[3], plane[4] * y + plane[5]
        elif k == 3:
            slope, rest = plane[6] - plane[3], (plane[7] - plane[4]) * y + plane[8] - plane[5]
        else:
            slope, rest = -plane[6], 1.0 / NEAR - plane[7] * y - plane[8]
        if slope > 1e-15:
            low = max(low, -rest / slope * focal + centre)
        elif slope < -1e-15:
            high = min(high, -rest / slope * focal + centre)
        elif rest < 0.0:
            high = -1.0
    bounds[0] = math.ceil(low)
    bounds[1] = math.floor(high) if high >= 0.0 else -1


@kernel
def resolve(
    quads: NDArray[np.void],
    planes: NDArray[np.float64],
    order: NDArray[np.int64],
    focal: float,
    texels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    opaque: NDArray[np.bool_],
    seen: NDArray[np.int32],
    near: NDArray[np.float32],
) -> None:
    """Write the nearest quad of every sample to ``seen`` (h, w), -1 for none, and its 1/z to ``near`` (h, w).

    ``order`` lists visible quads, nearest first; ``focal`` is in samples.
    """
    height, width = seen.shape
    centre_x = 0.5 * (width - 1)
    centre_y = 0.5 * (height - 1)
    bounds = np.empty(2, np.int64)
    seen[:] = -1
    near[:] = 0.0
    for n in range(len(order)):
        q = order[n]
        if quads[q].label == SHADOW:
            continue
        plane = planes[q]
        texture = quads[q].texture
        solid = opaque[texture]
        rows, columns = sizes[texture]
        first = max(0, math.ceil(max(plane[9], -100.0) * focal + centre_y))
        last = min(height - 1, math.floor(min(plane[10], 100.0) * focal + centre_y))
        for i in range(first, last + 1):
            y = (i - centre_y) / focal
            _span(plane, y, centre_x, focal, width, bounds)
            for j in range(bounds[0], bounds[1] + 1):
                x = (j - centre_x) / focal
                w = plane[6] * x + plane[7] * y + plane[8]
                if w <= near[i, j]:
                    continue
                if not solid:
                    z = 1.0 / w
                    u = (plane[0] * x + plane[1] * y + plane[2]) * z
                    v = (plane[3] * x + plane[4] * y + plane[5]) * z
                    scale = z / focal
                    du = abs(plane[0] - u * plane[6]) + abs(plane[1] - u * plane[7])
                    dv = abs(plane[3] - v * plane[6]) + abs(plane[4] - v * plane[7])
                    across = level_for(du * scale * columns, columns)
                    down = level_for(dv * scale * rows, rows)
                    start = starts[texture, down, across]
                    if coverage(texels, start, rows >> down, columns >> across, u, v) < 127.5:
                        continue
                near[i, j] = w
                seen[i, j] = q


@kernel
def cast_shadows(
    quads: NDArray[np.void],
    planes: NDArray[np.float64],
    order: NDArray[np.int64],
    focal: float,
    seen: NDArray[np.int32],
    sunlit: NDArray[np.float32],
) -> None:
    """Write the share of light that reaches the ground under the shadow quads, ``sunlit`` (h, w) in [0, 1]."""
    height, width = seen.shape
    centre_x = 0.5 * (width - 1)
    centre_y = 0.5 * (height - 1)
    bounds = np.empty(2, np.int64)
    sunlit[:] = 1.0
    for n in range(len(order)):
        q = order[n]
        if quads[q].label != SHADOW:
            continue
        plane = planes[q]
        strength, soft, ellipse = quads[q].tint[0], quads[q].tint[1], quads[q].tint[2]
        first = max(0, math.ceil(max(plane[9], -100.0) * focal + centre_y))
        last = min(height - 1, math.floor(min(plane[10], 100.0) * focal + centre_y))
        for i in range(first, last + 1):
            y = (i - centre_y) / focal
            _span(plane, y, centre_x, focal, width, bounds)
            for j in range(bounds[0], bounds[1] + 1):
                if seen[i, j] >= 0:
                    continue
                x = (j - centre_x) / focal
                z = 1.0 / (plane[6] * x + plane[7] * y + plane[8])
                u = (plane[0] * x + plane[1] * y + plane[2]) * z
                v = (plane[3] * x + plane[4] * y + plane[5]) * z
                if ellipse > 0:
                    inside = 0.5 - math.sqrt((u - 0.5) ** 2 + (v - 0.5) ** 2)
                else:
                    inside = min(min(u, 1.0 - u), min(v, 1.0 - v))
                sunlit[i, j] = min(sunlit[i, j], 1.0 - strength * min(1.0, max(0.0, inside) / soft))
