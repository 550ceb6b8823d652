"""A client of hypershard: https://hypershard.dev, docs/guides/clients.md."""

from hypershard import _generated, _problems
from hypershard._answer import Answer
from hypershard._async_client import AsyncClient
from hypershard._client import Client
from hypershard._connect import package_version
from hypershard._documents import BatchReport, PutSum
from hypershard._errors import HypershardError, InvalidCall, NotReachable, Problem, ServerProblem, TimedOut
from hypershard._generated import *  # noqa: F403
from hypershard._problems import *  # noqa: F403
from hypershard._vectors import qnet_of_layers

__version__ = package_version()

__all__ = [
    "Answer",
    "AsyncClient",
    "BatchReport",
    "Client",
    "HypershardError",
    "InvalidCall",
    "NotReachable",
    "Problem",
    "PutSum",
    "ServerProblem",
    "TimedOut",
    "qnet_of_layers",
]
__all__ += _generated.__all__
__all__ += _problems.__all__
