"""What every page must be: well formed, self-contained, and readable without its pictures."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

VOID = {"img", "input", "link", "meta"}


class Page(HTMLParser):
    """A page that was read, checked on the way."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.source = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.scripts: list[str] = []
        self.feed(self.source)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts.append(data)
        else:
            self.pieces.append(data)

    @property
    def text(self) -> str:
        """All words, white space made one."""
        return " ".join(" ".join(self.pieces).split())

    def all(self, tag: str, class_: str | None = None) -> list[dict[str, str | None]]:
        return [
            attributes
            for name, attributes in self.tags
            if name == tag and (class_ is None or class_ in (attributes.get("class") or "").split())
        ]


def checked(path: Path) -> Page:
    """Read a page and assert what holds for all of them."""
    page = Page(path)
    assert page.source.startswith("<!DOCTYPE html>")
    assert len(page.all("h1")) == len(page.all("main")) == 1
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "poster", "action", "data", "background"):
            value = attributes.get(name)
            assert value is None or value.startswith("data:"), f"<{tag} {name}={value!r}> would be fetched"
        assert not any(name.startswith("on") for name in attributes), f"<{tag}> has an event attribute"
    for code in page.scripts:
        assert not re.search(r"url\(|@import|https?:|//[a-z]+\.", code), "style or script refers to the network"
        assert not re.search(r"fetch\(|XMLHttpRequest|import\(", code)
    for image in page.all("img"):
        assert image.get("alt"), "a picture without words"
        kind, _, data = (image["src"] or "").partition(";base64,")
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as decoded:
            decoded.load()
            assert kind == f"data:image/{(decoded.format or '').lower()}"
            if "direction" not in str(image["alt"]):  # the wheel is drawn at twice its size
                assert (image["width"], image["height"]) == (str(decoded.width), str(decoded.height))
    for drawing in page.all("svg"):
        assert drawing.get("aria-label") or drawing.get("aria-hidden") == "true"
    for control in (*page.all("input"), *page.all("button")):
        assert control.get("aria-label"), "a control without a name"
    for cell in page.all("th"):
        assert cell.get("scope") in ("row", "col")
    return page
