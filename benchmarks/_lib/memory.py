"""Memory: the peak of a process that segments a number of small frames, ``python -m benchmarks._lib.memory FRAMES``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._lib.colours import Colours
from warpseg import Segmenter, process
from warpseg.measure.speed.peak_memory import peak
from warpseg.run.startup import keep_memory
from warpseg.synthetic import Street

BEGUN = 300  # frames after which memory is looked at


def hold(frames: int) -> None:
    """Segment so many small frames from memory and print this process's peak of memory, its first frames left out.

    What it takes to begin, imports and compiling, would hide what is added later.
    """
    street = Street(seed=7, size=(96, 160))
    loop = [street.still(i)[0] for i in range(30)]

    def source() -> Iterator[NDArray[np.uint8]]:
        for i in range(frames):
            if i == BEGUN:
                Path("/proc/self/clear_refs").write_text("5")  # Linux: the high-water mark begins anew
            yield loop[i % len(loop)]

    with tempfile.TemporaryDirectory() as folder:
        process(Segmenter(Colours(20, 8), interval=10), source(), folder, save=["masks", "stats"])
    print(peak()[0])


if __name__ == "__main__":
    keep_memory()  # as the command line does
    hold(int(sys.argv[1]))
