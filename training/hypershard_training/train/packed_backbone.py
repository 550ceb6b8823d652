"""A backbone at a third of its size: word embeddings in int8 with a scale a row, everything else in float16."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from hypershard_training.train.training_error import TrainingError

PACKED_FILE = "packed.safetensors"
WEIGHTS_FILE = "model.safetensors"
#: Of ``transformers.BertModel``.
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
_SCALE = ".scale"
#: Neither is part of what token states are computed with.
_UNUSED = ("pooler.", "embeddings.position_ids")


def pack_backbone(folder: Path, out: Path) -> None:
    """Write ``out`` from a backbone's folder: its settings and tokenizer as they are, and its weights packed."""
    try:
        weights = load_file(folder / WEIGHTS_FILE)
    except OSError as error:
        raise TrainingError(f"{folder}: needs {WEIGHTS_FILE} to be packed: {error}") from error
    out.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json"):
        (out / name).write_bytes((folder / name).read_bytes())
    kept = {name: value for name, value in weights.items() if not name.startswith(_UNUSED)}
    packed = {name: value.astype(np.float16) for name, value in kept.items() if name != WORD_EMBEDDINGS}
    rows = kept[WORD_EMBEDDINGS].astype(np.float32)
    scale = np.maximum(np.abs(rows).max(1, keepdims=True) / 127, np.finfo(np.float32).tiny)
    packed[WORD_EMBEDDINGS] = np.rint(rows / scale).astype(np.int8)
    packed[WORD_EMBEDDINGS + _SCALE] = scale.astype(np.float32)
    save_file(packed, out / PACKED_FILE)


def unpack_backbone(folder: Path) -> None:
    """Write the weights of a packed backbone beside them, in float32, where that is not done; does nothing for another one."""
    if not (folder / PACKED_FILE).exists() or (folder / WEIGHTS_FILE).exists():
        return
    packed = load_file(folder / PACKED_FILE)
    scale = packed.pop(WORD_EMBEDDINGS + _SCALE)
    weights = {name: value.astype(np.float32) for name, value in packed.items()}
    weights[WORD_EMBEDDINGS] *= scale
    temporary = folder / f"{WEIGHTS_FILE}.part"
    save_file(weights, temporary, metadata={"format": "pt"})
    temporary.rename(folder / WEIGHTS_FILE)
