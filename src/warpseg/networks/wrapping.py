"""Wrapping: a ``Network`` of any torch module, exported program or function that maps pictures to scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from warpseg.errors import ModelError
from warpseg.networks.identity import digest
from warpseg.networks.network import Network, pointwise

__all__ = ["Model", "wrap"]

Run: TypeAlias = Callable[[Tensor], Any]
Model: TypeAlias = nn.Module | tuple[nn.Module, nn.Module] | torch.export.ExportedProgram | Run | Network


def wrap(model: Model, *, device: torch.device, dtype: torch.dtype | None = None) -> Network:
    """Make a ``Network`` of anything that maps pictures to scores, at any output stride.

    A module is moved to ``device`` and put into evaluation mode. Its weights keep their type, in which it runs, and RGB
    is passed in that type and in their memory layout.

    Args:
        model: A module, exported program or function from RGB (b, 3, H, W) in [0, 1] to scores (b, classes, h, w), or
            to a dict with them as ``out``, as in torchvision, or as ``logits``, as in transformers; or a pair (feature
            network, task network). A single channel is a logit. A ``Network`` is returned as is.
        device: Device to run on.
        dtype: Type in which torch computes where that is safe (autocast); None for the module's own.

    Returns:
        The network. A module that is not split has no features to propagate: its scores take their place.

    Raises:
        ModelError: ``model`` is none of the above, or its weights do not fit ``dtype``.

    Examples:
        >>> import torch
        >>> from warpseg.networks.wrapping import wrap
        >>> wrap(torch.nn.Conv2d(3, 5, 3, stride=8), device=torch.device("cpu"))
        Network('Conv2d', cpu, float32)
    """
    if isinstance(model, Network):
        return model
    if not isinstance(model, (nn.Module, tuple, torch.export.ExportedProgram)) and not callable(model):
        raise ModelError(
            f"cannot segment with a {type(model).__name__}: expected a model's name, a torch module or a pair of them, "
            "an exported program, or a function of pictures"
        )
    whole, *head = [_placed(part, device) for part in (model if isinstance(model, tuple) else (model,))]
    name, own = _name(model[0] if isinstance(model, tuple) else model), _own_type(whole)
    cast = dtype not in (None, own, torch.float32)
    if (cast and own not in (torch.float32, dtype)) or (dtype == torch.float32 != own):
        weights = str(own).removeprefix("torch.")
        raise ModelError(f"{name}: its weights are {weights}; convert them with .float(), or leave --precision at auto")
    make = partial(
        Network,
        name,
        device=device,
        dtype=dtype or own,
        autocast=cast,
        channels_last=_is_channels_last(whole),
        checksum=digest(whole, *head),
    )
    if not head:
        return make(partial(_scores, name, whole), nn.Identity(), True, shows_features=False)
    # Only an exact nn.Conv2d of this form is known to be linear and pointwise: a subclass may do more.
    if type(head[0]) is nn.Conv2d and (head[0].kernel_size, head[0].stride, head[0].padding, head[0].groups) == (
        (1, 1),
        (1, 1),
        (0, 0),
        1,
    ):
        return make(whole, pointwise(head[0]), True)
    kind = _own_type(head[0])
    return make(whole, head[0] if kind == torch.float32 else _converted(head[0], kind), type(head[0]) is nn.Identity)


def _placed(part: Any, device: torch.device) -> Any:
    """Return a network on its device and in evaluation mode, as far as it is a module."""
    if isinstance(part, torch.export.ExportedProgram):
        return part.module().to(device)  # exported in the mode it runs in
    if not isinstance(part, nn.Module):
        return part
    part = part.to(device)
    try:
        return part.eval()
    except NotImplementedError:  # the module of an exported program
        return part


def _scores(name: str, run: Run, rgb: Tensor) -> Tensor:
    """Return the scores among the outputs of a network."""
    out = run(rgb)
    if isinstance(out, dict):
        if "out" not in out and "logits" not in out:
            raise ModelError(
                f"{name}: gave a dict of {', '.join(map(str, out))}; expected scores, or a dict with 'out' or 'logits'"
            )
        out = out["out"] if "out" in out else out["logits"]
    elif isinstance(out, (tuple, list)) and len(out) == 1:
        (out,) = out
    elif isinstance(getattr(out, "logits", None), Tensor):
        out = out.logits
    found: Tensor = out
    return found


def _converted(head: Run, kind: torch.dtype) -> Callable[[Tensor], Tensor]:
    """Return a head in another type than float32 as a function of float32."""

    def scores(f: Tensor) -> Tensor:
        found: Tensor = head(f.to(kind))
        return found.float()

    return scores


def _own_type(part: Any) -> torch.dtype:
    """Return the type of a network's first floating weight, which is that of the pictures it expects."""
    weights = [*part.parameters(), *part.buffers()] if isinstance(part, nn.Module) else []
    return next((weight.dtype for weight in weights if weight.is_floating_point()), torch.float32)


def _is_channels_last(part: Any) -> bool:
    """Return whether the module's author has converted its weights to channels-last.

    Its input takes the same layout: code written for one layout may fail (in ``view``) with the other.
    """
    return isinstance(part, nn.Module) and any(
        parameter.ndim == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
        for parameter in part.parameters()
        if not parameter.is_contiguous()
    )


def _name(part: Any) -> str:
    return str(getattr(part, "__name__", type(part).__name__))
