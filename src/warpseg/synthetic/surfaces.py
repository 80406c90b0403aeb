"""Surfaces: computes ground and sky for every ray from the street's own coordinates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.kernels import clamp, covered, kernel, table_noise

KNOT = 4.0  # metres between the knots by which kernels know the street's centre line

# One frame's camera, street and light, for ground, sky and lighting. focal: pixels. x, y, z: the camera, metres. axes:
# rows right, down, forward in world coordinates (x right, y up, z along the street). Colours are in [0, 1].
SETTING = np.dtype(
    [
        ("focal", "f8"),
        ("x", "f8"),
        ("y", "f8"),
        ("z", "f8"),
        ("axes", "f8", (3, 3)),
        ("first_knot", "f8"),
        ("road_half", "f8"),
        ("kerb", "f8"),
        ("pavement", "f8"),
        ("parking", "f8", (2,)),
        ("edge_line", "f8"),
        ("dash", "f8"),
        ("gap", "f8"),
        ("slab", "f8"),
        ("wear", "f8"),
        ("asphalt", "f8", (3,)),
        ("paving", "f8", (3,)),
        ("yard", "f8", (3,)),
        ("sun", "f8", (3,)),
        ("sunlight", "f8", (3,)),
        ("skylight", "f8", (3,)),
        ("zenith", "f8", (3,)),
        ("horizon", "f8", (3,)),
        ("cloud", "f8"),
        ("cloud_scale", "f8"),
        ("skyline", "f8"),
        ("haze", "f8"),
        ("seed", "f8"),
    ]
)

SKY, ROAD, PAVEMENT, KERB, SKYLINE = 0, 1, 2, 3, 4


@kernel
def centre_at(knots: NDArray[np.float64], first: float, z: float) -> float:
    """Return the street centre's x at street position z (piecewise linear between knots)."""
    position = clamp((z - first) / KNOT, 0.0, len(knots) - 1.001)
    k = int(position)
    return float(knots[k] + (knots[k + 1] - knots[k]) * (position - k))


@kernel
def on_road(setting: NDArray[np.void], sides: NDArray[np.float64], lateral: float, z: float) -> bool:
    """Return whether a point is on the carriageway or a side street; rows of ``sides``: centre z, half width, side."""
    inside = abs(lateral) < setting[0].road_half
    for k in range(sides.shape[0]):
        inside = inside or (lateral * sides[k, 2] > 0 and abs(z - sides[k, 0]) < sides[k, 1])
    return bool(inside)


@kernel
def hit_ground(
    setting: NDArray[np.void], knots: NDArray[np.float64], sides: NDArray[np.float64], dx: float, dy: float, dz: float
) -> tuple[int, float, float]:
    """Return (surface, distance in ray lengths, lateral position) where a descending world ray meets the ground."""
    s = setting[0]
    upper = (s.kerb - s.y) / dy
    z = s.z + upper * dz
    high = s.x + upper * dx - centre_at(knots, s.first_knot, z)
    if not on_road(setting, sides, high, z):
        return PAVEMENT, upper, high
    lower = -s.y / dy
    z = s.z + lower * dz
    low = s.x + lower * dx - centre_at(knots, s.first_knot, z)
    if on_road(setting, sides, low, z):
        return ROAD, lower, low
    # A ray that enters above the road and leaves below the pavement meets the kerb's face in between.
    edge = s.road_half if low > 0 else -s.road_half
    part = clamp((edge - high) / (low - high + 1e-12), 0.0, 1.0)
    return KERB, upper + (lower - upper) * part, edge


