# Made by `npm run generate` from contract/ and the routes of the coordinator; do not edit.
from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field
from typing_extensions import NotRequired, TypedDict, Unpack

from hypershard._answer import Answer
from hypershard._call import AsyncCaller, Operation, SyncCaller, make_key
from hypershard._errors import Problem
from hypershard._vectors import Base64, Vector, VectorAnswer


class HomeAnswer(Answer):
    name: str
    version: str
    links: dict[str, str]


class HealthAnswer(Answer):
    status: Literal["alive"] | str


class ModelReference(Answer):
    name: str
    digest: str


class IndexWithoutModel(Answer):
    index: str
    generation: int
    model: ModelReference
    message: str


class Ready(Answer):
    status: Literal["ready"] | str
    indexes_without_model: list[IndexWithoutModel]
    """Indexes that no search can use, because no encoder service has the model they were made with."""


class ModelQnet(Answer):
    vector_dimensions: list[int]
    activation: Literal["relu", "tanh", "sigmoid", "gelu", "leaky_relu"] | str | None
    layer_norm: bool
    layer_norm_before_residual: bool
    residual: bool
    residual_on_last: bool


class Model(Answer):
    name: str
    digest: str
    description: str
    license: str
    source: str
    languages: list[str]
    """BCP 47 tags of the languages that it was made for; empty where its directory does not say."""
    vector_width: int
    qnet: ModelQnet
    qnet_parameters: int
    max_query_tokens: int
    max_document_tokens: int
    bytes: int
    interprets: bool
    """Whether it finds the pieces of a query."""
    default: bool


class ModelListCrossEncoder(Answer):
    name: str
    digest: str
    description: str
    license: str
    source: str
    languages: list[str]
    """As those of a model."""
    max_tokens: int
    """Of a query and a text together."""
    max_query_tokens: int
    """Of these, what a query may take."""
    bytes: int


class ModelList(Answer):
    models: list[Model]
    """What indexes are made with. The first is the default."""
    cross_encoders: list[ModelListCrossEncoder]
    """What a search can be reranked with; no index is made with one."""


class ClusterEncoderWaiting(Answer):
    queries: int
    documents: int
    pairs: int


class ClusterEncoderModel(Answer):
    name: str
    digest: str
    document_kernel: str
    """What it computes document vectors in: `fp32` or `int8`, or `fp32-cuda` or `fp32-webgpu` on a GPU; empty where it does not say."""


class ClusterEncoder(Answer):
    address: str
    live: bool
    down_reason: str | None
    """None while it lives."""
    draining: bool
    """It ends soon and gets no new work."""
    weight: float
    outstanding: int
    """Queries of this coordinator that it has not answered yet."""
    waiting: ClusterEncoderWaiting | None
    """Texts of all callers that waited there for a batch at the last health check; None where it does not say."""
    protocol_version: int | None
    """None while it has not said."""
    models: list[ClusterEncoderModel] | None
    """That it has; None while it does not answer."""


class ClusterHedges(Answer):
    asked: int
    """Calls that were made of a second server because the first was late."""
    won: int
    """Of those, the ones that answered for a shard first."""
    cancelled: int
    """Calls that were ended because another had answered for all their shards."""
    refused_by_budget: int
    """Late calls that were not made twice: at most 5 % are."""


class ClusterServerDeviceMemory(Answer):
    limit_bytes: int
    """What vectors may take."""
    held_bytes: int
    """What they take."""
    cpu_segments: int
    """Segments that the CPU scores, because they do not fit on the device."""
    cpu_bytes: int
    """What these would take."""


class ClusterServerShard(Answer):
    index: str
    generation: int
    shard: int
    documents: int
    warm: bool
    """Loaded at the version that searches pin."""
    placed: bool
    """False for one that it has loaded still and that moves, or has moved, elsewhere."""


class ClusterServer(Answer):
    address: str
    live: bool
    down_reason: str | None
    """None while it lives."""
    down_since: str | None
    """None while it lives."""
    listed: bool
    """Whether it is named still by what this coordinator learns of servers from."""
    placed_since: str | None
    """Since when shards are placed on it; None while it drains, is away for long, or has not been seen yet."""
    draining: bool
    zone: str
    """Empty where nobody says."""
    device: str | None
    """What it scores on; None while it has not said, as are the next three."""
    protocol_version: int | None
    memory_bytes: int | None
    """What its shards may take."""
    memory_free_bytes: int | None
    device_memory: ClusterServerDeviceMemory | None
    """What vectors take of its device's memory; None where it has no device or has not said."""
    weight: float
    outstanding: int
    """Searches of this coordinator that it has not answered yet."""
    shards: list[ClusterServerShard]
    """Those that are placed on it or that it has loaded."""


class ClusterMove(Answer):
    index: str
    generation: int
    shard: int
    from_: list[str] = Field(alias="from")
    """Servers that have it loaded and are not to hold it any more."""
    to: str | None
    """The server that is to hold it; None once only the old one has to let go."""
    since: str
    state: Literal["waiting", "loading", "failed", "releasing"] | str
    reason: str | None
    """Why it could not be loaded the last time."""


class ClusterUnplacedServer(Answer):
    address: str
    memory_free_bytes: int | None


class ClusterUnplaced(Answer):
    index: str
    generation: int
    shard: int
    needed_bytes: int
    """What it takes, roughly."""
    replicas: int
    """How many servers are to hold it."""
    placed: int
    """How many of them have the memory."""
    servers: list[ClusterUnplacedServer]
    """Those that have no memory for it."""


class Cluster(Answer):
    protocol_version: int
    """That this coordinator speaks with the other processes; it works with its own and both neighbours."""
    encoders: list[ClusterEncoder]
    """The encoder services, by address."""
    indexes_without_model: list[IndexWithoutModel] | None
    hedges: ClusterHedges
    """Of this coordinator since it started."""
    retries: int
    """Calls that were made because another had failed, since this coordinator started."""
    view: int
    """The number of the membership view that shards are placed by; it grows with each change."""
    servers: list[ClusterServer]
    moves: list[ClusterMove]
    """Shards that a live server is to hold and has not loaded yet, and those that one has still to let go of."""
    unplaced: list[ClusterUnplaced]
    """Shards that too few servers have memory for."""


class AccessKey(Answer):
    id: str
    name: str
    expires_at: str | None = None
    """Left out of one that does not expire."""


class Access(Answer):
    keys_needed: bool
    """Whether this coordinator asks for keys."""
    key: AccessKey | None
    """The key that came with the request; None without a valid one."""
    scopes: list[Literal["search", "read", "write", "admin"] | str]
    """What the caller may do; nothing without a key, where one is needed."""
    indexes: list[str]
    """Names that he may use, with `*` for any characters."""
    filtered: bool
    """Whether there are only some documents for him: those that pass the filter of his key."""


class DrainedServer(Answer):
    address: str
    live: bool
    down_reason: str | None
    """None while it lives."""
    down_since: str | None
    """None while it lives."""
    listed: bool
    """Whether it is named still by what this coordinator learns of servers from."""
    placed_since: str | None
    """Since when shards are placed on it; None while it drains, is away for long, or has not been seen yet."""
    draining: bool
    zone: str
    """Empty where nobody says."""
    device: str | None
    """What it scores on; None while it has not said, as are the next three."""
    protocol_version: int | None
    memory_bytes: int | None
    """What its shards may take."""
    memory_free_bytes: int | None
    device_memory: ClusterServerDeviceMemory | None
    """What vectors take of its device's memory; None where it has no device or has not said."""
    weight: float
    outstanding: int
    """Searches of this coordinator that it has not answered yet."""
    shards: list[ClusterServerShard]
    """Those that are placed on it or that it has loaded."""
    needed_by: int
    """While it drains: coordinators that would lack a shard without it, or have not heard of it yet. It can be taken away once there is none."""
    shards_only_here: int
    """Shards that no other server has loaded which lives and does not drain. One that no other can hold stays among them."""


class QnetShapeRequest(TypedDict):
    vector_dimensions: Sequence[int]
    """Layer widths from the document vector to the score; the last is 1."""
    activation: NotRequired[Literal["relu", "tanh", "sigmoid", "gelu", "leaky_relu"]]
    layer_norm: NotRequired[bool]
    layer_norm_before_residual: NotRequired[bool]
    residual: NotRequired[bool]
    residual_on_last: NotRequired[bool]


class ExternalVectorsRequest(TypedDict):
    width: int
    """How many numbers a vector has."""
    scorer: NotRequired[Literal["inner_product"] | QnetShapeRequest]
    """What scores documents: the inner product with a `vector`, or a `qnet` of this shape."""


class FieldRequest(TypedDict):
    type: Literal["keyword", "number", "boolean", "date"]
    list: NotRequired[bool]


class PassagesRequest(TypedDict):
    overlap: NotRequired[float]
    """The share of a passage that the next one may repeat, in whole sentences."""


class LexicalRequest(TypedDict):
    analyzer: Literal["simple", "english", "danish", "dutch", "finnish", "french", "german", "italian", "norwegian", "portuguese", "russian", "spanish", "swedish"]
    """How texts become words: `simple`, or a language whose inflected forms count as one word."""


class CreateIndexRequest(TypedDict):
    name: str
    model: NotRequired[str]
    """A model's name or digest; the default model if left out; `external` where vectors come from outside."""
    vectors: NotRequired[ExternalVectorsRequest]
    """With the model `external` alone: what vectors and q-nets look like."""
    shards: NotRequired[int]
    """How many slices; fixed for the index's life."""
    replicas: NotRequired[int]
    """How many shard servers may answer for each shard."""
    fields: NotRequired[Mapping[str, FieldRequest]]
    """What searches can filter by; every other key of a document is only given back with it."""
    passages: NotRequired[PassagesRequest | Literal[False]]
    """Cuts texts that are longer than the model reads at sentence ends, so that all of each is searched; false leaves a document the one vector of its beginning. Left out: cut, if all encoder services that have the model can. Fixed for the life of the index."""
    lexical: NotRequired[LexicalRequest]
    """Keeps the words of titles and texts too, for searches with `hybrid`. Fixed for the life of the index."""


