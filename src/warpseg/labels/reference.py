"""The meaning of "labels": bilinear interpolation of every class, then argmax, in plain torch on any device."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

_CHUNK_BYTES = 256 << 20  # interpolated scores held at a time
_FEWEST = 4  # torch interpolates up to three classes in another order of operations, which rounds differently


def labels_reference(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate scores (C, h, w) to (C, H, W) in float32 and take the argmax over classes.

    Returns (H, W) on the device of `scores`: uint8 for up to 255 classes, int32 for more. For scores in contiguous
    memory this is `interpolate(scores.float()[None], size, mode="bilinear", align_corners=False)[0].argmax(0)`, bit for
    bit: the first of equal maxima wins, and a NaN wins over any number. The C x H x W volume is held for a few classes
    at a time, which changes nothing, as classes are interpolated independently of each other.
    """
    scores = scores.detach().float().contiguous()
    classes = scores.shape[0]
    wanted = -(-classes * size[0] * size[1] * 4 // _CHUNK_BYTES)
    result = best = None
    start = 0
    for chunk in scores.tensor_split(max(1, min(wanted, classes // _FEWEST))):
        upsampled = interpolate(chunk[None], size, mode="bilinear", align_corners=False)[0]
        value, index = upsampled.max(0)
        label = index.to(torch.uint8 if classes <= 255 else torch.int32) + start
        if result is None or best is None:
            result, best = label, value
        else:
            ahead = (value > best) | (value.isnan() & ~best.isnan())
            result = torch.where(ahead, label, result)
            best = torch.where(ahead, value, best)
        start += chunk.shape[0]
    assert result is not None
    return result
