"""Heat map: a table of IoU by class and distance, coloured by the loss since the keyframe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from warpseg.view.html import Html, element, table
from warpseg.view.sampling import evenly

__all__ = ["heat"]

_FULL = 15  # percentage points of loss, or gain, with the full colour
_COLUMNS = 11  # most distances in the table


def heat(title: str, names: Sequence[str], shares: Mapping[str, Any], what: str) -> Html:
    """Return IoU by class or category (``what``) and distance, as a table under ``title``.

    ``shares`` has ``every_frame``, a list of percentages by class, and ``by_distance``, such a list per distance; None
    stands for absent classes.
    """
    every, by_distance = shares.get("every_frame") or [], shares.get("by_distance") or []
    shown = [
        (p + 1, by_distance[p])
        for p in evenly(range(len(by_distance)), _COLUMNS)
        if any(value is not None for value in by_distance[p])
    ]
    rows = [
        (names[k] if k < len(names) else f"{what} {k}", _cell(first, first), *(_cell(at[k], first) for _, at in shown))
        for k, first in enumerate(every)
        if first is not None or any(at[k] is not None for _, at in shown)
    ]
    head = [what, "0", *(str(p) for p, _ in shown)]
    caption = "IoU in percent by frames since the keyframe; 0: the network itself"
    return element("div", element("h3", title), table(caption, head, rows, numbers=len(head) - 1), class_="heat")


def _cell(value: float | None, first: float | None) -> Html:
    if value is None:
        return element("span", "—")
    lost = (first or 0.0) - value
    share = min(abs(lost) / _FULL, 1.0)
    colour = "var(--lost)" if lost > 0 else "var(--s0)"
    return element("span", f"{value:.1f}", style=f"--c:{colour};--share:{70 * share:.0f}%")
