"""Facades and tree crowns: draws the textures that each street has of its own, texel by texel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from warpseg.synthetic.kernels import clamp, hashed, kernel, value_noise

# Style of a facade: window size as parts of a bay and floor; brightness of the frames; ground floor 0 plain, 1 house,
# 2 shop.
FACADE = np.dtype(
    [
        ("bays", "i4"),
        ("floors", "i4"),
        ("wide", "f8"),
        ("tall", "f8"),
        ("arched", "f8"),
        ("frame", "f8"),
        ("glass", "f8"),
        ("brick", "f8"),
        ("ground", "i4"),
        ("sign", "f8", (3,)),
        ("door", "f8", (3,)),
        ("seed", "i4"),
    ]
)


@kernel
def draw_facade(style: NDArray[np.void], out: NDArray[np.uint8]) -> None:
    """Write a facade texture (h, w, 5): wall in tint, framed windows with reflections, ground floor, cornice."""
    s = style[0]
    height, width = out.shape[:2]
    seed = int(s.seed)
    floors = int(s.floors)
    for i in range(height):
        v = 1.0 - (i + 0.5) / height
        level = v * (floors + 0.25)
        floor = int(level)
        fy = level - floor
        for j in range(width):
            u = (j + 0.5) / width
            bay_position = u * s.bays
            bay = int(bay_position)
            fx = bay_position - bay
            # Wall: plaster blotches or brick courses, dirt that runs down from the sills and up from the ground.
            tone = 0.9 + 0.12 * (value_noise(u * 9.0, v * 9.0, seed) - 0.5) + 0.06 * (hashed(j, i, seed) - 0.5)
            if s.brick > 0:
                course = level * 26.0
                line = int(course)
                brick = bay_position * 9.0 + 0.5 * (line & 1)
                tone += 0.22 * (hashed(int(brick), line, seed) - 0.5)
                if course - line < 0.16 or brick - int(brick) < 0.08:
                    tone += 0.1
            tone *= 0.9 + 0.1 * clamp(level * 1.5, 0.0, 1.0)
            r, g, b, tint = tone, tone, tone, 1.0
            if floor >= floors:
                # Cornice: light mouldings over a shadow.
                lip = level - floors
                tone = 0.62 if lip < 0.05 else (0.98 if lip < 0.17 else 0.86)
                r, g, b = tone, tone, tone
            else:
                wide = 0.5 * s.wide
                low = 0.5 - 0.5 * s.tall + 0.04
                high = low + s.tall
                door = floor == 0 and s.ground == 1 and bay == int(hashed(7, 7, seed) * s.bays)
                shop = floor == 0 and s.ground == 2
                if shop:
                    wide, low, high = 0.45, 0.1, 0.7
                elif door:
                    wide, low, high = 0.24, 0.02, 0.78
                x = (fx - 0.5) / wide
                y = (fy - low) / (high - low)
                top = 1.0
                if s.arched > 0 and not shop:
                    top = 1.0 - 0.16 * x * x
                if shop and fy > 0.74 and fy < 0.94:
                    r, g, b, tint = s.sign[0], s.sign[1], s.sign[2], 0.0
                    letter = hashed(int(u * s.bays * 11.0), int((fy - 0.79) * 60.0), seed + 3)
                    if fy > 0.79 and fy < 0.89 and abs(fx - 0.5) < 0.36 and letter > 0.5:
                        r, g, b = 0.9, 0.88, 0.8
                elif abs(x) < 1.0 and 0.0 < y < top:
                    tint = 0.0
                    edge = min((1.0 - abs(x)) * wide * 3.0, min(y, top - y) * (high - low) * 3.2)
                    if door:
                        panel = 0.85 if abs(x) < 0.75 and (0.1 < y < 0.42 or 0.5 < y < 0.9) else 1.0
                        r, g, b = s.door[0] * panel, s.door[1] * panel, s.door[2] * panel
                        if y > 0.84:
                            r, g, b = 0.3, 0.34, 0.38
                    else:
                        # Glass: a bright reflection of the sky above, a dark room or a curtain behind.
                        pane = hashed(bay, floor, seed + 1)
                        shine = s.glass * (0.12 + 0.42 * y * y) + 0.12 * value_noise(u * 7.0, v * 7.0, seed + 9)
                        shade = 0.13 + 0.1 * pane
                        if pane > 0.55 and y > 1.0 - 0.8 * hashed(bay, floor, seed + 2) and not shop:
                            shade += 0.38
                        r, g, b = shade + 0.82 * shine, shade + 0.9 * shine, shade + shine
                        if shop and y < 0.45:
                            goods = hashed(int(u * s.bays * 8.0), int(y * 9.0), seed + 5)
                            r += 0.25 * goods
                            g += 0.2 * hashed(int(u * s.bays * 8.0), 3, seed + 6)
                    bar = abs(x) < 0.05 / wide * 0.5 or abs(y - 0.58) < 0.025 / (high - low)
                    if shop:
                        bar = abs(abs(x) - 0.33) < 0.02
                    if edge < 0.11 or (bar and not door):
                        r, g, b = s.frame, s.frame, s.frame
                    elif edge < 0.17 and (y > 0.5 or x < 0.0):
                        r, g, b = 0.55 * r, 0.55 * g, 0.55 * b
                elif abs(x) < 1.22 and (-0.09 < y <= 0.0 or top <= y < top + 0.1):
                    # Sill and lintel catch the light; the wall under the sill is in its shadow.
                    r, g, b, tint = 1.0, 1.0, 1.0, 0.75
                elif abs(x) < 1.15 and -0.16 < y < 0.0:
                    r, g, b = 0.62 * r, 0.62 * g, 0.62 * b
                elif fy > 0.965 and floor + 1 < floors and s.brick < 1:
                    r, g, b = 0.8 * r, 0.8 * g, 0.8 * b
                elif floor == 0 and fy < 0.1:
                    r, g, b = 0.6 * r, 0.6 * g, 0.6 * b
            out[i, j, 0] = np.uint8(255.0 * clamp(r, 0.0, 1.0))
            out[i, j, 1] = np.uint8(255.0 * clamp(g, 0.0, 1.0))
            out[i, j, 2] = np.uint8(255.0 * clamp(b, 0.0, 1.0))
            out[i, j, 3] = 255
            out[i, j, 4] = np.uint8(255.0 * tint)


@kernel
def draw_crown(seed: int, lumps: int, density: float, conical: float, out: NDArray[np.uint8]) -> None:
    """Write a tree crown (h, w, 5) in tint: overlapping leafy lumps lit from above, ragged and open at the edge."""
    height, width = out.shape[:2]
    for i in range(height):
        y = 1.0 - (i + 0.5) / height
        for j in range(width):
            x = (j + 0.5) / width
            best = -1.0
            shade = 0.0
            for k in range(lumps):
                cy = 0.2 + 0.62 * hashed(k, 2, seed)
                room = (1.0 - cy) * 0.42 if conical > 0 else 0.3 * math.sqrt(max(0.05, 1.0 - (2.0 * cy - 1.0) ** 2))
                cx = 0.5 + room * (2.0 * hashed(k, 1, seed) - 1.0)
                radius = (0.13 + 0.1 * hashed(k, 3, seed)) * (1.25 - 0.75 * cy if conical > 0 else 1.0)
                px = (x - cx) / radius
                py = (y - cy) / radius
                inside = 1.0 - px * px - py * py
                depth = inside + 0.6 * hashed(k, 4, seed)
                if inside > -0.35 and depth > best:
                    best = depth
                    shade = 0.62 + 0.3 * py + 0.12 * hashed(k, 5, seed) - 0.1 * px
            leaves = value_noise(x * 34.0, y * 34.0, seed) + 0.6 * value_noise(x * 70.0, y * 70.0, seed + 1)
            solid = best + 1.5 * density * (leaves - 0.75)
            cover = 1.0 if solid > 0.32 else 0.0
            tone = clamp((0.45 + 0.6 * shade) * (0.55 + 0.55 * leaves), 0.0, 1.0) * cover
            out[i, j, 0] = np.uint8(255.0 * tone)
            out[i, j, 1] = np.uint8(255.0 * tone)
            out[i, j, 2] = np.uint8(255.0 * tone)
            out[i, j, 3] = np.uint8(255.0 * cover)
            out[i, j, 4] = out[i, j, 3]
