"""``python -m hypershard_training pack CONFIG --out FOLDER``: all that a run needs, in one small folder."""

import argparse
import shutil
import sys
from pathlib import Path

import yaml

from hypershard_training.train.backbone import backbone_folder
from hypershard_training.train.packed_backbone import pack_backbone
from hypershard_training.train.packed_source import VOCABULARY_MAX, write_packed_source
from hypershard_training.train.read_sources import read_source
from hypershard_training.train.settings import TrainSettings, load_settings, to_plain
from hypershard_training.train.token_ids import TextTokenizer
from hypershard_training.train.training_error import TrainingError

CONFIG_FILE = "config.yaml"
BACKBONE_FOLDER = "backbone"
#: What a machine that is lent for minutes is sent in one go.
BYTES_MAX = 60_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pack``."""
    parser.add_argument("config", type=Path, help="a YAML file, described in docs/training.md")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting")
    parser.add_argument("--bytes-max", type=int, default=BYTES_MAX, help="refuse to write more (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Pack; returns 0, or 1 for a mistake that is told. Nothing is left of a pack that failed."""
    if arguments.out.exists():
        print(f"error: {arguments.out}: is there already; name another folder", file=sys.stderr)
        return 1
    temporary = arguments.out.with_name(f"{arguments.out.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        pack(load_settings(arguments.config, arguments.set), temporary, arguments.bytes_max)
    except TrainingError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        print(f"error: {error}", file=sys.stderr)
        return 1
    temporary.rename(arguments.out)
    print(
        f"{arguments.out}: {_bytes_of(arguments.out):,} bytes; python -m hypershard_training train {arguments.out}/{CONFIG_FILE}"
    )
    return 0


def pack(settings: TrainSettings, out: Path, bytes_max: int) -> None:
    """Write backbone, sources and configuration into ``out``; over ``bytes_max`` is a TrainingError that names the sizes."""
    folder = backbone_folder(settings.encode)
    pack_backbone(folder, out / BACKBONE_FOLDER)
    tokenizer = TextTokenizer(folder / "tokenizer.json")
    plain = to_plain(settings)
    encode = settings.encode
    for place, own in enumerate(settings.sources):
        source = read_source(own)
        # Documents are longer in validation than in steps; more than a step reads is only carried where validation may use it.
        documents = tokenizer.ids(source.documents, encode.document_prefix, encode.document_tokens_max)
        queries = tokenizer.ids(source.queries, encode.query_prefix, encode.query_tokens_max)
        if (largest := max(max(row) for row in (*documents, *queries))) >= VOCABULARY_MAX:
            raise TrainingError(
                f"source {source.name}: token {largest} does not fit into 16 bits; only smaller vocabularies can be packed"
            )
        write_packed_source(out / f"{source.name}.npz", documents, queries, source)
        plain["sources"][place] = {"name": own.name, "packed": f"{own.name}.npz", "weight": own.weight}
    plain["encode"]["backbone"] = BACKBONE_FOLDER
    (out / CONFIG_FILE).write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")
    if (size := _bytes_of(out)) > bytes_max:
        sizes = ", ".join(f"{file.name} {file.stat().st_size:,}" for file in sorted(out.rglob("*")) if file.is_file())
        raise TrainingError(
            f"the pack has {size:,} bytes, more than {bytes_max:,}: {sizes}; lower documentsMax or documentTokensMax"
        )


def _bytes_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
