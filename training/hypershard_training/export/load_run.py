"""A finished training run (docs/training.md) as a dual encoder: its hyper-head, and the backbone it was trained on or tuned.

With a frozen backbone, exported with the encoding of ``minilm-dense``, a run on the default backbone has that model's encoder byte for byte, and so its
document vectors: an index of one can be searched with the other without encoding a document again.
"""

from pathlib import Path

from hypershard_training.checkpoint.bert_folder import read_bert_folder
from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.dual_encoder import DualEncoder
from hypershard_training.checkpoint.source import read_json
from hypershard_training.checkpoint.tensors import check_all, read_tensors
from hypershard_training.model.hyper_head import hyper_head_parameter_shapes
from hypershard_training.model.minilm_source import MINILM_NAME, minilm_folder
from hypershard_training.model.model_directory import HEAD_FILE, architecture_from_json

RUN_FILE = "run.json"
#: Where a run that tuned its encoder has it.
TUNED_BACKBONE = "backbone"


def is_run(folder: Path) -> bool:
    """Whether ``folder`` is a training run's and no checkpoint; it may be unfinished."""
    return (folder / RUN_FILE).is_file() or any(folder.glob("checkpoint-*.pt"))


def load_run(folder: Path, backbone: Path | None = None) -> DualEncoder:
    """Read a run; ``backbone`` is where its backbone is now, if it was moved since. Raises CheckpointError."""
    if not (folder / RUN_FILE).is_file():
        raise CheckpointError(f"{folder}: is not a finished run; train to the end, with --resume if it was stopped")
    result = read_json(folder / RUN_FILE)
    try:
        architecture = architecture_from_json(result["qnet"])
        encode, seed = result["config"]["encode"], result["config"]["seed"]
        normalize, limits = bool(encode["normalize"]), (encode["queryTokensMax"], encode["documentTokensMax"])
        # Runs from before these settings have none of them.
        pooling, prefixes = encode.get("pooling", "mean"), (encode.get("queryPrefix", ""), encode.get("documentPrefix", ""))
        trained_on = encode["backbone"]
        sources = ", ".join(source["name"] for source in result["config"]["sources"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / RUN_FILE}: is not what training writes: {error!r}; train again") from error
    is_tuned = (folder / TUNED_BACKBONE).is_dir()
    backbone_folder = backbone or backbone_of_run(folder, trained_on)
    transformer, tokenizer_json = read_bert_folder(backbone_folder)
    head = read_tensors([folder / HEAD_FILE])
    check_all(head, hyper_head_parameter_shapes(architecture, transformer.settings.hidden), str(folder / HEAD_FILE))
    query_tokens_max, document_tokens_max = (min(limit, transformer.settings.positions) for limit in limits)
    layers = architecture.core_layers
    kind = "dense head" if layers == 0 else f"Hypencoder with {layers} core layer{'' if layers == 1 else 's'}"
    return DualEncoder(
        architecture=architecture,
        head=head,
        query=transformer,
        document=transformer,
        tokenizer_json=tokenizer_json,
        document_pooling=pooling,
        normalize_documents=normalize,
        query_tokens_max=query_tokens_max,
        document_tokens_max=document_tokens_max,
        query_prefix=prefixes[0],
        document_prefix=prefixes[1],
        backbone=trained_on or MINILM_NAME,
        description=f"{kind} over a {'tuned' if is_tuned else 'frozen'} backbone, trained on {sources}"[
            :1000
        ],
        source=f"hypershard_training, seed {seed}, over {backbone_folder.name if trained_on else MINILM_NAME}",
    )


def backbone_of_run(folder: Path, trained_on: str) -> Path:
    """The encoder that the run tuned, else the one it was ``trained_on`` (empty: all-MiniLM-L6-v2)."""
    tuned = folder / TUNED_BACKBONE
    return tuned if tuned.is_dir() else Path(trained_on) if trained_on else minilm_folder()
