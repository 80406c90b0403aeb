"""Playlists: opens the parts of an HLS playlist in FFmpeg's place, below the playlist's own folder or origin only."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from warpseg.errors import VideoError
from warpseg.video.allowed import Target

__all__ = ["PLAYLIST_OPTIONS", "Parts", "parts_of"]

# The playlist itself, what its segments are made of, and its subtitles.
_FORMATS = ("hls", "mpegts", "mov", "mp4", "aac", "mp3", "ac3", "eac3", "webvtt")
# Every name is checked here; FFmpeg need not judge segments by their suffix.
PLAYLIST_OPTIONS: Mapping[str, str] = {
    "allowed_extensions": "ALL",
    "allowed_segment_extensions": "ALL",
    "extension_picky": "0",
    "http_persistent": "0",
    "protocol_whitelist": "file,http,https,tcp,tls",
    "format_whitelist": ",".join(_FORMATS),
}
_PORTS = {"http": 80, "https": 443}


class Parts(ABC):
    """Opener of a playlist's parts, as ``av.open`` takes it; remembers what it could not open.

    In place of such a part it returns an empty one: FFmpeg goes on with the next, and the gap is reported at the end.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []  # outside the playlist's folder or origin
        self.missing: list[str] = []  # inside, but not to be had
        self._open: list[BinaryIO | _Page] = []

    def __call__(self, url: str, flags: int, options: Mapping[str, str]) -> BinaryIO:
        """Return an open part, or the playlist itself."""
        part = self._part(url, options) or BytesIO()
        self._open = [*(file for file in self._open if not file.closed), part]
        return cast(BinaryIO, part)

    def close(self) -> None:
        """Close what FFmpeg left open."""
        for file in self._open:
            file.close()

    @abstractmethod
    def _part(self, url: str, options: Mapping[str, str]) -> BinaryIO | _Page | None: ...


def parts_of(target: Target, name: str, limit: float | None) -> Parts:
    """Return the opener for a playlist; raises ``VideoError`` if playlists of its kind are not read."""
    if not target.network and not target.waits:
        return _Files(target.url)
    if target.url.startswith(("http://", "https://")):
        return _Pages(target.url, limit)
    raise VideoError(f"{name}: a playlist can be a file or an http address; give one of these")


class _Files(Parts):
    """Parts of a playlist on disk."""

    def __init__(self, playlist: str) -> None:
        super().__init__()
        self._root = Path(playlist).resolve().parent

    def _part(self, url: str, options: Mapping[str, str]) -> BinaryIO | _Page | None:
        path = Path(url.removeprefix("file:")).resolve()  # symbolic links must not lead out either
        if "://" in url or not path.is_relative_to(self._root) or not (path.is_file() or not path.exists()):
            self.refused.append(url)
            return None
        try:
            return path.open("rb")
        except OSError:
            self.missing.append(os.path.relpath(path, self._root))
            return None


class _Pages(Parts):
    """Parts of a playlist behind an address."""

    def __init__(self, playlist: str, limit: float | None) -> None:
        super().__init__()
        self._origin = _origin(playlist)
        self._limit = limit
        self._opener: OpenerDirector = build_opener(_SameOrigin(self._origin))

    def _part(self, url: str, options: Mapping[str, str]) -> BinaryIO | _Page | None:
        if _origin(url) != self._origin:
            self.refused.append(url)
            return None
        first, end = int(options.get("offset") or 0), int(options.get("end_offset") or 0)
        request = Request(url)
        if first or end:
            request.add_header("Range", f"bytes={first}-{end - 1 if end else ''}")
        try:
            answer = self._opener.open(request, timeout=self._limit)
            if first and answer.status != 206:
                raise OSError(f"{url}: the server does not send parts of files")
        except _Refused as redirect:
            self.refused.append(str(redirect))
            return None
        except (OSError, HTTPException):
            self.missing.append(url)
            return None
        return _Page(answer)


class _Page:
    """An answer as a file that is read from front to back."""

    def __init__(self, answer: IO[bytes]) -> None:
        self.read = answer.read
        self.close = answer.close
        self._answer = answer

    @property
    def closed(self) -> bool:
        return self._answer.closed


class _Refused(Exception):
    """A redirect to another origin."""


class _SameOrigin(HTTPRedirectHandler):
    def __init__(self, origin: tuple[str, str | None, int | None]) -> None:
        self._origin = origin

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Follow a redirect to the same origin only."""
        if _origin(newurl) != self._origin:
            raise _Refused(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
