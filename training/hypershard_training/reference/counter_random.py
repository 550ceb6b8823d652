"""Counter-based pseudo-random tensors that TypeScript can make again bit for bit.

Element ``i`` of a tensor depends only on ``(seed, i)``, so a test fixture needs to hold a seed and never the tensor.
The mixer is the 32-bit finaliser of MurmurHash3 (public domain, Austin Appleby); the step 0x9E3779B9 is 2**32 divided
by the golden ratio, which keeps the counters of one tensor far apart.
"""

import numpy as np
import numpy.typing as npt

_STEP = np.uint32(0x9E3779B9)
_MIX_1 = np.uint32(0x85EBCA6B)
_MIX_2 = np.uint32(0xC2B2AE35)


def counter_tensor(seed: int, shape: tuple[int, ...], scale: float) -> npt.NDArray[np.float32]:
    """Uniform values in [-scale, scale), float32, of ``shape``, filled in row-major order.

    With every step modulo 2**32: ``x = seed + i * 0x9E3779B9``; ``x ^= x >>> 16``; ``x *= 0x85EBCA6B``;
    ``x ^= x >>> 13``; ``x *= 0xC2B2AE35``; ``x ^= x >>> 16``. The element is
    ``float32(float32(x / 2**31 - 1) * float32(scale))``: two roundings, in this order.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed {seed} is not an unsigned 32-bit integer")
    count = int(np.prod(shape, dtype=np.int64))
    x = np.arange(count, dtype=np.uint32) * _STEP + np.uint32(seed)
    x ^= x >> np.uint32(16)
    x *= _MIX_1
    x ^= x >> np.uint32(13)
    x *= _MIX_2
    x ^= x >> np.uint32(16)
    value = (x.astype(np.float64) / 2.0**31 - 1.0).astype(np.float32)
    # float32 * float32 in numpy rounds once, as Math.fround(a * b) does in TypeScript.
    return (value * np.float32(scale)).reshape(shape)