class QnetShape(Answer):
    vector_dimensions: list[int]
    """Layer widths from the document vector to the score; the last is 1."""
    activation: Literal["relu", "tanh", "sigmoid", "gelu", "leaky_relu"] | str
    layer_norm: bool
    layer_norm_before_residual: bool
    residual: bool
    residual_on_last: bool


class ExternalVectors(Answer):
    width: int
    """How many numbers a vector has."""
    scorer: Literal["inner_product"] | str | QnetShape
    """What scores documents: the inner product with a `vector`, or a `qnet` of this shape."""


class FieldDescription(Answer):
    type: Literal["keyword", "number", "boolean", "date"] | str
    list: bool


class Passages(Answer):
    overlap: float
    """The share of a passage that the next one may repeat, in whole sentences."""


class Lexical(Answer):
    analyzer: Literal["simple", "english", "danish", "dutch", "finnish", "french", "german", "italian", "norwegian", "portuguese", "russian", "spanish", "swedish"] | str
    """How texts become words: `simple`, or a language whose inflected forms count as one word."""


class Index(Answer):
    name: str
    model: ModelReference
    vectors: ExternalVectors | None = None
    """Of an index whose model is `external`."""
    shards: int
    replicas: int
    fields: dict[str, FieldDescription]
    passages: Passages | None = None
    """How long texts are cut; left out where they are not."""
    lexical: Lexical | None = None
    """How words are kept; left out where they are not."""
    documents: int
    documents_truncated: int
    """Documents longer than the model reads; their vectors are of their beginning."""
    documents_unreadable: int
    """Documents that the model cannot read: half of their tokens or more are not in its vocabulary, or they have none."""
    unknown_token_share: float | None
    """Of all tokens of the documents, those that the vocabulary does not have; None where none were counted."""
    documents_aside: int
    """Documents that could not be encoded and are not searched."""
    segments: int
    generation: int
    """The build that searches of this index use."""
    manifest_version: int
    sequence: int
    """Writes of the log up to this one are searchable."""
    created_at: str


class FailedIndex(Answer):
    name: str
    code: str
    message: str


class IndexList(Answer):
    indexes: list[Index]
    """In name order."""
    failed: list[FailedIndex]
    """Indexes that cannot be served because a file of theirs is damaged; they can be deleted."""


class DeleteRequest(TypedDict):
    ids: Sequence[str]
    """Ids of documents; those that do not exist are no error."""


class WriteReportProblem(Answer):
    code: str
    message: str


class WriteReportUnreadable(Answer):
    id: str
    tokens: int
    unknown_tokens: int


class LineError(Answer):
    line: int
    id: str | None
    code: str
    message: str


class WriteReport(Answer):
    received: int
    accepted: int
    """Lines that are durable now."""
    failed: int
    sequence: int | None
    """Of this write in the log of the index; pass it to a search as `min_sequence`."""
    repeated: bool
    """An earlier attempt with the same idempotency key had written it."""
    searchable: bool
    manifest_version: int
    problem: WriteReportProblem | None
    """Why indexing does not go on, when it does not; the documents are safe."""
    documents_unreadable: int | None
    """Documents of this write that the model cannot read: half of their tokens or more are not in its vocabulary, or they have none. None until they are searchable, and when it is not known any more."""
    unreadable: list[WriteReportUnreadable]
    """The first of them, with the tokens read."""
    took_ms: float
    errors: list[LineError]


class DocumentVector(VectorAnswer):
    model: str
    values: list[float]


class Document(Answer):
    id: str
    title: str
    text: str
    fields: dict[str, Any]
    version: int
    """The sequence number of the write that put it."""
    tokens: int | None
    """That the model read; None until it is indexed, or where they were not counted."""
    unknown_tokens: int | None
    """Of these, the ones that the model's vocabulary does not have."""
    truncated: bool | None
    """Whether the text goes on after these, so that searches find its beginning alone. None as `tokens` is."""
    vector: DocumentVector | None = None
    """Where it was asked for: as a put takes it again. None until the document is indexed, unless it came with one."""


class DeleteByFilterRequest(TypedDict):
    filter: Mapping[str, Any]
    """Which documents are deleted, as of a search."""
    min_sequence: NotRequired[int]
    """`sequence` of a write: what is deleted is looked for once searches see that write."""


class DeleteByFilterReport(Answer):
    deleted: int | None
    """None for the repetition of one that is so long ago that its number is not kept."""
    written_meanwhile: int
    """Documents that passed and stay, since they were written after the version that was looked at."""
    complete: bool
    """False where there may be more: one request deletes 200000 documents at most."""
    sequence: int | None
    """Of this write in the log of the index; pass it to a search as `min_sequence`."""
    repeated: bool
    """An earlier attempt with the same idempotency key and filter had deleted them."""
    searchable: bool
    manifest_version: int
    problem: WriteReportProblem | None
    """Why indexing does not go on, when it does not; the documents are safe."""
    took_ms: float


class CountRequest(TypedDict):
    filter: NotRequired[Mapping[str, Any]]
    """Which documents are counted, as of a search; all without one."""
    min_coverage: NotRequired[float]
    """The share of the documents that must have been looked at; below it the answer is a 503."""
    min_sequence: NotRequired[int]
    """`sequence` of a write: the count waits until searches see that write, inside its time limit."""
    timeout_ms: NotRequired[int]
    """For everything together."""


class CoverageMissing(Answer):
    shard: int
    server: str
    code: str
    message: str
    documents_missing: int


class Coverage(Answer):
    documents_scored: int
    """By the q-net."""
    documents_scanned: int
    """Ranked by a tangent of the q-net, of which the best were scored; 0 in the exact plan."""
    documents_walked: int
    """Documents of segments searched by graph walk."""
    documents_eligible: int
    """Of the shards, whether they pass the filter or not."""
    documents_matched: int
    """That pass the filter, as far as known; all eligible ones without a filter."""
    ratio: float
    non_finite_scores: int
    missing: list[CoverageMissing]


class CountAnswer(Answer):
    count: int
    """Documents that pass; exact, unless `coverage` says that a shard is missing."""
    coverage: Coverage
    manifest_version: int
    took_ms: float


class ListRequest(TypedDict):
    filter: NotRequired[Mapping[str, Any]]
    """Which documents are listed, as of a search; all without one."""
    limit: NotRequired[int]
    """How many documents a page has at most; it ends earlier with large ones."""
    cursor: NotRequired[str]
    """`next_cursor` of the answer before: the page after it, of the same manifest version."""
    with_: NotRequired[Sequence[Literal["text", "fields", "vector"]]]
    """What is given beside id and version: `text` with the title, `fields`, `vector`."""
    min_sequence: NotRequired[int]
    """`sequence` of a write: the first page waits until searches see that write, inside its time limit."""
    timeout_ms: NotRequired[int]
    """For one page."""


class ListedDocumentVector(VectorAnswer):
    model: str
    values: str


class ListedDocument(Answer):
    id: str
    version: int
    """The sequence number of the write that put it."""
    title: str | None = None
    text: str | None = None
    fields: dict[str, Any] | None = None
    vector: ListedDocumentVector | None = None
    """As a put takes it again; `values` is base64 of f32, little-endian. None for a document of several passages, which has no one vector."""


class ListAnswer(Answer):
    documents: list[ListedDocument]
    next_cursor: str | None
    """None at the end, and there alone; the page before it may be empty."""
    manifest_version: int
    took_ms: float


class QnetRequest(TypedDict):
    weights: Base64
    """Base64 (docs/formats/qnet-weights.md)."""
    form: NotRequired[Literal["weights", "safetensors"]]
    """`safetensors`: a file with tensors `matrices.0`, `biases.0`, … in F32 or F16."""
    precision: NotRequired[Literal["f32", "f16", "int8"]]
    """Of the form `weights`."""
    architecture: NotRequired[QnetShapeRequest]
    """If given, it must be that of the index."""
    digest: NotRequired[str]
    """If given, it must be that of the weights (docs/formats/qnet-weights.md)."""
    model: NotRequired[str]
    """The digest of the model that made it; needed unless the model is `external`."""


class SearchRequestLike(TypedDict):
    id: str
    """Of a document of the index."""


class FacetRequest(TypedDict):
    field: str
    """One of the fields of the index."""
    limit: NotRequired[int]
    """How many values, the most frequent first."""


class GroupByRequest(TypedDict):
    field: str
    """One of the fields of the index."""
    groups: NotRequired[int]
    """How many groups a page."""
    hits: NotRequired[int]
    """How many hits a group."""


class SortRequest(TypedDict):
    field: str
    """One of the fields of the index."""
    order: NotRequired[Literal["asc", "desc"]]


class HighlightRequest(TypedDict):
    fragments: NotRequired[int]
    """How many sentences of a text at most, the best first."""
    length: NotRequired[int]
    """Characters of a sentence at most; of a longer one the best part is given."""
    analyzer: NotRequired[Literal["simple", "english", "danish", "dutch", "finnish", "french", "german", "italian", "norwegian", "portuguese", "russian", "spanish", "swedish"]]
    """How texts become words; the index's own when not given, and `simple` where it keeps none."""


class HybridRequest(TypedDict):
    fusion: NotRequired[Literal["convex", "reciprocal_rank"]]
    """convex: the scores of either kind, brought to 0 to 1, added by weight. reciprocal_rank: by their ranks alone."""
    lexical: NotRequired[float]
    """With `convex`: the weight of words; the q-net has the rest. 0.45 when not given."""
    candidates: NotRequired[int]
    """How many of the best of either kind are joined; never fewer than a page has. There are no hits beyond them."""


