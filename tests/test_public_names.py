"""What users may rely on."""

from __future__ import annotations

import subprocess
import sys

import pytest

import warpseg
from warpseg import errors

PUBLIC = [
    "Adaptive",
    "Classes",
    "DatasetError",
    "Frame",
    "InferenceError",
    "Method",
    "ModelError",
    "MotionField",
    "MotionRange",
    "MotionUnavailable",
    "Network",
    "OutputError",
    "ProfileError",
    "Report",
    "Segmentation",
    "Segmenter",
    "SourceOptions",
    "Video",
    "VideoError",
    "VideoInfo",
    "WarpsegError",
    "load",
    "open_video",
    "process",
    "read_motion",
]


def test_the_public_names_are_these() -> None:
    assert warpseg.__all__ == PUBLIC
    assert sorted(warpseg.__all__) == warpseg.__all__


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_is_there(name: str) -> None:
    found = getattr(warpseg, name)
    assert callable(found)
    assert found.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'segment_everything'"):
        _ = warpseg.segment_everything


def test_errors_form_the_tree_that_is_drawn() -> None:
    assert issubclass(errors.WarpsegError, Exception)
    for name in set(errors.__all__) - {"WarpsegError"}:
        assert getattr(errors, name).__bases__ == (errors.WarpsegError,)
        assert f"── {name} " in (errors.__doc__ or "")
        assert name in PUBLIC


def test_importing_the_package_does_not_wait_for_torch() -> None:
    code = "import sys, warpseg; sys.exit(any(name in sys.modules for name in ('torch', 'av', 'numba', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
