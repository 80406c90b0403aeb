"""Embedded network: trains it from scratch, ``python -m warpseg.train.embedded --data ROOT --out WEIGHTS``.

ROOT contains CamVid's ``train``, ``trainannot``, ``val`` and ``valannot`` folders. The validation drive is never
trained on; its score is printed. A run takes about an hour and a half on two otherwise idle CPU cores. It can be
stopped and started again: it continues from ``WEIGHTS.state``.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from warpseg.classes import CAMVID, IGNORE
from warpseg.files import whole
from warpseg.networks.streetnet import StreetNet
from warpseg.train.data import Labelled, augment, load_camvid

CLASSES = len(CAMVID)
BATCH = 8
WEIGHT_DECAY = 0.03
AVERAGE_DECAY = 0.998
ENLARGED = 1.5  # CamVid's 360 lines are enlarged to 540 when the network runs (``camvid.SHORT_SIDE``)


@dataclass(frozen=True)
class Cycle:
    """One cycle of the learning rate, starting from the averaged weights of the cycle before."""

    epochs: int
    peak_rate: float
    crop: tuple[int, int]
    scales: tuple[float, float]  # of the pictures, before cropping
    rarity: float  # exponent of a class's inverse share of pixels in its weight
    jaccard: float  # weight of the soft Jaccard loss relative to cross entropy
    synthetic: int  # synthetic pictures per batch
    synthetic_from: int = 0  # first epoch of the cycle with synthetic pictures


# The first cycle teaches rare classes. The second trains at the scale at which the network runs, for fewer false
# positives of rare classes and finer edges.
CYCLES = (
    Cycle(110, 3e-3, (288, 384), (0.75, 1.8), rarity=0.5, jaccard=0.5, synthetic=2, synthetic_from=70),
    Cycle(40, 1.2e-3, (320, 416), (1.0, 2.1), rarity=0.25, jaccard=1.0, synthetic=1),
)


def class_weights(labels: Tensor, rarity: float) -> Tensor:
    """Return weights (classes): inverse shares of pixels to the power ``rarity``, one on average over pixels."""
    counts = torch.bincount(labels[labels != IGNORE].long(), minlength=CLASSES).double()
    share = counts / counts.sum()
    weights = share**-rarity
    return (weights / (weights * share).sum()).float()


def loss(scores: Tensor, labels: Tensor, weights: Tensor, jaccard_weight: float) -> Tensor:
    """Return weighted cross entropy plus the soft Jaccard loss over the classes present, at half resolution.

    ``scores`` is (n, classes, h, w), ``labels`` (n, H, W) int64, ``weights`` (classes).
    """
    labels = labels[:, ::2, ::2]
    scores = F.interpolate(scores.float(), size=labels.shape[-2:], mode="bilinear", align_corners=False)
    cross_entropy = F.cross_entropy(scores, labels, weights, ignore_index=IGNORE)
    valid = labels != IGNORE
    truth = F.one_hot(torch.where(valid, labels, 0), CLASSES).movedim(3, 1) * valid[:, None]
    share = scores.softmax(1) * valid[:, None]
    both = (share * truth).sum((0, 2, 3))
    size = truth.sum((0, 2, 3))
    jaccard = (both + 1) / (share.sum((0, 2, 3)) + size - both + 1)
    return cross_entropy + jaccard_weight * (1 - jaccard[size > 0]).mean()


@torch.inference_mode()
def intersection_over_union(network: nn.Module, data: Labelled) -> Tensor:
    """Return the IoU (classes) over ``data``, at the size of its labels."""
    network.eval()
    confusion = torch.zeros(CLASSES * CLASSES)
    for image, label in zip(data.images, data.labels, strict=True):
        enlarged = F.interpolate(image[None].float(), scale_factor=ENLARGED, mode="bilinear", align_corners=False)
        scores = network(enlarged.contiguous(memory_format=torch.channels_last)).float()
        predicted = F.interpolate(scores, size=label.shape, mode="bilinear", align_corners=False).argmax(1)[0]
        valid = label != IGNORE
        confusion += torch.bincount(label[valid].long() * CLASSES + predicted[valid], minlength=CLASSES * CLASSES)
    matrix = confusion.reshape(CLASSES, CLASSES)
    return matrix.diag() / (matrix.sum(0) + matrix.sum(1) - matrix.diag())


def rate(progress: float) -> float:
    """Return the share of the peak rate at ``progress`` in [0, 1]: linear warm-up over 3 %, then a cosine to zero."""
    return min(progress / 0.03, 0.5 * (1 + math.cos(math.pi * progress)))


def synthetic_streets() -> Labelled:
    """Render the synthetic half of the training material."""
    from warpseg.synthetic import training_frames

    images, labels = training_frames(count=160, size=(360, 480), seed=1000)
    return Labelled(torch.from_numpy(images), torch.from_numpy(labels))


def train(data: Path, out: Path) -> None:
    """Train, print the validation drive's mIoU every ten epochs, and write the averaged weights to ``out``."""
    real, held_out = load_camvid(data, "train"), load_camvid(data, "val")
    synthetic: Labelled | None = None
    network = StreetNet(CLASSES).to(memory_format=torch.channels_last)
    state = out.with_suffix(".state")
    saved = torch.load(state, weights_only=True) if state.exists() else None
    done = saved["epoch"] if saved else 0
    before = 0
    for number, cycle in enumerate(CYCLES, 1):
        before += cycle.epochs
        if done >= before and number < len(CYCLES):
            continue
        first = max(done - before + cycle.epochs, 0)
        if saved and first == 0:
            network.load_state_dict(
                {k.removeprefix("module."): v for k, v in saved["average"].items() if "module." in k}
            )
        average = averaged(network)
        optimizer = optimizer_of(network)
        if saved and first:
            network.load_state_dict(saved["network"])
            average.load_state_dict(saved["average"])
            optimizer.load_state_dict(saved["optimizer"])
        weights = class_weights(real.labels, cycle.rarity)
        for epoch in range(first, cycle.epochs):
            if epoch >= cycle.synthetic_from and synthetic is None:
                synthetic = synthetic_streets()
            started = time.perf_counter()
            mean_loss = run_epoch(network, average, optimizer, cycle, epoch, real, synthetic, weights)
            line = f"cycle {number}, epoch {epoch + 1}/{cycle.epochs}: loss {mean_loss:.4f}"
            line += f", {time.perf_counter() - started:.0f} s"
            if (epoch + 1) % 10 == 0 or epoch + 1 == cycle.epochs:
                line += f", drive {100 * intersection_over_union(average.module, held_out).mean():.2f} mIoU"
            print(line, flush=True)
            saved = {
                "network": network.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "epoch": before - cycle.epochs + epoch + 1,
            }
            with whole(state) as part:
                torch.save(saved, part)
    iou = intersection_over_union(average.module, held_out)
    print("IoU by class:", " ".join(f"{100 * value:.1f}" for value in iou), f"mean {100 * iou.mean():.2f}")
    save_file({name: tensor.contiguous() for name, tensor in average.module.state_dict().items()}, out)