class RerankRequest(TypedDict):
    model: str
    """A cross-encoder's name or digest; GET /v1/models lists them."""
    candidates: NotRequired[int]
    """How many of the best hits it reads, each with the query; the others follow in their order."""
    timeout_ms: NotRequired[int]
    """What reranking may take, of the time of the whole search; the shards leave it so much, up to half of what there is. When it is late, the hits keep their order. All that is left when not given, of which the shards leave a quarter."""


class SearchRequest(TypedDict):
    query: NotRequired[str | Mapping[str, Any]]
    """A text, or an expression: `{"any": […]}`, the best of its nodes; `{"all": […]}`, nearly the worst of them; inside of these `{"not": …}`, which takes away from what matches it. A node is one of them, or a leaf: a text, `{"text": …}`, `{"like": [ids]}`, `{"vector": …}` or `{"qnet": …}`. Each may have a `weight` (1/1000 to 1000). At most 16 leaves, 4 deep. Or give a `vector`, a `qnet` or `like` instead."""
    vector: NotRequired[Vector]
    """Of the query, where the scorer is an inner product: instead of `query`."""
    qnet: NotRequired[QnetRequest]
    """The q-net itself, instead of a query that is encoded."""
    like: NotRequired[SearchRequestLike]
    """Instead of `query`: documents that are near to this one, without itself. Where the scorer is an inner product its vector is the query; else its title and text are encoded as a query."""
    k: NotRequired[int]
    """How many hits a page."""
    cursor: NotRequired[str]
    """`next_cursor` of the answer before: the page after it, of the same manifest version."""
    min_coverage: NotRequired[float]
    """The share of the eligible documents that must have been searched; below it the answer is a 503."""
    timeout_ms: NotRequired[int]
    """For everything together."""
    interpret: NotRequired[bool]
    """Beside a text: it is searched as the needs that it joins, as those of "heart or lung cancer", where the model is sure that it finds several. The answer has `interpretation` then."""
    profile: NotRequired[bool]
    """Tell where the time went."""
    ids_only: NotRequired[bool]
    """Leave title, text and fields out of the hits."""
    generation: NotRequired[int]
    """Search this generation; load it first with …/compare."""
    min_sequence: NotRequired[int]
    """`sequence` of a write: the search waits until it sees that write, inside its time limit."""
    cache: NotRequired[bool]
    """Whether an answer that was kept will do: one to the same request, of the same manifest version. Never with `profile`."""
    facets: NotRequired[Sequence[FacetRequest]]
    """Count the values of these fields among all documents that pass the filter, hits or not. Exact; a field with more than 10000 different values among them is refused."""
    group_by: NotRequired[GroupByRequest]
    """Groups of hits instead of hits: of the documents that have a value of the field, for each such value, and of those without one together. The groups with the best hit come first. Every document is scored (plan exact), except that with `hybrid` or `rerank` groups are made of the hits that were joined or reranked."""
    sort: NotRequired[Sequence[SortRequest]]
    """The order of hits: by these fields, then by score and id. Documents without a value come last, both ways; of one with several the smallest counts, or the largest with `desc`. Every document is scored (plan exact)."""
    highlight: NotRequired[HighlightRequest]
    """Give the best sentences of each hit's text by the words of `query`, and where these stand. Of a page of at most 100 hits, with their texts."""
    plan: NotRequired[Literal["exact", "tangent", "graph", "auto"]]
    """exact: every document is scored. tangent: every one is ranked by a tangent of the q-net, the best are scored. graph: the tangent leads walks of neighbour graphs. auto: the cheapest of these that finds `recall`. auto when not given."""
    recall: NotRequired[float]
    """With `auto`: of the hits of the exact plan, the share to find; 0.99 when not given."""
    candidates: NotRequired[int]
    """With `tangent` and `graph`: how many documents of a shard are scored; never fewer than a page has."""
    expansion: NotRequired[int]
    """With `graph`: rows kept in a walk of a segment; never fewer than a page has."""
    filter: NotRequired[Mapping[str, Any]]
    """Which documents may be hits: `{"field": …, "equals" | "in" | "exists" | "gt" | "gte" | "lt" | "lte": …}`, or any of `{"must": […], "should": […], "must_not": […]}` of those, and of an index with `lexical` `{"words": "…"}`: those that have these words, one behind the other."""
    precision: NotRequired[Literal["fp32", "int8"]]
    """int8: faster, with quantised weights and activations."""
    hybrid: NotRequired[HybridRequest]
    """Ranks by the words of the query too; of an index with `lexical`."""
    rerank: NotRequired[RerankRequest]
    """Has a cross-encoder order the best hits anew."""


class PassageOfHit(Answer):
    begin: int
    """In `text`, in code points."""
    end: int
    """The code point after the last."""
    text: str | None = None
    """Left out with `ids_only`."""


class HitScores(Answer):
    qnet: float | None
    """None when it is NaN or infinite."""
    lexical: float
    """By BM25; 0 of a document that has none of the words."""


class HighlightOfHitFragmentMark(Answer):
    begin: int
    """In `text` of the hit, in code points."""
    end: int
    """The code point after the last."""


class HighlightOfHitFragment(Answer):
    begin: int
    """In `text` of the hit, in code points."""
    end: int
    """The code point after the last."""
    text: str
    marks: list[HighlightOfHitFragmentMark]
    """The words of the query within, in order, by their place in `text` of the hit."""


class HighlightOfHit(Answer):
    fragments: list[HighlightOfHitFragment]
    """The best first; none of a text that has no word of the query."""
    partial: bool
    """Whether the text is longer than what is read of it for this."""


class Hit(Answer):
    id: str
    score: float | None
    """None when it is NaN or infinite."""
    rerank_score: float | None = None
    """Of the cross-encoder, which such hits are ordered by; not of hits that it did not read."""
    estimate: float | None = None
    """With `profile`: about the `score`, by the tangent of the q-net that found it. Not where none ranked it."""
    title: str | None = None
    text: str | None = None
    fields: dict[str, Any] | None = None
    passage: PassageOfHit | None = None
    """Of a text that was cut into passages: the part that scored best; the hit's score is its score."""
    scores: HitScores | None = None
    """With `hybrid`: what was joined to `score`."""
    highlight: HighlightOfHit | None = None
    """Of a search that asks for it."""
    leaf: int | None = None
    """Of a composed query: the place in `leaves` of the one that gave the hit its place."""
    leaf_scores: list[float | None] | None = None
    """Of a composed query: what each of its leaves says of the document, in deviations above the mean."""


class SearchAnswerGroup(Answer):
    value: str | int | float | bool | None
    """None: of the documents without one."""
    hits: list[Hit]


class FacetAnswerValue(Answer):
    value: str | int | float | bool
    count: int
    """Documents that have it."""


class FacetAnswer(Answer):
    field: str
    values: list[FacetAnswerValue]
    """By count descending, then value ascending (keywords by UTF-8 bytes)."""
    distinct: int
    """How many different values there are, listed or not."""


class RerankOutcome(Answer):
    model: ModelReference
    reranked: bool
    """Whether hits of this page are in the cross-encoder's order."""
    documents: int
    """Hits that it has ordered, on this page and others."""
    truncated: int
    """Of these, texts that were longer than it reads beside the query."""
    code: str | None = None
    """Why nothing was reranked; not given where nothing failed."""
    message: str | None = None
    """The same in words, or that the page lies behind the candidates."""


class SearchAnswerInterpretation(Answer):
    any: list[str]


class SearchProfileShard(Answer):
    documents_scored: int
    documents_scanned: int
    documents_walked: int
    shard: int
    server: str
    """That answered."""
    attempts: int
    """Calls that were made for it."""
    hedged: bool
    """Whether one of them was made because another was late."""
    won_by: Literal["first", "retry", "hedge"] | str
    """Why the call was made that answered."""
    plan: Literal["exact", "tangent", "graph"] | str
    """What the plan came to; `graph` where any segment was walked."""
    queue_ms: float
    head_ms: float
    score_ms: float
    ship_ms: float
    stop_reason: Literal["complete", "deadline", "cancelled"] | str


class SearchProfile(Answer):
    encode_ms: float
    fan_out_ms: float
    merge_ms: float
    fetch_ms: float
    rerank_ms: float | None = None
    """Of a search that asks for it."""
    highlight_ms: float | None = None
    """Of a search that asks for it."""
    qnet_bytes: int
    """The most that a shard server was sent of the query."""
    query_form: Literal["weights", "token_states"] | str
    qnet_cached: bool
    like_by: Literal["vector", "text"] | str | None = None
    """With `like`: whether the stored vector was the query, or the text encoded as one."""
    shards: list[SearchProfileShard]


class SearchAnswer(Answer):
    groups: list[SearchAnswerGroup] | None = None
    """With `group_by`: by their best hit; of equal ones by their value."""
    facets: list[FacetAnswer] | None = None
    """One a facet asked for, in their order."""
    hits: list[Hit]
    """By score descending, then id ascending (UTF-8 bytes); those with a `rerank_score` by that, before the others. None with `group_by`."""
    coverage: Coverage
    plan: Literal["exact", "tangent", "graph", "auto"] | str
    took_ms: float
    manifest_version: int
    query_truncated: bool
    query_tokens: int
    """Of the query, those that the model read."""
    query_unknown_tokens: int
    """Of these, the ones that the model's vocabulary does not have: it cannot tell them apart."""
    cached: bool
    """Whether it was kept from an earlier search of the same."""
    next_cursor: str | None
    """None on the last page."""
    rerank: RerankOutcome | None = None
    """Of a search that asks for it."""
    leaves: list[str] | None = None
    """Of a composed query: where its leaves stand, as `any[0]` or `any[1].all[0]`, in their order."""
    interpretation: SearchAnswerInterpretation | None = None
    """With `interpret`, of a text that was split: the expression that was searched."""
    profile: SearchProfile | None = None