@kernel
def shade_ground(
    setting: NDArray[np.void],
    noise: NDArray[np.float32],
    sides: NDArray[np.float64],
    crossings: NDArray[np.float64],
    surface: int,
    lateral: float,
    z: float,
    distance: float,
    out: NDArray[np.float32],
) -> None:
    """Write the unlit ground colour (3) at a street position; ``distance``, in metres, sets the filter width."""
    s = setting[0]
    across = distance / s.focal + 1e-4
    along = across * max(1.0, distance / s.y)
    fine = clamp(1.2 - along / 0.06, 0.0, 1.0)
    middle = clamp(1.2 - along / 0.5, 0.0, 1.0)
    coarse = clamp(1.2 - along / 5.0, 0.0, 1.0)
    grain = 0.0
    if fine > 0.0:
        grain += 0.085 * fine * table_noise(noise, lateral * 29.0, z * 29.0)
    if middle > 0.0:
        grain += 0.05 * middle * table_noise(noise, lateral * 3.7 + 31.0, z * 3.1)
    if coarse > 0.0:
        grain += 0.07 * coarse * table_noise(noise, lateral * 0.7 + 77.0, z * 0.23)
    if surface == ROAD:
        inside = abs(lateral) < s.road_half
        tone = 1.0 + grain
        if inside:
            # Wheels polish two tracks in each lane; gutters and bay edges collect dirt.
            track = math.cos(lateral * 6.2832 / max(1.4, 0.5 * s.road_half))
            tone += 0.04 * s.wear * track
            tone -= 0.13 * covered(s.road_half - 0.35, s.road_half, abs(lateral), across + 0.2)
            patch = table_noise(noise, math.floor(lateral / 1.7 + 0.3) + 5.0, math.floor(z / 6.5) + 90.0)
            if patch > 0.72:
                tone -= 0.12 * coarse * s.wear
        for c in range(3):
            out[c] = s.asphalt[c] * tone
        paint = 0.0
        if inside:
            period = s.dash + s.gap
            phase = z - math.floor(z / period) * period
            paint = covered(-0.06, 0.06, lateral, across) * covered(0.0, s.dash, phase, along)
            if along > 0.5 * period:
                paint = covered(-0.06, 0.06, lateral, across) * s.dash / period
            if s.edge_line > 0:
                paint = max(paint, covered(s.road_half - 0.42, s.road_half - 0.32, abs(lateral), across))
            side = 0 if lateral < 0 else 1
            if s.parking[side] > 0:
                bay = s.road_half - 2.1
                position = z - math.floor(z / 6.0) * 6.0
                paint = max(paint, covered(bay - 0.05, bay + 0.05, abs(lateral), across) * 0.9)
                if abs(lateral) > bay:
                    paint = max(paint, covered(0.0, 0.1, position, along) * 0.9)
        for k in range(crossings.shape[0]):
            offset = z - crossings[k, 0]
            if inside and abs(offset) < 9.0:
                band = covered(-1.6, 1.6, offset, along)
                stripe = lateral / 1.1 - math.floor(lateral / 1.1)
                zebra = band * covered(0.0, 0.5, stripe, across / 1.1 + 1e-3)
                stop = covered(-3.4, -3.1, offset, along) + covered(3.1, 3.4, offset, along)
                near = covered(-2.6, 2.6, offset, along)
                paint = max(paint * (1.0 - near), zebra, 0.9 * stop)
        for k in range(sides.shape[0]):
            if inside and lateral * sides[k, 2] > 0 and abs(z - sides[k, 0]) < sides[k, 1]:
                paint *= 1.0 - covered(s.road_half - 0.6, s.road_half, abs(lateral), across)
        worn = clamp(0.85 + 1.6 * grain - 0.25 * s.wear, 0.0, 1.0)
        for c in range(3):
            out[c] += (0.82 - out[c]) * paint * worn
    elif surface == KERB:
        for c in range(3):
            out[c] = (0.35 + 0.4 * s.paving[c]) * (0.8 + grain)
    else:
        beyond = abs(lateral) - s.road_half
        stone = covered(0.0, 0.16, beyond, across)
        yard = clamp((beyond - s.pavement) / (across + 0.02), 0.0, 1.0)
        joint = 0.0
        tile = 0.0
        if middle > 0.0:
            row = z / s.slab
            column = beyond / s.slab + 0.5 * (math.floor(row) % 2.0)
            joint = max(
                covered(0.0, 0.03, row - math.floor(row), along / s.slab + 0.01),
                covered(0.0, 0.03, column - math.floor(column), across / s.slab + 0.01),
            )
            tile = 0.07 * middle * table_noise(noise, math.floor(column) + 13.0, math.floor(row) + 41.0)
        for c in range(3):
            slabs = s.paving[c] * (1.0 + grain + tile) * (1.0 - 0.35 * middle * joint)
            back = s.yard[c] * (1.0 + 1.8 * grain)
            colour = slabs + (back - slabs) * yard
            out[c] = colour + ((0.3 + 0.5 * s.paving[c]) * (1.0 + grain) - colour) * stone


@kernel
def skyline_height(setting: NDArray[np.void], noise: NDArray[np.float32], dx: float, dz: float) -> float:
    """Return the elevation (as a tangent) of the far tree line in a horizontal direction."""
    s = setting[0]
    angle = math.atan2(dx, dz)
    bumps = table_noise(noise, angle * 9.0 + s.seed, 3.0) + 0.5 * table_noise(noise, angle * 31.0, 9.0 + s.seed)
    leaves = 0.12 * table_noise(noise, angle * 140.0, 21.0)
    return float(s.skyline * (1.0 + 0.5 * bumps + leaves))


@kernel
def shade_sky(
    setting: NDArray[np.void], noise: NDArray[np.float32], dx: float, dy: float, dz: float, out: NDArray[np.float32]
) -> None:
    """Write the sky's colour (3) in a unit world direction: gradient, glow of the sun, clouds on a high plane."""
    s = setting[0]
    up = max(dy, 0.0)
    blend = 1.0 - (1.0 - up) ** 3
    glow = max(0.0, dx * s.sun[0] + dy * s.sun[1] + dz * s.sun[2])
    shine = 0.35 * glow**8 * (1.0 - s.cloud)
    cloud = 0.0
    shadow = 0.0
    if s.cloud > 0.0:
        scale = s.cloud_scale / (up + 0.12)
        x = dx * scale + s.seed
        z = dz * scale
        total = 0.5 * table_noise(noise, x, z) + 0.3 * table_noise(noise, 2.1 * x, 2.1 * z + 17.0)
        fade = clamp(up * 9.0, 0.0, 1.0)
        total += fade * (0.16 * table_noise(noise, 4.3 * x, 4.3 * z) + 0.09 * table_noise(noise, 9.0 * x, 9.0 * z))
        cloud = clamp((total + 1.15 * s.cloud - 0.45) * 2.2, 0.0, 1.0) * clamp(0.25 + up * 5.0, 0.0, 1.0)
        shadow = clamp(total + s.cloud - 0.2, 0.0, 1.0)
    light = 0.94 - 0.22 * shadow * (0.4 + s.cloud)
    for c in range(3):
        clear = s.horizon[c] + (s.zenith[c] - s.horizon[c]) * blend + shine * s.sunlight[c]
        out[c] = clear + (light * (0.25 * s.horizon[c] + 0.75) - clear) * cloud
