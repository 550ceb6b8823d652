"""A BERT as transformers saves it: ``config.json``, its weights and its tokenizer in one folder."""

from pathlib import Path

from hypershard_training.checkpoint.dual_encoder import Transformer
from hypershard_training.checkpoint.source import Backbone
from hypershard_training.checkpoint.tensors import check_all, read_tensors, weight_files


def read_bert_folder(folder: Path, tokenizer: Path | None = None) -> tuple[Transformer, str]:
    """The encoder, which may stand under ``bert.`` beside a head for another task, and its ``tokenizer.json``.

    ``tokenizer`` is the folder with ``config.json`` and the tokenizer, where ``folder`` lacks them. Raises CheckpointError.
    """
    finder = Backbone(folder, tokenizer or folder)
    settings = finder.settings(None, "")
    files = weight_files(folder)
    stored = {name.removeprefix("bert."): value for name, value in read_tensors(files).items()}
    shapes = settings.tensor_shapes()
    weights = {name: value for name, value in stored.items() if name in shapes}
    check_all(weights, shapes, str(files[0] if len(files) == 1 else folder))
    return Transformer(settings, weights), finder.tokenizer_json("")
