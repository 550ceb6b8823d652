"""Which floating-point type the large products of training run in: bfloat16 only where the processor multiplies it by itself.

Products [2048, 384] x [384, 1536] on 2 cores of an AMD EPYC, bfloat16 against float32: 2.4 times as fast with AVX-512 and its
bfloat16 instructions, half as fast with AVX-512 alone, a fortieth with AVX2.
"""

import types
from collections.abc import Mapping

import torch

#: What ``encode.precision`` may name beside a type: leave the choice to the machine.
AUTO = "auto"
DTYPES = types.MappingProxyType({"bf16": torch.bfloat16, "fp32": torch.float32})
#: Names that ``torch.cpu.get_capabilities`` gives to instructions that multiply bfloat16 matrices: Intel and AMD, then ARM.
_BFLOAT16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")


def chosen_precision(asked: str, device: torch.device, processor: Mapping[str, object] | None = None) -> str:
    """``bf16`` or ``fp32``: what was asked for, or for ``auto`` the faster one. ``processor`` is this machine's unless given."""
    if asked != AUTO:
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    capabilities = torch.cpu.get_capabilities() if processor is None else processor
    return "bf16" if any(capabilities.get(name) for name in _BFLOAT16_INSTRUCTIONS) else "fp32"


def fast_dtype(device: torch.device) -> torch.dtype:
    """The type for products whose rounding decides little, as a first sieve."""
    return DTYPES[chosen_precision(AUTO, device)]
