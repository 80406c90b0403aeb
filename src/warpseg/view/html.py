"""HTML: builds markup that its content cannot break: text is escaped unless it is ``Html`` already."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

__all__ = ["Html", "element", "join", "number", "percent", "table"]

_VOID = {"img", "input", "link", "meta"}


class Html(str):
    """Finished markup, which ``element`` inserts as it is; all other text is escaped."""


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """Return ``<name attributes>children</name>``.

    Attributes are escaped; ``class_`` becomes ``class``, ``data_x`` becomes ``data-x``. Attributes that are None or
    False are omitted; True ones have no value.
    """
    words = [name]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{html.escape(str(value))}"')
    opened = f"<{' '.join(words)}>"
    return Html(opened if name in _VOID else f"{opened}{join(children)}</{name}>")


def join(children: Iterable[object]) -> Html:
    """Concatenate pieces; None is skipped."""
    pieces = (one if isinstance(one, Html) else html.escape(str(one)) for one in children if one is not None)
    return Html("".join(pieces))


def table(caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], *, numbers: int = 0) -> Html:
    """Return a table; the first cell of a row is its header, the last ``numbers`` columns are numbers."""
    first = len(head) - numbers

    def aligned(column: int) -> str | None:
        return "number" if column >= first else None

    names = [element("th", cell, scope="col", class_=aligned(i)) for i, cell in enumerate(head)]
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, class_=aligned(i)) for i, cell in enumerate(row[1:], 1)),
        )
        for row in rows
    ]
    inside = element(
        "table", element("caption", caption), element("thead", element("tr", *names)), element("tbody", *body)
    )
    return element("div", inside, class_="wide")


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with ``digits`` significant digits and without an exponent; "—" for None."""
    if value is None:
        return "—"
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return text if "e" not in text else f"{value:.6f}".rstrip("0").rstrip(".")


def percent(share: float | None) -> str:
    """Return a share in [0, 1] in percent; "—" for None."""
    return "—" if share is None else f"{100 * share:.1f} %"
