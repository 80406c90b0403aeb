"""Where results go: one small class for each kind of output file, all with the same three methods."""

from __future__ import annotations

from warpseg.sinks.begin import begin
from warpseg.sinks.confidence import ConfidenceSink
from warpseg.sinks.images import ImageSink
from warpseg.sinks.masks import MaskSink
from warpseg.sinks.overlay import OverlaySink
from warpseg.sinks.sink import Sink
from warpseg.sinks.statistics import StatisticsSink

__all__ = ["ConfidenceSink", "ImageSink", "MaskSink", "OverlaySink", "Sink", "StatisticsSink", "begin"]
