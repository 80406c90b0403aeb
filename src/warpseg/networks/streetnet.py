"""StreetNet: the small network whose weights are embedded in the package.

Nothing here is specific to video. The design aims at speed in bf16 on a CPU: depthwise convolutions mix space and 1x1
convolutions mix channels (the residual block of ConvNeXt, Liu et al., 2022, with batch norm, which folds away for
inference), at four resolutions; a light top-down path brings scores to stride 4, fine enough for poles and signs.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["StreetFeatures", "StreetNet", "fold"]

_WIDTHS = (32, 80, 160, 256)
_DEPTHS = (2, 3, 5, 2)
_EXPANSION = 3
_DECODER_WIDTH = 80


class ConvNorm(nn.Sequential):
    """Convolution without bias, then batch norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)
        )

    def folded(self) -> nn.Conv2d:
        """Return one equivalent convolution, for inference."""
        convolution, norm = self
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        return fuse_conv_bn_eval(convolution, norm)


class Block(nn.Module):
    """Residual block: one depthwise convolution mixes space, two 1x1 convolutions mix channels."""

    def __init__(self, width: int, kernel: int, expansion: int = _EXPANSION) -> None:
        super().__init__()
        self.space = ConvNorm(width, width, kernel, groups=width)
        self.expand = ConvNorm(width, width * expansion, 1)
        self.project = ConvNorm(width * expansion, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, width, h, w) to the same shape."""
        mixed: Tensor = self.project(F.relu_(self.expand(self.space(x))))
        return mixed.add_(x)


class StreetFeatures(nn.Module):
    """Feature network: RGB (b, 3, H, W) in [0, 255] to features (b, channels, ceil(H/4), ceil(W/4))."""

    channels = 48
    stride = 4

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(ConvNorm(3, 32, 3, stride=2), nn.ReLU(inplace=True))
        stages = []
        previous = 32
        for width, depth, kernel in zip(_WIDTHS, _DEPTHS, (3, 5, 5, 5), strict=True):
            down = nn.Sequential(
                ConvNorm(previous, previous, 3, stride=2, groups=previous), ConvNorm(previous, width, 1)
            )
            stages.append(nn.Sequential(down, *(Block(width, kernel) for _ in range(depth))))
            previous = width
        self.stages = nn.ModuleList(stages)
        self.context = nn.Sequential(ConvNorm(_WIDTHS[3], _DECODER_WIDTH, 1), nn.ReLU(inplace=True))
        self.lateral = nn.ModuleList(ConvNorm(width, _DECODER_WIDTH, 1) for width in (_WIDTHS[2], _WIDTHS[1]))
        self.merge = nn.ModuleList(Block(_DECODER_WIDTH, 5, 2) for _ in range(2))
        self.narrow = ConvNorm(_DECODER_WIDTH, self.channels, 1)
        self.fine = ConvNorm(_WIDTHS[0], self.channels, 1)
        self.refine = nn.Sequential(Block(self.channels, 3, 2), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features (b, channels, ceil(H/4), ceil(W/4)) of RGB ``x``."""
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        fine, eighth, sixteenth, thirtysecond = maps
        y = self.context(thirtysecond + thirtysecond.mean((2, 3), keepdim=True))
        for skip, lateral, merge in zip((sixteenth, eighth), self.lateral, self.merge, strict=True):
            y = merge(F.relu_(lateral(skip) + _upsample(y, skip)))
        features: Tensor = self.refine(F.relu_(self.fine(fine) + _upsample(self.narrow(y), fine)))
        return features


def _upsample(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


class StreetNet(nn.Module):
    """Feature network and linear head: RGB (b, 3, H, W) in [0, 255] to scores (b, classes, ceil(H/4), ceil(W/4))."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = StreetFeatures()
        self.head = nn.Conv2d(StreetFeatures.channels, classes, 1)

    def forward(self, rgb: Tensor) -> Tensor:
        """Return the scores of ``rgb``; in training, a tenth of the feature channels is dropped."""
        scores: Tensor = self.head(F.dropout2d(self.features(rgb), 0.1, self.training))
        return scores


def fold(module: nn.Module) -> nn.Module:
    """Fold batch norms into their convolutions, in place, for inference."""
    for name, child in module.named_children():
        setattr(module, name, child.folded() if isinstance(child, ConvNorm) else fold(child))
    return module
