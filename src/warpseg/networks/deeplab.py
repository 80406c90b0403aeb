"""DeepLab, the paper's network: ResNet-101 at output stride 16 (section 4.1) and the task network of section 3.1."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from warpseg.classes import CITYSCAPES
from warpseg.errors import ModelError
from warpseg.networks.network import Network, Precision, pick_dtype, pointwise
from warpseg.networks.weights_file import checksum, read_weights
from warpseg.types import Classes

__all__ = ["CLASSES", "STRIDE", "DeepLab", "TaskNetwork", "from_name", "load"]

STRIDE = 16  # pixels per cell of the features, along each side
_CHANNELS = 2048

# The paper has the background as a class of its own (section 3.1), last.
CLASSES = Classes((*CITYSCAPES.names, "background"), (*CITYSCAPES.colours, (0, 0, 0)))


class TaskNetwork(nn.Module):
    """Task network: class scores by a 1x1 convolution, upsampling by a fixed bilinear deconvolution, softmax.

    The background is the last channel. warpseg itself stops at ``scores`` and turns those into labels (``labels``); the
    complete network is here for comparison.
    """

    def __init__(self, classes: int, channels: int = _CHANNELS) -> None:
        super().__init__()
        self.scores = nn.Conv2d(channels, classes, 1)
        self.upsample = nn.ConvTranspose2d(
            classes, classes, 2 * STRIDE, STRIDE, STRIDE // 2, groups=classes, bias=False
        )
        ramp = 1 - (torch.arange(2 * STRIDE, dtype=torch.float32) + 0.5 - STRIDE).abs() / STRIDE
        self.upsample.weight = nn.Parameter(
            (ramp[:, None] * ramp).expand(classes, 1, -1, -1).clone(), requires_grad=False
        )

    def forward(self, f: Tensor) -> Tensor:
        """Return probabilities (b, classes, 16 h, 16 w) of features (b, channels, h, w)."""
        return torch.softmax(self.upsample(self.scores(f)), 1)


class DeepLab(nn.Module):
    """Feature network and task network; ``forward`` maps RGB (b, 3, H, W) in [0, 1] to probabilities at full size."""

    mean: Tensor
    std: Tensor

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        from torchvision.models import resnet101  # imported late: it takes seconds, and errors should not wait for it

        trunk = resnet101(weights=None, replace_stride_with_dilation=[False, False, True])
        self.trunk = nn.Sequential(*list(trunk.children())[:-2])
        self.task = TaskNetwork(classes)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1), persistent=False)

    def features(self, rgb: Tensor) -> Tensor:
        """Return the features (b, 2048, ceil(H/16), ceil(W/16)) of RGB (b, 3, H, W) in [0, 1]."""
        f: Tensor = self.trunk((rgb - self.mean) / self.std)
        return f

    def forward(self, rgb: Tensor) -> Tensor:
        """Return probabilities (b, classes, 16 ceil(H/16), 16 ceil(W/16))."""
        probabilities: Tensor = self.task(self.features(rgb))
        return probabilities


def fold(module: nn.Module) -> nn.Module:
    """Fold each batch norm into the convolution just before it, in place, for inference."""
    before, convolution = "", None
    for name, child in module.named_children():  # torchvision registers modules in the order in which they run
        if isinstance(child, nn.BatchNorm2d) and convolution is not None:
            setattr(module, before, fuse_conv_bn_eval(convolution, child))
            setattr(module, name, nn.Identity())
        before, convolution = name, child if isinstance(child, nn.Conv2d) else None
        fold(child)
    return module


def from_name(argument: str, *, device: torch.device, precision: Precision) -> Network:
    """Return the paper's network with the weights of a file; ``argument`` is its path."""
    return load(Path(argument) if argument else None, device=device, dtype=pick_dtype(precision, device))


def load(weights: Path | None, *, device: torch.device, dtype: torch.dtype, random_weights: bool = False) -> Network:
    """Return the paper's network with ``weights`` (a safetensors file with the names of ``DeepLab``'s state).

    ``random_weights`` allows for no file, to measure the running time alone. Raises ``ModelError`` if the weights are
    missing or do not fit.
    """
    if weights is None and not random_weights:
        raise ModelError("deeplab-resnet101 comes without weights; give yours as deeplab-resnet101:WEIGHTS.safetensors")
    state = None if weights is None else read_weights(weights)
    if state is not None and "task.scores.weight" not in state:
        raise ModelError(
            f"{weights}: no 'task.scores.weight'; expected the names of warpseg.networks.deeplab.DeepLab's state"
        )
    net = DeepLab(len(CLASSES) if state is None else len(state["task.scores.weight"]))
    if state is not None:
        try:
            net.load_state_dict(state)
        except RuntimeError as error:
            raise ModelError(
                f"{weights}: does not fit deeplab-resnet101: {str(error).splitlines()[-1].strip()}"
            ) from error
    net = net.eval().requires_grad_(False)
    head = net.task.scores.to(device)
    classes = CLASSES if head.out_channels == len(CLASSES) else None
    fold(net.trunk).to(device, dtype).to(memory_format=torch.channels_last)
    net.mean, net.std = net.mean.to(device, dtype), net.std.to(device, dtype)
    digest = None if weights is None else checksum(weights)
    return Network(
        "deeplab-resnet101", net.features, pointwise(head), True,
        classes=classes, device=device, dtype=dtype, checksum=digest, reentrant=True,
    )  # fmt: skip
