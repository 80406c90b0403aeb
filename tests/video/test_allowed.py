"""Allowed sources: whatever a name or a file says, no other file and no other server is read."""

from __future__ import annotations

import ctypes
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from av.format import ContainerFormat
from av.video.stream import VideoStream

from tests.support.command import moving
from tests.support.servers import Server, serving
from warpseg.errors import VideoError
from warpseg.types import Picture
from warpseg.video import SourceOptions, open_pictures
from warpseg.video.allowed import FORMATS, SCHEMES
from warpseg.video.encode import encode

PLAYLIST = SourceOptions(playlist=True)
# Demuxers that take the names of other files, or the rest of them, from what they read.
LISTS = {
    "concat", "dash", "hls", "image2", "imf", "ism", "mlv", "mpsub", "sdp", "svg_pipe", "tty", "vapoursynth", "vobsub",
    "webm_dash_manifest", "avisynth",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a clip beside another that holds the lists."""
    for name in ("secret.mp4", "secret.ts"):
        encode(moving(8), tmp_path / name)
    (tmp_path / "secret.txt").write_text("not to be seen\n" * 40)
    (tmp_path / "lists").mkdir()
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as server:
        yield server


def protocols() -> list[str]:
    """Return the input protocols of the FFmpeg that PyAV brings."""
    found = list(Path(av.__file__).parents[1].glob("av.libs/libavformat*"))
    if not found:
        pytest.skip("PyAV was built here: its FFmpeg is elsewhere")
    library = ctypes.CDLL(str(found[0]))
    library.avio_enum_protocols.restype = ctypes.c_char_p
    state, names = ctypes.c_void_p(), []
    while name := library.avio_enum_protocols(ctypes.byref(state), 0):
        names.append(name.decode())
    return names


def refused(source: object, *words: str, options: SourceOptions | None = None) -> None:
    """Assert that a source is refused in one line."""
    with pytest.raises(VideoError) as raised:
        open_pictures(source, options=options or SourceOptions(timeout=2))  # type: ignore[arg-type]
    message = str(raised.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def lists(folder: Path) -> dict[str, str]:
    """Return contents that name a clip, by the suffix of their kind."""
    clip, other = folder / "secret.mp4", folder / "secret.ts"
    return {
        "ffconcat": f"ffconcat version 1.0\nfile '{clip}'\n",
        "nested": "ffconcat version 1.0\nfile inner.ffconcat\n",
        "text": "ffconcat version 1.0\nfile ../secret.txt\n",
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
        "mpd": f'<?xml version="1.0"?>\n<MPD type="static"><BaseURL>{clip}</BaseURL></MPD>\n',
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 26\n",
        "pls": f"[playlist]\nFile1={clip}\nNumberOfEntries=1\n",
        "xspf": f'<?xml version="1.0"?><playlist><location>{clip}</location></playlist>\n',
        "asx": f'<asx version="3.0"><entry><ref href="{clip}"/></entry></asx>\n',
        "smil": f'<smil><body><video src="{clip}"/></body></smil>\n',
        "avs": f'FFVideoSource("{clip}")\n',
        "ram": f"rtsp://127.0.0.1:9/{clip}\n",
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{clip}"/></svg>\n',
        "idx": "# VobSub index file, v7\nsize: 720x576\nid: en, index: 0\ntimestamp: 00:00:01:000, filepos: 0\n",
        "txt": "plain words\n" * 50,
    }


@pytest.mark.parametrize("kind", list(lists(Path())))
@pytest.mark.parametrize("suffix", ["own", "mp4", ""])
def test_no_list_is_read_whatever_its_name(folder: Path, kind: str, suffix: str) -> None:
    (folder / "lists" / "inner.ffconcat").write_text(lists(folder)["ffconcat"])
    path = folder / "lists" / f"clip.{kind if suffix == 'own' else suffix}".rstrip(".")
    path.write_text(lists(folder)[kind])
    refused(path)
    refused(str(path))
    with path.open("rb") as file:
        refused(file)
    refused(io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize("kind", list(lists(Path())))
def test_no_list_is_read_from_a_pipe(folder: Path, kind: str) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_text, args=(lists(folder)[kind],), daemon=True).start()
    refused(pipe)


@pytest.mark.parametrize("kind", list(lists(Path())))
def test_no_list_is_read_from_a_server(folder: Path, server: Server, kind: str) -> None:
    (folder / "lists" / "clip.mp4").write_text(lists(folder)[kind].replace(str(folder), server.address))
    refused(f"{server.address}/lists/clip.mp4")
    assert set(server.asked) == {"/lists/clip.mp4"}


def test_every_protocol_of_the_build_is_refused_unless_it_is_listed(folder: Path, server: Server) -> None:
    names = protocols()
    assert {"file", "concat", "subfile", "data", "async", "cache", "crypto", "fd"} <= set(names)
    for name in names:
        for inner in (folder / "secret.mp4", f"file:{folder}/secret.mp4", f"{server.address}/secret.mp4", "0", ""):
            refused(f"{name}:{inner}")
            refused(f"{name},,start,0,end,900,,:{inner}")
            refused(f"{name}+file:{inner}")
            if name not in (*SCHEMES, "file"):
                refused(f"{name}://{inner}", f"{name} is not a kind of address")
    refused(f"concat:{folder}/secret.ts|{folder}/secret.ts")
    refused("file://elsewhere/secret.mp4", "another machine")
    assert server.asked == []


def test_the_listed_formats_open_nothing_else() -> None:
    assert not LISTS & set(FORMATS)
    for name in set(FORMATS) & av.formats_available:
        assert not ContainerFormat(name, "r").no_file, name  # of those that open by themselves: devices, patterns


def test_nothing_is_read_past_a_zero_byte(folder: Path) -> None:
    refused(f"{folder}/secret.mp4\0.mp4", "no such file")


@pytest.mark.parametrize("name", ["12:30.mp4", "http:x.mp4", "concat:x.mp4", "clip%03d.png", "clip[1].jpg", "a b?.mp4"])
def test_a_file_may_have_any_name(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from PIL import Image

    monkeypatch.chdir(folder)
    if name.endswith(".mp4"):
        (folder / name).write_bytes((folder / "secret.mp4").read_bytes())
    else:
        Image.fromarray(moving(1)[0]).save(folder / name)
    for source in (name, Path(name), str(folder / name), f"file://{folder}/{name}"):
        with open_pictures(source) as reader:
            assert len(list(reader)) == (8 if name.endswith(".mp4") else 1)


@pytest.mark.parametrize("where", ["/secret.mp4", "http://localhost:{port}/secret.mp4"])
def test_a_redirect_to_a_server_is_followed(server: Server, where: str) -> None:
    with open_pictures(f"{server.address}/redirect?{where.format(port=server.server_port)}") as reader:
        assert len(list(reader)) == 8


@pytest.mark.parametrize("where", ["file://{folder}/secret.mp4", "{folder}", "concat:{folder}/secret.ts", "data:x,y"])
def test_a_redirect_to_anything_else_is_refused(folder: Path, server: Server, where: str) -> None:
    refused(f"{server.address}/redirect?{where.format(folder=folder)}")


# Playlists that were asked for


def playlist(path: Path, *parts: object, more: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    lines = "".join(f"#EXTINF:0.3,\n{part}\n" for part in parts)
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{more}{lines}#EXT-X-ENDLIST\n")
    return path


def segmented(folder: Path) -> Path:
    """Return the playlist of three segments of 20 frames in ``folder``."""
    path = folder / "x.m3u8"
    with av.open(str(path), "w", format="hls", options={"hls_time": "0.8", "hls_list_size": "0"}) as container:
        stream: VideoStream = container.add_stream("libx264", rate=25, options={"g": "20", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for pixels in moving(60):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode(None))
    assert {"x0.ts", "x1.ts", "x2.ts"} <= set(os.listdir(folder))
    return path


def count(source: Path | str) -> int:
    with open_pictures(source, options=PLAYLIST) as reader:
        return len(list(reader))


def test_a_playlist_is_read_when_asked_for(folder: Path, server: Server) -> None:
    path = segmented(folder / "lists")
    text = path.read_text()
    (folder / "lists" / "sub").mkdir()
    (folder / "lists" / "x0.ts").rename(folder / "lists" / "sub" / "odd.jpg")
    for first in ("sub/odd.jpg", folder / "lists" / "sub" / "odd.jpg"):
        path.write_text(text.replace("x0.ts", str(first)))
        assert count(path) == 60
    (folder / "lists" / "sub" / "odd.jpg").rename(folder / "first.ts")
    path.write_text(text.replace("x0.ts", "/redirect?/first.ts"))
    assert count(f"{server.address}/lists/x.m3u8") == 60
    assert {"/first.ts", "/lists/x2.ts"} <= set(server.asked)


@pytest.mark.parametrize(
    "part",
    ["../secret.ts", "{folder}/secret.ts", "file://{folder}/secret.ts", "link.ts", "{address}/secret.ts",
     "data:video/mp2t;base64,AAAA", "concat:{folder}/secret.ts", "subfile,,start,0,end,9,,:{folder}/secret.ts"],
)  # fmt: skip
def test_a_playlist_stays_below_its_folder(folder: Path, server: Server, part: str) -> None:
    (folder / "lists" / "link.ts").symlink_to(folder / "secret.ts")
    part = part.format(folder=folder, address=server.address)
    refused(playlist(folder / "lists" / "a.m3u8", part), "a.m3u8: ", options=PLAYLIST)
    assert server.asked == []


@pytest.mark.parametrize("tag", ['#EXT-X-MAP:URI="{secret}"', '#EXT-X-KEY:METHOD=AES-128,URI="{secret}"'])
def test_keys_and_headers_of_a_playlist_stay_below_its_folder(folder: Path, tag: str) -> None:
    (folder / "lists" / "own.ts").write_bytes((folder / "secret.ts").read_bytes())
    more = tag.format(secret=folder / "secret.ts") + "\n"
    refused(playlist(folder / "lists" / "a.m3u8", "own.ts", more=more), "outside its own folder", options=PLAYLIST)


def test_a_playlist_stays_at_its_origin(folder: Path, server: Server) -> None:
    with serving(folder) as other:
        for part in (
            f"{other.address}/secret.ts",
            f"/redirect?{other.address}/secret.ts",
            f"file://{folder}/secret.ts",
        ):
            playlist(folder / "lists" / "a.m3u8", part)
            refused(f"{server.address}/lists/a.m3u8", "outside its own folder or origin", options=PLAYLIST)
        assert other.asked == []
        playlist(folder / "lists" / "a.m3u8", "../secret.ts")
        refused(f"{server.address}/redirect?{other.address}/lists/a.m3u8", options=PLAYLIST)
        assert other.asked == []


def test_a_missing_part_is_damage(folder: Path, server: Server) -> None:
    path = segmented(folder / "lists")
    (folder / "lists" / "x1.ts").unlink()
    for source in (path, f"{server.address}/lists/x.m3u8"):
        pictures: list[Picture] = []
        with open_pictures(source, options=PLAYLIST) as reader, pytest.raises(VideoError, match=r"read: 1, .*x1.ts"):
            pictures.extend(reader)
        assert len(pictures) == 40


def test_a_playlist_cannot_come_from_a_pipe_or_a_file_object(folder: Path) -> None:
    path = playlist(folder / "lists" / "a.m3u8", "x.ts")
    refused("-", "a file or an http address", options=PLAYLIST)
    with path.open("rb") as file:
        refused(file, "a file or an http address", options=PLAYLIST)
    refused("rtsp://127.0.0.1:9/a.m3u8", "a file or an http address", options=PLAYLIST)


@pytest.mark.parametrize("name", ["page.png", "page.jpg", "page.eps"])
def test_no_picture_starts_another_program(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    drawing = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    (folder / "lists" / name).write_text(drawing)
    started: list[object] = []
    monkeypatch.setattr("subprocess.check_call", lambda *args, **_: started.append(args))
    refused(folder / "lists" / name)
    refused(folder / "lists")
    assert started == []
