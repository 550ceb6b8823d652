"""A backbone that is trained with the head: texts in, token states and document vectors out, with gradients."""

import types
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import AutoModel

from hypershard_training.train.backbone import Backbone, pool_states
from hypershard_training.train.source import Text
from hypershard_training.train.token_ids import TextTokenizer

#: Texts of near lengths are encoded together, this many at a time: less padding, and the products stay large enough for the device.
TEXTS_A_GROUP = types.MappingProxyType({"cpu": 32, "cuda": 512})
#: Written out, attention's backward pass takes a third of the fused kernel's time on a CPU.
ATTENTION = types.MappingProxyType({"cpu": "eager", "cuda": "sdpa"})


class TunedEncoder(nn.Module):
    """The transformer of ``backbone`` with trainable layers; its embeddings stay frozen, which are half of a small BERT.

    Dropout is off: short runs from a trained backbone gain nothing from it, and a step stays a function of its batch.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.settings, self.dtype, self.tokenizer_file = backbone.settings, backbone.dtype, backbone.tokenizer_file
        attention = ATTENTION[backbone.device.type]
        self.transformer = AutoModel.from_pretrained(
            backbone.folder, local_files_only=True, add_pooling_layer=False, attn_implementation=attention
        )
        self.transformer.embeddings.requires_grad_(False)
        self.texts_a_group = TEXTS_A_GROUP[backbone.device.type]
        self._tokenizer = TextTokenizer(self.tokenizer_file)

    def train(self, mode: bool = True) -> "TunedEncoder":
        """Keep the transformer in evaluation mode, without dropout."""
        super().train(mode)
        self.transformer.eval()
        return self

    def token_states(self, texts: list[Text]) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded states [texts, tokens, width] in float32 and their mask [texts, tokens]."""
        return self._states(self._tokenizer.ids(texts, self.settings.query_prefix, self.settings.query_tokens_max))

    def document_vectors(self, texts: list[Text], tokens_max: int) -> torch.Tensor:
        """Pooled vectors [texts, width], of length 1 where the settings say ``normalize``."""
        ids = self._tokenizer.ids(texts, self.settings.document_prefix, tokens_max)
        order = np.argsort([len(own) for own in ids], kind="stable")
        groups = np.array_split(order, max(1, -(-len(order) // self.texts_a_group)))
        vectors = torch.cat([self._pooled([ids[row] for row in group]) for group in groups])
        return vectors[torch.from_numpy(np.argsort(order, kind="stable"))]

    def save(self, folder: Path) -> None:
        """Write the transformer and its tokenizer as a backbone that ``encode.backbone`` can name."""
        self.transformer.save_pretrained(folder)
        (folder / "tokenizer.json").write_bytes(self.tokenizer_file.read_bytes())

    def _states(self, ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        device = next(self.parameters()).device
        lengths = torch.tensor([len(own) for own in ids])
        padded = nn.utils.rnn.pad_sequence([torch.tensor(own) for own in ids], batch_first=True).to(device)
        mask = (torch.arange(padded.shape[1]) < lengths[:, None]).to(device)
        with torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32):
            states = self.transformer(input_ids=padded, attention_mask=mask.long()).last_hidden_state
        return states.float(), mask

    def _pooled(self, ids: list[list[int]]) -> torch.Tensor:
        return pool_states(*self._states(ids), self.settings)
