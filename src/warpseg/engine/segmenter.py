"""Network, scheme and device in one object."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from copy import copy
from pathlib import Path
from typing import Any, Literal, get_args

from numpy.typing import NDArray
from torch import nn

from warpseg import networks
from warpseg.core import schemes
from warpseg.core.adaptive import policy_of
from warpseg.core.confidence import by_evidence, judged_by_distance
from warpseg.core.fusion import FUSIONS, Fusion, average
from warpseg.core.keyframes import Every, Policy
from warpseg.engine.lookahead import Ahead, threads_for
from warpseg.engine.memory import Room, room_for
from warpseg.engine.pipeline import Inline, Pipeline, Threads
from warpseg.engine.representation import choose_space
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.source import Motion, Source, Video, open_video
from warpseg.engine.timing import Stages
from warpseg.errors import VideoError
from warpseg.labels import has_triton
from warpseg.networks import Network, Precision
from warpseg.networks.convolution import load_convolution
from warpseg.types import Classes, Frame, VideoInfo

__all__ = ["Segmenter"]

_log = logging.getLogger("warpseg")
_BATCH = 8  # keyframes that fill a GPU; a CPU is filled by one
_RESULTS = 4  # that wait for the caller

Scheme = Literal["every", "copy", "propagate", "interpolate"]


class Segmenter:
    """Segments video: the network on keyframes, motion for the frames between.

    ``model``, ``device``, ``precision``, ``imgsz`` and ``compile`` are those of ``warpseg.load``. ``interval`` is every
    how many frames a keyframe comes, ``auto`` to have them where they are needed, or another ``schedule.Policy``.
    ``scheme`` is ``every`` (the network on each frame), ``copy`` (nearest keyframe, unmoved), ``propagate`` (Algorithm
    1) or ``interpolate`` (Algorithm 2). ``fusion`` (Algorithm 2) is ``confidence`` (each cell takes more from the
    keyframe whose picture explains it better), ``average`` (by distance alone, as in the paper), ``maximum``,
    ``convolution`` (its weights in the safetensors file ``fusion_weights``), or a function (forward, backward, alpha).
    ``propagation`` follows motion to the keyframe and warps once (``composed``) or warps step by step as the paper
    prints it (``chained``); ``reverse`` searches motion to the next frame as well (``searched``), or turns the motion
    to the previous one around, by splatting (``inverted``) or in place as in the paper (``negated``). ``motion`` and
    ``flow_weights`` are those of ``open_video``. Of recorded video, ``batch`` keyframes go through the network together
    (``auto``: several on a GPU), as long as the frames that wait for that fit into ``memory`` bytes.
    """

    def __init__(
        self,
        model: str | nn.Module | tuple[nn.Module, nn.Module] | Network = "camvid",
        *,
        scheme: Scheme = "interpolate",
        interval: int | Policy | Literal["auto"] = 5,
        fusion: Literal["confidence", "average", "maximum", "maximum-literal", "convolution"] | Fusion = "confidence",
        fusion_weights: Path | str | None = None,
        propagation: Literal["composed", "chained"] = "composed",
        reverse: Literal["searched", "inverted", "negated"] = "searched",
        motion: Motion = "auto",
        flow_weights: Path | str | None = None,
        device: str = "auto",
        precision: Precision = "auto",
        imgsz: int | tuple[int, int] | None = None,
        compile: bool = False,
        batch: int | Literal["auto"] = "auto",
        memory: float = 1e9,
    ) -> None:
        choices = {
            "scheme": (scheme, ("every", "copy", "propagate", "interpolate")),
            "propagation": (propagation, ("composed", "chained")),
            "reverse": (reverse, ("searched", "inverted", "negated")),
            "motion": (motion, get_args(Motion)),
            "fusion": (fusion, ("confidence", *FUSIONS, "convolution", *([fusion] if callable(fusion) else []))),
        }
        for name, (value, accepted) in choices.items():
            if value not in accepted:
                raise ValueError(f"{name} {value!r}: expected one of {', '.join(map(str, accepted))}")
        if (batch != "auto" and (not isinstance(batch, int) or batch < 1)) or memory <= 0:
            raise ValueError(f"batch {batch!r}, memory {memory!r}: expected keyframes ('auto', 1, 2, ...) and bytes")
        self.network = networks.load(model, device=device, precision=precision, imgsz=imgsz, compile=compile)
        self.batch = batch if batch != "auto" else _BATCH if self.network.device.type == "cuda" else 1
        self.memory = memory
        self.scheme = scheme
        policy = policy_of(interval, follows=scheme != "copy" and motion != "none", closes=scheme == "interpolate")
        self.policy: Policy = Every(1) if scheme == "every" else policy
        self.fusion = fusion if isinstance(fusion, str) else getattr(fusion, "__name__", "custom")
        self.propagation, self.reverse = propagation, reverse
        if fusion == "confidence" and propagation == "chained" and scheme == "interpolate":
            raise ValueError("fusion 'confidence' follows motion to the keyframe: choose propagation 'composed'")
        if (fusion == "convolution") != (fusion_weights is not None):
            raise ValueError("fusion 'convolution' and fusion_weights go together: give both or neither")
        by_name: dict[str, Fusion] = {"confidence": average, **FUSIONS}
        if fusion_weights is not None:
            by_name["convolution"] = load_convolution(fusion_weights)
        fuse = by_name[fusion] if isinstance(fusion, str) else fusion
        self._judge = by_evidence if fusion == "confidence" or scheme == "propagate" else schemes.by_distance
        self._propagation = {"composed": schemes.composed, "chained": schemes.chained}[propagation]
        reverses = {"searched": schemes.searched, "inverted": schemes.inverted, "negated": schemes.negated}
        self._reverse = reverses[reverse]
        # Motion that nothing asks for is not looked for.
        self.motion: Motion = "none" if scheme == "every" else motion
        self.flow_weights = flow_weights
        self.space, self._split, self._fuse = choose_space(
            self.network, fuse, self.fusion, interpolates=scheme == "interpolate"
        )

    @property
    def interval(self) -> int | str:
        """Frames from one keyframe to the next, or how the policy calls itself."""
        return self.policy.n if isinstance(self.policy, Every) else repr(self.policy)

    @property
    def split(self) -> networks.Batched:
        """What runs on keyframes, and what makes scores of what is carried: what ``estimates`` is given."""
        return self._split

    @property
    def delay(self) -> int:
        """How many frames, at most, the result lags behind the frame that was read last."""
        waits = self.scheme in ("copy", "interpolate") and self.policy.longest > 1
        return self.policy.look_ahead + (self.policy.longest if waits else 0)

    @property
    def can_judge(self) -> bool:
        """Whether the pictures can say how far frames between keyframes are to be trusted, or there are none."""
        followed = self.scheme in ("propagate", "interpolate") and self.propagation == "composed"
        return self.policy.longest == 1 or (followed and self.motion != "none")

    def judging(self) -> Segmenter:
        """Return the same, results as they are, with confidence for every frame that the pictures can judge."""
        made = copy(self)
        if self.can_judge and self._judge is schemes.by_distance:
            made._judge = judged_by_distance
        return made

    @property
    def classes(self) -> Classes | None:
        """Names and colours of the classes, None where the network does not say."""
        return self.network.classes

    def stream(
        self, source: Source, *, start: float | None = None, end: float | None = None, max_frames: int | None = None
    ) -> Iterator[Segmentation]:
        """Yield one ``Segmentation`` a frame, in order.

        ``source`` is what ``open_video`` takes. Files on disk are read ahead while the caller works; of anything else,
        which may be live, no more than ``delay`` frames ahead of what is yielded. Raises ``VideoError`` where the
        source cannot be opened, or, once all that decodes has been yielded, where it is damaged.
        """
        recorded = isinstance(source, (str, Path)) and (Path(source).is_file() or Path(source).is_dir())
        pipeline = self.threads() if recorded else Inline()
        room = Room()
        with (
            closing(pipeline),
            self.open(source, start=start, end=end, max_frames=max_frames, pipeline=pipeline) as video,
        ):
            if recorded:
                room, said = self.room(video.info, pipeline)
                if said:
                    _log.warning("%s: %s", video.info.name, said)
            yield from self.segment(video, pipeline=pipeline, room=room)

    def open(
        self,
        source: Source,
        *,
        start: float | None = None,
        end: float | None = None,
        max_frames: int | None = None,
        stages: Stages | None = None,
        pipeline: Pipeline | None = None,
    ) -> Video:
        """Open a source with the motion that the scheme needs."""
        return open_video(
            source,
            start=start,
            end=end,
            max_frames=max_frames,
            motion=self.motion,
            flow_weights=self.flow_weights,
            stages=stages,
            pipeline=pipeline,
        )

    def threads(self) -> Threads:
        """Return a pipeline for recorded video, with as many networks at work as the device is best used by."""
        return threads_for(self.network)

    def room(self, info: VideoInfo, pipeline: Pipeline, *, keeps_pixels: bool = True) -> tuple[Room, str | None]:
        """Return how many frames of a video may wait, and what had to be given up for it, if anything."""
        return room_for(
            info,
            longest=self.policy.longest,
            workers=pipeline.workers,
            batch=self.batch,
            keeps_pixels=keeps_pixels,
            memory=self.memory,
            waits=self.delay > 0,
        )

    def segment(
        self,
        frames: Iterable[Frame],
        stages: Stages | None = None,
        *,
        pipeline: Pipeline | None = None,
        room: Room | None = None,
    ) -> Iterator[Segmentation]:
        """Yield the segmentation of each of ``frames``; seconds are added to ``stages``.

        With ``pipeline.Threads`` the network works ahead of the scheme and the scheme ahead of the caller, as far as
        ``room`` allows; the results are the same.
        """
        stages, pipeline, room = stages or Stages(), pipeline or Inline(), room or Room()
        damage: list[VideoError] = []

        def readable() -> Iterator[Frame]:
            # What was read before the damage is a video of its own: its last window is finished, then the error told.
            try:
                yield from frames
            except VideoError as error:
                damage.append(error)

        network = Ahead(self._split, self.policy, room.batch, pipeline, stages)
        ready = pipeline(network.frames(readable(), keeps_pixels=room.keeps_pixels), waiting=room.frames)
        waited = stages.waiting(ready)
        if self._takes_windows():
            from warpseg.engine import gpu_windows  # needs Triton; the rest does not

            judged = self._judge is by_evidence
            windows = gpu_windows.interpolate(waited, network, network.policy, judged=judged, reverse=self._reverse)
            # The next window is on its way to the GPU while this one's labels come from there.
            queued = pipeline(stages.measured(windows, "warp and fuse"), waiting=self.policy.longest)
            for found in queued:
                yield self._told(found.estimate(), stages, found.labels)
        else:
            estimates = self.estimates(waited, network, network.policy)
            for estimate in pipeline(stages.measured(estimates, "warp and fuse"), waiting=_RESULTS):
                yield self._told(estimate, stages)
        if damage:
            raise damage[0]

    def _takes_windows(self) -> bool:
        """Tell whether the kernels for whole windows on a GPU do what was asked for."""
        alike = self._fuse is average and self._propagation is schemes.composed and self.space == "scores"
        between = self.scheme == "interpolate" and self._judge is not judged_by_distance and self.policy.longest > 1
        return alike and between and self.network.device.type == "cuda" and has_triton()

    def _told(
        self, estimate: schemes.Estimate, stages: Stages, ready: Callable[[], NDArray[Any]] | None = None
    ) -> Segmentation:
        classes = self.network.classes or Classes.numbered(len(estimate.scores))
        return Segmentation(estimate, classes, stages, ready)

    def estimates(
        self, frames: Iterable[Frame], network: schemes.SplitNetwork, policy: Policy | None = None
    ) -> Iterator[schemes.Estimate]:
        """Run the scheme on ``network`` in the place of its own, for example one that remembers what it computed.

        Likewise ``policy`` chooses the keyframes in the place of its own.
        """
        policy = policy or self.policy
        if policy.longest == 1:  # every frame is a keyframe: nothing to wait for
            return schemes.every_frame(frames, network)
        if self.scheme == "copy":
            return schemes.copy_nearest(frames, network, policy)
        if self.scheme == "propagate":
            return schemes.propagate(frames, network, policy, judge=self._judge, propagation=self._propagation)
        return schemes.interpolate(
            frames,
            network,
            policy,
            fuse=self._fuse,
            judge=self._judge,
            propagation=self._propagation,
            reverse=self._reverse,
        )

    def __repr__(self) -> str:
        return f"Segmenter({self.network!r}, scheme={self.scheme!r}, interval={self.interval})"
