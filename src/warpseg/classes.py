"""Class tables: names and colours of CamVid and Cityscapes, and the label that counts for nothing."""

from __future__ import annotations

from warpseg.types import Classes

__all__ = ["CAMVID", "CITYSCAPES", "IGNORE"]

IGNORE = 255  # label of pixels that neither train nor score

CAMVID = Classes(
    ("sky", "building", "pole", "road", "pavement", "tree", "sign symbol", "fence", "car", "pedestrian", "bicyclist"),
    (
        (70, 130, 180), (110, 110, 110), (255, 214, 153), (128, 64, 128), (244, 35, 232), (87, 158, 35),
        (250, 220, 0), (190, 153, 120), (30, 60, 220), (220, 20, 60), (0, 190, 190),
    ),
)  # fmt: skip

# By trainId.
CITYSCAPES = Classes(
    (
        "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
        "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    ),
    (
        (128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153), (153, 153, 153), (250, 170, 30),
        (220, 220, 0), (107, 142, 35), (152, 251, 152), (70, 130, 180), (220, 20, 60), (255, 0, 0), (0, 0, 142),
        (0, 0, 70), (0, 60, 100), (0, 80, 100), (0, 0, 230), (119, 11, 32),
    ),
)  # fmt: skip