class BatchedSearchRequest(TypedDict):
    query: NotRequired[str | Mapping[str, Any]]
    """A text, or an expression: `{"any": […]}`, the best of its nodes; `{"all": […]}`, nearly the worst of them; inside of these `{"not": …}`, which takes away from what matches it. A node is one of them, or a leaf: a text, `{"text": …}`, `{"like": [ids]}`, `{"vector": …}` or `{"qnet": …}`. Each may have a `weight` (1/1000 to 1000). At most 16 leaves, 4 deep. Or give a `vector`, a `qnet` or `like` instead."""
    vector: NotRequired[Vector]
    """Of the query, where the scorer is an inner product: instead of `query`."""
    qnet: NotRequired[QnetRequest]
    """The q-net itself, instead of a query that is encoded."""
    like: NotRequired[SearchRequestLike]
    """Instead of `query`: documents that are near to this one, without itself. Where the scorer is an inner product its vector is the query; else its title and text are encoded as a query."""
    k: NotRequired[int]
    """How many hits a page."""
    cursor: NotRequired[str]
    """`next_cursor` of the answer before: the page after it, of the same manifest version."""
    min_coverage: NotRequired[float]
    """The share of the eligible documents that must have been searched; below it the answer is a 503."""
    interpret: NotRequired[bool]
    """Beside a text: it is searched as the needs that it joins, as those of "heart or lung cancer", where the model is sure that it finds several. The answer has `interpretation` then."""
    profile: NotRequired[bool]
    """Tell where the time went."""
    ids_only: NotRequired[bool]
    """Leave title, text and fields out of the hits."""
    generation: NotRequired[int]
    """Search this generation; load it first with …/compare."""
    min_sequence: NotRequired[int]
    """`sequence` of a write: the search waits until it sees that write, inside its time limit."""
    cache: NotRequired[bool]
    """Whether an answer that was kept will do: one to the same request, of the same manifest version. Never with `profile`."""
    facets: NotRequired[Sequence[FacetRequest]]
    """Count the values of these fields among all documents that pass the filter, hits or not. Exact; a field with more than 10000 different values among them is refused."""
    group_by: NotRequired[GroupByRequest]
    """Groups of hits instead of hits: of the documents that have a value of the field, for each such value, and of those without one together. The groups with the best hit come first. Every document is scored (plan exact), except that with `hybrid` or `rerank` groups are made of the hits that were joined or reranked."""
    sort: NotRequired[Sequence[SortRequest]]
    """The order of hits: by these fields, then by score and id. Documents without a value come last, both ways; of one with several the smallest counts, or the largest with `desc`. Every document is scored (plan exact)."""
    highlight: NotRequired[HighlightRequest]
    """Give the best sentences of each hit's text by the words of `query`, and where these stand. Of a page of at most 100 hits, with their texts."""
    plan: NotRequired[Literal["exact", "tangent", "graph", "auto"]]
    """exact: every document is scored. tangent: every one is ranked by a tangent of the q-net, the best are scored. graph: the tangent leads walks of neighbour graphs. auto: the cheapest of these that finds `recall`. auto when not given."""
    recall: NotRequired[float]
    """With `auto`: of the hits of the exact plan, the share to find; 0.99 when not given."""
    candidates: NotRequired[int]
    """With `tangent` and `graph`: how many documents of a shard are scored; never fewer than a page has."""
    expansion: NotRequired[int]
    """With `graph`: rows kept in a walk of a segment; never fewer than a page has."""
    filter: NotRequired[Mapping[str, Any]]
    """Which documents may be hits: `{"field": …, "equals" | "in" | "exists" | "gt" | "gte" | "lt" | "lte": …}`, or any of `{"must": […], "should": […], "must_not": […]}` of those, and of an index with `lexical` `{"words": "…"}`: those that have these words, one behind the other."""
    precision: NotRequired[Literal["fp32", "int8"]]
    """int8: faster, with quantised weights and activations."""
    hybrid: NotRequired[HybridRequest]
    """Ranks by the words of the query too; of an index with `lexical`."""
    rerank: NotRequired[RerankRequest]
    """Has a cross-encoder order the best hits anew."""


class SearchBatchRequest(TypedDict):
    searches: Sequence[BatchedSearchRequest]
    """Each as of a request of its own, without `timeout_ms`. Their `k` together: at most 10000."""
    timeout_ms: NotRequired[int]
    """For all searches together."""


class SearchOutcomeAnswer(Answer):
    status: Literal[200]
    answer: SearchAnswer


class SearchOutcomeProblem(Answer):
    status: int
    problem: Problem


class SearchBatchAnswer(Answer):
    outcomes: list[SearchOutcomeAnswer | SearchOutcomeProblem]
    """One a search, in their order."""
    took_ms: float


class ExplainRequest(TypedDict):
    query: NotRequired[str | Mapping[str, Any]]
    """A text, or an expression: `{"any": […]}`, the best of its nodes; `{"all": […]}`, nearly the worst of them; inside of these `{"not": …}`, which takes away from what matches it. A node is one of them, or a leaf: a text, `{"text": …}`, `{"like": [ids]}`, `{"vector": …}` or `{"qnet": …}`. Each may have a `weight` (1/1000 to 1000). At most 16 leaves, 4 deep. Or give a `vector`, a `qnet` or `like` instead."""
    vector: NotRequired[Vector]
    """Of the query, where the scorer is an inner product: instead of `query`."""
    qnet: NotRequired[QnetRequest]
    """The q-net itself, instead of a query that is encoded."""
    like: NotRequired[SearchRequestLike]
    """Instead of `query`: documents that are near to this one, without itself. Where the scorer is an inner product its vector is the query; else its title and text are encoded as a query."""
    k: NotRequired[int]
    """How many hits a page."""
    min_coverage: NotRequired[float]
    """The share of the eligible documents that must have been searched; below it the answer is a 503."""
    timeout_ms: NotRequired[int]
    """For everything together."""
    generation: NotRequired[int]
    """Search this generation; load it first with …/compare."""
    min_sequence: NotRequired[int]
    """`sequence` of a write: the search waits until it sees that write, inside its time limit."""
    plan: NotRequired[Literal["exact", "tangent", "graph", "auto"]]
    """exact: every document is scored. tangent: every one is ranked by a tangent of the q-net, the best are scored. graph: the tangent leads walks of neighbour graphs. auto: the cheapest of these that finds `recall`. auto when not given."""
    recall: NotRequired[float]
    """With `auto`: of the hits of the exact plan, the share to find; 0.99 when not given."""
    candidates: NotRequired[int]
    """With `tangent` and `graph`: how many documents of a shard are scored; never fewer than a page has."""
    expansion: NotRequired[int]
    """With `graph`: rows kept in a walk of a segment; never fewer than a page has."""
    filter: NotRequired[Mapping[str, Any]]
    """Which documents may be hits: `{"field": …, "equals" | "in" | "exists" | "gt" | "gte" | "lt" | "lte": …}`, or any of `{"must": […], "should": […], "must_not": […]}` of those, and of an index with `lexical` `{"words": "…"}`: those that have these words, one behind the other."""
    precision: NotRequired[Literal["fp32", "int8"]]
    """int8: faster, with quantised weights and activations."""


class ExplanationFilterFailing(Answer):
    path: str
    field: str | None = None


class ExplanationFilter(Answer):
    passes: bool
    failing: list[ExplanationFilterFailing]
    """The smallest parts of the filter that keep it out, by their place: `filter.must.0`."""


class Explanation(Answer):
    id: str
    searchable: bool
    """Whether the version that is searched has it. It may have been put and not be indexed yet, or be set aside: then nothing else is told."""
    manifest_version: int | None = None
    shard: int | None = None
    score: float | None = None
    """As the hit has it, to the bit. None when it is NaN or infinite."""
    passage: PassageOfHit | None = None
    """Of an index with `passages`: the part of its text that scored best."""
    filter: ExplanationFilter | None = None
    rank: int | None = None
    """By the exact plan, among all documents that pass the filter; the one that it would have where it does not pass. None where `coverage` is not whole."""
    plan: Literal["exact", "tangent", "graph", "auto"] | str | None = None
    """That was asked for."""
    candidate: bool | None = None
    """Whether that plan has it scored, so that it can be a hit; None where the filter keeps it out."""
    on_first_page: bool | None = None
    """Whether it is a candidate and its rank at most `k`."""
    leaves: list[str] | None = None
    """Of a composed query: where its leaves stand."""
    leaf: int | None = None
    """Of a composed query: the place in `leaves` of the one that gave the hit its place."""
    leaf_scores: list[float | None] | None = None
    """Of a composed query: what each of its leaves says of the document, in deviations above the mean."""
    like_by: Literal["vector", "text"] | str | None = None
    """With `like`: what of that document was the query."""
    query_truncated: bool | None = None
    coverage: Coverage | None = None
    """Of the search for its rank."""
    took_ms: float


class ReindexRequest(TypedDict):
    model: NotRequired[str]
    """A model's name or digest; the default model if left out."""
    shards: NotRequired[int]
    """As many as now if left out."""
    documents_per_second_max: NotRequired[float]
    """The most documents encoded a second."""
    search_p99_ms_max: NotRequired[float]
    """Slow down while the slowest searches (p99) take longer than this."""
    sample_queries: NotRequired[Sequence[str]]
    """As users put them, to calibrate graphs with; those of the build that is served now if left out."""


class GenerationProgress(Answer):
    backfill_total: int | None
    """Documents to copy from the generation before; None when it is the first."""
    backfill_done: int | None
    lag: int
    """Operations of the write log that are not in yet."""
    caught_up: bool
    documents_per_second: float
    seconds_left: float | None
    problem: WriteReportProblem | None


