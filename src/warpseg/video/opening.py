"""Opening with FFmpeg: the only place where a name or a file object is handed to it for reading."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

import av
from av import FFmpegError, Packet
from av.container import InputContainer
from av.stream import Stream

from warpseg.errors import VideoError
from warpseg.video.allowed import FORMATS, Target, is_address, locate
from warpseg.video.fileobject import FileObject
from warpseg.video.interruptible import Reader
from warpseg.video.options import SourceOptions
from warpseg.video.playlist import PLAYLIST_OPTIONS, Parts, parts_of
from warpseg.video.refusal import explain, explain_content

__all__ = ["Input", "name_of", "open_input"]

T = TypeVar("T")
_MARGIN = 1.0  # seconds that FFmpeg waits longer than the caller, so that the message is the caller's


class Input:
    """An open container and the way to read from it: directly, or in a thread that can be left behind."""

    def __init__(
        self, container: InputContainer, name: str, reader: Reader | None, file: FileObject | None, parts: Parts | None
    ) -> None:
        self.container = container
        self.name = name
        self.piped = False  # whether it can be read only once and in order
        self._reader, self._file, self._parts = reader, file, parts
        self._closed = False

    def packets(self, *streams: Stream) -> Iterator[Packet[Any]]:
        """Yield the packets of some streams, by default of all, and at last an empty one of each.

        Raises ``TimeoutError`` if the source falls silent, ``FFmpegError`` if it cannot be read.
        """
        packets: Iterator[Packet[Any]] = iter(self.container.demux(*streams))
        if self._reader is not None:
            yield from self._reader.iterate(packets)
        elif self._file is not None:
            yield from self._file.watched(packets)
        else:
            yield from packets

    @property
    def missing(self) -> list[str]:
        """Parts of a playlist that were not read."""
        if self._parts is None:
            return []
        return [*(f"{url} (outside its folder or origin)" for url in self._parts.refused), *self._parts.missing]

    def call(self, job: Callable[[], T]) -> T:
        """Make a call that may read from the source, such as a seek."""
        return job() if self._reader is None else self._reader.call(job)

    def interrupt(self) -> None:
        """End the wait of another thread that reads."""
        if self._reader is not None:
            self._reader.interrupt()

    def close(self) -> None:
        """Close the container, once a read that was given up has returned."""
        if self._closed:
            return
        self._closed = True
        if self._reader is None:
            self._release()
        else:
            self._reader.close(self._release)

    def _release(self) -> None:
        self.container.close()
        for kept in (self._file, self._parts):
            if kept is not None:
                kept.close()


def open_input(source: str | os.PathLike[str] | BinaryIO, options: SourceOptions | None = None) -> Input:
    """Open a file, an address, a pipe or a binary file object.

    Raises ``VideoError`` if it is missing, not on the list of what is read, or silent.
    """
    options, name = options or SourceOptions(), name_of(source)
    if not isinstance(source, str | os.PathLike):
        if options.playlist:
            raise VideoError(f"{name}: a playlist can be a file or an http address; give one of these")
        return _open_object(source, name)
    source = os.fspath(source)
    target = locate(source)
    limit = options.limit(network=target.network)
    parts = parts_of(target, name, limit) if options.playlist else None
    reader = Reader(limit) if target.waits or parts is not None else None
    wait = None if limit is None or reader is None else limit + _MARGIN
    call = partial(_open_target, target, wait, parts)
    try:
        container, file = call() if reader is None else reader.call(call)
    except BaseException as error:
        if reader is not None:
            reader.close(parts.close if parts is not None else lambda: None)
        if not isinstance(error, FFmpegError | OSError | UnicodeError):
            raise
        raise VideoError(explain(error, name, source, target, parts, limit)) from error
    opened = Input(container, name, reader, file, parts)
    opened.piped = target.waits and not target.network
    return opened


def name_of(source: str | os.PathLike[str] | BinaryIO) -> str:
    """Return the name of a source for messages: the last part of a path or an address."""
    if not isinstance(source, str | os.PathLike):
        name = getattr(source, "name", None)
        return Path(name).name if isinstance(name, str) else "file object"
    source = os.fspath(source)
    if source in ("-", "pipe:", "pipe:0"):
        return "standard input"
    if source.startswith(("/dev/", "/proc/")):  # of a process substitution, the last part is a mere number
        return source
    return Path(urlsplit(source).path if is_address(source) else source).name or source


def _open_target(target: Target, wait: float | None, parts: Parts | None) -> tuple[InputContainer, FileObject | None]:
    if parts is not None:
        return _open(target.url, PLAYLIST_OPTIONS, format="hls", io_open=parts), None
    try:
        return _open(target.url, target.limits | _network_limits(target.url, wait)), None
    except av.ArgumentError:
        # FFmpeg takes names such as a.jpg and a%d.png for patterns of names; without a name, content decides.
        if target.waits or not os.path.isfile(target.url):
            raise
    file = FileObject(Path(target.url).open("rb"), owned=True)  # noqa: SIM115  # the caller closes it
    try:
        return file.watch(lambda: _open(file, target.limits)), file
    except BaseException:
        file.close()
        raise


def _open_object(source: BinaryIO, name: str) -> Input:
    file = FileObject(source)
    limits = {"protocol_whitelist": "none", "format_whitelist": ",".join(FORMATS)}
    try:
        container = file.watch(lambda: _open(file, limits))
    except (FFmpegError, OSError) as error:
        raise VideoError(f"{name}: {explain_content(error, file.head)}") from error
    opened = Input(container, name, None, file, None)
    opened.piped = not file.seekable()
    return opened


def _network_limits(url: str, wait: float | None) -> dict[str, str]:
    # PyAV's own limit calls into Python while FFmpeg waits, which crashes a program that ends meanwhile.
    if wait is None:
        return {}
    names = ("rw_timeout",) if url.startswith("rtmp") else ("rw_timeout", "timeout")  # RTMP would wait for a caller
    return dict.fromkeys(names, str(round(wait * 1e6)))  # microseconds


def _open(file: str | FileObject, limits: Mapping[str, str], **given: Any) -> InputContainer:
    # Names, titles and languages need not be UTF-8.
    container: InputContainer = av.open(file, "r", options=dict(limits), metadata_errors="replace", **given)
    return container
