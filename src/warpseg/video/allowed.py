"""Allowed sources: the closed list of container formats and protocols, and the translation of a name into one of them.

FFmpeg opens much more: lists and playlists that name other files, scripts, capture devices, protocols that join or
cut or listen. A file's content decides its format, so a text named ``clip.mp4`` would be a list. Here a name is a file,
a pipe or an address, a format is one of those below, and none of them opens another file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from warpseg.errors import VideoError

__all__ = ["FORMATS", "SCHEMES", "Target", "is_address", "locate"]

# FFmpeg's demuxers, by their first names.
FORMATS = (
    # Files of cameras, phones, editors and the web.
    *("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "live_flv", "asf", "asf_o", "mxf", "gxf"),
    *("nut", "ogg", "wtv", "rm", "dv", "ivf", "dhav", "nsv", "pva", "swf", "cine", "ser", "yuv4mpegpipe"),
    # Bare streams of one codec.
    *("h264", "hevc", "vvc", "evc", "obu", "av1", "m4v", "mpegvideo", "h261", "h263", "vc1", "vc1test", "dirac"),
    *("cavsvideo", "avs2", "avs3", "dnxhd", "apv", "mjpeg", "mjpeg_2000", "mpjpeg", "smjpeg"),
    # Pictures.
    *("gif", "apng", "jpegxl_anim", "gif_pipe", "png_pipe", "jpeg_pipe", "jpegls_pipe", "jpegxl_pipe", "jpegxs_pipe"),
    *("webp_pipe", "tiff_pipe", "bmp_pipe", "j2k_pipe", "dpx_pipe", "exr_pipe", "hdr_pipe", "psd_pipe", "qoi_pipe"),
    *("sgi_pipe", "pam_pipe", "pbm_pipe", "pgm_pipe", "pgmyuv_pipe", "ppm_pipe", "pfm_pipe", "phm_pipe"),
    # Sound, which is refused later and by its name.
    *("wav", "w64", "mp3", "aac", "flac", "aiff", "caf", "ac3", "eac3", "dts", "amr"),
)
_HTTP = ("http", "https", "httpproxy", "tcp", "tls")
# Schemes of addresses: the protocols that each may use, and the demuxers that stand for the protocol itself.
SCHEMES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "http": (_HTTP, ()),
    "https": (_HTTP, ()),
    "rtsp": (("rtsp", "rtp", "udp", "tcp"), ("rtsp",)),
    "rtsps": (("rtsp", "rtp", "udp", "tcp", "tls"), ("rtsp",)),
    "rtmp": (("rtmp", "tcp"), ()),
    "rtmps": (("rtmps", "rtmp", "tcp", "tls"), ()),
    "rtp": (("rtp", "udp"), ("rtp",)),
    "udp": (("udp",), ()),
    "tcp": (("tcp",), ()),
    "srt": (("srt", "udp"), ()),
}
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_STANDARD_INPUT = ("-", "pipe:", "pipe:0")


@dataclass(frozen=True)
class Target:
    """A source as it is handed to FFmpeg."""

    url: str
    protocols: tuple[str, ...]
    formats: tuple[str, ...]
    waits: bool  # whether it may fall silent, as a pipe and a network may
    network: bool

    @property
    def limits(self) -> dict[str, str]:
        """Return FFmpeg's options that keep to the lists."""
        return {"protocol_whitelist": ",".join(self.protocols), "format_whitelist": ",".join(self.formats)}


def is_address(source: str) -> bool:
    """Return whether a name is the address of a network source; ``file://`` is not."""
    return not os.path.exists(source) and _scheme(source) not in (None, "file")


def locate(source: str) -> Target:
    """Return what a name stands for; raises ``VideoError`` for a protocol that is not on the list.

    A name is an address only in the form ``scheme://``: everything else is a file, whatever colons are in it.
    """
    if "\0" in source:  # where a name would end for FFmpeg
        raise VideoError(f"{source!r}: no such file; check the path")
    if source in _STANDARD_INPUT:
        return Target("pipe:0", ("pipe",), FORMATS, waits=True, network=False)
    if not is_address(source):
        path = os.path.abspath(_local(source))
        return Target(path, ("file",), FORMATS, waits=_waits(path), network=False)
    scheme = _scheme(source) or ""
    if scheme not in SCHEMES:
        raise VideoError(
            f"{source}: {scheme} is not a kind of address that is read ({', '.join(SCHEMES)}); "
            "fetch it with another program and give the file, or pipe it in with -"
        )
    protocols, own_formats = SCHEMES[scheme]
    url = scheme + source[len(scheme) :]  # FFmpeg knows schemes in small letters only
    return Target(url, protocols, (*own_formats, *FORMATS), waits=True, network=True)


def _scheme(source: str) -> str | None:
    found = _ADDRESS.match(source)
    return found[1].lower() if found else None


def _local(source: str) -> str:
    if os.path.exists(source) or _scheme(source) != "file":
        return source
    parts = urlsplit(source)
    if parts.netloc not in ("", "localhost"):
        raise VideoError(f"{source}: names a file of another machine ({parts.netloc}); give a path on this one")
    path = source[len("file://") + len(parts.netloc) :]
    return path if os.path.exists(path) else unquote(path)


def _waits(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)
