"""JSON files of others: read within bounds and checked against the type that describes them."""

from __future__ import annotations

import json
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NoReturn, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

__all__ = ["read_object"]

_BYTES = 64 << 20  # of a file: a run of a day has one of a few megabytes
_DEPTH = 16  # of lists and objects in each other
_LARGEST = 10**15  # of a number: beyond any count, and far enough from what floats overflow at
_PLAIN: dict[Any, tuple[type, ...]] = {
    float: (int, float), int: (int,), str: (str,), bool: (bool,), type(None): (type(None),),
}  # fmt: skip


def read_object(path: Path, kind: Any) -> dict[str, Any]:
    """Return the object in a JSON file, each key that ``kind`` (a TypedDict) names being of the type it states.

    Keys may be missing, and others there. Halves of surrogate pairs in texts, which no output can encode, are escaped.
    Raises ``ValueError``, its message one line, for anything else, and ``OSError`` where the file cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_BYTES + 1)
    if len(content) > _BYTES:
        raise ValueError(f"larger than {_BYTES >> 20} MB")
    try:
        found = json.loads(content, parse_constant=_refuse, parse_float=_number, parse_int=_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("not text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    bounded: dict[str, Any] = _bounded(found, _DEPTH)
    wrong = _fault(bounded, kind, "")
    if wrong:
        raise ValueError(wrong)
    return bounded


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"holds {constant}, which is no number of JSON")


def _number(text: str) -> int | float:
    value = float(text)
    if abs(value) > _LARGEST:
        raise ValueError(f"holds a number that is too large ({text[:20]})")
    return int(text) if text.lstrip("-").isdigit() else value


def _bounded(value: Any, depth: int) -> Any:
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {_text(key): _bounded(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_bounded(each, depth - 1) for each in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _fault(value: Any, hint: Any, where: str) -> str | None:
    """Return one line about the first place where a value is not of a type, None where it is."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return None
    if origin is NotRequired:
        return _fault(value, arguments[0], where)
    if origin in (Union, UnionType):
        faults = [_fault(value, each, where) for each in arguments]
        return None if None in faults else faults[0]
    if origin is Literal:
        return (
            None if value in arguments else f"{where}: {_short(value)} is not one of {', '.join(map(str, arguments))}"
        )
    if is_typeddict(hint) or origin is dict:
        if not isinstance(value, dict):
            return f"{where or 'the file'}: {_short(value)} is not an object"
        each = get_type_hints(hint) if is_typeddict(hint) else dict.fromkeys(value, arguments[1])
        places = ((value[key], each[key], f"{where}.{key}" if where else key) for key in value if key in each)
        return next((fault for place in places if (fault := _fault(*place))), None)
    if origin in (list, tuple):
        if not isinstance(value, list) or (origin is tuple and len(value) != len(arguments)):
            return f"{where}: {_short(value)} is not a list" + (f" of {len(arguments)}" if origin is tuple else "")
        hints = arguments if origin is tuple else arguments * len(value)
        places = ((one, each, f"{where}[{k}]") for k, (one, each) in enumerate(zip(value, hints, strict=True)))
        return next((fault for place in places if (fault := _fault(*place))), None)
    return None if type(value) in _PLAIN[hint] else f"{where}: {_short(value)} is not {hint.__name__}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
