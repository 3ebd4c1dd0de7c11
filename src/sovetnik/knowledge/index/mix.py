"""How the two orders, by words and by meaning, become one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sovetnik.knowledge.index.model import Vectors

Method = Literal["bm25", "embeddings", "hybrid", "in_use"]


def ranked(words: Vectors, near: Vectors | None, k: int, method: Method) -> list[tuple[int, float]]:
    """The best ``k`` rows and their scores, best first."""
    if method == "embeddings":
        total = near if near is not None else np.zeros_like(words)
    elif near is None or method == "bm25":
        total = words / max(float(words.max()), 1e-6)
    else:
        total = words / max(float(words.max()), 1e-6) + near
    best = np.argsort(-total, kind="stable")[:k]
    return [(int(row), float(min(total[row], 1.0))) for row in best if total[row] > 0]
