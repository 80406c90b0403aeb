"""Colour, labels and true motion from what `render.resolve` found."""

import math

import numpy as np
from numpy.typing import NDArray

from .kernels import kernel
from .render import GROUND_KEY, NEAR, SKY_KEY, SKYLINE_KEY
from .surfaces import ROAD, hit_ground, shade_ground, shade_sky, skyline_height
from .texels import level_for, sample


@kernel
def paint(
    quads: NDArray[np.void],
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
    """Write pixels (h, w, 3) as means of 2 x 2 samples; seen and sunlit are (2h, 2w)."""
    s = setting[0]
    height, width = seen.shape
    focal = 2.0 * s.focal
    centre_x = 0.5 * (width - 1)
    centre_y = 0.5 * (height - 1)
    texel = np.empty(5, np.float32)
    colour = np.empty(3, np.float32)
    total = np.empty(3, np.float32)
    flat = s.sunlight * s.sun[1] + s.skylight * 1.06
    for i in range(height // 2):
        for j in range(width // 2):
            total[:] = 0.0
            for k in range(4):
                row = 2 * i + (k >> 1)
                column = 2 * j + (k & 1)
                x = (column - centre_x) / focal
                y = (row - centre_y) / focal
                q = seen[row, column]
                distance = 0.0
                if q >= 0:
                    plane = planes[q]
                    z = 1.0 / (plane[6] * x + plane[7] * y + plane[8])
                    u = (plane[0] * x + plane[1] * y + plane[2]) * z
                    v = (plane[3] * x + plane[4] * y + plane[5]) * z
                    texture = quads[q].texture
                    rows, columns = sizes[texture]
                    scale = z / focal
                    du = abs(plane[0] - u * plane[6]) + abs(plane[1] - u * plane[7])
                    dv = abs(plane[3] - v * plane[6]) + abs(plane[4] - v * plane[7])
                    across = level_for(du * scale * columns, columns)
                    down = level_for(dv * scale * rows, rows)
                    sample(texels, starts[texture, down, across], rows >> down, columns >> across, u, v, texel)
                    weight = 1.0 / max(texel[3], np.float32(1.0))
                    mask = texel[4] * weight
                    for c in range(3):
                        colour[c] = texel[c] * weight * (1.0 - mask + mask * quads[q].tint[c]) * light[q, c]
                    distance = z * math.sqrt(1.0 + x * x + y * y)
                else:
                    dx = x * s.axes[0, 0] + y * s.axes[1, 0] + s.axes[2, 0]
                    dy = x * s.axes[0, 1] + y * s.axes[1, 1] + s.axes[2, 1]
                    dz = x * s.axes[0, 2] + y * s.axes[1, 2] + s.axes[2, 2]
                    norm = math.sqrt(dx * dx + dy * dy + dz * dz)
                    if dy < -2e-3:
                        surface, along, lateral = hit_ground(setting, knots, sides, dx, dy, dz)
                        distance = along * norm
                        shade_ground(
                            setting, noise, sides, crossings, surface, lateral, s.z + along * dz, distance, colour
                        )
                        lit = sunlit[row, column]
                        for c in range(3):
                            colour[c] *= flat[c] * lit
                    else:
                        flat_norm = math.sqrt(dx * dx + dz * dz)
                        shade_sky(setting, noise, dx / norm, dy / norm, dz / norm, colour)
                        if dy < flat_norm * skyline_height(setting, noise, dx, dz):
                            for c in range(3):
                                green = (0.16 + 0.1 * (c == 1)) * flat[c]
                                colour[c] = green + (s.horizon[c] * 0.92 - green) * (1.0 - math.exp(-230.0 * s.haze))
                if distance > 0.0:
                    clear = math.exp(-distance * s.haze)
                    for c in range(3):
                        colour[c] = s.horizon[c] * 0.92 + (colour[c] - s.horizon[c] * 0.92) * clear
                for c in range(3):
                    total[c] += min(colour[c], np.float32(1.0))
            for c in range(3):
                pixels[i, j, c] = np.uint8(total[c] * 63.75 + 0.5)


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
    """Write the class and the surface's lasting name at every pixel centre, (h, w) each."""
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
            dx = x * s.axes[0, 0] + y * s.axes[1, 0] + s.axes[2, 0]
            dy = x * s.axes[0, 1] + y * s.axes[1, 1] + s.axes[2, 1]
            dz = x * s.axes[0, 2] + y * s.axes[1, 2] + s.axes[2, 2]
            if dy < -2e-3:
                surface, _, _ = hit_ground(setting, knots, sides, dx, dy, dz)
                labels[i, j] = 3 if surface == ROAD else 4
                keys[i, j] = GROUND_KEY
            elif dy < math.sqrt(dx * dx + dz * dz) * skyline_height(setting, noise, dx, dz):
                labels[i, j] = 5
                keys[i, j] = SKYLINE_KEY
            else:
                labels[i, j] = 0
                keys[i, j] = SKY_KEY


@kernel
def follow_back(
    planes: NDArray[np.float64],
    corners_before: NDArray[np.float64],
    setting: NDArray[np.void],
    before: NDArray[np.void],
    knots: NDArray[np.float64],
    sides: NDArray[np.float64],
    seen: NDArray[np.int32],
    keys: NDArray[np.int64],
    keys_before: NDArray[np.int64],
    motion: NDArray[np.float32],
    visible: NDArray[np.bool_],
) -> None:
    """Write where every pixel's surface point was a frame earlier, and whether it could be seen there.

    corners_before (n, 9): the same quads as they stood for the camera `before`. motion (2, h, w): fractions of width
    and height. visible (h, w).
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
                dx = x * s.axes[0, 0] + y * s.axes[1, 0] + s.axes[2, 0]
                dy = x * s.axes[0, 1] + y * s.axes[1, 1] + s.axes[2, 1]
                dz = x * s.axes[0, 2] + y * s.axes[1, 2] + s.axes[2, 2]
                if dy < -2e-3:
                    _, along, _ = hit_ground(setting, knots, sides, dx, dy, dz)
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
            m = int(math.floor(row + 0.5))
            n = int(math.floor(column + 0.5))
            visible[i, j] = 0 <= m < height and 0 <= n < width and keys[i, j] == keys_before[m, n]