def averaged(network: nn.Module) -> torch.optim.swa_utils.AveragedModel:
    """Return the exponential moving average of a network's weights, for updates during training."""
    decay = torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE_DECAY)
    return torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=decay, use_buffers=True)


def optimizer_of(network: nn.Module) -> torch.optim.Optimizer:
    """Return AdamW with weight decay on the convolutions only."""
    plain = [p for p in network.parameters() if p.ndim <= 1]
    decayed = {"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": WEIGHT_DECAY}
    return torch.optim.AdamW([decayed, {"params": plain, "weight_decay": 0.0}])


def run_epoch(
    network: nn.Module,
    average: torch.optim.swa_utils.AveragedModel,
    optimizer: torch.optim.Optimizer,
    cycle: Cycle,
    epoch: int,
    real: Labelled,
    synthetic: Labelled | None,
    weights: Tensor,
) -> float:
    """Train on each real picture once and return the mean loss."""
    random = torch.Generator().manual_seed(epoch)
    from_real = BATCH if synthetic is None else BATCH - cycle.synthetic
    batches = torch.randperm(len(real), generator=random).split(from_real)
    total = 0.0
    network.train()
    for step, chosen in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = cycle.peak_rate * rate((epoch + step / len(batches)) / cycle.epochs)
        images, labels = real.images[chosen], real.labels[chosen]
        if synthetic is not None:
            extra = torch.randint(len(synthetic), (cycle.synthetic,), generator=random)
            images = torch.cat([images, synthetic.images[extra]])
            labels = torch.cat([labels, synthetic.labels[extra]])
        images, labels = augment(images, labels, cycle.crop, cycle.scales, random)
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(images.contiguous(memory_format=torch.channels_last))
        value = loss(scores, labels, weights, cycle.jaccard)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        average.update_parameters(network)
        total += value.item()
    return total / len(batches)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with CamVid's train, trainannot, val and valannot"
    )
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    train(arguments.data, arguments.out)
