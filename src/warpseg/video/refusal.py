"""Refusals: says in one line why a source cannot be opened and what to do."""

from __future__ import annotations

import os
from collections.abc import Sequence

import av

from warpseg.video.allowed import Target
from warpseg.video.playlist import Parts

__all__ = ["explain", "explain_content", "explain_no_frame"]

_HEAD = 4096  # bytes that tell lists and text from video
_LISTS = (b"ffconcat", b"[playlist]", b"#PLAYLIST", b"<?xml", b"<MPD", b"<smil", b"v=0\r", b"v=0\n")


def explain(
    error: BaseException, name: str, source: str, target: Target, parts: Parts | None, limit: float | None
) -> str:
    """Return the message for an error of opening."""
    if parts is not None and parts.refused:
        return (
            f"{name}: names {parts.refused[0]}, outside its own folder or origin; only parts below that are read: "
            "put them there, or give their own address"
        )
    if parts is not None and parts.missing:
        return f"{name}: {parts.missing[0]} cannot be read; check the playlist and its address"
    if isinstance(error, TimeoutError):
        return f"{name}: no answer for {limit:g} s; check the address, or wait longer with --timeout"
    if isinstance(error, FileNotFoundError) and not target.network:
        return f"{name}: no such file; check the path ({source})"
    if isinstance(error, av.ProtocolNotFoundError):
        return f"{name}: this build of FFmpeg does not know {target.url.partition(':')[0]}; pipe it in with -"
    head = b"" if target.waits else _read_head(target.url)
    if head is None:
        return f"{name}: the file is empty; copy it again"
    if target.network and isinstance(error, av.ArgumentError) and parts is None:
        return f"{name}: no kind of video that is read (docs/sources.md); a playlist is read with --playlist"
    return f"{name}: {explain_content(error, head)}"


def explain_content(error: BaseException, head: bytes) -> str:
    """Return what is wrong with a source that begins with ``head``."""
    if isinstance(error, av.ArgumentError | av.InvalidDataError):
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if text.startswith(b"#EXTM3U"):
            return "is a playlist, which names other files; --playlist reads it, below its own folder or origin"
        if text.startswith(_LISTS):
            return "is a list that names other files, and such lists are not read; give the files themselves"
        if text[:15].lower().startswith((b"<!doctype html", b"<html")):
            return "is a web page, not a video; download the video itself"
        if _is_text(head):
            return "is text, not a video; give a video file"
    if isinstance(error, av.InvalidDataError):
        return "not a video, or one whose header is missing (an incomplete download?); check what the file is"
    if isinstance(error, av.ArgumentError):
        return "no kind of video that is read (docs/sources.md); convert it to MP4 or Matroska"
    return f"cannot be opened: {getattr(error, 'strerror', None) or error}"


def explain_no_frame(container: str, codec: str, *, piped: bool, missing: Sequence[str], cut_off: str) -> str:
    """Return what is wrong with a video stream of which no frame can be decoded."""
    if missing:
        return f"none of its parts could be read, the first {missing[0]}"
    if piped and "mp4" in container:
        return (
            "an MP4 with its index at the end cannot be read from a pipe; give the file itself, "
            "or pipe a copy made with ffmpeg -c copy -movflags +faststart"
        )
    if container == "webp_pipe":
        return "is an animated or damaged WebP, which FFmpeg cannot decode; convert it to GIF, PNG pictures or a video"
    if cut_off.startswith("reading"):
        return f"no frame was read: {cut_off}"
    return f"no frame of the {codec} stream could be decoded; it is damaged or encrypted"


def _read_head(path: str) -> bytes | None:
    """Return a file's first bytes, None if it is empty and b"" if it cannot be read."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return file.read(_HEAD) or None
    except OSError:
        return b""


def _is_text(head: bytes) -> bool:
    if not head or any(byte < 9 or 13 < byte < 27 for byte in head):
        return False
    try:
        head[: _HEAD - 4].decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 8  # in the middle of a character
    return True
