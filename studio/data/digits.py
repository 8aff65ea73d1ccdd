"""scikit-learn's handwritten digits: the bundled data set, 1,797 pictures of 8 x 8 pixels.

Source: Alpaydin and Kaynak 1998, UCI "Optical Recognition of Handwritten Digits" (its test part), CC BY 4.0. The
pictures stay as they are; `DataOptions.size` enlarges them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES = tuple("0123456789")


def load_digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return pictures uint8 (1797, 1, 8, 8) in 0..255 and labels int64 (1797,)."""
    from sklearn import datasets  # half a second: only when the digits are asked for

    found = datasets.load_digits()
    levels = np.asarray(found.images, np.float32)  # (1797, 8, 8), 0..16
    return np.rint(levels * (255 / 16)).astype(np.uint8)[:, None], np.asarray(found.target, np.int64)
