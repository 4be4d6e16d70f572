"""Weights from comparisons in pairs (analytic hierarchy process, Saaty 1980). Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

Matrix = Sequence[Sequence[float]]

#: Saaty's random index for matrices of order 1, 2, ...
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
#: A matrix above this ratio contradicts itself too much to take weights from it.
LIMIT = 0.1
_TOLERANCE = 1e-3


def faults(matrix: Matrix, order: int) -> str | None:
    """What is wrong with the form of a matrix: ``shape``, ``scale`` (1/9 .. 9), ``diagonal`` or ``reciprocal``."""
    if len(matrix) != order or any(len(row) != order for row in matrix):
        return "shape"
    for i in range(order):
        for j in range(order):
            a = matrix[i][j]
            if not (1 / 9 - _TOLERANCE <= a <= 9 + _TOLERANCE):
                return "scale"
            if i == j and abs(a - 1) > _TOLERANCE:
                return "diagonal"
            if abs(a * matrix[j][i] - 1) > 10 * _TOLERANCE:
                return "reciprocal"
    return None


def weights(matrix: Matrix) -> list[float]:
    """The principal eigenvector, its sum 1, by power iteration (positive matrices: it always gets there)."""
    n = len(matrix)
    vector = [1.0 / n] * n
    for _ in range(1000):
        product = _times(matrix, vector)
        total = math.fsum(product)
        after = [p / total for p in product]
        if max(abs(a - b) for a, b in zip(after, vector, strict=True)) < 1e-13:
            return after
        vector = after
    return vector


def consistency_ratio(matrix: Matrix) -> float:
    """CR = ((λmax - n) / (n - 1)) / RI; 0 for orders below 3."""
    n = len(matrix)
    if n < 3:
        return 0.0
    vector = weights(matrix)
    largest = math.fsum(p / v for p, v in zip(_times(matrix, vector), vector, strict=True)) / n
    return max(0.0, (largest - n) / (n - 1) / RANDOM_INDEX[n - 1])


def _times(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    return [math.fsum(a * v for a, v in zip(row, vector, strict=True)) for row in matrix]
