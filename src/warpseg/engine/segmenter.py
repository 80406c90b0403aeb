"""Segmenter: network, method and device in one object; the stages of a run joined."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray
from torch import Tensor

from warpseg import networks
from warpseg.core import schemes
from warpseg.core.fusion import Fusion
from warpseg.core.keyframes import Policy
from warpseg.engine.choices import PROPAGATIONS, REVERSES, SCHEMES
from warpseg.engine.lookahead import Lookahead, threads_for
from warpseg.engine.memory import Bounds, bounds_for
from warpseg.engine.method import Method
from warpseg.engine.pipeline import Inline, Pipeline, Threads
from warpseg.engine.representation import choose_representation
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.source import Source, Video, open_video
from warpseg.engine.timing import Stages
from warpseg.engine.uniformity import Uniformity
from warpseg.errors import VideoError
from warpseg.labels import has_triton
from warpseg.networks import Precision
from warpseg.networks.failures import check_finite
from warpseg.networks.wrapping import Model
from warpseg.types import Classes, Frame
from warpseg.video import SourceOptions

__all__ = ["Running", "Segmenter"]

_log = logging.getLogger("warpseg")
_BATCH = 8  # keyframes that fill a GPU; a CPU is filled by one
_RESULTS = 4  # that wait for the caller


class Running(NamedTuple):
    """A run that has begun: take its results and the rest happens."""

    video: Video
    results: Iterator[Segmentation]
    pipeline: Threads | Inline
    bounds: Bounds
    warning: str | None  # what the memory budget took, None where nothing
    notes: list[str]  # on the network's scores; complete once all results are taken


class Segmenter:
    """Segments video: the network on keyframes, motion for the intermediate frames.

    Args:
        model: name of a network, a torch module, a pair (feature network, head), an exported program, a function of
            pictures, or a ``Network``; see ``warpseg.load``.
        scheme: ``interpolate`` (Algorithm 2: both enclosing keyframes), ``propagate`` (Algorithm 1: no look-ahead),
            ``copy`` (nearest keyframe, unmoved) or ``every`` (the network on each frame).
        interval: frames from one keyframe to the next, ``auto`` for keyframes where they are needed, or a policy.
        fusion: Algorithm 2's. ``confidence`` (each cell takes more from the keyframe whose picture explains it
            better), ``average`` (by distance alone, as in the paper), ``maximum``, ``convolution``, or a function
            (forward, backward, alpha) of two maps (channels, h, w).
        fusion_weights: safetensors file with the weights of ``convolution``.
        propagation: ``composed`` (follow motion to the keyframe and warp once) or ``chained`` (warp step by step, as
            the paper prints it).
        reverse: motion to the next frame: ``searched``, or that to the previous one turned around by splatting
            (``inverted``) or in place as in the paper (``negated``).
        motion: ``auto``, ``codec``, ``estimate``, ``flow`` or ``none``; see ``warpseg.open_video``.
        flow_weights: weights file of the optical flow network.
        max_interval: the most frames between keyframes where ``interval`` is ``auto``.
        method: all of the above from ``scheme`` on as one ``engine.method.Method``, in their place.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:i`` or ``mps``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        imgsz: size of the network's input: pixels of the shorter side, or (height, width).
        compile: whether torch compiles the feature network.
        batch: keyframes of recorded video that go through the network together; ``auto``: several on a GPU.
        memory: bytes that frames waiting for keyframes may take.

    Raises:
        ValueError: an option has an unknown value, or two exclude each other.
        ModelError: the network cannot be loaded, or does not fit.

    Examples:
        >>> import numpy as np, torch
        >>> frames = [np.full((32, 48, 3), 10 * i, np.uint8) for i in range(6)]
        >>> segmenter = Segmenter(torch.nn.Conv2d(3, 4, 1), interval=3, device="cpu")
        >>> [result.is_key for result in segmenter.stream(frames)]
        [True, False, False, True, False, False]
    """

    def __init__(
        self,
        model: str | Model = "camvid",
        *,
        scheme: str = "interpolate",
        interval: int | Policy | Literal["auto"] = 5,
        fusion: str | Fusion | Callable[[Tensor, Tensor, float], Tensor] = "confidence",
        fusion_weights: Path | str | None = None,
        propagation: str = "composed",
        reverse: str = "searched",
        motion: str = "auto",
        flow_weights: Path | str | None = None,
        max_interval: int = 30,
        method: Method | None = None,
        device: str = "auto",
        precision: Precision = "auto",
        imgsz: int | tuple[int, int] | None = None,
        compile: bool = False,
        batch: int | Literal["auto"] = "auto",
        memory: float = 1e9,
    ) -> None:
        given = Method(
            scheme,
            interval,
            fusion=fusion,
            fusion_weights=fusion_weights,
            propagation=propagation,
            reverse=reverse,
            motion=motion,
            flow_weights=flow_weights,
            max_interval=max_interval,
        )
        if method is not None and given != Method():
            raise ValueError("method stands for scheme, interval, fusion and the like: give one or the other")
        if (batch != "auto" and (not isinstance(batch, int) or batch < 1)) or memory <= 0:
            raise ValueError(f"batch {batch!r}, memory {memory!r}: expected keyframes ('auto', 1, 2, ...) and bytes")
        self.method = method or given
        self.network = networks.load(model, device=device, precision=precision, imgsz=imgsz, compile=compile)
        self._batch = batch if batch != "auto" else _BATCH if self.network.device.type == "cuda" else 1
        self._memory = memory
        self.representation = choose_representation(
            self.network, self.method.fuse, interpolates=self.method.interpolates
        )

    @property
    def classes(self) -> Classes | None:
        """Names and colours of the classes, None where the network does not say."""
        return self.network.classes

    @property
    def delay(self) -> int:
        """The most frames by which a result lags behind the frame read last."""
        return self.method.delay

    def facts(self) -> dict[str, Any]:
        """Return the segmenter's lines of ``run.json``."""
        return self.method.facts() | {"carried": self.representation.name}

    def stream(
        self,
        source: Source,
        *,
        start: float | None = None,
        end: float | None = None,
        max_frames: int | None = None,
        confidence: bool = False,
        options: SourceOptions | None = None,
    ) -> Iterator[Segmentation]:
        """Yield the segmentation of each frame, in order, in constant memory.

        Files on disk are read ahead while the caller works; of anything else, which may be live, no more than ``delay``
        frames ahead of what is yielded.

        Args:
            source: file, URL, pipe, folder of images or iterable of RGB arrays; see ``warpseg.open_video``.
            start: seconds after the source's first frame.
            end: seconds after the source's first frame.
            max_frames: frames at most.
            confidence: whether to measure confidence also where the fusion does not.
            options: time limit, playlist and stream; see ``warpseg.SourceOptions``.

        Returns:
            An iterator of one segmentation per frame.

        Raises:
            VideoError: the source cannot be opened, or, once all that decodes has been yielded, is damaged.
        """
        with self.running(
            source, start=start, end=end, max_frames=max_frames, confidence=confidence, options=options
        ) as run:
            if run.warning:
                _log.warning("%s: %s", run.video.info.name, run.warning)
            yield from run.results
            for line in run.notes:
                _log.warning("%s: %s", run.video.info.name, line)

    @contextmanager
    def running(
        self,
        source: Source,
        *,
        start: float | None = None,
        end: float | None = None,
        max_frames: int | None = None,
        stages: Stages | None = None,
        threads: bool | None = None,
        keeps_pixels: bool = True,
        confidence: bool = False,
        options: SourceOptions | None = None,
    ) -> Iterator[Running]:
        """Open a source and start to segment it; all stages end with the block.

        Args:
            source: see ``stream``.
            start: see ``stream``.
            end: see ``stream``.
            max_frames: see ``stream``.
            stages: where the seconds of each stage are added up.
            threads: whether the stages run at the same time, ahead of the caller; by default for files on disk.
            keeps_pixels: whether the pictures of intermediate frames will be asked for.
            confidence: whether to measure confidence also where the fusion does not.
            options: see ``stream``.

        Returns:
            A context manager that gives the ``Running``.
        """
        if threads is None:
            threads = isinstance(source, (str, Path)) and (Path(source).is_file() or Path(source).is_dir())
        pipeline = threads_for(self.network) if threads else Inline()
        with (
            closing(pipeline),
            self.open(
                source,
                start=start,
                end=end,
                max_frames=max_frames,
                options=options,
                stages=stages,
                pipeline=pipeline,
            ) as video,
        ):
            bounds, warning = Bounds(keeps_pixels=keeps_pixels), None
            if threads:
                bounds, warning = bounds_for(
                    video.info,
                    longest=self.method.longest,
                    workers=pipeline.workers,
                    batch=self._batch,
                    keeps_pixels=keeps_pixels,
                    memory=self._memory,
                    waits=self.delay > 0,
                )
            notes: list[str] = []
            results = self.segment(video, stages, pipeline=pipeline, bounds=bounds, confidence=confidence, notes=notes)
            yield Running(video, results, pipeline, bounds, warning, notes)

    def open(
        self,
        source: Source,
        *,
        start: float | None = None,
        end: float | None = None,
        max_frames: int | None = None,
        options: SourceOptions | None = None,
        stages: Stages | None = None,
        pipeline: Pipeline | None = None,
    ) -> Video:
        """Open a source with the motion that the method needs.

        Args:
            source: see ``open_video``.
            start: seconds after the source's first frame.
            end: seconds after the source's first frame.
            max_frames: frames at most.
            options: see ``stream``.
            stages: where the seconds of each stage are added up.
            pipeline: what decodes ahead.

        Returns:
            The video, to be closed by the caller.

        Raises:
            VideoError: the source cannot be opened.
        """
        return open_video(
            source,
            start=start,
            end=end,
            max_frames=max_frames,
            motion=self.method.needs_motion,
            flow_weights=self.method.flow_weights,
            options=options,
            stages=stages,
            pipeline=pipeline,
        )

    def segment(
        self,
        frames: Iterable[Frame],
        stages: Stages | None = None,
        *,
        pipeline: Pipeline | None = None,
        bounds: Bounds | None = None,
        confidence: bool = False,
        notes: list[str] | None = None,
    ) -> Iterator[Segmentation]:
        """Yield the segmentation of each of ``frames``.

        With ``pipeline.Threads`` the network works ahead of the scheme and the scheme ahead of the caller, as far as
        ``bounds`` allow; the results are the same.

        Args:
            frames: frames with motion, in display order, as ``open`` gives them.
            stages: where the seconds of each stage are added up.
            pipeline: what runs the stages; by default the caller's thread.
            bounds: how many frames may wait between stages.
            confidence: whether to measure confidence also where the fusion does not.
            notes: where findings about the network's scores are added at the end.

        Returns:
            An iterator of one segmentation per frame, in order.

        Raises:
            VideoError: what ``frames`` raised, once all frames before it are segmented.
        """
        stages, pipeline, bounds = stages or Stages(), pipeline or Inline(), bounds or Bounds()
        damage: list[VideoError] = []
        scores = Uniformity(self.network.name)

        def readable() -> Iterator[Frame]:
            # Frames before the damage are a video of their own: its last window is finished before the error is raised.
            try:
                yield from frames
            except VideoError as error:
                damage.append(error)

        network = Lookahead(self.representation.network, self.method.policy, bounds.batch, pipeline, stages)
        ready = pipeline(network.frames(readable(), keeps_pixels=bounds.keeps_pixels), waiting=bounds.frames)
        waited = stages.waiting(ready)
        if self.takes_windows(confidence=confidence):
            from warpseg.engine import gpu_windows  # needs Triton; the rest does not

            windows = gpu_windows.interpolate(
                waited,
                network,
                network.policy,
                photometric=self.representation.fuse.gpu_weights == "photometric",
                reverse=REVERSES[self.method.reverse].load(),
            )
            # The next window is on its way to the GPU while this one's labels come from there.
            queued = pipeline(stages.measured(windows, "warp and fuse"), waiting=self.method.longest)
            for found in queued:
                estimate = found.estimate()
                scores.see(estimate)
                yield self._segmentation(estimate, stages, found.labels)
        else:
            estimates = self.estimates(waited, network, network.policy, confidence=confidence)
            for estimate in pipeline(stages.measured(estimates, "warp and fuse"), waiting=_RESULTS):
                if self.representation.name == "features":  # scores of keyframes were checked as they came
                    check_finite(estimate.scores, self.network.name, estimate.frame.index)
                scores.see(estimate)
                yield self._segmentation(estimate, stages)
        if notes is not None:
            notes += scores.notes()
        if damage:
            raise damage[0]

    def estimates(
        self,
        frames: Iterable[Frame],
        network: schemes.SplitNetwork,
        policy: Policy | None = None,
        *,
        confidence: bool = False,
    ) -> Iterator[schemes.Estimate]:
        """Run the scheme on a network other than ``representation.network``, e.g. one that remembers its maps.

        Args:
            frames: frames with motion, in display order.
            network: what runs on keyframes, its maps of the same representation.
            policy: keyframes other than the method's own.
            confidence: whether to measure confidence also where the fusion does not.

        Returns:
            An iterator of one estimate per frame, in order.
        """
        return self.method.run(frames, network, policy, fuse=self.representation.fuse, confidence=confidence)

    def takes_windows(self, *, confidence: bool = False) -> bool:
        """Return whether GPU kernels compute whole windows, as propagation, fusion and representation declare.

        Args:
            confidence: whether confidence is wanted also where the fusion measures none.

        Returns:
            True where the kernels give the same as the scheme, on a CUDA device with Triton.
        """
        weights = getattr(self.representation.fuse, "gpu_weights", None)
        exact = weights == "photometric" or (weights == "distance" and not confidence)
        scheme, propagation = SCHEMES[self.method.scheme], PROPAGATIONS[self.method.propagation]
        fits = scheme.gpu_windows and propagation.gpu_windows and self.method.longest > 1
        on_gpu = self.network.device.type == "cuda" and has_triton()
        return exact and fits and self.representation.name == "scores" and on_gpu

    def _segmentation(
        self, estimate: schemes.Estimate, stages: Stages, ready: Callable[[], NDArray[Any]] | None = None
    ) -> Segmentation:
        classes = self.network.classes or Classes.numbered(len(estimate.scores))
        return Segmentation(estimate, classes, stages, ready)

    def __repr__(self) -> str:
        return f"Segmenter({self.network!r}, {self.method})"
