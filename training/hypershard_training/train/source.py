"""What training learns from: texts by number, and which documents answer which query."""

from dataclasses import dataclass, field

import numpy as np

#: A text, or the token ids that a tokenizer made of one, as uint16.
Text = str | np.ndarray


@dataclass(frozen=True)
class Source:
    """Queries with the documents that answer them. ``negatives`` and ``scores`` are empty where the data has none."""

    name: str
    weight: float
    documents: list[Text]
    queries: list[Text]
    #: Document numbers of each query; never empty.
    positives: list[list[int]]
    #: Hard negatives given by the data, by query number.
    negatives: dict[int, list[int]] = field(default_factory=dict)
    #: Teacher scores by query number, then document number.
    scores: dict[int, dict[int, float]] = field(default_factory=dict)
    #: Judgements that name a query or document that is not there.
    unknown_judgements: int = 0
    #: An ``.npy`` of document vectors that exist already; empty where they are to be encoded.
    vectors: str = ""
    #: As the collection names them; empty for pairs.
    document_ids: list[str] = field(default_factory=list)
    query_ids: list[str] = field(default_factory=list)
