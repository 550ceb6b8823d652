"""A backbone that is trained with the head: texts in, token states and document vectors out, with gradients."""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel

from hypershard_training.train.backbone import Backbone, pool_states

#: Texts of near lengths are encoded together, this many at a time: less padding, and the products stay large.
TEXTS_A_GROUP = 32


class TunedEncoder(nn.Module):
    """The transformer of ``backbone`` with trainable layers; its embeddings stay frozen, which are half of a small BERT.

    Dropout is off: short runs from a trained backbone gain nothing from it, and a step stays a function of its batch.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.settings, self.dtype, self.tokenizer_file = backbone.settings, backbone.dtype, backbone.tokenizer_file
        # Written out, attention's backward pass takes a third of the fused kernel's time on a CPU.
        self.transformer = AutoModel.from_pretrained(
            backbone.folder, local_files_only=True, add_pooling_layer=False, attn_implementation="eager"
        )
        self.transformer.embeddings.requires_grad_(False)
        self._tokenizer = Tokenizer.from_file(str(self.tokenizer_file))
        self._tokenizer.no_padding()

    def train(self, mode: bool = True) -> "TunedEncoder":
        """Keep the transformer in evaluation mode, without dropout."""
        super().train(mode)
        self.transformer.eval()
        return self

    def token_states(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded states [texts, tokens, width] in float32 and their mask [texts, tokens]."""
        return self._states(self._token_ids(texts, self.settings.query_prefix, self.settings.query_tokens_max))

    def document_vectors(self, texts: list[str], tokens_max: int) -> torch.Tensor:
        """Pooled vectors [texts, width], of length 1 where the settings say ``normalize``."""
        ids = self._token_ids(texts, self.settings.document_prefix, tokens_max)
        order = np.argsort([len(own) for own in ids], kind="stable")
        groups = np.array_split(order, max(1, -(-len(order) // TEXTS_A_GROUP)))
        vectors = torch.cat([self._pooled([ids[row] for row in group]) for group in groups])
        return vectors[torch.from_numpy(np.argsort(order, kind="stable"))]

    def save(self, folder: Path) -> None:
        """Write the transformer and its tokenizer as a backbone that ``encode.backbone`` can name."""
        self.transformer.save_pretrained(folder)
        (folder / "tokenizer.json").write_bytes(self.tokenizer_file.read_bytes())

    def _token_ids(self, texts: list[str], prefix: str, tokens_max: int) -> list[list[int]]:
        self._tokenizer.enable_truncation(tokens_max)
        return [encoding.ids for encoding in self._tokenizer.encode_batch([prefix + text for text in texts])]

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
