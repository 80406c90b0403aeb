"""Command line of the benchmarks: ``python -m benchmarks [NAME ...] [--quick] [--data DIR] [--out DIR]``.

``python -m benchmarks list`` lists them; ``python -m benchmarks pages`` writes the tables and figures of README and
docs from the results.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import torch

import benchmarks
from benchmarks._lib import pages, result
from benchmarks._lib.context import DATA, REPOSITORY, RESULTS, Context, Skipped

NAMES = sorted(each.name for each in iter_modules(benchmarks.__path__) if not each.name.startswith("_"))
KEPT = REPOSITORY / "out" / "benchmarks"  # parts of runs that may be interrupted


def main(arguments: Sequence[str]) -> None:
    """Run benchmarks, list them, or write the pages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the numbers of README and docs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks, all by default; or: list, pages")
    parser.add_argument("--quick", action="store_true", help="show that they work: tiny, into a temporary folder")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of camvid/ and video/ (%(default)s)")
    parser.add_argument("--out", type=Path, help="folder of the result files (benchmarks/results)")
    options = parser.parse_args(arguments)
    if options.names == ["list"]:
        print("\n".join(f"{name:20} {summary(benchmark(name))}" for name in NAMES))
        return
    if options.names == ["pages"]:
        write_pages(options.out or RESULTS)
        return
    if unknown := sorted({*options.names} - {*NAMES}):
        parser.error(f"no benchmark {', '.join(unknown)}; expected list, pages, or some of {', '.join(NAMES)}")
    if options.quick and options.out and options.out.resolve() == RESULTS:
        parser.error("--quick measures nothing worth keeping; choose another --out")
    out = options.out or (Path(tempfile.mkdtemp(prefix="warpseg-benchmarks-")) if options.quick else RESULTS)
    measure(options.names or NAMES, out, options.data, arguments, quick=options.quick)


def benchmark(name: str) -> ModuleType:
    """Return a benchmark's module: ``run``, and maybe ``PAGES`` and ``FIGURES``."""
    return import_module(f"benchmarks.{name}")


def summary(module: ModuleType) -> str:
    """Return the first line of a benchmark's docstring."""
    return (module.__doc__ or "").partition("\n")[0]


def measure(names: Sequence[str], out: Path, data: Path, arguments: Sequence[str], *, quick: bool) -> None:
    """Run benchmarks one after the other, each result written when it is complete."""
    at = result.commit()
    if quick:
        torch.set_num_threads(1)  # small pictures gain nothing by more
    for name in names:
        kept = KEPT / at / name if at and not at.endswith("-dirty") and not quick else None
        started = time.perf_counter()
        print(f"{name}: {summary(benchmark(name))}", flush=True)
        with tempfile.TemporaryDirectory(prefix="warpseg-") as scratch:
            try:
                found = benchmark(name).run(Context(data, Path(scratch), out, quick=quick, kept=kept))
            except Skipped as reason:
                print(f"{name}: skipped, {reason}", flush=True)
                continue
        path = result.write(out, name, found, at=at, arguments=arguments)
        print(f"{name}: {path} after {time.perf_counter() - started:.0f} s", flush=True)


def write_pages(results: Path, root: Path = REPOSITORY, *, figures: bool = True) -> None:
    """Write the tables and figures under ``root`` of all benchmarks that have a result."""
    for name in NAMES:
        module, found = benchmark(name), result.read(results, name)
        if found is None:
            continue
        pages.tables(root, found, getattr(module, "PAGES", {}))
        if figures:
            pages.figures(root, found, getattr(module, "FIGURES", {}))


if __name__ == "__main__":
    from warpseg.run.startup import keep_memory

    keep_memory()  # as the command line does
    main(sys.argv[1:])
