"""kws-wyoming as a process: its addresses, its options, and its end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("wyoming", reason="needs the wyoming package: pip install 'kws-app[wyoming]'")

from wyoming.info import Describe, Info

from kws_app.wyoming.server import main
from tests.support.programs import StartServer
from tests.support.waiting import PATIENCE_S
from tests.support.wyoming_client import answer, connected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_a_client_in_the_midst(serve: StartServer, number: int):
    uri, process = serve()
    with socket.create_connection(("127.0.0.1", int(uri.rsplit(":", 1)[1]))) as client:
        client.sendall(b'{"type": "ping"}\n')
        client.recv(10)
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and "Traceback" not in error


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix socket")
def test_a_unix_socket_is_the_owners_and_goes_at_the_end(serve: StartServer, tmp_path: Path, tiny_models: Path):
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


def test_a_wide_open_address_is_pointed_out(serve: StartServer, tiny_models: Path):
    _, process = serve("--uri", "tcp://0.0.0.0:0", "--models", str(tiny_models))
    assert process.stderr is not None and "every machine that can reach" in process.stderr.readline()


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
    assert "cannot be used" in capsys.readouterr().err


def test_without_the_package_the_extra_is_named(python: Callable[..., "subprocess.Popen[str]"], tmp_path: Path):
    (tmp_path / "wyoming.py").write_text("raise ImportError")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    _, error = (process := python(["-m", "kws_app.wyoming.server"], environment)).communicate(timeout=PATIENCE_S)
    assert process.returncode == 2 and "pip install 'kws-app[wyoming]'" in error and error.count("\n") == 1


def test_the_limits_are_in_the_help_and_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    for option, expected in (("--help", "16 clients at once"), ("--version", "kws-wyoming 0.")):
        with pytest.raises(SystemExit) as done:
            main([option])
        assert done.value.code == 0 and expected in " ".join(capsys.readouterr().out.split())
