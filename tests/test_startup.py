from __future__ import annotations

import gc

import pytest

from warpseg.startup import heavy_imports


@pytest.mark.parametrize("enabled", [True, False])
def test_collection_is_off_within_and_as_it_was_after(enabled: bool) -> None:
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with heavy_imports():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
        assert gc.get_freeze_count() > 10_000  # what was imported is left out of later searches
        with pytest.raises(ImportError), heavy_imports():
            raise ImportError
        assert gc.isenabled() == enabled
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()
