"""docs/results.md from what `warpseg reproduce` left behind.

    python benchmarks/results_page.py

Reads benchmarks/results/reproduce/{camvid,streets}/*.json and writes docs/results.md; what is not there is left out.
`make reproduce` makes all of it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from warpseg.measure.paper import fig2, fig5, table1, table2

RESULTS = Path("benchmarks/results/reproduce")
PAGE = Path("docs/results.md")
DATA = {
    "camvid": "CamVid's labelled drive (0016E5: 101 frames at 15 Hz, 480x360, a label on each). CamVid's `train` holds "
    "stills of the same drive, so this judges propagation, not the network.",
    "streets": "Synthetic streets, drawn by `warpseg.synthetic` (480x360, 15 Hz), a label on each frame.",
}
PARTS: dict[str, tuple[str, Callable[[dict[str, Any]], str] | None]] = {
    "table1": ("Table 1: accuracy and speed at each keyframe interval", table1.text),
    "table2": ("Table 2: fusion", table2.text),
    "fig2": ("Figure 2: time of an intermediate frame", fig2.text),
    "fig4": ("Figure 4: accuracy against speed (dotted: the paper's own)", None),
    "fig5": ("Figure 5: frames after a keyframe, interval 7", fig5.text),
}
HEAD = """# The paper's section 4 on other data

The paper measures on Cityscapes with a fine-tuned DeepLab on a Tesla K80 (75.2 mIoU, 1.3 frames a second frame by
frame). Data, network and machine differ here, so its numbers stand beside these as **retention** (share of frame by
frame) and **speed-up**. On Cityscapes itself: the same commands with `--dataset cityscapes --root DIR --model ...`.
This page is made by `make reproduce`.
"""
DIFFERENCES = """## What differs from the paper, and why

- **Vectors are not the poorer motion here.** In the paper optical flow is a little more accurate than vectors at short
  intervals. Here vectors are checked, refined and completed on the pictures (docs/paper.md, 10), and the flow is
  OpenCV's DIS at its medium preset, not a network trained together with the segmentation.
- **Less is lost at each distance.** Other data, and maps much finer than the paper's stride of 16. The network is not
  fine-tuned on warped features, which would help the paper's schemes.
- **The speed-up comes the nearer to the interval the heavier the network is.** The paper's takes 750 ms a frame, beside
  which 54 ms of warp and task network weigh little. The embedded network is more than ten times as light, and decoding
  and motion count in every row here.
- **The head is what the paper's way spends most on** (figure 2): upsampling all classes, softmax and argmax at full
  size. Labels straight from the scores are the same labels.
- **Fusing by distance alone gains little** at the middle of a window of the drive (table 2): the map from the next
  keyframe is the poorer one, more so with vectors negated in place, and an average pulls the better one down. In the
  paper every fusion beats both maps. Weighted by the pictures' agreement (confidence), fusion does so here too.
- **Convolutional fusion** has no weights here; `--conv-weights` takes them.
"""


def parts(data: str) -> Iterator[str]:
    for what, (title, text) in PARTS.items():
        path = RESULTS / data / f"{what}.json"
        picture = path.with_suffix(".png")
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        if found is None and not picture.exists():
            continue
        yield f"### {title}\n"
        if found is not None:
            words = [Path(found["command"][0]).name, *found["command"][1:]]
            yield f"```sh\n{shlex.join(words)}\n```\n"
            if "machine" in found:
                yield f"{found['machine']['cpu']}, {found['machine']['threads']} threads.\n"
        if picture.exists():
            yield f"![{title}](../{picture.as_posix()})\n"
        if found is not None and text is not None:
            yield text(found) + "\n"


def main() -> None:
    lines = [HEAD]
    for data, words in DATA.items():
        found = [*parts(data)]
        if found:
            lines += [f"## {data}\n", words + "\n", *found]
    PAGE.write_text("\n".join([*lines, DIFFERENCES]), encoding="utf-8")


if __name__ == "__main__":
    main()
