"""Certificates: of the server, and of the client."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hypershard import AsyncClient, Client, NotReachable

BODY = json.dumps({"name": "hypershard", "version": "1", "links": {}}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


@pytest.fixture(scope="module")
def folder() -> Path:
    found = os.environ.get("HYPERSHARD_TEST_CERTIFICATES")
    if found is None:
        pytest.skip("there are no certificates: test/clients/python-client.test.ts makes them")
    return Path(found)


@pytest.fixture(scope="module")
def secure_url(folder: Path) -> Iterator[str]:
    """A server that asks for a certificate of its CA's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
    context.load_verify_locations(folder / "server-ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if connection.recv(1, socket.MSG_PEEK) == b"":
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(65_536)
                        secure.sendall(ANSWER)
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    yield f"https://localhost:{port}"
    # A connection without a byte ends it.
    socket.create_connection(("127.0.0.1", port)).close()
    thread.join()
    listener.close()


def options(folder: Path, name: str) -> dict:
    cert = (str(folder / f"{name}.pem"), str(folder / f"{name}-key.pem"))
    return {"ca": str(folder / "server-ca.pem"), "cert": cert, "attempts_max": 1}


def test_both_show_a_certificate(folder: Path, secure_url: str) -> None:
    with Client(secure_url, **options(folder, "server")) as client:
        assert client.home().version == "1"


@pytest.mark.anyio
async def test_both_show_a_certificate_async(folder: Path, secure_url: str) -> None:
    async with AsyncClient(secure_url, **options(folder, "server")) as client:
        assert (await client.home()).version == "1"


@pytest.mark.parametrize("wrong", ["ca", "cert"])
def test_without_one_of_them_nothing_is_asked(folder: Path, secure_url: str, wrong: str) -> None:
    given = {**options(folder, "server"), wrong: None}
    with Client(secure_url, **given) as client, pytest.raises(NotReachable, match="cannot reach"):
        client.home()
