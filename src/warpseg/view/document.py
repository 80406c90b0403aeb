"""Document: assembles a page as one file that needs no network access."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from warpseg.files import write_text
from warpseg.view.html import Html, element, join

__all__ = ["document", "facts", "save", "section", "tiles"]

# Browsers enforce this policy: the page fetches nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


@cache
def _file(name: str) -> Html:
    return Html((resources.files("warpseg.view") / name).read_text(encoding="utf-8"))


def document(title: str, lead: str, sections: Sequence[Html], *, notes: Sequence[str] = ()) -> Html:
    """Return the page; ``notes`` are listed at its top."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", _file("style.css")),
    )
    shown = element("ul", *(element("li", note) for note in notes), class_="notes") if notes else None
    top = element("header", element("h1", title), element("p", lead, class_="lead"), shown)
    body = element("body", element("main", top, *sections), element("script", _file("script.js")))
    return Html("<!DOCTYPE html>\n") + element("html", head, body, lang="en") + "\n"  # type: ignore[return-value]


def section(heading: str, *children: object, about: str | None = None) -> Html:
    """Return a section of the page with a heading, and ``about`` as its introduction."""
    return element("section", element("h2", heading), element("p", about, class_="about") if about else None, *children)


def tiles(entries: Sequence[tuple[str, str]]) -> Html:
    """Return the most important numbers in large type, from entries (value, name)."""
    shown = [element("div", element("dd", value), element("dt", what)) for value, what in entries]
    return element("dl", *shown, class_="tiles")


def facts(entries: Sequence[tuple[str, object]]) -> Html:
    """Return (name, value) pairs as a list."""
    return element(
        "dl", *(join([element("dt", name), element("dd", value)]) for name, value in entries), class_="facts"
    )


def save(page: Html, path: Path) -> None:
    """Write a page, completely or not at all; raises ``OutputError``."""
    write_text(path, page)
