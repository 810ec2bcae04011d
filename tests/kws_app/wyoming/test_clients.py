"""How many clients kws-wyoming serves, and whom it lets go: strangers, and clients that fall silent."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

pytest.importorskip("wyoming", reason="needs the wyoming package: pip install 'kws-app[wyoming]'")

from wyoming.error import Error
from wyoming.ping import Ping, Pong

from kws_app.wyoming.server import MOST_CLIENTS
from tests.support.programs import StartServer, logged
from tests.support.waiting import PATIENCE_S
from tests.support.wyoming_client import answer, connected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "no JSON"),
        (b'{"type": "audio-chunk", "payload_length": 99999999999}\n', "payload_length must be"),
        (b'{"type": "audio-start", "data": {"rate": 16000, "width": 9, "channels": 1}}\n', "width must be from 1 to 4"),
        (b'{"type": "detect", "data": {"names": "happy"}}\n', "must be a list"),
    ],
)
def test_a_stranger_is_told_why_and_let_go(uri: str, sent: bytes, expected: str):
    port = int(uri.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as stranger:
        stranger.sendall(sent)
        told = b""
        while data := stranger.recv(65_536):
            told += data
    assert expected in told.decode()


def test_a_stranger_who_leaves_before_the_answer_leaves_no_traceback_in_the_log(serve: StartServer):
    uri, process = serve()
    place = ("127.0.0.1", int(uri.rsplit(":", 1)[1]))
    for sent in (
        b"\x16\x03\x01",
        b"[]\n",
        b'{"type": "ping", "data": {"text": "\\ud800"}}\n',
    ) * 5:  # fewer than there are places
        with socket.create_connection(place, timeout=PATIENCE_S) as stranger:
            stranger.sendall(sent)

    async def last(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Ping().event())
            assert Pong.is_type((await answer(client)).type)

    asyncio.run(last(uri))
    said = logged(process)
    assert "no JSON" in said and "not Unicode" in said and "Traceback" not in said


def test_so_many_clients_and_no_more(uri: str):
    async def scene(uri: str) -> None:
        async with contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(connected(uri)) for _ in range(MOST_CLIENTS)]
            for client in clients:
                await client.write_event(Ping().event())
                await answer(client)
            async with connected(uri) as late:
                assert Error.from_event(await answer(late)).code == "busy"
            await clients[0].disconnect()
            while True:  # until the server has noticed
                async with connected(uri) as next_one:
                    await next_one.write_event(Ping().event())
                    if Pong.is_type((await answer(next_one)).type):
                        return

    asyncio.run(asyncio.wait_for(scene(uri), PATIENCE_S))


def scene_with_limits(scene: Callable[[str], Coroutine[None, None, None]], folder: Path, **limits: float) -> None:
    """Run a scene against a server in this process, whose limits are set."""
    from kws_app.engine.catalogue import ModelFolders
    from kws_app.wyoming import connection, server
    from kws_app.wyoming.offered_models import ServedModels

    async def run() -> None:
        own = server.Server(ServedModels(ModelFolders([folder])))
        serving = await asyncio.start_server(own._client, "127.0.0.1", 0, limit=65_536)
        port = serving.sockets[0].getsockname()[1]
        try:
            await scene(f"tcp://127.0.0.1:{port}")
        finally:
            serving.close()
            for task in list(own._clients):
                task.cancel()

    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(server if hasattr(server, name) else connection, name, value)
        asyncio.run(run())


def test_silent_connections_lock_nobody_out(tiny_models: Path, caplog: pytest.LogCaptureFixture):
    async def scene(uri: str) -> None:
        async with contextlib.AsyncExitStack() as stack:
            silent = [await stack.enter_async_context(connected(uri)) for _ in range(MOST_CLIENTS)]
            await asyncio.sleep(0.3)  # longer than IDLEST_S here; on a slow machine it is still longer
            late = [await stack.enter_async_context(connected(uri)) for _ in range(3)]
            for client in late:
                await client.write_event(Ping().event())
                assert Pong.is_type((await answer(client)).type)
            for client in silent[:3]:
                assert Error.from_event(await answer(client)).code == "idle"
                assert await client.read_event() is None

    scene_with_limits(scene, tiny_models, IDLEST_S=0.1)
    assert caplog.text.count("was silent the longest") == 3


def test_busy_clients_keep_their_places_and_the_refusal_is_logged(tiny_models: Path, caplog: pytest.LogCaptureFixture):
    async def scene(uri: str) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(MOST_CLIENTS):
                client = await stack.enter_async_context(connected(uri))
                await client.write_event(Ping().event())
                await answer(client)
            late = await stack.enter_async_context(connected(uri))
            assert Error.from_event(await answer(late)).code == "busy"

    scene_with_limits(scene, tiny_models, IDLEST_S=1000.0)
    assert "was refused: 16 clients are served already" in caplog.text


@pytest.mark.parametrize("sent", [b"", b'{"type": "ping"}\n', b'{"type": "pi'])
def test_a_client_that_falls_silent_is_told_and_let_go(tiny_models: Path, sent: bytes, caplog):
    async def scene(uri: str) -> None:
        port = int(uri.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        told = await reader.read()
        assert b"No event came for 0.2 s" in told
        writer.close()

    scene_with_limits(scene, tiny_models, FIRST_EVENT_S=0.2, IDLE_S=0.2)
    assert "No event came for 0.2 s" in caplog.text
