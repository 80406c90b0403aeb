"""Reference of labels: bilinear interpolation of every class, then argmax, in plain torch on any device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

__all__ = ["labels_reference"]

_CHUNK_BYTES = 256 << 20  # interpolated scores in memory at a time
_VECTOR = 8  # classes per chunk are a multiple: torch may round those in whole vectors differently from the others


def labels_reference(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate scores (C, h, w) to (C, H, W) in float32 and take the argmax over classes.

    Returns (H, W) on the device of ``scores``: uint8 for up to 255 classes, int32 for more. This is
    ``interpolate(scores.float()[None], size, mode="bilinear", align_corners=False)[0].argmax(0)``, bit for bit: the
    first of equal maxima wins, and a NaN wins over any number. The C x H x W volume is computed for a few classes at a
    time; the result is the same, because classes are interpolated independently of each other.
    """
    scores = scores.detach().float()[None]
    classes = scores.shape[1]
    channels_last = scores.is_contiguous(memory_format=torch.channels_last)
    step = max(1, _CHUNK_BYTES // (4 * size[0] * size[1] * _VECTOR)) * _VECTOR
    starts = [step * number for number in range(max(1, classes // step))]
    result = best = None
    for start, stop in zip(starts, [*starts[1:], classes], strict=True):
        chunk = scores[:, start:stop]
        if channels_last:
            chunk = chunk.contiguous(memory_format=torch.channels_last)
        value, index = interpolate(chunk, size, mode="bilinear", align_corners=False)[0].max(0)
        label = (index + start).to(torch.uint8 if classes <= 255 else torch.int32)
        if result is None or best is None:
            result, best = label, value
        else:
            ahead = (value > best) | (value.isnan() & ~best.isnan())
            result = torch.where(ahead, label, result)
            best = torch.where(ahead, value, best)
    assert result is not None
    return result
