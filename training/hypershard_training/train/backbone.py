"""The frozen backbone: texts in, document vectors or token states out."""

import dataclasses
import hashlib
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel

from hypershard_training.model.minilm_source import minilm_folder
from hypershard_training.train.packed_backbone import unpack_backbone
from hypershard_training.train.precision import DTYPES, chosen_precision
from hypershard_training.train.settings import EncodeSettings
from hypershard_training.train.source import Text
from hypershard_training.train.token_ids import TextTokenizer
from hypershard_training.train.training_error import TrainingError

#: One batch's widest layer of a small BERT, 1,536 x 2 bytes a token, stays in a CPU's cache: a tenth faster than with 16,384 tokens.
#: A GPU waits for its next kernel where batches are that small.
TOKENS_A_BATCH_MAX = types.MappingProxyType({"cpu": 4_096, "cuda": 131_072})


class Backbone:
    """A BERT encoder in evaluation mode with its tokenizer, on one device. ``settings.precision`` is the chosen one, never ``auto``."""

    def __init__(self, settings: EncodeSettings, device: torch.device) -> None:
        precision = chosen_precision(settings.precision, device)
        self.settings, self.device = dataclasses.replace(settings, precision=precision), device
        folder = self.folder = backbone_folder(settings)
        unpack_backbone(folder)
        try:
            weights = next(file for file in (folder / "model.safetensors", folder / "pytorch_model.bin") if file.exists())
            self.digest = hashlib.sha256(weights.read_bytes() + (folder / "tokenizer.json").read_bytes()).hexdigest()
        except (StopIteration, OSError) as error:
            raise TrainingError(f"{folder}: needs model.safetensors, config.json and tokenizer.json of a BERT model") from error
        self.dtype = dtype = DTYPES[precision]
        self.model = AutoModel.from_pretrained(folder, local_files_only=True).eval().to(device, dtype)
        self.tokenizer_file = folder / "tokenizer.json"
        self.width: int = self.model.config.hidden_size
        positions = self.model.config.max_position_embeddings
        if (longest := max(settings.query_tokens_max, settings.document_tokens_max)) > positions:
            raise TrainingError(f"{folder}: reads at most {positions} tokens, encode.…TokensMax asks for {longest}; lower it")

    def document_vectors(self, texts: list[Text]) -> np.ndarray:
        """Pooled vectors [texts, width] as float16, of length 1 where the settings say ``normalize``."""
        vectors = np.zeros((len(texts), self.width), np.float16)
        for rows, states, mask in self._batches(texts, self.settings.document_prefix, self.settings.document_tokens_max):
            vectors[rows] = pool_states(states, mask, self.settings).half().cpu().numpy()
        return vectors

    def token_states(self, texts: list[Text]) -> tuple[np.ndarray, np.ndarray]:
        """Token states of all texts after one another [tokens, width] as float16, and each text's count of tokens [texts]."""
        rows_of: list[np.ndarray] = [np.zeros(0)] * len(texts)
        for rows, states, mask in self._batches(texts, self.settings.query_prefix, self.settings.query_tokens_max):
            for row, own, count in zip(rows, states.half().cpu().numpy(), mask.sum(1).tolist(), strict=True):
                rows_of[row] = own[:count].copy()
        return np.concatenate(rows_of), np.array([len(rows) for rows in rows_of], np.int64)

    @torch.inference_mode()
    def _batches(
        self, texts: list[Text], prefix: str, tokens_max: int
    ) -> Iterator[tuple[np.ndarray, torch.Tensor, torch.Tensor]]:
        """Rows, states in float32 and mask, longest texts first so that the first batch is the largest."""
        ids = TextTokenizer(self.tokenizer_file).ids(texts, prefix, tokens_max)
        lengths = np.array([len(own) for own in ids])
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            rows = order[start : start + max(1, TOKENS_A_BATCH_MAX[self.device.type] // int(lengths[order[start]]))]
            start += len(rows)
            padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(ids[row]) for row in rows], batch_first=True)
            mask = torch.arange(padded.shape[1]) < torch.from_numpy(lengths[rows])[:, None]
            inputs = {"input_ids": padded.to(self.device), "attention_mask": mask.long().to(self.device)}
            yield rows, self.model(**inputs).last_hidden_state.float(), mask.to(self.device)


def backbone_folder(settings: EncodeSettings) -> Path:
    """The folder of a configuration's backbone, packed or not."""
    return Path(settings.backbone) if settings.backbone else minilm_folder()


def pool_states(states: torch.Tensor, mask: torch.Tensor, settings: EncodeSettings) -> torch.Tensor:
    """States [batch, tokens, width], of which ``mask`` has the text's, to vectors [batch, width]: their mean, or the first one."""
    pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True) if settings.pooling == "mean" else states[:, 0]
    return torch.nn.functional.normalize(pooled, dim=-1) if settings.normalize else pooled