class Generation(Answer):
    index: str
    generation: int
    model: ModelReference
    shards: int
    phase: Literal["building", "live", "cancelled", "dropped"] | str
    paused: bool
    names: list[str]
    """What searches reach it by."""
    documents: int
    documents_aside: int
    segments: int
    manifest_version: int
    sequence: int
    progress: GenerationProgress
    documents_per_second_max: float | None
    search_p99_ms_max: float | None
    slowed_to_documents_per_second: float | None
    sample_queries: int
    """Queries of users, or q-nets where nothing encodes a query, that graphs are calibrated with; 0 for queries made of documents."""
    segments_to_calibrate: int
    """Segments whose graph was calibrated with other queries, and which will be written again."""
    created_at: str


class GenerationList(Answer):
    generations: list[Generation]


class SegmentListSegment(Answer):
    digest: str
    """Its name in the store."""
    shard: int
    documents: int
    """That are searched: without those that were deleted or written anew since."""
    documents_deleted: int
    """That are still in its files, until it is merged."""
    documents_truncated: int
    """Longer than the model reads, deleted ones too."""
    passages: int | None
    """Vectors, deleted ones too; None where each document has one."""
    bytes: int
    """Of all its files."""


class SegmentList(Answer):
    generation: int
    manifest_version: int
    segments: list[SegmentListSegment]
    """In the order of the manifest: the newest come last."""


class GenerationOrderRequest(TypedDict):
    paused: NotRequired[bool]
    documents_per_second_max: NotRequired[float | None]
    search_p99_ms_max: NotRequired[float | None]
    sample_queries: NotRequired[Sequence[str] | None]
    """As users put them: graphs built from now on are calibrated with them. None: with queries made of documents."""


class CompareRequest(TypedDict):
    queries: NotRequired[Sequence[str]]
    """If there are none, some are made of documents."""
    samples: NotRequired[int]
    """How many queries to make of documents."""


class ParityReportMostDifferent(Answer):
    query: str
    overlap: float
    served: list[str]
    candidate: list[str]


class ParityReport(Answer):
    queries: int
    overlap_at_10: float
    """Mean share of the first ten hits that both have."""
    score_correlation: float | None
    """Mean correlation of the scores of hits that both have."""
    documents_served: int
    documents_candidate: int
    most_different: list[ParityReportMostDifferent]


class TakeSnapshotRequest(TypedDict):
    name: str


class Snapshot(Answer):
    index: str
    name: str
    model: ModelReference
    documents: int
    generation: int
    manifest_version: int
    sequence: int
    """Writes of the log up to this one are in it."""
    created_at: str


class SnapshotList(Answer):
    snapshots: list[Snapshot]
    """In name order."""


class CloneRequest(TypedDict):
    name: str
    """Of the new index."""
    snapshot: NotRequired[str]
    """As the index is now, if left out."""
    replicas: NotRequired[int]
    """As many as the index's if left out."""


class Alias(Answer):
    alias: str
    index: str
    generation: int
    problem: str | None
    """Why the alias leads nowhere, such as an index that is gone, and what to do."""


class AliasTable(Answer):
    version: int
    aliases: list[Alias]
    """In name order. Index names that were moved to another generation are among them."""
    created_at: str


class AliasOrdersRequestActionAddAdd(TypedDict):
    alias: str
    index: str
    generation: NotRequired[int]


class AliasOrdersRequestActionAdd(TypedDict):
    add: AliasOrdersRequestActionAddAdd


class AliasOrdersRequestActionRemoveRemove(TypedDict):
    alias: str


class AliasOrdersRequestActionRemove(TypedDict):
    remove: AliasOrdersRequestActionRemoveRemove


class AliasOrdersRequest(TypedDict):
    actions: Sequence[AliasOrdersRequestActionAdd | AliasOrdersRequestActionRemove]
    """Carried out all together or not at all."""


class AliasHistoryVersionAction(Answer):
    alias: str
    index: str | None
    generation: int | None


class AliasHistoryVersion(Answer):
    version: int
    actions: list[AliasHistoryVersionAction]
    created_at: str


class AliasHistory(Answer):
    versions: list[AliasHistoryVersion]


class AsideDocument(Answer):
    id: str
    title: str
    version: int
    code: str
    message: str


class Aside(Answer):
    documents: list[AsideDocument]


class Verification(Answer):
    generation: int
    manifest_version: int
    segments: int
    bytes: int
    documents: int
    """Distinct ids that were read."""
    documents_counted: int
    """What the manifest says there are."""
    problems: list[str]
    """Nothing when all is well."""


class CollectRequest(TypedDict):
    dry_run: NotRequired[bool]
    """Tell what would be deleted, and delete nothing."""
    keep_ms: NotRequired[int]
    """How long a file that nothing needs is kept; longer than any search, cursor or commit takes."""


class Collected(Answer):
    files: int
    keys: list[str]
    """The first 1,000."""


class WriteProgress(Answer):
    received: int
    sequence: int | None
    """Once the documents are durable."""
    waiting: int | None
    """Documents of the index that are not searchable yet; None until these are durable."""


OPERATIONS: dict[str, Operation] = {
    "home": Operation("GET", "/", seconds_max=30, repeatable=True),
    "health": Operation("GET", "/healthz", seconds_max=30, repeatable=True),
    "ready": Operation("GET", "/readyz", seconds_max=30, repeatable=True),
    "describeAccess": Operation("GET", "/v1/access", seconds_max=30, repeatable=True),
    "listModels": Operation("GET", "/v1/models", seconds_max=30, repeatable=True),
    "describeCluster": Operation("GET", "/v1/cluster", seconds_max=30, repeatable=True),
    "getServer": Operation("GET", "/v1/cluster/servers/{address}", seconds_max=30, repeatable=True),
    "drainServer": Operation("POST", "/v1/cluster/servers/{address}/drain", seconds_max=30, repeatable=True),
    "undrainServer": Operation("POST", "/v1/cluster/servers/{address}/undrain", seconds_max=30, repeatable=True),
    "createIndex": Operation("POST", "/v1/indexes", seconds_max=30),
    "listIndexes": Operation("GET", "/v1/indexes", seconds_max=30, repeatable=True),
    "getIndex": Operation("GET", "/v1/indexes/{index}", seconds_max=30, repeatable=True),
    "deleteIndex": Operation("DELETE", "/v1/indexes/{index}", seconds_max=30),
    "search": Operation("POST", "/v1/indexes/{index}/search", seconds_max=30, repeatable=True, timed_by_body=True),
    "searchBatch": Operation("POST", "/v1/indexes/{index}/search/batch", seconds_max=30, repeatable=True, timed_by_body=True),
    "putDocuments": Operation("PUT", "/v1/indexes/{index}/documents", seconds_max=120),
    "deleteDocuments": Operation("POST", "/v1/indexes/{index}/documents/delete", seconds_max=120),
    "deleteByFilter": Operation("POST", "/v1/indexes/{index}/documents/delete-by-filter", seconds_max=120),
    "countDocuments": Operation("POST", "/v1/indexes/{index}/documents/count", seconds_max=30, repeatable=True, timed_by_body=True),
    "listDocuments": Operation("POST", "/v1/indexes/{index}/documents/list", seconds_max=30, repeatable=True, timed_by_body=True),
    "getDocument": Operation("GET", "/v1/indexes/{index}/documents/{id}", seconds_max=30, repeatable=True),
    "explainDocument": Operation("POST", "/v1/indexes/{index}/documents/{id}/explain", seconds_max=30, repeatable=True, timed_by_body=True),
    "reindex": Operation("POST", "/v1/indexes/{index}/reindex", seconds_max=30),
    "listGenerations": Operation("GET", "/v1/indexes/{index}/generations", seconds_max=30, repeatable=True),
    "getGeneration": Operation("GET", "/v1/indexes/{index}/generations/{generation}", seconds_max=30, repeatable=True),
    "watchGeneration": Operation("GET", "/v1/indexes/{index}/generations/{generation}/events", seconds_max=30, repeatable=True),
    "listSegments": Operation("GET", "/v1/indexes/{index}/generations/{generation}/segments", seconds_max=30, repeatable=True),
    "orderGeneration": Operation("PATCH", "/v1/indexes/{index}/generations/{generation}", seconds_max=30, repeatable=True),
    "putSampleQNets": Operation("PUT", "/v1/indexes/{index}/generations/{generation}/sample-qnets", seconds_max=120, repeatable=True),
    "cancelGeneration": Operation("POST", "/v1/indexes/{index}/generations/{generation}/cancel", seconds_max=30),
    "dropGeneration": Operation("DELETE", "/v1/indexes/{index}/generations/{generation}", seconds_max=30),
    "compareGeneration": Operation("POST", "/v1/indexes/{index}/generations/{generation}/compare", seconds_max=600, repeatable=True),
    "promoteGeneration": Operation("POST", "/v1/indexes/{index}/generations/{generation}/promote", seconds_max=600),
    "rollBack": Operation("POST", "/v1/indexes/{index}/rollback", seconds_max=600),
    "verify": Operation("POST", "/v1/indexes/{index}/verify", seconds_max=21600, repeatable=True),
    "collect": Operation("POST", "/v1/indexes/{index}/collect", seconds_max=21600),
    "listAside": Operation("GET", "/v1/indexes/{index}/aside", seconds_max=30, repeatable=True),
    "takeSnapshot": Operation("POST", "/v1/indexes/{index}/snapshots", seconds_max=30),
    "listSnapshots": Operation("GET", "/v1/indexes/{index}/snapshots", seconds_max=30, repeatable=True),
    "deleteSnapshot": Operation("DELETE", "/v1/indexes/{index}/snapshots/{snapshot}", seconds_max=30),
    "restoreSnapshot": Operation("POST", "/v1/indexes/{index}/snapshots/{snapshot}/restore", seconds_max=21600),
    "cloneIndex": Operation("POST", "/v1/indexes/{index}/clone", seconds_max=30),
    "listAliases": Operation("GET", "/v1/aliases", seconds_max=30, repeatable=True),
    "aliasHistory": Operation("GET", "/v1/aliases/history", seconds_max=30, repeatable=True),
    "changeAliases": Operation("POST", "/v1/aliases", seconds_max=600),
}


