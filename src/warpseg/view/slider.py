"""Pictures side by side with a slider through time; without a script and in print, a few moments of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warpseg.view.html import Html, element
from warpseg.view.images import Still
from warpseg.view.sampling import evenly

__all__ = ["Slide", "thin", "viewer"]

_PRINTED = 3


@dataclass(frozen=True)
class Slide:
    """What the slider shows at one place: pictures of one moment."""

    index: int  # frame number
    said: str  # for people, "frame 12, 0.480 s"
    pictures: Sequence[tuple[str, Still]]  # (what it is, the picture)


def thin(slides: list[Slide], budget: int) -> list[Slide]:
    """Drop every second slide until their pictures weigh no more than ``budget`` bytes; the first one stays."""
    while len(slides) > 1 and sum(len(still.data) for slide in slides for _, still in slide.pictures) > budget:
        slides = slides[::2]
    return slides


def viewer(slides: Sequence[Slide], *, first: int = 0) -> Html:
    """Return the slides with their slider, at slide ``first`` to begin with."""
    last = len(slides) - 1
    printed = evenly(range(len(slides)), _PRINTED)
    moments = [
        element(
            "div",
            element("p", slide.said, class_="when"),
            *(_figure(what, still, slide.said) for what, still in slide.pictures),
            class_="moment printed" if k in printed else "moment",
            style=f"--count:{len(slide.pictures)};--least:{330 if len(slide.pictures) in (3, 5, 6) else 270}px",
            data_index=slide.index,
            data_said=slide.said,
        )
        for k, slide in enumerate(slides)
    ]
    slider = element(
        "input", type="range", min=0, max=last, value=first, step=1, aria_label="Frame", class_="slider",
        disabled=not last, aria_valuetext=slides[first].said,
    )  # fmt: skip
    controls = element(
        "div",
        _button("previous", "Previous frame", "←"),
        _button("play", "Play", "▶"),
        _button("next", "Next frame", "→"),
        slider,
        element("output", slides[first].said),
        class_="controls",
    )
    return element("div", *moments, controls, class_="viewer")


def _button(does: str, name: str, sign: str) -> Html:
    return element("button", sign, type="button", data_does=does, aria_label=name, title=name)


def _figure(what: str, still: Still, said: str) -> Html:
    height, width = still.size
    image = element("img", src=still.uri, alt=f"{what}, {said}", width=width, height=height)
    return element("figure", image, element("figcaption", what))
