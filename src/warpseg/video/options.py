"""Options: choices about a source that its name does not make."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SourceOptions"]

_NETWORK_LIMIT = 10.0  # seconds


@dataclass(frozen=True)
class SourceOptions:
    """Choices about a source.

    Args:
        timeout: Seconds that opening, or the wait for the next data, may take; by default 10 for network sources and
            no limit for pipes. Files on disk and file objects are never timed.
        playlist: Whether the source is an HLS playlist, whose parts are read below its own folder or origin only.
        video_stream: Number of the video stream among the source's video streams, from 0; by default the one that the
            source marks as default, else the first.
        audio_stream: Likewise of the audio stream that an overlay takes its sound from.

    Examples:
        >>> SourceOptions(timeout=30, video_stream=1)
        SourceOptions(timeout=30, playlist=False, video_stream=1, audio_stream=None)
    """

    timeout: float | None = None
    playlist: bool = False
    video_stream: int | None = None
    audio_stream: int | None = None

    def __post_init__(self) -> None:
        if self.timeout is not None and not self.timeout > 0:
            raise ValueError(f"timeout is {self.timeout}: more than 0 seconds is accepted")
        for kind, number in (("video_stream", self.video_stream), ("audio_stream", self.audio_stream)):
            if number is not None and number < 0:
                raise ValueError(f"{kind} is {number}: 0 (the first) or more is accepted")

    def limit(self, *, network: bool) -> float | None:
        """Return the wait for a source that may fall silent.

        Args:
            network: Whether it is a network source, else a pipe.

        Returns:
            Seconds, None for no limit.
        """
        if self.timeout is not None:
            return self.timeout
        return _NETWORK_LIMIT if network else None
