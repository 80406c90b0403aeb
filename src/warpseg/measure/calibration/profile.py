"""Profile: the settings that calibration chose, their target and the evidence, as a JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

from warpseg.engine.choices import FUSIONS, MOTIONS, SCHEMES
from warpseg.engine.method import Method
from warpseg.errors import ModelError, ProfileError
from warpseg.files import write_json
from warpseg.jsonfile import read_object
from warpseg.measure.calibration.profile_json import ProfileFacts
from warpseg.measure.calibration.targets import Kind, Target
from warpseg.networks import checksum
from warpseg.networks.network import Precision

__all__ = ["Profile", "Weights", "read", "write"]

_FORMAT = "warpseg profile 1"
_LONGEST = 10_000  # frames of an interval
_LARGEST = 1 << 16  # pixels along a side
_OWN = ("format", "settings", "target", "model")  # keys that are not evidence
_SETTINGS = {
    "fusion": [name for name, choice in FUSIONS.items() if not choice.weights],
    "scheme": list(SCHEMES),
    "motion": list(MOTIONS),
}


@dataclass(frozen=True)
class Weights:
    """A file of weights and its checksum."""

    file: str
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Weights:
        """Describe a file; raises ``ModelError`` where it cannot be read."""
        try:
            return cls(str(path.resolve()), checksum(path))
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror}); give a file of weights") from error

    def found(self, where: Path) -> Path:
        """Return the file; raises ``ProfileError`` where it is missing or has changed."""
        path = Path(self.file)
        if not path.is_file() or checksum(path) != self.sha256:
            what = "has changed since then" if path.exists() else "is missing"
            raise ProfileError(f"{where}: its file of flow weights {path} {what}; name it with --flow-weights")
        return path


@dataclass(frozen=True)
class Profile:
    """Result of ``warpseg calibrate``: a method and the target that it meets."""

    method: Method  # scheme, interval, fusion and motion; the rest by default
    target: Target
    model: Mapping[str, str | None]  # name, sha256 of the weights
    flow_weights: Weights | None = None  # of motion "flow"; None: OpenCV's DIS
    facts: ProfileFacts | None = None  # the evidence; None: made by hand
    precision: str = "auto"  # of the network, as its options have them
    imgsz: int | tuple[int, int] | None = None

    def check_model(self, name: str, checksum: str | None, where: str) -> None:
        """Raise ``ModelError`` where the network is not the one that the profile ``where`` was made with."""
        expected = self.model.get("sha256")
        if (expected, checksum) == (None, None) and self.model.get("name") == name:
            return
        if expected is None or expected != checksum:
            raise ModelError(
                f"{where}: made with {self.model.get('name')} (sha256 {(expected or 'unknown')[:12]}), not with {name} "
                f"(sha256 {(checksum or 'unknown')[:12]}); choose its --model, or calibrate this one"
            )


def write(profile: Profile, path: Path) -> None:
    """Write a profile; raises ``OutputError``."""
    method = profile.method
    settings: dict[str, Any] = {
        "scheme": method.scheme,
        "interval": method.interval,
        "fusion": method.fusion_name,
        "motion": method.motion,
    }
    if profile.flow_weights is not None:
        settings["flow_weights"] = asdict(profile.flow_weights)
    if profile.precision != "auto":
        settings["precision"] = profile.precision
    if profile.imgsz is not None:
        settings["imgsz"] = profile.imgsz
    held = {
        "format": _FORMAT,
        "settings": settings,
        "target": asdict(profile.target),
        "model": dict(profile.model),
        **(profile.facts or {}),
    }
    write_json(path, held)


def read(path: Path) -> Profile:
    """Read a profile; raises ``ProfileError`` where it is missing, no profile, or one of another version."""
    try:
        found = read_object(path, ProfileFacts)
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read ({error.strerror}); make one with warpseg calibrate") from error
    except ValueError as error:
        raise ProfileError(f"{path}: not a profile ({error}); make one with warpseg calibrate") from error
    if found.get("format") != _FORMAT:
        raise ProfileError(f"{path}: not a profile of this version ('format': '{_FORMAT}'); calibrate again")
    settings, target, model = (_mapping(found, key, path) for key in ("settings", "target", "model"))
    for key, accepted in _SETTINGS.items():
        if settings.get(key) not in accepted:
            raise ProfileError(f"{path}: {key} {settings.get(key)!r:.80}: expected one of {', '.join(accepted)}")
    interval, value = settings.get("interval"), target.get("value")
    if not isinstance(interval, int) or isinstance(interval, bool) or not 1 <= interval <= _LONGEST:
        raise ProfileError(f"{path}: interval {interval!r:.80}: expected a whole number of frames, 1 to {_LONGEST}")
    if target.get("kind") not in get_args(Kind) or not isinstance(value, (int, float)):
        raise ProfileError(f"{path}: target {target!s:.80}: expected one of {', '.join(get_args(Kind))} and its value")
    if not all(value is None or isinstance(value, str) for value in model.values()):
        raise ProfileError(f"{path}: model {model!s:.80}: expected its name and the sha256 of its weights")
    weights = settings.get("flow_weights")
    held = isinstance(weights, dict) and {*weights} == {"file", "sha256"} and all(map(_is_text, weights.values()))
    if weights is not None and not held:
        raise ProfileError(f"{path}: flow_weights {weights!r:.80}: expected a file and its sha256")
    precision, imgsz = settings.get("precision", "auto"), settings.get("imgsz")
    if precision not in get_args(Precision):
        raise ProfileError(f"{path}: precision {precision!r:.80}: expected one of {', '.join(get_args(Precision))}")
    sides = imgsz if isinstance(imgsz, list) and len(imgsz) == 2 else [imgsz]
    if imgsz is not None and not all(isinstance(side, int) and 1 <= side <= _LARGEST for side in sides):
        raise ProfileError(f"{path}: imgsz {imgsz!r:.80}: expected pixels of the shorter side, or [height, width]")
    return Profile(
        Method(settings["scheme"], interval, fusion=settings["fusion"], motion=settings["motion"]),
        Target(target["kind"], float(value)),
        model,
        None if weights is None else Weights(str(weights["file"]), str(weights["sha256"])),
        cast(ProfileFacts, {key: value for key, value in found.items() if key not in _OWN}) or None,
        precision,
        (imgsz[0], imgsz[1]) if isinstance(imgsz, list) else imgsz,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _mapping(found: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = found.get(key)
    if not isinstance(value, dict):
        raise ProfileError(f"{path}: has no {key}; make a profile with warpseg calibrate")
    return value
