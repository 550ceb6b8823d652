"""What tests share. Those in `cluster` need one, whose URL is in HYPERSHARD_URL; see README.md."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from hypershard import AsyncClient, Client


@pytest.fixture(scope="session")
def url() -> str:
    found = os.environ.get("HYPERSHARD_URL")
    if found is None:
        pytest.skip("there is no cluster: start one, and give its URL as HYPERSHARD_URL")
    return found


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[Client]:
    with Client(url) as made:
        yield made


@pytest.fixture
async def async_client(url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(url) as made:
        yield made


@pytest.fixture
def index(client: Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """An index of the test's own."""
    name = request.node.name.lower().replace("[", "-").replace("]", "")[:60]
    client.create_index(name=name, fields={"year": {"type": "number"}, "on": {"type": "date"}})
    yield name
    client.delete_index(name)


@pytest.fixture
def own(client: Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """An index of vectors of one's own, of width 4."""
    name = request.node.name.lower().replace("[", "-").replace("]", "")[:60]
    client.create_index(name=name, model="external", vectors={"width": 4})
    yield name
    client.delete_index(name)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
