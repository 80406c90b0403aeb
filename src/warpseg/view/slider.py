"""Slider: shows pictures side by side with a slider through time; in print and without scripts, a few moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warpseg.view.html import Html, element
from warpseg.view.images import Still
from warpseg.view.sampling import evenly

__all__ = ["Slide", "thin", "viewer"]

_PRINTED = 3  # moments in print


@dataclass(frozen=True)
class Slide:
    """Pictures of one moment, which the slider shows together."""

    index: int  # frame number
    caption: str  # such as "frame 12, 0.480 s"
    pictures: Sequence[tuple[str, Still]]  # (name, picture)


def thin(slides: list[Slide], budget: int) -> list[Slide]:
    """Drop every second slide until the pictures have at most ``budget`` bytes; the first one stays."""
    while len(slides) > 1 and sum(len(still.data) for slide in slides for _, still in slide.pictures) > budget:
        slides = slides[::2]
    return slides


def viewer(slides: Sequence[Slide], *, first: int = 0) -> Html:
    """Return the slides with their slider, initially at slide ``first``."""
    last = len(slides) - 1
    printed = evenly(range(len(slides)), _PRINTED)
    moments = [
        element(
            "div",
            element("p", slide.caption, class_="when"),
            *(_figure(what, still, slide.caption) for what, still in slide.pictures),
            class_="moment printed" if k in printed else "moment",
            style=f"--count:{len(slide.pictures)};--least:{330 if len(slide.pictures) in (3, 5, 6) else 270}px",
            data_index=slide.index,
            data_caption=slide.caption,
        )
        for k, slide in enumerate(slides)
    ]
    slider = element(
        "input", type="range", min=0, max=last, value=first, step=1, aria_label="Frame", class_="slider",
        disabled=not last, aria_valuetext=slides[first].caption,
    )  # fmt: skip
    controls = element(
        "div",
        _button("previous", "Previous frame", "←"),
        _button("play", "Play", "▶"),
        _button("next", "Next frame", "→"),
        slider,
        element("output", slides[first].caption),
        class_="controls",
    )
    return element("div", *moments, controls, class_="viewer")


def _button(does: str, name: str, sign: str) -> Html:
    return element("button", sign, type="button", data_does=does, aria_label=name, title=name)


def _figure(what: str, still: Still, caption: str) -> Html:
    height, width = still.size
    image = element("img", src=still.uri, alt=f"{what}, {caption}", width=width, height=height)
    return element("figure", image, element("figcaption", what))
