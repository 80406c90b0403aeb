"""Shading: computes colour, labels and true motion of the surfaces that ``render.resolve`` found."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.atlas import level_for, sample
from warpseg.synthetic.kernels import kernel
from warpseg.synthetic.render import GROUND_KEY, NEAR, SKY_KEY, SKYLINE_KEY
from warpseg.synthetic.surfaces import KERB, ROAD, SKY, SKYLINE, hit_ground, shade_ground, shade_sky, skyline_height


@kernel
def look_past(
    setting: NDArray[np.void],
    knots: NDArray[np.float64],
    sides: NDArray[np.float64],
    noise: NDArray[np.float32],
    x: float,
    y: float,
) -> tuple[int, float, float, float, float, float]:
    """Return the surface behind all quads on the normalised ray (x, y, 1).

    The result is (surface, distance in ray lengths, lateral position, world ray x, y, z).
    """
    s = setting[0]
    dx = x * s.axes[0, 0] + y * s.axes[1, 0] + s.axes[2, 0]
    dy = x * s.axes[0, 1] + y * s.axes[1, 1] + s.axes[2, 1]
    dz = x * s.axes[0, 2] + y * s.axes[1, 2] + s.axes[2, 2]
    if dy < -2e-3:
        surface, along, lateral = hit_ground(setting, knots, sides, dx, dy, dz)
        return surface, along, lateral, dx, dy, dz
    steep = dy / math.sqrt(dx * dx + dz * dz)
    # Well above the highest tree, the tree line need not be computed.
    if steep < 2.0 * s.skyline and steep < skyline_height(setting, noise, dx, dz):
        return SKYLINE, 0.0, 0.0, dx, dy, dz
    return SKY, 0.0, 0.0, dx, dy, dz


@kernel
def _mixed(
    setting: NDArray[np.void],
    sides: NDArray[np.float64],
    surface: int,
    along: float,
    lateral: float,
    dy: float,
    dz: float,
) -> bool:
    """Return whether two kinds of ground, or tree line and sky, may meet within a pixel without quads."""
    s = setting[0]
    if surface in (SKY, SKYLINE):
        return bool(abs(dy) < 2.0 * s.skyline + 2.0 / s.focal)
    if surface == KERB:
        return True
    across = 1.5 * along / s.focal
    ahead = across * max(1.0, along / s.y)
    if abs(abs(lateral) - s.road_half) < across + 0.2 * s.kerb * min(20.0, along / s.y):
        return True
    z = s.z + along * dz
    for k in range(sides.shape[0]):
        if lateral * sides[k, 2] > 0 and abs(abs(z - sides[k, 0]) - sides[k, 1]) < ahead + 0.5:
            return True
    return bool(dy > -2e-3 - 2.0 / s.focal)


@kernel
def _paint_past(
    setting: NDArray[np.void],
    sides: NDArray[np.float64],
    crossings: NDArray[np.float64],
    noise: NDArray[np.float32],
    surface: int,
    along: float,
    lateral: float,
    dx: float,
    dy: float,
    dz: float,
    sunlit: float,
    colour: NDArray[np.float32],
) -> None:
    """Write the colour (3) of ground, tree line or sky, as found by ``look_past``."""
    s = setting[0]
    norm = math.sqrt(dx * dx + dy * dy + dz * dz)
    if surface == SKY:
        shade_sky(setting, noise, dx / norm, dy / norm, dz / norm, colour)
        return
    if surface == SKYLINE:
        distance = 230.0
        for c in range(3):
            colour[c] = (0.16 + 0.1 * (c == 1)) * (s.sunlight[c] * s.sun[1] + s.skylight[c])
    else:
        distance = along * norm
        shade_ground(setting, noise, sides, crossings, surface, lateral, s.z + along * dz, distance, colour)
        for c in range(3):
            colour[c] *= (s.sunlight[c] * s.sun[1] + s.skylight[c] * 1.06) * sunlit
    _add_haze(setting, distance, colour)


@kernel
def _add_haze(setting: NDArray[np.void], distance: float, colour: NDArray[np.float32]) -> None:
    s = setting[0]
    clear = math.exp(-distance * s.haze)
    for c in range(3):
        far = 0.92 * s.horizon[c]
        colour[c] = far + (colour[c] - far) * clear


@kernel
def _paint_quad(
    q: int,
    planes: NDArray[np.float64],
    tints: NDArray[np.float32],
    light: NDArray[np.float32],
    setting: NDArray[np.void],
    texture: int,
    texels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    x: float,
    y: float,
    texel: NDArray[np.float32],
    colour: NDArray[np.float32],
) -> None:
    """Write the colour (3) of a quad at a normalised ray, filtered over one pixel."""
    # Whole arrays with indices, because slices would cost more than the arithmetic.
    rows = sizes[texture, 0]
    columns = sizes[texture, 1]
    ux, uy, vx, vy, wx, wy = planes[q, 0], planes[q, 1], planes[q, 3], planes[q, 4], planes[q, 6], planes[q, 7]
    z = 1.0 / (wx * x + wy * y + planes[q, 8])
    u = (ux * x + uy * y + planes[q, 2]) * z
    v = (vx * x + vy * y + planes[q, 5]) * z
    scale = z / setting[0].focal
    across = level_for((abs(ux - u * wx) + abs(uy - u * wy)) * scale * columns, columns)
    down = level_for((abs(vx - v * wx) + abs(vy - v * wy)) * scale * rows, rows)
    sample(texels, starts[texture, down, across], rows >> down, columns >> across, u, v, texel)
    weight = np.float32(1.0) / max(texel[3], np.float32(1.0))
    mask = texel[4] * weight
    for c in range(3):
        colour[c] = texel[c] * weight * (np.float32(1.0) - mask + mask * tints[q, c]) * light[q, c]
    _add_haze(setting, z * math.sqrt(1.0 + x * x + y * y), colour)


@kernel
def paint(
    tints: NDArray[np.float32],
    textures: NDArray[np.int32],
    planes: NDArray[np.float64],
    light: NDArray[np.float32],
    setting: NDArray[np.void],
    knots: NDArray[np.float64],
    sides: NDArray[np.float64],
    crossings: NDArray[np.float64],
    noise: NDArray[np.float32],
    texels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    seen: NDArray[np.int32],
    sunlit: NDArray[np.float32],
    pixels: NDArray[np.uint8],
) -> None:
    """Write ``pixels`` (h, w, 3) from 2 x 2 samples per pixel; ``seen`` and ``sunlit`` are (2h, 2w).

    A pixel whose four samples see one surface is shaded once, because textures and markings are filtered over a pixel.
    """
    s = setting[0]
    height, width = seen.shape[0] // 2, seen.shape[1] // 2
    texel = np.empty(5, np.float32)
    colour = np.empty(3, np.float32)
    total = np.empty(3, np.float32)
    surface, along, lateral, dx, dy, dz = SKY, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(height):
        middle_y = (i - 0.5 * (height - 1)) / s.focal
        for j in range(width):
            middle_x = (j - 0.5 * (width - 1)) / s.focal
            q = seen[2 * i, 2 * j]
            even = seen[2 * i, 2 * j + 1] == q and seen[2 * i + 1, 2 * j] == q and seen[2 * i + 1, 2 * j + 1] == q
            if even and q < 0:
                surface, along, lateral, dx, dy, dz = look_past(setting, knots, sides, noise, middle_x, middle_y)
                even = not _mixed(setting, sides, surface, along, lateral, dy, dz)
            total[:] = 0.0
            count = 1 if even else 4
            for k in range(count):
                x = middle_x
                y = middle_y
                row = 2 * i + (k >> 1)
                column = 2 * j + (k & 1)
                if count == 4:
                    x += ((k & 1) - 0.5) * 0.5 / s.focal
                    y += ((k >> 1) - 0.5) * 0.5 / s.focal
                    q = seen[row, column]
                if q >= 0:
                    _paint_quad(
                        q, planes, tints, light, setting, textures[q], texels, starts, sizes, x, y, texel, colour
                    )
                else:
                    lit = sunlit[row, column]
                    if count == 1:
                        lit += sunlit[row, column + 1] + sunlit[row + 1, column] + sunlit[row + 1, column + 1]
                        lit *= 0.25
                    else:
                        surface, along, lateral, dx, dy, dz = look_past(setting, knots, sides, noise, x, y)
                    _paint_past(setting, sides, crossings, noise, surface, along, lateral, dx, dy, dz, lit, colour)
                for c in range(3):
                    total[c] += min(colour[c], np.float32(1.0))
            for c in range(3):
                pixels[i, j, c] = np.uint8(total[c] / count * 255.0 + 0.5)


@kernel
def name_surfaces(
    quads: NDArray[np.void],
    setting: NDArray[np.void],
    knots: NDArray[np.float64],
    sides: NDArray[np.float64],
    noise: NDArray[np.float32],
    seen: NDArray[np.int32],
    labels: NDArray[np.uint8],
    keys: NDArray[np.int64],
) -> None:
    """Write the class and the surface's key at every pixel centre, (h, w) each."""
    s = setting[0]
    height, width = seen.shape
    for i in range(height):
        y = (i - 0.5 * (height - 1)) / s.focal
        for j in range(width):
            x = (j - 0.5 * (width - 1)) / s.focal
            q = seen[i, j]
            if q >= 0:
                labels[i, j] = quads[q].label
                keys[i, j] = quads[q].key
                continue
            surface, _, _, _, _, _ = look_past(setting, knots, sides, noise, x, y)
            if surface == SKY:
                labels[i, j] = 0
                keys[i, j] = SKY_KEY
            elif surface == SKYLINE:
                labels[i, j] = 5
                keys[i, j] = SKYLINE_KEY
            else:
                labels[i, j] = 3 if surface == ROAD else 4
                keys[i, j] = GROUND_KEY


