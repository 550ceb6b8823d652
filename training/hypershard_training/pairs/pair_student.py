"""The cross-encoder in training: a BERT that reads ``[CLS] query [SEP] text [SEP]`` and gives the pair one score."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, BertForSequenceClassification
from transformers.utils import logging as transformers_logging

from hypershard_training.model.minilm_source import minilm_folder
from hypershard_training.pairs.draw_pairs import Group
from hypershard_training.pairs.settings import PairSettings
from hypershard_training.train.precision import DTYPES
from hypershard_training.train.training_error import TrainingError

#: Pairs of near lengths are read together, this many at a time: less padding, and the products stay large.
PAIRS_A_GROUP = 32
PAD = 0


class PairStudent(nn.Module):
    """``model.layers`` layers of the backbone, spread from its first to its last, under a new classifier.

    The last layer is among them because [CLS] tells texts apart only there: of all-MiniLM-L6-v2, two texts beside one query move its
    state by 0.2 % of its length after three layers, and by half of it after layers 0, 2 and 5.
    Embeddings of words and positions, most of a small BERT, stay as they are. Dropout is off: a step stays a function of its batch.
    """

    def __init__(self, settings: PairSettings) -> None:
        super().__init__()
        self.settings, self.dtype = settings, DTYPES[settings.encode.precision]
        folder = Path(settings.model.start_from) if settings.model.start_from else self.folder_of(settings)
        config = _config(folder, settings)
        # That the head is new and upper layers are left out is what is wanted, and no news.
        transformers_logging.set_verbosity_error()
        # Written out, attention's backward pass takes a third of the fused kernel's time on a CPU.
        self.bert = BertForSequenceClassification.from_pretrained(
            folder, config=config, local_files_only=True, attn_implementation="eager"
        )
        self._keep_layers(settings.model.layers)
        for table in (self.bert.bert.embeddings.word_embeddings, self.bert.bert.embeddings.position_embeddings):
            table.requires_grad_(False)
        self.tokenizer_file = folder / "tokenizer.json"
        tokenizer = Tokenizer.from_file(str(self.tokenizer_file))
        self.cls, self.sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        if self.cls is None or self.sep is None:
            raise TrainingError(f"{self.tokenizer_file}: has no [CLS] and [SEP]; a BERT's tokenizer is needed")

    @staticmethod
    def folder_of(settings: PairSettings) -> Path:
        """Where the backbone and its tokenizer are."""
        return Path(settings.encode.backbone) if settings.encode.backbone else minilm_folder()

    def train(self, mode: bool = True) -> "PairStudent":
        """Keep the transformer in evaluation mode, without dropout."""
        super().train(mode)
        self.bert.eval()
        return self

    def score_groups(self, groups: Sequence[Group], tokens_max: int) -> torch.Tensor:
        """Scores of all pairs of all groups after one another [pairs], in float32."""
        pairs = [
            self._pair(group.source.query_ids[group.query], group.source.document_ids[document], tokens_max)
            for group in groups
            for document in group.documents
        ]
        order = np.argsort([len(ids) for ids, _ in pairs], kind="stable")
        parts = np.array_split(order, max(1, -(-len(order) // PAIRS_A_GROUP)))
        scores = torch.cat([self._scores([pairs[row] for row in part]) for part in parts])
        return scores[torch.from_numpy(np.argsort(order, kind="stable"))]

    def save(self, folder: Path) -> None:
        """As transformers saves a cross-encoder, with its tokenizer: what ``export`` takes."""
        self.bert.save_pretrained(folder)
        (folder / "tokenizer.json").write_bytes(self.tokenizer_file.read_bytes())

    def _keep_layers(self, count: int) -> None:
        encoder, last = self.bert.bert.encoder, self.bert.config.num_hidden_layers - 1
        kept = [round(last * number / (count - 1)) for number in range(count)] if count > 1 else [last]
        encoder.layer = nn.ModuleList([encoder.layer[number] for number in kept])
        self.bert.config.num_hidden_layers = count

    def _pair(self, query: np.ndarray, text: np.ndarray, tokens_max: int) -> tuple[torch.Tensor, int]:
        """Ids, and how many of them are before the text. As the encoder service frames and cuts a pair."""
        before = np.concatenate([[self.cls], query, [self.sep]])
        ids = np.concatenate([before, text[: tokens_max - len(before) - 1], [self.sep]])
        return torch.from_numpy(ids.astype(np.int64)), len(before)

    def _scores(self, pairs: list[tuple[torch.Tensor, int]]) -> torch.Tensor:
        device = next(self.parameters()).device
        lengths = torch.tensor([len(ids) for ids, _ in pairs])[:, None]
        ids = nn.utils.rnn.pad_sequence([own for own, _ in pairs], batch_first=True, padding_value=PAD)
        columns = torch.arange(ids.shape[1])
        mask = columns < lengths
        types = (columns >= torch.tensor([before for _, before in pairs])[:, None]) & mask
        inputs = {"input_ids": ids, "attention_mask": mask.long(), "token_type_ids": types.long()}
        with torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32):
            states = self.bert.bert(**{name: value.to(device) for name, value in inputs.items()}).last_hidden_state
        # The head stays float32: bfloat16 would round the differences away that a step begins with.
        return self.bert.classifier(self.bert.bert.pooler(states.float()))[:, 0]


def _config(folder: Path, settings: PairSettings) -> object:
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{folder}: needs model.safetensors, config.json and tokenizer.json of a BERT model") from error
    if settings.model.start_from and settings.model.layers != config.num_hidden_layers:
        raise TrainingError(f"{folder}: has {config.num_hidden_layers} layers; set model.layers to that, as it is started from")
    if settings.model.layers > config.num_hidden_layers:
        raise TrainingError(f"{folder}: has {config.num_hidden_layers} layers, fewer than model.layers {settings.model.layers}")
    if settings.model.tokens_max > config.max_position_embeddings:
        raise TrainingError(f"{folder}: reads at most {config.max_position_embeddings} tokens; lower model.tokensMax")
    config.num_labels = 1
    return config
