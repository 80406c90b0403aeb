"""SAD: the sum of absolute differences of two 8x8 patches, and the normal equations of their alignment.

Block matching spends most of its time here. The kernels are written as LLVM vectors of eight bytes, because LLVM then
turns a row's differences into one instruction (psadbw, uabal); from a loop over bytes it does not, and matching takes
thirteen times as long. Nothing is checked: patches MUST lie inside the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from warpseg.kernels import kernel

__all__ = ["PATCH", "normal_equations", "sad"]

PATCH = 8  # pixels along each side

_BYTES, _INTS = ir.VectorType(ir.IntType(8), PATCH), ir.VectorType(ir.IntType(32), PATCH)
_POSITIONS = (types.uintp,) * 3


class _Rows:
    """Emitter of loads of eight pixels, widened to 32 bits, from a flat picture."""

    def __init__(self, context: Any, builder: Any, kind: Any, picture: Any) -> None:
        self._builder, self._data = builder, context.make_array(kind)(context, builder, picture).data

    def __call__(self, position: Any) -> Any:
        builder = self._builder
        eight = builder.load(builder.bitcast(builder.gep(self._data, [position]), _BYTES.as_pointer()))
        eight.align = 1
        return builder.zext(eight, _INTS)


def _call(builder: Any, name: str, result: Any, operands: Sequence[Any]) -> Any:
    kind = ir.FunctionType(result, [operand.type for operand in operands])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), operands)


def _sum(builder: Any, vectors: Sequence[Any]) -> Any:
    total = vectors[0]
    for vector in vectors[1:]:
        total = builder.add(total, vector)
    return _call(builder, f"llvm.vector.reduce.add.v{PATCH}i32", ir.IntType(32), [total])


@intrinsic
def _sad(context: Any, a: Any, b: Any, here: Any, there: Any, stride: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows_a, rows_b = (_Rows(context, builder, (a, b)[i], arguments[i]) for i in (0, 1))
        p, q, stride = arguments[2:]
        sums = []
        for _ in range(PATCH):
            difference = builder.sub(rows_a(p), rows_b(q))
            difference = _call(builder, f"llvm.abs.v{PATCH}i32", _INTS, [difference, ir.IntType(1)(0)])
            sums.append(_sum(builder, [difference]))  # row by row: the pattern that becomes one instruction
            p, q = builder.add(p, stride), builder.add(q, stride)
        total = sums[0]
        for one in sums[1:]:
            total = builder.add(total, one)
        return total

    return types.int32(a, b, *_POSITIONS), generate


@intrinsic
def _normal_equations(context: Any, a: Any, b: Any, here: Any, there: Any, stride: Any) -> Any:
    result = types.UniTuple(types.int32, 5)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows_a, rows_b = (_Rows(context, builder, (a, b)[i], arguments[i]) for i in (0, 1))
        p, q, stride = arguments[2:]
        one = ir.Constant(q.type, 1)
        products: list[list[Any]] = [[], [], [], [], []]
        for _ in range(PATCH):
            x = builder.sub(rows_b(builder.add(q, one)), rows_b(builder.sub(q, one)))
            y = builder.sub(rows_b(builder.add(q, stride)), rows_b(builder.sub(q, stride)))
            d = builder.sub(rows_a(p), rows_b(q))
            for products_of, (m, n) in zip(products, ((x, x), (x, y), (y, y), (x, d), (y, d)), strict=True):
                products_of.append(builder.mul(m, n))
            p, q = builder.add(p, stride), builder.add(q, stride)
        return cgutils.pack_array(builder, [_sum(builder, products_of) for products_of in products])

    return result(a, b, *_POSITIONS), generate


@kernel()
def sad(a: NDArray[np.uint8], b: NDArray[np.uint8], stride: int, here: int, there: int) -> int:
    """Return the sum of absolute differences between the patch of ``a`` at ``here`` and that of ``b`` at ``there``.

    Both are flat pictures of ``stride`` bytes per row; positions are those of the patches' first pixels.
    """
    return _sad(a, b, np.uintp(here), np.uintp(there), np.uintp(stride))  # type: ignore[call-arg]


@kernel()
def normal_equations(
    a: NDArray[np.uint8], b: NDArray[np.uint8], stride: int, here: int, there: int
) -> tuple[int, int, int, int, int]:
    """Return the sums of xx, xy, yy, xd and yd over two patches: the normal equations of Lucas and Kanade (1981).

    x and y are twice the gradient of ``b``, d is ``a - b``. Positions are as in ``sad``; the patch of ``b`` must have
    a pixel of the picture all around it.
    """
    return _normal_equations(a, b, np.uintp(here), np.uintp(there), np.uintp(stride))  # type: ignore[call-arg]
