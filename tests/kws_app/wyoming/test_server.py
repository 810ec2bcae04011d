"""kws-wyoming as a process, and the protocol's own client over loopback."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.loudness import bursts, save_loudness_model
from tests.support.paths import REPOSITORY
from tests.support.programs import end

pytest.importorskip("wyoming", reason="needs the wyoming package: pip install 'kws-app[wyoming]'")

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

from kws_app.engine.card import CURVE_FIELD
from kws_app.engine.model_file import read_card
from kws_app.engine.pairs import with_pair
from kws_app.wyoming.server import MOST_CLIENTS, main
from tests.support.waiting import PATIENCE_S

RATE_HZ = 16_000
Start = Callable[..., tuple[str, "subprocess.Popen[str]"]]


@pytest.fixture
def serve(python: Callable[..., "subprocess.Popen[str]"], tiny_models: Path) -> Start:
    """serve(arguments) -> the address of a server that has started, and its process"""

    def start(*arguments: str) -> tuple[str, "subprocess.Popen[str]"]:
        options = arguments or ("--uri", "tcp://127.0.0.1:0", "--models", str(tiny_models))
        process = python(["-m", "kws_app.wyoming.server", *options])
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"listening at (\S+)", line)
        assert found, line + process.stderr.read()
        return found[1], process

    return start


@pytest.fixture(scope="module")
def uri(tiny_models: Path) -> Iterator[str]:
    """The address of a server for all tests that leave it as it is: each start brings torch, which takes long."""
    command = [
        sys.executable,
        "-m",
        "kws_app.wyoming.server",
        "--uri",
        "tcp://127.0.0.1:0",
        "--models",
        str(tiny_models),
    ]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    yield process.stderr.readline().split()[-1]
    assert process.poll() is None, "the server did not outlive its clients"
    end(process)
    process.stderr.close()


@contextlib.asynccontextmanager
async def connected(uri: str) -> AsyncIterator[AsyncClient]:
    client = AsyncClient.from_uri(uri, connect_timeout=PATIENCE_S, read_timeout=PATIENCE_S)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def answer(client: AsyncClient) -> Event:
    event = await client.read_event()
    assert event is not None, "the server hung up"
    return event


async def send(client: AsyncClient, samples: np.ndarray, rate_hz: int = RATE_HZ, width: int = 2, channels: int = 1):
    """The whole of some audio, [N] in [-1, 1), in chunks of a tenth of a second; every channel holds the same."""
    await client.write_event(AudioStart(rate_hz, width, channels, timestamp=1000).event())
    scaled = np.repeat(samples[:, None], channels, axis=1) * (2.0 ** (8 * width - 1) - 1)
    if width == 1:
        raw = (scaled + 128).astype("u1")
    elif width == 3:
        raw = scaled.astype("<i4").reshape(-1, 1).view("u1")[:, :3].reshape(len(samples), channels, 3)
    else:
        raw = scaled.astype(f"<i{width}")
    step = rate_hz // 10
    for i in range(0, len(raw), step):
        await client.write_event(AudioChunk(rate_hz, width, channels, raw[i : i + step].tobytes()).event())
    await client.write_event(AudioStop().event())


def test_describe_names_the_models(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Describe().event())
            info = Info.from_event(await answer(client))
            (program,) = info.wake
            assert [model.name for model in program.models] == ["loud/teacher", "loud/broken", "loud/student"]
            assert {model.phrase for model in program.models} == {"loud"}
            assert ["recommended" in model.description for model in program.models] == [True, False, False]
            assert all(model.installed for model in program.models)
            await client.write_event(Ping(text="still there?").event())
            assert Pong.from_event(await answer(client)).text == "still there?"

    asyncio.run(scene(uri))


@pytest.mark.parametrize(
    ("rate_hz", "width", "channels"), [(16_000, 2, 1), (44_100, 2, 2), (48_000, 4, 1), (8_000, 3, 2), (22_050, 1, 1)]
)
def test_any_format_is_heard(uri: str, rate_hz: int, width: int, channels: int):
    samples = np.interp(np.arange(3 * rate_hz) / rate_hz, np.arange(48_000) / RATE_HZ, bursts(1.0, duration_s=3.0))

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=["loud/teacher"]).event())
            await send(client, samples, rate_hz, width, channels)
            detection = Detection.from_event(await answer(client))
            assert detection.name == "loud/teacher" and 1900 < detection.timestamp < 2500

    if width == 1:  # of 8 bits, silence is not silent enough for a model that hears loudness
        samples = np.where(np.abs(samples) < 1 / 64, 0.0, samples)
    asyncio.run(scene(uri))


def test_silence_is_not_detected_and_each_audio_starts_afresh(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await send(client, bursts(duration_s=1.0))
            assert NotDetected.is_type((await answer(client)).type)
            for _ in range(2):  # within the refractory time of the first, had it gone on
                await send(client, bursts(0.5, duration_s=0.9))
                assert Detection.from_event(await answer(client)).name == "loud/teacher"
            await send(client, bursts(duration_s=0.5))
            assert NotDetected.is_type((await answer(client)).type)

    asyncio.run(scene(uri))


def test_audio_of_another_rate_that_ends_before_it_begins_is_not_detected(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            for duration_s in (1.0, 0.0, 1.0):
                await send(client, bursts(duration_s=duration_s), rate_hz=44_100)
                assert NotDetected.is_type((await answer(client)).type)

    asyncio.run(scene(uri))


def test_clients_do_not_hear_each_other(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as loud, connected(uri) as quiet:
            await asyncio.gather(send(loud, bursts(1.0, duration_s=2.0)), send(quiet, bursts(duration_s=2.0)))
            assert Detection.is_type((await answer(loud)).type)
            assert NotDetected.is_type((await answer(quiet)).type)

    asyncio.run(scene(uri))


def test_a_model_that_is_none_and_one_that_is_broken_are_said(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=["jarvis", "loud"]).event())
            error = Error.from_event(await answer(client))
            assert error.code == "unknown-model"
            assert error.text == "There is no model 'jarvis'; there are: loud, loud/broken, loud/student, loud/teacher."
            await send(client, bursts(1.0, duration_s=2.0))  # the model that there is listens
            assert Detection.from_event(await answer(client)).name == "loud"
            await client.write_event(Detect(names=["loud/broken"]).event())
            await send(client, bursts(1.0, duration_s=2.0))
            assert "does not give the scores its card promises" in Error.from_event(await answer(client)).text
            assert NotDetected.is_type((await answer(client)).type)

    asyncio.run(scene(uri))


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


def test_a_stranger_who_leaves_before_the_answer_leaves_no_traceback_in_the_log(serve: Start):
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
    assert "no JSON" in said and "no Unicode" in said and "Traceback" not in said


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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_a_client_in_the_midst(serve: Start, number: int):
    uri, process = serve()
    with socket.create_connection(("127.0.0.1", int(uri.rsplit(":", 1)[1]))) as client:
        client.sendall(b'{"type": "ping"}\n')
        client.recv(10)
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and "Traceback" not in error


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix socket")
def test_a_unix_socket_is_the_owners_and_goes_at_the_end(serve: Start, tmp_path: Path, tiny_models: Path):
    path = tmp_path / "wake.sock"
    uri, process = serve("--uri", f"unix://{path}", "--models", str(tiny_models))
    assert path.stat().st_mode & 0o777 == 0o600

    async def scene() -> None:
        async with connected(uri) as client:
            await client.write_event(Describe().event())
            assert Info.is_type((await answer(client)).type)

    asyncio.run(scene())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert not path.exists()


def test_other_addresses_of_this_machine_are_closed_unless_asked_for(uri: str):
    with socket.socket() as elsewhere:  # all of 127.0.0.0/8 leads to this machine; only 127.0.0.1 is served
        assert elsewhere.connect_ex(("127.0.0.2", int(uri.rsplit(":", 1)[1]))) != 0


def test_a_wide_open_address_is_pointed_out(serve: Start, tiny_models: Path):
    _, process = serve("--uri", "tcp://0.0.0.0:0", "--models", str(tiny_models))
    assert process.stderr is not None and "every machine that reaches" in process.stderr.readline()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--uri", "http://x"], "--uri must be tcp://ADDRESS:PORT or unix:///PATH"),
        (["--uri", "tcp://127.0.0.1"], "--uri must be"),
        (["--uri", "tcp://127.0.0.1:99999"], "--uri must be tcp://ADDRESS:PORT"),
        (["--uri", "tcp://[::1"], "--uri must be"),
        (["--threshold", "2"], "the threshold must be above 0"),
        (["--models", "/nowhere"], "There is no model in /nowhere"),
    ],
)
def test_wrong_options_are_one_sentence(options: list[str], expected: str, capsys: pytest.CaptureFixture[str]):
    assert main(options) == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1


def test_an_address_that_is_taken_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--uri", f"tcp://127.0.0.1:{taken.getsockname()[1]}"]) == 2
    assert "cannot be served" in capsys.readouterr().err


def test_without_the_package_the_extra_is_named(python: Callable[..., "subprocess.Popen[str]"], tmp_path: Path):
    (tmp_path / "wyoming.py").write_text("raise ImportError")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    _, error = (process := python(["-m", "kws_app.wyoming.server"], environment)).communicate(timeout=PATIENCE_S)
    assert process.returncode == 2 and "pip install 'kws-app[wyoming]'" in error and error.count("\n") == 1


def logged(process: "subprocess.Popen[str]") -> str:
    """What a server wrote until it was ended."""
    process.send_signal(signal.SIGTERM)
    return process.communicate()[1]


def test_a_model_is_called_what_the_client_calls_it_each_way(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=["loud", "loud/teacher", "loud"]).event())
            await send(client, bursts(1.0, duration_s=2.0))
            assert [Detection.from_event(await answer(client)).name for _ in range(2)] == ["loud", "loud/teacher"]

    asyncio.run(scene(uri))


def test_more_models_than_are_heard_at_once_are_named_and_logged(serve: Start, tmp_path: Path):
    for i in range(10):
        save_loudness_model(tmp_path / f"loud{i}" / "teacher.safetensors")
    uri, process = serve("--uri", "tcp://127.0.0.1:0", "--models", str(tmp_path), "--debug")
    names = [f"loud{i}" for i in range(10)]

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=names).event())
            error = Error.from_event(await answer(client))
            assert error.code == "too-many-models"
            assert error.text == "8 models are heard at once and no more: not 'loud8', 'loud9'."
            await send(client, bursts(1.0, duration_s=2.0))
            assert [Detection.from_event(await answer(client)).name for _ in range(8)] == names[:8]
            await client.write_event(Detect(names=["x" * 100 + "\x1b[31m"] * 2 + [str(i) for i in range(9)]).event())
            assert "and 5 more" in Error.from_event(await answer(client)).text
            await client.write_event(Detect(names=["x"] * 2000).event())
            assert "at most 1000" in Error.from_event(await answer(client)).text

    asyncio.run(scene(uri))
    said = logged(process)
    assert "not 'loud8', 'loud9'" in said and "will hear loud0/teacher" in said and "loud7 at " in said
    assert "\x1b" not in said and "16000 Hz, 2 bytes a sample, 1 channels" in said


def test_channels_that_cancel_each_other_are_heard_and_logged(serve: Start):
    uri, process = serve()
    sound = (bursts(1.0, duration_s=2.0) * 32_767).astype("<i2")

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(AudioStart(RATE_HZ, 2, 2).event())
            for part in np.split(np.stack([sound, -sound], axis=1), 20):
                await client.write_event(AudioChunk(RATE_HZ, 2, 2, part.tobytes()).event())
            assert Detection.from_event(await answer(client)).name == "loud/teacher"

    asyncio.run(scene(uri))
    assert logged(process).count("the channels cancel each other") == 1


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
    assert caplog.text.count("it makes room") == 3


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
    assert "was refused: 16 clients are served already." in caplog.text


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


def test_the_limits_are_in_the_help_and_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    for option, expected in (("--help", "16 clients at once"), ("--version", "kws-wyoming 0.")):
        with pytest.raises(SystemExit) as done:
            main([option])
        assert done.value.code == 0 and expected in " ".join(capsys.readouterr().out.split())


def test_a_pair_that_was_measured_is_served_by_its_name(serve: Start, tmp_path: Path):
    save_loudness_model(tmp_path / "loud" / "teacher.safetensors", threshold=0.9)
    teacher = read_card(tmp_path / "loud" / "teacher.safetensors")
    known = with_pair(teacher, teacher, {CURVE_FIELD: {"threshold": [0.9]}})  # one network, so it is what was measured
    save_loudness_model(tmp_path / "loud" / "student.safetensors", figures=known)
    pair = "loud/student+teacher"

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Describe().event())
            info = Info.from_event(await answer(client))
            assert [model.name for model in info.wake[0].models] == ["loud/teacher", "loud/student", pair]
            await client.write_event(Detect(names=["loud/student", pair]).event())
            for amplitude, expected in ((0.004, ["loud/student"]), (0.2, ["loud/student", pair])):  # one half; one
                await send(client, bursts(1.0, duration_s=2.0, amplitude=amplitude))
                assert [Detection.from_event(await answer(client)).name for _ in expected] == expected
            await client.write_event(Detect(names=["loud/teacher+student"]).event())  # never heard together
            assert Error.from_event(await answer(client)).code == "unknown-model"

    asyncio.run(scene(serve("--uri", "tcp://127.0.0.1:0", "--models", str(tmp_path))[0]))


def test_the_shipped_model_hears_its_word(serve: Start, speech_commands):
    clips = speech_commands.testing("happy", 3)
    gap = np.zeros(RATE_HZ, np.float32)
    samples = np.concatenate([part for clip in clips for part in (gap, clip)] + [gap])

    async def scene(uri: str) -> None:
        for asked in ("happy", "happy/teacher", "happy/student+teacher"):
            async with connected(uri) as client:
                await client.write_event(Detect(names=[asked]).event())
                await send(client, samples)
                heard = [Detection.from_event(await answer(client)).name for _ in range(2)]  # of three: none is perfect
                assert heard == [asked] * 2

    asyncio.run(scene(serve("--uri", "tcp://127.0.0.1:0")[0]))