@kernel
def follow_back(
    planes: NDArray[np.float64],
    corners_before: NDArray[np.float64],
    setting: NDArray[np.void],
    before: NDArray[np.void],
    knots: NDArray[np.float64],
    sides: NDArray[np.float64],
    noise: NDArray[np.float32],
    seen: NDArray[np.int32],
    keys: NDArray[np.int64],
    keys_before: NDArray[np.int64],
    motion: NDArray[np.float32],
    visible: NDArray[np.bool_],
) -> None:
    """Write each pixel's motion to the frame before, and whether its surface point was visible there.

    ``corners_before`` (n, 9) are the same quads in the camera space of the frame before, whose setting is ``before``.
    ``motion`` (2, h, w) is in fractions of width and height; ``visible`` is (h, w).
    """
    s = setting[0]
    p = before[0]
    height, width = seen.shape
    for i in range(height):
        y = (i - 0.5 * (height - 1)) / s.focal
        for j in range(width):
            x = (j - 0.5 * (width - 1)) / s.focal
            q = seen[i, j]
            if q >= 0:
                plane = planes[q]
                corner = corners_before[q]
                z = 1.0 / (plane[6] * x + plane[7] * y + plane[8])
                u = (plane[0] * x + plane[1] * y + plane[2]) * z
                v = (plane[3] * x + plane[4] * y + plane[5]) * z
                right = corner[0] + u * corner[3] + v * corner[6]
                below = corner[1] + u * corner[4] + v * corner[7]
                ahead = corner[2] + u * corner[5] + v * corner[8]
            else:
                surface, along, _, dx, dy, dz = look_past(setting, knots, sides, noise, x, y)
                if surface != SKY and surface != SKYLINE:
                    dx = dx * along + s.x - p.x
                    dy = dy * along + s.y - p.y
                    dz = dz * along + s.z - p.z
                right = p.axes[0, 0] * dx + p.axes[0, 1] * dy + p.axes[0, 2] * dz
                below = p.axes[1, 0] * dx + p.axes[1, 1] * dy + p.axes[1, 2] * dz
                ahead = p.axes[2, 0] * dx + p.axes[2, 1] * dy + p.axes[2, 2] * dz
            visible[i, j] = False
            motion[0, i, j] = 0.0
            motion[1, i, j] = 0.0
            if ahead < NEAR:
                continue
            column = right / ahead * p.focal + 0.5 * (width - 1)
            row = below / ahead * p.focal + 0.5 * (height - 1)
            motion[0, i, j] = (column - j) / width
            motion[1, i, j] = (row - i) / height
            m = math.floor(row + 0.5)
            n = math.floor(column + 0.5)
            visible[i, j] = 0 <= m < height and 0 <= n < width and keys[i, j] == keys_before[m, n]
