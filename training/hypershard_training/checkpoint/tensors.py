"""Read a checkpoint's tensors: safetensors or PyTorch's own format, in one file or several; never code."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from hypershard_training.checkpoint.checkpoint_error import CheckpointError

#: Tried in this order; an index names several files. All of them are what ``save_pretrained`` has written over the years.
WEIGHT_FILES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the folder's tensors, in the order of their names."""
    for name in WEIGHT_FILES:
        path = folder / name
        if not path.is_file():
            continue
        return _indexed_files(path) if name.endswith(".index.json") else [path]
    raise CheckpointError(f"{folder}: has no weights; one of {', '.join(WEIGHT_FILES)} must be there")


def read_tensors(files: list[Path]) -> dict[str, torch.Tensor]:
    """All tensors by name, in float32 (integer buffers as they are), on the CPU.

    Raises CheckpointError for a file that cannot be read, holds anything but tensors, or repeats another's tensor.
    """
    tensors: dict[str, torch.Tensor] = {}
    for path in files:
        for name, value in _read_file(path).items():
            if not isinstance(name, str):
                raise CheckpointError(f"{path}: {name} is no name of a tensor; save the model's state_dict alone")
            if not isinstance(value, torch.Tensor):
                raise CheckpointError(f"{path}: {name} is no tensor; save the model's state_dict alone")
            if value.layout != torch.strided or value.is_quantized or value.device.type != "cpu":
                raise CheckpointError(f"{path}: tensor {name} is not stored densely; save it as float32")
            if name in tensors:
                raise CheckpointError(f"{path}: tensor {name} is in another file too; save the checkpoint again")
            tensors[name] = value.detach().float() if value.is_floating_point() else value
    return tensors


def files_digest(files: list[Path]) -> str:
    """SHA-256 (hex) of the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while part := file.read(1 << 24):
                digest.update(part)
    return digest.hexdigest()


def check_all(tensors: dict[str, torch.Tensor], expected: dict[str, tuple[int, ...]], where: str) -> None:
    """Refuse anything but the expected tensors, each finite and in its shape; the first fault is named."""
    check_shapes(tensors, expected, where)
    unexpected = sorted(tensors.keys() - expected.keys())
    if unexpected:
        more = f" and {len(unexpected) - 1} more" if len(unexpected) > 1 else ""
        raise CheckpointError(
            f"{where}: tensor {unexpected[0]}{more} is no part of the model; check that weights, configuration and backbone belong "
            "together"
        )
    check_finite(tensors, where)


def check_finite(tensors: dict[str, torch.Tensor], where: str) -> None:
    """Refuse NaN and infinity, naming the tensor."""
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            count = int((~torch.isfinite(value)).sum())
            raise CheckpointError(
                f"{where}: tensor {name} has {count:,} NaN or infinite values; use a checkpoint from before the loss diverged"
            )


def check_shapes(tensors: dict[str, torch.Tensor], expected: dict[str, tuple[int, ...]], where: str) -> None:
    """Every expected tensor is there, of floating-point numbers and in its shape; the first that is not is named."""
    for name, shape in expected.items():
        if name not in tensors:
            raise CheckpointError(
                f"{where}: tensor {name} is missing; copy the file again, or check that it belongs to this configuration"
            )
        if not tensors[name].is_floating_point():
            kind = str(tensors[name].dtype).removeprefix("torch.")
            raise CheckpointError(f"{where}: tensor {name} is of type {kind}, no floating-point one; save it as float32")
        found = tuple(tensors[name].shape)
        if found != shape:
            raise CheckpointError(
                f"{where}: tensor {name} has shape {list(found)} where {list(shape)} is expected; "
                "check that weights, configuration and backbone belong together"
            )


def first_line(error: Exception) -> str:
    """The first line of a foreign message, cut to 200 characters."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _indexed_files(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        if not names:
            raise ValueError("it names none")
        paths = [index.parent / Path(name).name for name in names]
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{index}: is no index of weight files: {first_line(error)}; copy the checkpoint again") from error
    for path in paths:
        if not path.is_file():
            raise CheckpointError(f"{path}: is missing, {index.name} lists it; copy the checkpoint again")
    return paths


def _read_file(path: Path) -> dict:
    """The file's dictionary, its keys and values unchecked."""
    try:
        content = load_file(path) if path.suffix == ".safetensors" else torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read: {error.strerror or first_line(error)}; check the disk and its rights"
        ) from error
    except Exception as error:  # PyTorch's reader meets broken bytes with whatever they make it stumble over
        raise CheckpointError(f"{path}: cannot be read: {first_line(error)}; copy it again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: holds no dictionary of tensors; save the model's state_dict alone")
    return content
