"""JSON files against the TypedDicts that describe them."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

__all__ = ["faults"]

_PLAIN = {float: (int, float), int: (int,), str: (str,), bool: (bool,), type(None): (type(None),)}


def faults(value: Any, hint: Any, where: str = "") -> list[str]:
    """Return the places where a value read from JSON is not what the type says."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return []
    if origin in (Union, UnionType):
        tried = [faults(value, each, where) for each in arguments]
        return [] if not all(tried) else min(tried, key=len)
    if origin is Literal:
        return [] if value in arguments else [f"{where}: {value!r} is not among {arguments}"]
    if is_typeddict(hint):
        return _faults_of_keys(value, hint, where)
    if origin is dict or (origin is not None and origin.__name__ == "Mapping"):
        pairs = value.items() if isinstance(value, dict) else [("not a mapping", value)]
        return [fault for key, each in pairs for fault in faults(each, arguments[1], f"{where}.{key}")]
    if origin in (list, tuple):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is not a list"]
        return [fault for k, each in enumerate(value) for fault in faults(each, arguments[0], f"{where}[{k}]")]
    right = type(value) in _PLAIN[hint]
    return [] if right else [f"{where}: {value!r} is not {hint.__name__}"]


def _faults_of_keys(value: Any, hint: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is not an object"]
    hints = get_type_hints(hint, include_extras=True)
    found = [f"{where}.{key}: not in {hint.__name__}" for key in value if key not in hints]
    for key, each in hints.items():
        optional = get_origin(each) is NotRequired
        if key in value:
            found += faults(value[key], get_args(each)[0] if optional else each, f"{where}.{key}")
        elif not optional:
            found.append(f"{where}.{key}: missing")
    return found
