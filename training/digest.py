"""A short digest of settings and numbers, which names a file or a folder that keeps what was made of them."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digest(settings: list[Any], arrays: Sequence[NDArray[np.float32]] = ()) -> str:
    """Sixteen hexadecimal digits. settings: whatever JSON can hold"""
    found = hashlib.sha256(json.dumps(settings).encode())
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]
