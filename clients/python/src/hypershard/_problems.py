# Made by `npm run generate` from contract/ and the routes of the coordinator; do not edit.
"""One exception for every code of docs/errors.md."""

from __future__ import annotations

from hypershard._errors import ServerProblem


class InvalidRequest(ServerProblem):
    """The request is not valid."""


class InvalidCursor(ServerProblem):
    """The cursor does not belong to this search."""


class Unauthenticated(ServerProblem):
    """No valid API key was sent."""


class Forbidden(ServerProblem):
    """The API key may not do this."""


class RouteNotFound(ServerProblem):
    """There is no such route."""


class IndexNotFound(ServerProblem):
    """There is no such index."""


class ModelNotFound(ServerProblem):
    """There is no such model."""


class ServerNotFound(ServerProblem):
    """There is no such shard server."""


class DocumentNotFound(ServerProblem):
    """There is no such document."""


class GenerationNotFound(ServerProblem):
    """There is no such generation."""


class AliasNotFound(ServerProblem):
    """There is no such alias."""


class SnapshotNotFound(ServerProblem):
    """There is no such snapshot."""


class SnapshotExists(ServerProblem):
    """The snapshot exists already."""


class IndexInUse(ServerProblem):
    """Clones or aliases need this index."""


class IndexExists(ServerProblem):
    """The index exists already."""


class QueryUnknown(ServerProblem):
    """The server does not have this query any more."""


class ModelMismatch(ServerProblem):
    """The q-net and the documents are of different models."""


class Conflict(ServerProblem):
    """Another writer came first."""


class VersionMismatch(ServerProblem):
    """The document has another version."""


class WrongPhase(ServerProblem):
    """The generation is in another phase."""


class IdempotencyMismatch(ServerProblem):
    """The idempotency key stands for another write."""


class RequestTooLarge(ServerProblem):
    """The request is too large."""


class UnsupportedMediaType(ServerProblem):
    """The content type is not supported."""


class UnsupportedEncoding(ServerProblem):
    """The content encoding is not supported."""


class RateLimited(ServerProblem):
    """The limit of the API key is used up."""


class Overloaded(ServerProblem):
    """Too much work is waiting."""


class Cancelled(ServerProblem):
    """The caller went away."""


class Internal(ServerProblem):
    """A defect in hypershard."""


class InvalidModel(ServerProblem):
    """A model directory cannot be used."""


class CorruptData(ServerProblem):
    """Stored data is torn or altered."""


class StorageFailed(ServerProblem):
    """The object store failed."""


class InsufficientCoverage(ServerProblem):
    """Too few documents could be searched."""


class Unavailable(ServerProblem):
    """A server cannot be reached."""


class ModelNotServed(ServerProblem):
    """No encoder service has the model of the index."""


class DeadlineExceeded(ServerProblem):
    """The deadline passed."""


class StorageFull(ServerProblem):
    """The disk is full."""


class InvalidConfig(ServerProblem):
    """A setting is missing or wrong."""


class AddressInUse(ServerProblem):
    """The address is taken."""


PROBLEMS: dict[str, type[ServerProblem]] = {
    "invalid_request": InvalidRequest,
    "invalid_cursor": InvalidCursor,
    "unauthenticated": Unauthenticated,
    "forbidden": Forbidden,
    "route_not_found": RouteNotFound,
    "index_not_found": IndexNotFound,
    "model_not_found": ModelNotFound,
    "server_not_found": ServerNotFound,
    "document_not_found": DocumentNotFound,
    "generation_not_found": GenerationNotFound,
    "alias_not_found": AliasNotFound,
    "snapshot_not_found": SnapshotNotFound,
    "snapshot_exists": SnapshotExists,
    "index_in_use": IndexInUse,
    "index_exists": IndexExists,
    "query_unknown": QueryUnknown,
    "model_mismatch": ModelMismatch,
    "conflict": Conflict,
    "version_mismatch": VersionMismatch,
    "wrong_phase": WrongPhase,
    "idempotency_mismatch": IdempotencyMismatch,
    "request_too_large": RequestTooLarge,
    "unsupported_media_type": UnsupportedMediaType,
    "unsupported_encoding": UnsupportedEncoding,
    "rate_limited": RateLimited,
    "overloaded": Overloaded,
    "cancelled": Cancelled,
    "internal": Internal,
    "invalid_model": InvalidModel,
    "corrupt_data": CorruptData,
    "storage_failed": StorageFailed,
    "insufficient_coverage": InsufficientCoverage,
    "unavailable": Unavailable,
    "model_not_served": ModelNotServed,
    "deadline_exceeded": DeadlineExceeded,
    "storage_full": StorageFull,
    "invalid_config": InvalidConfig,
    "address_in_use": AddressInUse,
}


__all__ = [
    "AddressInUse",
    "AliasNotFound",
    "Cancelled",
    "Conflict",
    "CorruptData",
    "DeadlineExceeded",
    "DocumentNotFound",
    "Forbidden",
    "GenerationNotFound",
    "IdempotencyMismatch",
    "IndexExists",
    "IndexInUse",
    "IndexNotFound",
    "InsufficientCoverage",
    "Internal",
    "InvalidConfig",
    "InvalidCursor",
    "InvalidModel",
    "InvalidRequest",
    "ModelMismatch",
    "ModelNotFound",
    "ModelNotServed",
    "Overloaded",
    "QueryUnknown",
    "RateLimited",
    "RequestTooLarge",
    "RouteNotFound",
    "ServerNotFound",
    "SnapshotExists",
    "SnapshotNotFound",
    "StorageFailed",
    "StorageFull",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedEncoding",
    "UnsupportedMediaType",
    "VersionMismatch",
    "WrongPhase",
]
