"""Both clients and a cluster."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from itertools import islice

import pandas
import pyarrow
import pytest

import hypershard
from hypershard import AsyncClient, Client

pytestmark = pytest.mark.anyio


def documents(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        yield {"id": str(number), "title": f"t{number}", "text": "ba ce di", "year": 1900 + number}


def test_hits_come_page_after_page(client: Client, index: str) -> None:
    total = client.put_all(index, documents(30), wait_for="searchable", batch_documents_max=8)
    assert (total.accepted, total.searchable) == (30, True)
    assert client.get_index(index).documents == 30
    found = [hit.id for hit in client.search_all(index, query="ba", k=7, plan="exact")]
    assert sorted(found, key=int) == [str(number) for number in range(30)]
    filtered = client.search(index, query="ba", filter={"field": "year", "gte": 1925}, k=10, plan="exact")
    assert {hit.fields["year"] for hit in filtered.hits if hit.fields} == {1925, 1926, 1927, 1928, 1929}
    pages = client.search_pages(index, query="ba", k=7, plan="exact")
    assert len({page.manifest_version for page in islice(pages, 2)}) == 1
    composed = client.search(index, query={"any": ["ba", {"text": "ce", "weight": 2}]}, k=1)
    assert (composed.leaves, composed.hits[0].leaf in {0, 1}) == (["any[0]", "any[1]"], True)
    assert [type(score) for score in composed.hits[0].leaf_scores or []] == [float, float]
    assert client.delete_documents(index, ids=["3"], wait_for="searchable").accepted == 1
    with pytest.raises(hypershard.DocumentNotFound):
        client.get_document(index, "3")


async def test_hits_come_page_after_page_async(async_client: AsyncClient, index: str) -> None:
    async def source() -> AsyncIterator[dict[str, object]]:
        for document in documents(30):
            yield document

    total = await async_client.put_all(index, source(), wait_for="searchable", batch_documents_max=8)
    assert (total.accepted, total.searchable) == (30, True)
    found = [hit.id async for hit in async_client.search_all(index, query="ba", k=7, plan="exact")]
    assert sorted(found, key=int) == [str(number) for number in range(30)]
    assert (await async_client.search(index, query="ba", k=2)).coverage.ratio == 1
    with pytest.raises(hypershard.DocumentNotFound):
        await async_client.get_document(index, "none")


def test_a_load_is_repeated_without_writing_it_twice(client: Client, index: str) -> None:
    load = {"idempotency_key": "load", "batch_documents_max": 4}
    first = client.put_all(index, documents(10), **load)
    assert client.put_all(index, documents(10), **load).sequence == first.sequence


def test_one_body_is_streamed(client: Client, index: str) -> None:
    lines = (b'{"id":"%d","text":"ba ce"}\n' % number for number in range(300))
    assert client.put_documents(index, lines, wait_for="searchable").accepted == 300
    file = io.BytesIO(b'{"id":"0","text":"ba"}\n{"id":"x"}\nnot json\n')
    report = client.put_documents(index, file)
    assert (report.accepted, report.failed, report.errors[-1].line) == (1, 2, 3)
    with pytest.raises(hypershard.IndexNotFound):
        client.put_documents("missing", lines)


def test_what_reading_the_source_raises_is_raised_and_nothing_is_written(client: Client, index: str) -> None:
    def torn() -> Iterator[bytes]:
        yield b'{"id":"a","text":"ba"}\n' * 10_000
        raise RuntimeError("the source is torn")

    with pytest.raises(RuntimeError, match="torn"):
        client.put_documents(index, torn())
    with pytest.raises(hypershard.DocumentNotFound):
        client.get_document(index, "a")


async def test_one_body_is_streamed_async(async_client: AsyncClient, index: str) -> None:
    async def lines() -> AsyncIterator[bytes]:
        for number in range(300):
            yield b'{"id":"%d","text":"ba ce"}\n' % number

    assert (await async_client.put_documents(index, lines())).accepted == 300
    assert (await async_client.put_documents(index, [{"id": "a", "text": "ba"}])).accepted == 1

    async def torn() -> AsyncIterator[bytes]:
        yield b'{"id":"b","text":"ba"}\n' * 10_000
        raise RuntimeError("the source is torn")

    with pytest.raises(RuntimeError, match="torn"):
        await async_client.put_documents(index, torn())
    with pytest.raises(hypershard.DocumentNotFound):
        await async_client.get_document(index, "b")


def test_a_frame_is_put_as_it_is(client: Client, index: str) -> None:
    frame = pandas.DataFrame({"id": ["a", "b"], "text": ["ba", "ce"], "year": [1969.0, None]})
    frame["on"] = pandas.to_datetime(["2026-01-02T03:04:05Z", None])
    assert client.put_all(index, frame).accepted == 2
    assert client.get_document(index, "a").fields == {"year": 1969, "on": "2026-01-02T03:04:05+00:00"}
    assert client.get_document(index, "b").fields == {}


def test_a_table_is_put_as_it_is(client: Client, own: str) -> None:
    vectors = pyarrow.array([[1, 2, 3, 4], [5, 6, 7, 8]], type=pyarrow.list_(pyarrow.float32(), 4))
    table = pyarrow.table({"id": ["a", "b"], "title": ["one", None], "vector": vectors})
    assert client.put_all(own, table, wait_for="searchable").accepted == 2
    assert client.search(own, vector=[1, 0, 0, 0], k=1).hits[0].id == "b"


def test_a_build_is_watched_to_its_end(client: Client, index: str) -> None:
    client.put_all(index, documents(20), wait_for="searchable")
    build = client.reindex(index, shards=1)
    *_, last = client.watch_generation(index, build.generation)
    assert last.documents == 20


async def test_a_build_is_watched_to_its_end_async(async_client: AsyncClient, index: str) -> None:
    await async_client.put_all(index, list(documents(20)), wait_for="searchable")
    build = await async_client.reindex(index, shards=1)
    states = [state async for state in async_client.watch_generation(index, build.generation)]
    assert states[-1].documents == 20
    cancelled = await async_client.promote_generation(index, build.generation, move_aliases=True)
    assert cancelled.generation == build.generation


def test_an_id_may_have_any_characters(client: Client, index: str) -> None:
    ids = ["..", ".", "a/b?c#d", "é %41", "\U0001f35e"]
    client.put_all(index, ({"id": id, "text": "ba"} for id in ids))
    assert [client.get_document(index, id).id for id in ids] == ids


def test_what_administers_a_cluster(client: Client, index: str) -> None:
    assert client.home().name == "hypershard"
    assert client.ready().status == "ready"
    assert client.list_models().models[0].vector_width > 0
    assert all(server.live for server in client.describe_cluster().servers)
    assert index in [one.name for one in client.list_indexes().indexes]
    client.change_aliases(actions=[{"add": {"alias": "also", "index": index}}])
    assert client.list_aliases().aliases[0].alias == "also"
    client.change_aliases(actions=[{"remove": {"alias": "also"}}])
    assert client.take_snapshot(index, name="kept").name == "kept"
    client.delete_snapshot(index, "kept")
    assert client.list_snapshots(index).snapshots == []
    assert client.verify(index).problems == []
    with pytest.raises(hypershard.IndexExists):
        client.create_index(name=index)
    with pytest.raises(hypershard.InvalidRequest) as raised:
        client.search(index, query="ba", k=0)
    assert raised.value.path == "body.k"
