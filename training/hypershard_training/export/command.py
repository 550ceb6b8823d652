"""``python -m hypershard_training export SOURCE --out DIR``."""

import argparse
import dataclasses
import hashlib
import re
import sys
from pathlib import Path

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.config import POOLINGS
from hypershard_training.checkpoint.cross_encoder import is_cross_encoder, load_cross_encoder
from hypershard_training.checkpoint.dual_encoder import DualEncoder, load_checkpoint, save_checkpoint
from hypershard_training.checkpoint.sentence_encoder import SentenceOptions, is_sentence_encoder, load_sentence_encoder
from hypershard_training.export.export_checkpoint import ENCODINGS, ExportOptions, check_options, export_checkpoint
from hypershard_training.export.export_cross_encoder import export_cross_encoder
from hypershard_training.export.load_run import is_run, load_run
from hypershard_training.model.model_directory import MODEL_FILE
from hypershard_training.reference.scores import write_reference_scores

#: Options that a cross-encoder, and that a model which says it itself, has no use for.
_ENCODER_ONLY = ("max_document_tokens", "reference", "published")
_SENTENCE_ONLY = ("pooling", "normalize", "query_prefix", "document_prefix")
_LIMITS = {"query_tokens_max": "max_query_tokens", "document_tokens_max": "max_document_tokens"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``export``."""
    add = parser.add_argument
    add(
        "source",
        help="a training run, a BERT that embeds texts, a checkpoint of the published layout, a BERT cross-encoder, or its name on the hub",
    )
    add("--out", type=Path, required=True, help="the model directory; files of an earlier export are replaced")
    add("--encoding", choices=list(ENCODINGS), help="how weights are stored (default: fp32; of a run int8)")
    add("--backbone", type=Path, help="folder with the transformer's config.json and tokenizer, if SOURCE lacks them")
    add("--name", help="the model's name (default: that of --out)")
    add("--license", help="of the weights, as its SPDX name")
    add("--description", help="a sentence for people")
    add("--max-query-tokens", type=int, help="tokens of a query that are read (default: SOURCE's, or 64)")
    add("--max-document-tokens", type=int, help="the same for a document (default: SOURCE's, or 512)")
    add("--max-tokens", type=int, help="of a cross-encoder: tokens of a query and a text together (default: SOURCE's)")
    add("--pooling", choices=POOLINGS, help="of a BERT that embeds texts: how token states become a vector (default: SOURCE's)")
    add(
        "--normalize", action=argparse.BooleanOptionalAction, help="whether its vectors have length 1 (default: SOURCE's, or yes)"
    )
    add("--query-prefix", help="what is put before each query, with a space at its end (default: SOURCE's, or nothing)")
    add("--document-prefix", help="the same for each document")
    add(
        "--tolerance", type=float, help="largest difference of scores from PyTorch's, of the largest score (default: by encoding)"
    )
    add("--reference", type=Path, help="also write PyTorch's float64 scores of some texts into this file, for tests")
    add("--published", type=Path, help="also write a checkpoint in the published layout into this folder")


def run(arguments: argparse.Namespace) -> int:
    """Export; returns 0, or 1 for a mistake that is told in one line."""
    try:
        options = _options(arguments)
        check_options(options)
        if is_cross_encoder(arguments.source):
            return _export_cross_encoder(arguments, options)
        model = _load(arguments)
        differences = export_checkpoint(model, arguments.out, options)
        if arguments.reference:
            write_reference_scores(model, arguments.reference)
        if arguments.published:
            save_checkpoint(model, arguments.published)
    except (CheckpointError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    for note in model.notes:
        print(f"note: {note}")
    digest = hashlib.sha256((arguments.out / MODEL_FILE).read_bytes()).hexdigest()
    print(f"{arguments.out}: model {options.name}, {options.encoding}, digest {digest}")
    print(f"largest relative differences from PyTorch: {differences}")
    return 0


def _export_cross_encoder(arguments: argparse.Namespace, options: ExportOptions) -> int:
    foreign = [name for name in (*_ENCODER_ONLY, *_SENTENCE_ONLY) if getattr(arguments, name) is not None]
    if foreign:
        raise CheckpointError(f"--{foreign[0].replace('_', '-')}: {arguments.source} is a cross-encoder; leave the option out")
    limits = {"tokens_max": arguments.max_tokens, "query_tokens_max": arguments.max_query_tokens}
    model = load_cross_encoder(arguments.source, arguments.backbone, **limits)
    difference = export_cross_encoder(model, arguments.out, options)
    digest = hashlib.sha256((arguments.out / MODEL_FILE).read_bytes()).hexdigest()
    print(f"{arguments.out}: cross-encoder {options.name}, {options.encoding}, digest {digest}")
    print(f"largest relative difference of scores from PyTorch: {difference:.1e}")
    return 0


def _options(arguments: argparse.Namespace) -> ExportOptions:
    """The options as given; a run is ours, so that its encoding and terms are known."""
    run = is_run(Path(arguments.source))
    return ExportOptions(
        name=_default_name(arguments.out) if arguments.name is None else arguments.name,
        encoding=arguments.encoding or ("int8" if run else "fp32"),
        license=arguments.license or ("Apache-2.0" if run else "not stated"),
        description=arguments.description or "",
        tolerance=arguments.tolerance,
    )


def _load(arguments: argparse.Namespace) -> DualEncoder:
    folder = Path(arguments.source)
    run = is_run(folder)
    if not run and is_sentence_encoder(arguments.source):
        options = {name: name for name in _SENTENCE_ONLY} | _LIMITS
        given = {name: getattr(arguments, option) for name, option in options.items()}
        return load_sentence_encoder(arguments.source, SentenceOptions(**given), arguments.backbone)
    foreign = [name for name in _SENTENCE_ONLY if getattr(arguments, name) is not None]
    if foreign:
        raise CheckpointError(f"--{foreign[0].replace('_', '-')}: {arguments.source} says it itself; leave the option out")
    model = load_run(folder, arguments.backbone) if run else load_checkpoint(arguments.source, arguments.backbone)
    limits = {name: getattr(arguments, option) for name, option in _LIMITS.items()}
    return dataclasses.replace(model, **{name: value for name, value in limits.items() if value is not None})


def _default_name(out: Path) -> str:
    """The folder's name, in the letters a model's name may have."""
    name = re.sub(r"[^a-z0-9._-]+", "-", out.resolve().name.lower()).lstrip("._-")
    return name[:64] or "model"
