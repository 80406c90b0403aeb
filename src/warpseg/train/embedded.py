"""Train the embedded network from nothing: ``python -m warpseg.train.embedded --data ROOT --out WEIGHTS``.

ROOT holds CamVid's ``train``, ``trainannot``, ``val`` and ``valannot`` folders. The validation drive is only ever
looked at to print its score. About an hour on two CPU cores that do nothing else. The run can be stopped and started
again: it continues from ``WEIGHTS.state``.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from warpseg.networks.streetnet import StreetNet
from warpseg.train.data import IGNORE, Labelled, augment, load_camvid

CLASSES = 11
EPOCHS = 110
SYNTHETIC_FROM = 70  # epoch from which a quarter of each batch is synthetic
BATCH = 8
CROP = (288, 384)
PEAK_RATE = 3e-3
WEIGHT_DECAY = 0.03
AVERAGE_DECAY = 0.998


def class_weights(labels: Tensor) -> Tensor:
    """Return one weight a class, the inverse square root of its share of pixels, one on average over pixels."""
    counts = torch.bincount(labels[labels != IGNORE].long(), minlength=CLASSES).double()
    share = counts / counts.sum()
    weights = share.rsqrt()
    return (weights / (weights * share).sum()).float()


def loss(scores: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross entropy plus the soft Jaccard loss over the classes that are present, at half resolution."""
    labels = labels[:, ::2, ::2]
    scores = F.interpolate(scores.float(), size=labels.shape[-2:], mode="bilinear", align_corners=False)
    cross_entropy = F.cross_entropy(scores, labels, weights, ignore_index=IGNORE)
    valid = labels != IGNORE
    truth = F.one_hot(torch.where(valid, labels, 0), CLASSES).movedim(3, 1) * valid[:, None]
    share = scores.softmax(1) * valid[:, None]
    both = (share * truth).sum((0, 2, 3))
    size = truth.sum((0, 2, 3))
    jaccard = (both + 1) / (share.sum((0, 2, 3)) + size - both + 1)
    return cross_entropy + 0.5 * (1 - jaccard[size > 0]).mean()


@torch.inference_mode()
def intersection_over_union(network: nn.Module, data: Labelled) -> Tensor:
    """Return the IoU of each class over ``data``, labels at full size."""
    network.eval()
    confusion = torch.zeros(CLASSES * CLASSES)
    for image, label in zip(data.images, data.labels, strict=True):
        scores = network(image[None].float().contiguous(memory_format=torch.channels_last)).float()
        predicted = F.interpolate(scores, size=label.shape, mode="bilinear", align_corners=False).argmax(1)[0]
        valid = label != IGNORE
        confusion += torch.bincount(label[valid].long() * CLASSES + predicted[valid], minlength=CLASSES * CLASSES)
    matrix = confusion.reshape(CLASSES, CLASSES)
    return matrix.diag() / (matrix.sum(0) + matrix.sum(1) - matrix.diag())


def rate(progress: float) -> float:
    """Return the learning rate at ``progress`` in [0, 1]: linear warm-up over 3 %, then a cosine to zero."""
    return PEAK_RATE * min(progress / 0.03, 0.5 * (1 + math.cos(math.pi * progress)))


def synthetic_streets() -> Labelled:
    """Render the synthetic half of the training material."""
    from warpseg.synthetic import training_frames

    images, labels = training_frames(count=160, size=(360, 480), seed=1000)
    return Labelled(torch.from_numpy(images), torch.from_numpy(labels))


def train(data: Path, out: Path) -> None:
    """Train, print the validation drive's IoU now and then, and write the averaged weights to ``out``."""
    real, held_out = load_camvid(data, "train"), load_camvid(data, "val")
    weights = class_weights(real.labels)
    network = StreetNet(CLASSES).to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE_DECAY), use_buffers=True
    )
    decayed = [p for p in network.parameters() if p.ndim > 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": WEIGHT_DECAY},
            {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
    )
    state = out.with_suffix(".state")
    first = 0
    if state.exists():
        saved = torch.load(state, weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        first = saved["epoch"]
    synthetic: Labelled | None = None
    for epoch in range(first, EPOCHS):
        random = torch.Generator().manual_seed(epoch)
        started, total = time.perf_counter(), 0.0
        if epoch >= SYNTHETIC_FROM and synthetic is None:
            synthetic = synthetic_streets()
        from_real = BATCH if synthetic is None else BATCH * 3 // 4
        batches = torch.randperm(len(real), generator=random).split(from_real)
        network.train()
        for step, chosen in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = rate((epoch + step / len(batches)) / EPOCHS)
            images, labels = real.images[chosen], real.labels[chosen]
            if synthetic is not None:
                extra = torch.randint(len(synthetic), (BATCH - from_real,), generator=random)
                images, labels = (
                    torch.cat([images, synthetic.images[extra]]),
                    torch.cat([labels, synthetic.labels[extra]]),
                )
            images, labels = augment(images, labels, CROP, random)
            with torch.autocast("cpu", torch.bfloat16):
                scores = network(images.contiguous(memory_format=torch.channels_last))
            value = loss(scores, labels, weights)
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            average.update_parameters(network)
            total += value.item()
        line = f"epoch {epoch + 1}/{EPOCHS}: loss {total / len(batches):.4f}, {time.perf_counter() - started:.0f} s"
        if (epoch + 1) % 10 == 0 or epoch + 1 == EPOCHS:
            line += f", drive {100 * intersection_over_union(average.module, held_out).mean():.2f} mIoU"
        print(line, flush=True)
        saved = {
            "network": network.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
        }
        torch.save(saved, state.with_suffix(".part"))
        state.with_suffix(".part").rename(state)
    iou = intersection_over_union(average.module, held_out)
    print("IoU by class:", " ".join(f"{100 * value:.1f}" for value in iou), f"mean {100 * iou.mean():.2f}")
    save_file({name: tensor.contiguous() for name, tensor in average.module.state_dict().items()}, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with CamVid's train, trainannot, val and valannot"
    )
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    train(arguments.data, arguments.out)
