"""Identity: one digest for all that a network's results depend on, by which results and profiles are keyed."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["digest"]

_PLAIN = (bool, int, float, str, type(None))


def digest(*parts: Any) -> str:
    """Return the SHA-256, in hexadecimal, of networks: weights, structure, settings and code.

    It is the same for equal networks, however and wherever they were made. Code is that of the whole files in which
    the modules' classes and functions are defined, without comments and layout; files that these import do not count.
    """
    found = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            found.update(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass"))
            found.update(b"\0")
    return found.hexdigest()


def _pieces(part: Any) -> Iterator[str | bytes]:
    if isinstance(part, nn.Module):
        yield from _of_module(part)
    elif isinstance(part, Tensor):
        yield from _of_tensor(part)
    elif inspect.ismethod(part):
        yield part.__qualname__
        yield from _pieces(part.__self__)
    elif inspect.isfunction(part):
        plain = [const for const in part.__code__.co_consts if isinstance(const, _PLAIN)]
        yield f"{part.__qualname__} {part.__code__.co_names} {plain} {_code(part)}"
        for cell in part.__closure__ or ():
            if isinstance(cell.cell_contents, (nn.Module, Tensor, *_PLAIN)) or inspect.isroutine(cell.cell_contents):
                yield from _pieces(cell.cell_contents)
    elif isinstance(part, _PLAIN):
        yield repr(part)
    else:
        yield f"{type(part).__module__}.{type(part).__qualname__}"


def _of_module(module: nn.Module) -> Iterator[str | bytes]:
    kinds: set[type] = set()
    for name, child in module.named_modules():
        yield f"{name}: {type(child).__qualname__} {child.extra_repr()}"
        kinds.add(type(child))
        for key, value in sorted(vars(child).items()):
            if isinstance(value, (*_PLAIN, Tensor)) and not key.startswith("_"):
                yield key
                yield from _pieces(value)
        for key, weight in (*child.named_parameters(recurse=False), *child.named_buffers(recurse=False)):
            yield key
            yield from _of_tensor(weight)
    bases = {base for kind in kinds for base in kind.__mro__}
    own = (base for base in bases if base.__module__.partition(".")[0] not in ("builtins", "torch"))
    yield from sorted({_code(base) for base in own})
    yield str(getattr(module, "code", ""))  # of scripted and exported modules


def _of_tensor(tensor: Tensor) -> Iterator[str | bytes]:
    yield f"{tensor.dtype} {tuple(tensor.shape)}"
    plain = tensor.detach()
    if plain.layout != torch.strided or plain.is_quantized:
        yield repr(plain.dequantize() if plain.is_quantized else plain.to_dense())
        return
    yield plain.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def _code(definition: Any) -> str:
    """Return the code of the file that a class or function is defined in; its own where there is no file."""
    functions = [definition, *vars(definition).values()] if inspect.isclass(definition) else [definition]
    codes = [found.__code__ for found in map(inspect.unwrap, functions) if inspect.isfunction(found)]
    for code in codes:
        path = Path(code.co_filename)
        try:
            stat = path.stat()
            return _parsed(path, stat.st_mtime_ns, stat.st_size)
        except (OSError, ValueError, SyntaxError):  # typed in, or made by a program
            continue
    return repr([(code.co_name, code.co_code.hex(), code.co_names) for code in codes])


@lru_cache(maxsize=64)
def _parsed(path: Path, modified: int, size: int) -> str:
    return ast.dump(ast.parse(path.read_bytes()))