class SyncOperations(SyncCaller):
    """Every operation that takes and gives one JSON document."""

    def home(self, *, timeout: float | None = None) -> HomeAnswer:
        """Name, version, links."""
        return self._call(HomeAnswer, OPERATIONS["home"], timeout=timeout)

    def health(self, *, timeout: float | None = None) -> HealthAnswer:
        """Whether the process is alive."""
        return self._call(HealthAnswer, OPERATIONS["health"], timeout=timeout)

    def ready(self, *, timeout: float | None = None) -> Ready:
        """Whether every shard of every index has a live, warm server and the encoder answers."""
        return self._call(Ready, OPERATIONS["ready"], timeout=timeout)

    def list_models(self, *, timeout: float | None = None) -> ModelList:
        """List the models that the encoder service holds."""
        return self._call(ModelList, OPERATIONS["listModels"], timeout=timeout)

    def describe_cluster(self, *, timeout: float | None = None) -> Cluster:
        """Shard servers, whether they live, which shards they hold, and indexes whose model is not there."""
        return self._call(Cluster, OPERATIONS["describeCluster"], timeout=timeout)

    def describe_access(self, *, timeout: float | None = None) -> Access:
        """What the caller may do."""
        return self._call(Access, OPERATIONS["describeAccess"], timeout=timeout)

    def get_server(self, address: str, *, timeout: float | None = None) -> DrainedServer:
        """A shard server, and how far its drain is."""
        return self._call(DrainedServer, OPERATIONS["getServer"], path={"address": address}, timeout=timeout)

    def drain_server(self, address: str, *, timeout: float | None = None) -> DrainedServer:
        """Have other servers load what a shard server has, and ask it no more."""
        return self._call(DrainedServer, OPERATIONS["drainServer"], path={"address": address}, timeout=timeout)

    def undrain_server(self, address: str, *, timeout: float | None = None) -> DrainedServer:
        """Let a shard server that was drained hold shards again."""
        return self._call(DrainedServer, OPERATIONS["undrainServer"], path={"address": address}, timeout=timeout)

    def create_index(self, *, timeout: float | None = None, **body: Unpack[CreateIndexRequest]) -> Index:
        """Create an index."""
        return self._call(Index, OPERATIONS["createIndex"], body=body, timeout=timeout)

    def list_indexes(self, *, timeout: float | None = None) -> IndexList:
        """List the indexes."""
        return self._call(IndexList, OPERATIONS["listIndexes"], timeout=timeout)

    def get_index(self, index: str, *, timeout: float | None = None) -> Index:
        """Describe an index."""
        return self._call(Index, OPERATIONS["getIndex"], path={"index": index}, timeout=timeout)

    def delete_index(self, index: str, *, aliases: Literal["refuse", "delete"] | None = None, timeout: float | None = None) -> None:
        """Delete an index and its documents."""
        self._call_for_nothing(OPERATIONS["deleteIndex"], path={"index": index}, query={"aliases": aliases}, timeout=timeout)

    def delete_documents(self, index: str, *, wait_for: Literal["durable", "searchable"] | None = None, wait_timeout_ms: int | None = None, idempotency_key: str | None = None, timeout: float | None = None, **body: Unpack[DeleteRequest]) -> WriteReport:
        """Delete documents by id."""
        return self._call(WriteReport, OPERATIONS["deleteDocuments"], path={"index": index}, query={"wait_for": wait_for, "wait_timeout_ms": wait_timeout_ms}, body=body, idempotency_key=idempotency_key or make_key(), timeout=timeout)

    def get_document(self, index: str, id: str, *, vector: bool | None = None, timeout: float | None = None) -> Document:
        """Read a document as the newest write left it, searchable or not."""
        return self._call(Document, OPERATIONS["getDocument"], path={"index": index, "id": id}, query={"vector": vector}, timeout=timeout)

    def delete_by_filter(self, index: str, *, wait_for: Literal["durable", "searchable"] | None = None, wait_timeout_ms: int | None = None, idempotency_key: str | None = None, timeout: float | None = None, **body: Unpack[DeleteByFilterRequest]) -> DeleteByFilterReport:
        """Delete the documents that pass a filter."""
        return self._call(DeleteByFilterReport, OPERATIONS["deleteByFilter"], path={"index": index}, query={"wait_for": wait_for, "wait_timeout_ms": wait_timeout_ms}, body=body, idempotency_key=idempotency_key or make_key(), timeout=timeout)

    def count_documents(self, index: str, *, timeout: float | None = None, **body: Unpack[CountRequest]) -> CountAnswer:
        """Count the documents that pass a filter."""
        return self._call(CountAnswer, OPERATIONS["countDocuments"], path={"index": index}, body=body, timeout=timeout)

    def list_documents(self, index: str, *, timeout: float | None = None, **body: Unpack[ListRequest]) -> ListAnswer:
        """List the documents that pass a filter, page by page."""
        return self._call(ListAnswer, OPERATIONS["listDocuments"], path={"index": index}, body=body, timeout=timeout)

    def list_documents_pages(self, index: str, *, timeout: float | None = None, **body: Unpack[ListRequest]) -> Iterator[ListAnswer]:
        """List the documents that pass a filter, page by page: page after page of one manifest version, each asked for when it is wanted."""
        while True:
            answer = self.list_documents(index, timeout=timeout, **body)
            yield answer
            if answer.next_cursor is None:
                return
            body["cursor"] = answer.next_cursor

    def list_documents_all(self, index: str, *, timeout: float | None = None, **body: Unpack[ListRequest]) -> Iterator[ListedDocument]:
        """List the documents that pass a filter, page by page: one after the other over all pages, to the end; stop when you have enough."""
        for page in self.list_documents_pages(index, timeout=timeout, **body):
            yield from page.documents

    def search(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchRequest]) -> SearchAnswer:
        """Search an index."""
        return self._call(SearchAnswer, OPERATIONS["search"], path={"index": index}, body=body, timeout=timeout)

    def search_pages(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchRequest]) -> Iterator[SearchAnswer]:
        """Search an index: page after page of one manifest version, each asked for when it is wanted."""
        while True:
            answer = self.search(index, timeout=timeout, **body)
            yield answer
            if answer.next_cursor is None:
                return
            body["cursor"] = answer.next_cursor

    def search_all(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchRequest]) -> Iterator[Hit]:
        """Search an index: one after the other over all pages, to the end; stop when you have enough."""
        for page in self.search_pages(index, timeout=timeout, **body):
            yield from page.hits

    def search_batch(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchBatchRequest]) -> SearchBatchAnswer:
        """Search an index with several queries."""
        return self._call(SearchBatchAnswer, OPERATIONS["searchBatch"], path={"index": index}, body=body, timeout=timeout)

    def explain_document(self, index: str, id: str, *, timeout: float | None = None, **body: Unpack[ExplainRequest]) -> Explanation:
        """Tell how a document stands for a search."""
        return self._call(Explanation, OPERATIONS["explainDocument"], path={"index": index, "id": id}, body=body, timeout=timeout)

    def reindex(self, index: str, *, timeout: float | None = None, **body: Unpack[ReindexRequest]) -> Generation:
        """Build the index anew with another model or number of shards."""
        return self._call(Generation, OPERATIONS["reindex"], path={"index": index}, body=body, timeout=timeout)

    def list_generations(self, index: str, *, timeout: float | None = None) -> GenerationList:
        """List the builds of an index and how far they are."""
        return self._call(GenerationList, OPERATIONS["listGenerations"], path={"index": index}, timeout=timeout)

    def get_generation(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """How far a build of an index is."""
        return self._call(Generation, OPERATIONS["getGeneration"], path={"index": index, "generation": generation}, timeout=timeout)

    def list_segments(self, index: str, generation: int, *, timeout: float | None = None) -> SegmentList:
        """The segments that a build of an index consists of."""
        return self._call(SegmentList, OPERATIONS["listSegments"], path={"index": index, "generation": generation}, timeout=timeout)

    def order_generation(self, index: str, generation: int, *, timeout: float | None = None, **body: Unpack[GenerationOrderRequest]) -> Generation:
        """Pause, resume or throttle a build, or give it queries to calibrate graphs with."""
        return self._call(Generation, OPERATIONS["orderGeneration"], path={"index": index, "generation": generation}, body=body, timeout=timeout)

    def put_sample_q_nets(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """Give q-nets to calibrate graphs with, where nothing encodes a query."""
        return self._call(Generation, OPERATIONS["putSampleQNets"], path={"index": index, "generation": generation}, timeout=timeout)

    def cancel_generation(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """Give up a build that is under way."""
        return self._call(Generation, OPERATIONS["cancelGeneration"], path={"index": index, "generation": generation}, timeout=timeout)

    def drop_generation(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """Give up a finished build that no name points at."""
        return self._call(Generation, OPERATIONS["dropGeneration"], path={"index": index, "generation": generation}, timeout=timeout)

    def compare_generation(self, index: str, generation: int, *, timeout: float | None = None, **body: Unpack[CompareRequest]) -> ParityReport:
        """Ask a build and the served one the same queries."""
        return self._call(ParityReport, OPERATIONS["compareGeneration"], path={"index": index, "generation": generation}, body=body, timeout=timeout)

    def promote_generation(self, index: str, generation: int, *, move_aliases: bool | None = None, timeout: float | None = None) -> Generation:
        """Let searches of the index use a build that has caught up."""
        return self._call(Generation, OPERATIONS["promoteGeneration"], path={"index": index, "generation": generation}, query={"move_aliases": move_aliases}, timeout=timeout)

    def roll_back(self, index: str, *, move_aliases: bool | None = None, timeout: float | None = None) -> Generation:
        """Let searches of the index use the build again that they used before."""
        return self._call(Generation, OPERATIONS["rollBack"], path={"index": index}, query={"move_aliases": move_aliases}, timeout=timeout)

    def take_snapshot(self, index: str, *, timeout: float | None = None, **body: Unpack[TakeSnapshotRequest]) -> Snapshot:
        """Give the newest version of an index a name, and keep it."""
        return self._call(Snapshot, OPERATIONS["takeSnapshot"], path={"index": index}, body=body, timeout=timeout)

    def list_snapshots(self, index: str, *, timeout: float | None = None) -> SnapshotList:
        """List the snapshots of an index."""
        return self._call(SnapshotList, OPERATIONS["listSnapshots"], path={"index": index}, timeout=timeout)

    def delete_snapshot(self, index: str, snapshot: str, *, timeout: float | None = None) -> None:
        """Delete a snapshot."""
        self._call_for_nothing(OPERATIONS["deleteSnapshot"], path={"index": index, "snapshot": snapshot}, timeout=timeout)

    def restore_snapshot(self, index: str, snapshot: str, *, move_aliases: bool | None = None, timeout: float | None = None) -> Generation:
        """Let searches of an index see a snapshot of it."""
        return self._call(Generation, OPERATIONS["restoreSnapshot"], path={"index": index, "snapshot": snapshot}, query={"move_aliases": move_aliases}, timeout=timeout)

    def clone_index(self, index: str, *, timeout: float | None = None, **body: Unpack[CloneRequest]) -> Index:
        """Create an index that begins as a snapshot of another, or as that is now."""
        return self._call(Index, OPERATIONS["cloneIndex"], path={"index": index}, body=body, timeout=timeout)

    def list_aliases(self, *, timeout: float | None = None) -> AliasTable:
        """List the aliases and what they point at."""
        return self._call(AliasTable, OPERATIONS["listAliases"], timeout=timeout)

    def change_aliases(self, *, timeout: float | None = None, **body: Unpack[AliasOrdersRequest]) -> AliasTable:
        """Add, move and remove aliases, all in one step."""
        return self._call(AliasTable, OPERATIONS["changeAliases"], body=body, timeout=timeout)

    def alias_history(self, *, timeout: float | None = None) -> AliasHistory:
        """What changed the aliases, newest first."""
        return self._call(AliasHistory, OPERATIONS["aliasHistory"], timeout=timeout)

    def list_aside(self, index: str, *, timeout: float | None = None) -> Aside:
        """List the documents that could not be encoded, and why."""
        return self._call(Aside, OPERATIONS["listAside"], path={"index": index}, timeout=timeout)

    def verify(self, index: str, *, timeout: float | None = None) -> Verification:
        """Read every byte of an index and count its documents."""
        return self._call(Verification, OPERATIONS["verify"], path={"index": index}, timeout=timeout)

    def collect(self, index: str, *, timeout: float | None = None, **body: Unpack[CollectRequest]) -> Collected:
        """Delete files that nothing needs any more, or tell which they are."""
        return self._call(Collected, OPERATIONS["collect"], path={"index": index}, body=body, timeout=timeout)


class AsyncOperations(AsyncCaller):
    """Every operation that takes and gives one JSON document."""

    async def home(self, *, timeout: float | None = None) -> HomeAnswer:
        """Name, version, links."""
        return await self._call(HomeAnswer, OPERATIONS["home"], timeout=timeout)

    async def health(self, *, timeout: float | None = None) -> HealthAnswer:
        """Whether the process is alive."""
        return await self._call(HealthAnswer, OPERATIONS["health"], timeout=timeout)

    async def ready(self, *, timeout: float | None = None) -> Ready:
        """Whether every shard of every index has a live, warm server and the encoder answers."""
        return await self._call(Ready, OPERATIONS["ready"], timeout=timeout)

    async def list_models(self, *, timeout: float | None = None) -> ModelList:
        """List the models that the encoder service holds."""
        return await self._call(ModelList, OPERATIONS["listModels"], timeout=timeout)

    async def describe_cluster(self, *, timeout: float | None = None) -> Cluster:
        """Shard servers, whether they live, which shards they hold, and indexes whose model is not there."""
        return await self._call(Cluster, OPERATIONS["describeCluster"], timeout=timeout)

    async def describe_access(self, *, timeout: float | None = None) -> Access:
        """What the caller may do."""
        return await self._call(Access, OPERATIONS["describeAccess"], timeout=timeout)

    async def get_server(self, address: str, *, timeout: float | None = None) -> DrainedServer:
        """A shard server, and how far its drain is."""
        return await self._call(DrainedServer, OPERATIONS["getServer"], path={"address": address}, timeout=timeout)

    async def drain_server(self, address: str, *, timeout: float | None = None) -> DrainedServer:
        """Have other servers load what a shard server has, and ask it no more."""
        return await self._call(DrainedServer, OPERATIONS["drainServer"], path={"address": address}, timeout=timeout)

    async def undrain_server(self, address: str, *, timeout: float | None = None) -> DrainedServer:
        """Let a shard server that was drained hold shards again."""
        return await self._call(DrainedServer, OPERATIONS["undrainServer"], path={"address": address}, timeout=timeout)

    async def create_index(self, *, timeout: float | None = None, **body: Unpack[CreateIndexRequest]) -> Index:
        """Create an index."""
        return await self._call(Index, OPERATIONS["createIndex"], body=body, timeout=timeout)

    async def list_indexes(self, *, timeout: float | None = None) -> IndexList:
        """List the indexes."""
        return await self._call(IndexList, OPERATIONS["listIndexes"], timeout=timeout)

    async def get_index(self, index: str, *, timeout: float | None = None) -> Index:
        """Describe an index."""
        return await self._call(Index, OPERATIONS["getIndex"], path={"index": index}, timeout=timeout)

    async def delete_index(self, index: str, *, aliases: Literal["refuse", "delete"] | None = None, timeout: float | None = None) -> None:
        """Delete an index and its documents."""
        await self._call_for_nothing(OPERATIONS["deleteIndex"], path={"index": index}, query={"aliases": aliases}, timeout=timeout)

    async def delete_documents(self, index: str, *, wait_for: Literal["durable", "searchable"] | None = None, wait_timeout_ms: int | None = None, idempotency_key: str | None = None, timeout: float | None = None, **body: Unpack[DeleteRequest]) -> WriteReport:
        """Delete documents by id."""
        return await self._call(WriteReport, OPERATIONS["deleteDocuments"], path={"index": index}, query={"wait_for": wait_for, "wait_timeout_ms": wait_timeout_ms}, body=body, idempotency_key=idempotency_key or make_key(), timeout=timeout)

    async def get_document(self, index: str, id: str, *, vector: bool | None = None, timeout: float | None = None) -> Document:
        """Read a document as the newest write left it, searchable or not."""
        return await self._call(Document, OPERATIONS["getDocument"], path={"index": index, "id": id}, query={"vector": vector}, timeout=timeout)

    async def delete_by_filter(self, index: str, *, wait_for: Literal["durable", "searchable"] | None = None, wait_timeout_ms: int | None = None, idempotency_key: str | None = None, timeout: float | None = None, **body: Unpack[DeleteByFilterRequest]) -> DeleteByFilterReport:
        """Delete the documents that pass a filter."""
        return await self._call(DeleteByFilterReport, OPERATIONS["deleteByFilter"], path={"index": index}, query={"wait_for": wait_for, "wait_timeout_ms": wait_timeout_ms}, body=body, idempotency_key=idempotency_key or make_key(), timeout=timeout)

    async def count_documents(self, index: str, *, timeout: float | None = None, **body: Unpack[CountRequest]) -> CountAnswer:
        """Count the documents that pass a filter."""
        return await self._call(CountAnswer, OPERATIONS["countDocuments"], path={"index": index}, body=body, timeout=timeout)

    async def list_documents(self, index: str, *, timeout: float | None = None, **body: Unpack[ListRequest]) -> ListAnswer:
        """List the documents that pass a filter, page by page."""
        return await self._call(ListAnswer, OPERATIONS["listDocuments"], path={"index": index}, body=body, timeout=timeout)

    async def list_documents_pages(self, index: str, *, timeout: float | None = None, **body: Unpack[ListRequest]) -> AsyncIterator[ListAnswer]:
        """List the documents that pass a filter, page by page: page after page of one manifest version, each asked for when it is wanted."""
        while True:
            answer = await self.list_documents(index, timeout=timeout, **body)
            yield answer
            if answer.next_cursor is None:
                return
            body["cursor"] = answer.next_cursor

    async def list_documents_all(self, index: str, *, timeout: float | None = None, **body: Unpack[ListRequest]) -> AsyncIterator[ListedDocument]:
        """List the documents that pass a filter, page by page: one after the other over all pages, to the end; stop when you have enough."""
        async for page in self.list_documents_pages(index, timeout=timeout, **body):
            for one in page.documents:
                yield one

    async def search(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchRequest]) -> SearchAnswer:
        """Search an index."""
        return await self._call(SearchAnswer, OPERATIONS["search"], path={"index": index}, body=body, timeout=timeout)

    async def search_pages(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchRequest]) -> AsyncIterator[SearchAnswer]:
        """Search an index: page after page of one manifest version, each asked for when it is wanted."""
        while True:
            answer = await self.search(index, timeout=timeout, **body)
            yield answer
            if answer.next_cursor is None:
                return
            body["cursor"] = answer.next_cursor

    async def search_all(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchRequest]) -> AsyncIterator[Hit]:
        """Search an index: one after the other over all pages, to the end; stop when you have enough."""
        async for page in self.search_pages(index, timeout=timeout, **body):
            for one in page.hits:
                yield one

    async def search_batch(self, index: str, *, timeout: float | None = None, **body: Unpack[SearchBatchRequest]) -> SearchBatchAnswer:
        """Search an index with several queries."""
        return await self._call(SearchBatchAnswer, OPERATIONS["searchBatch"], path={"index": index}, body=body, timeout=timeout)

    async def explain_document(self, index: str, id: str, *, timeout: float | None = None, **body: Unpack[ExplainRequest]) -> Explanation:
        """Tell how a document stands for a search."""
        return await self._call(Explanation, OPERATIONS["explainDocument"], path={"index": index, "id": id}, body=body, timeout=timeout)

    async def reindex(self, index: str, *, timeout: float | None = None, **body: Unpack[ReindexRequest]) -> Generation:
        """Build the index anew with another model or number of shards."""
        return await self._call(Generation, OPERATIONS["reindex"], path={"index": index}, body=body, timeout=timeout)

    async def list_generations(self, index: str, *, timeout: float | None = None) -> GenerationList:
        """List the builds of an index and how far they are."""
        return await self._call(GenerationList, OPERATIONS["listGenerations"], path={"index": index}, timeout=timeout)

    async def get_generation(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """How far a build of an index is."""
        return await self._call(Generation, OPERATIONS["getGeneration"], path={"index": index, "generation": generation}, timeout=timeout)

    async def list_segments(self, index: str, generation: int, *, timeout: float | None = None) -> SegmentList:
        """The segments that a build of an index consists of."""
        return await self._call(SegmentList, OPERATIONS["listSegments"], path={"index": index, "generation": generation}, timeout=timeout)

    async def order_generation(self, index: str, generation: int, *, timeout: float | None = None, **body: Unpack[GenerationOrderRequest]) -> Generation:
        """Pause, resume or throttle a build, or give it queries to calibrate graphs with."""
        return await self._call(Generation, OPERATIONS["orderGeneration"], path={"index": index, "generation": generation}, body=body, timeout=timeout)

    async def put_sample_q_nets(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """Give q-nets to calibrate graphs with, where nothing encodes a query."""
        return await self._call(Generation, OPERATIONS["putSampleQNets"], path={"index": index, "generation": generation}, timeout=timeout)

    async def cancel_generation(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """Give up a build that is under way."""
        return await self._call(Generation, OPERATIONS["cancelGeneration"], path={"index": index, "generation": generation}, timeout=timeout)

    async def drop_generation(self, index: str, generation: int, *, timeout: float | None = None) -> Generation:
        """Give up a finished build that no name points at."""
        return await self._call(Generation, OPERATIONS["dropGeneration"], path={"index": index, "generation": generation}, timeout=timeout)

    async def compare_generation(self, index: str, generation: int, *, timeout: float | None = None, **body: Unpack[CompareRequest]) -> ParityReport:
        """Ask a build and the served one the same queries."""
        return await self._call(ParityReport, OPERATIONS["compareGeneration"], path={"index": index, "generation": generation}, body=body, timeout=timeout)

    async def promote_generation(self, index: str, generation: int, *, move_aliases: bool | None = None, timeout: float | None = None) -> Generation:
        """Let searches of the index use a build that has caught up."""
        return await self._call(Generation, OPERATIONS["promoteGeneration"], path={"index": index, "generation": generation}, query={"move_aliases": move_aliases}, timeout=timeout)

    async def roll_back(self, index: str, *, move_aliases: bool | None = None, timeout: float | None = None) -> Generation:
        """Let searches of the index use the build again that they used before."""
        return await self._call(Generation, OPERATIONS["rollBack"], path={"index": index}, query={"move_aliases": move_aliases}, timeout=timeout)

    async def take_snapshot(self, index: str, *, timeout: float | None = None, **body: Unpack[TakeSnapshotRequest]) -> Snapshot:
        """Give the newest version of an index a name, and keep it."""
        return await self._call(Snapshot, OPERATIONS["takeSnapshot"], path={"index": index}, body=body, timeout=timeout)

    async def list_snapshots(self, index: str, *, timeout: float | None = None) -> SnapshotList:
        """List the snapshots of an index."""
        return await self._call(SnapshotList, OPERATIONS["listSnapshots"], path={"index": index}, timeout=timeout)

    async def delete_snapshot(self, index: str, snapshot: str, *, timeout: float | None = None) -> None:
        """Delete a snapshot."""
        await self._call_for_nothing(OPERATIONS["deleteSnapshot"], path={"index": index, "snapshot": snapshot}, timeout=timeout)

    async def restore_snapshot(self, index: str, snapshot: str, *, move_aliases: bool | None = None, timeout: float | None = None) -> Generation:
        """Let searches of an index see a snapshot of it."""
        return await self._call(Generation, OPERATIONS["restoreSnapshot"], path={"index": index, "snapshot": snapshot}, query={"move_aliases": move_aliases}, timeout=timeout)

    async def clone_index(self, index: str, *, timeout: float | None = None, **body: Unpack[CloneRequest]) -> Index:
        """Create an index that begins as a snapshot of another, or as that is now."""
        return await self._call(Index, OPERATIONS["cloneIndex"], path={"index": index}, body=body, timeout=timeout)

    async def list_aliases(self, *, timeout: float | None = None) -> AliasTable:
        """List the aliases and what they point at."""
        return await self._call(AliasTable, OPERATIONS["listAliases"], timeout=timeout)

    async def change_aliases(self, *, timeout: float | None = None, **body: Unpack[AliasOrdersRequest]) -> AliasTable:
        """Add, move and remove aliases, all in one step."""
        return await self._call(AliasTable, OPERATIONS["changeAliases"], body=body, timeout=timeout)

    async def alias_history(self, *, timeout: float | None = None) -> AliasHistory:
        """What changed the aliases, newest first."""
        return await self._call(AliasHistory, OPERATIONS["aliasHistory"], timeout=timeout)

    async def list_aside(self, index: str, *, timeout: float | None = None) -> Aside:
        """List the documents that could not be encoded, and why."""
        return await self._call(Aside, OPERATIONS["listAside"], path={"index": index}, timeout=timeout)

    async def verify(self, index: str, *, timeout: float | None = None) -> Verification:
        """Read every byte of an index and count its documents."""
        return await self._call(Verification, OPERATIONS["verify"], path={"index": index}, timeout=timeout)

    async def collect(self, index: str, *, timeout: float | None = None, **body: Unpack[CollectRequest]) -> Collected:
        """Delete files that nothing needs any more, or tell which they are."""
        return await self._call(Collected, OPERATIONS["collect"], path={"index": index}, body=body, timeout=timeout)


__all__ = [
    "Access",
    "AccessKey",
    "Alias",
    "AliasHistory",
    "AliasHistoryVersion",
    "AliasHistoryVersionAction",
    "AliasOrdersRequest",
    "AliasOrdersRequestActionAdd",
    "AliasOrdersRequestActionAddAdd",
    "AliasOrdersRequestActionRemove",
    "AliasOrdersRequestActionRemoveRemove",
    "AliasTable",
    "Aside",
    "AsideDocument",
    "BatchedSearchRequest",
    "CloneRequest",
    "Cluster",
    "ClusterEncoder",
    "ClusterEncoderModel",
    "ClusterEncoderWaiting",
    "ClusterHedges",
    "ClusterMove",
    "ClusterServer",
    "ClusterServerDeviceMemory",
    "ClusterServerShard",
    "ClusterUnplaced",
    "ClusterUnplacedServer",
    "CollectRequest",
    "Collected",
    "CompareRequest",
    "CountAnswer",
    "CountRequest",
    "Coverage",
    "CoverageMissing",
    "CreateIndexRequest",
    "DeleteByFilterReport",
    "DeleteByFilterRequest",
    "DeleteRequest",
    "Document",
    "DocumentVector",
    "DrainedServer",
    "ExplainRequest",
    "Explanation",
    "ExplanationFilter",
    "ExplanationFilterFailing",
    "ExternalVectors",
    "ExternalVectorsRequest",
    "FacetAnswer",
    "FacetAnswerValue",
    "FacetRequest",
    "FailedIndex",
    "FieldDescription",
    "FieldRequest",
    "Generation",
    "GenerationList",
    "GenerationOrderRequest",
    "GenerationProgress",
    "GroupByRequest",
    "HealthAnswer",
    "HighlightOfHit",
    "HighlightOfHitFragment",
    "HighlightOfHitFragmentMark",
    "HighlightRequest",
    "Hit",
    "HitScores",
    "HomeAnswer",
    "HybridRequest",
    "Index",
    "IndexList",
    "IndexWithoutModel",
    "Lexical",
    "LexicalRequest",
    "LineError",
    "ListAnswer",
    "ListRequest",
    "ListedDocument",
    "ListedDocumentVector",
    "Model",
    "ModelList",
    "ModelListCrossEncoder",
    "ModelQnet",
    "ModelReference",
    "ParityReport",
    "ParityReportMostDifferent",
    "PassageOfHit",
    "Passages",
    "PassagesRequest",
    "QnetRequest",
    "QnetShape",
    "QnetShapeRequest",
    "Ready",
    "ReindexRequest",
    "RerankOutcome",
    "RerankRequest",
    "SearchAnswer",
    "SearchAnswerGroup",
    "SearchAnswerInterpretation",
    "SearchBatchAnswer",
    "SearchBatchRequest",
    "SearchOutcomeAnswer",
    "SearchOutcomeProblem",
    "SearchProfile",
    "SearchProfileShard",
    "SearchRequest",
    "SearchRequestLike",
    "SegmentList",
    "SegmentListSegment",
    "Snapshot",
    "SnapshotList",
    "SortRequest",
    "TakeSnapshotRequest",
    "Verification",
    "WriteProgress",
    "WriteReport",
    "WriteReportProblem",
    "WriteReportUnreadable",
]
