"""The command kws-wyoming: its options, its socket, and its end."""

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kws_app import __version__
from kws_app.engine.backends import ENGINE_HELP, ENGINES
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR, default_data_dir, own_models_dir

if TYPE_CHECKING:
    from kws_app.wyoming.connection import Connection
    from kws_app.wyoming.offered_models import ServedModels

DEFAULT_URI = "tcp://127.0.0.1:10400"  # the usual port of Wyoming's wake word services
MOST_CLIENTS = 16
IDLEST_S = 5.0  # if all places are taken, a client that was silent for this long is disconnected for a new client

INTERRUPTED = 130  # exit status, as in a shell: 128 + SIGINT

log = logging.getLogger(__name__)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kws-wyoming",
        description="Serve the app's wake words to a home assistant over the Wyoming protocol. "
        "Clients send audio, and none of it is kept.",
        epilog="Anybody who can reach the address can use the service, because the protocol has no password. "
        f"Limits: {MOST_CLIENTS} clients at once, 8 models for each client, a first event within 10 s, later events "
        "within 300 s, PCM of 8 to 32 bits, 1 to 32 channels, 1 MiB a chunk. If all places are taken, the client that "
        f"was silent the longest is disconnected, if it was silent for more than {IDLEST_S:g} s. Each refusal is "
        "answered and logged. The program runs until it is interrupted.",
    )
    parser.add_argument(
        "--uri",
        default=DEFAULT_URI,
        help="the address: tcp://ADDRESS:PORT or unix:///PATH; tcp://0.0.0.0:10400 serves the whole network "
        "(default: %(default)s, only this machine)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help="above 0, at most 1, for all models (default: the threshold of each model)",
    )
    parser.add_argument("--engine", choices=ENGINES, help=ENGINE_HELP)
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="folder of models, instead of the program's models and your own models",
    )
    parser.add_argument(
        "--debug", action="store_true", help="log each client, its requests and audio formats, and each detection"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    try:
        return _serve(parse_arguments(arguments))
    except KeyboardInterrupt:  # before the event loop handles it
        return INTERRUPTED


def _serve(options: argparse.Namespace) -> int:
    logging.basicConfig(format="kws-wyoming: %(message)s", level=logging.INFO)
    if options.debug:
        logging.getLogger("kws_app").setLevel(logging.DEBUG)
        logging.getLogger(__name__).setLevel(logging.DEBUG)  # __main__ if the module is run
    try:
        import wyoming  # noqa: F401 - an extra, which may not be installed
    except ImportError:
        return _refuse("another package is needed: `pip install 'kws-app[wyoming]'`.")
    from kws_app.engine.catalogue import ModelFolders
    from kws_app.wyoming.offered_models import ServedModels

    try:
        own = [MODELS_DIR, own_models_dir(default_data_dir())]
        folders = ModelFolders(own if options.models is None else [options.models])
        models = ServedModels(folders, options.threshold, options.engine)
        for entry in models.entries.values():
            models.decision_config(entry)
        place = _place(options.uri)
    except (ModelError, ValueError) as error:
        return _refuse(str(error))
    try:
        asyncio.run(Server(models).run(place))
    except OSError as error:
        return _refuse(
            f"{options.uri} cannot be used ({error.strerror or error}): end the other program there, or change --uri."
        )
    return 0


def _refuse(reason: str) -> int:
    print(f"kws-wyoming: {reason}", file=sys.stderr)
    return 2


def _place(uri: str) -> tuple[str, int] | str:
    """Host and port, or the path of a socket. raises ValueError"""
    with suppress(ValueError):  # such as a port out of range
        parts = urlsplit(uri)
        if parts.scheme == "unix" and parts.path and not parts.netloc:
            return parts.path
        if parts.scheme == "tcp" and parts.hostname and parts.port is not None:
            return parts.hostname, parts.port
    raise ValueError(f"--uri must be tcp://ADDRESS:PORT or unix:///PATH, got {uri!r}.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Server:
    """Serves up to MOST_CLIENTS clients at once, until SIGINT or SIGTERM."""

    def __init__(self, models: "ServedModels") -> None:
        self._models = models
        self._clients: dict[asyncio.Task[None], Connection] = {}

    async def run(self, place: tuple[str, int] | str) -> None:
        """Serve clients. place: host and port, or the path of a socket. raises OSError if it cannot be used"""
        from kws_app.wyoming.protocol import LINE_BYTES

        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        if isinstance(place, str):
            before = os.umask(0o177)  # only the owner can use the socket
            try:
                server = await asyncio.start_unix_server(self._client, place, limit=LINE_BYTES)
            finally:
                os.umask(before)
            log.info("listening at unix://%s", place)
        else:
            server = await asyncio.start_server(self._client, *place, limit=LINE_BYTES)
            host, port = server.sockets[0].getsockname()[:2]
            log.info("listening at tcp://%s:%d", f"[{host}]" if ":" in host else host, port)
            if not _is_loopback(place[0]):
                log.info("every machine that can reach this address can use the service")
        log.info("models: %s", ", ".join(self._models.entries))
        await stopped.wait()
        server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        if isinstance(place, str):
            Path(place).unlink(missing_ok=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from wyoming.error import Error
        from wyoming.event import async_write_event

        from kws_app.wyoming.connection import Connection

        task = asyncio.current_task()
        assert task is not None
        address = writer.get_extra_info("peername")
        peer = "{}:{}".format(*address) if isinstance(address, tuple) else "a client"
        try:
            if len(self._clients) >= MOST_CLIENTS and not await self._make_room():
                reason = f"{MOST_CLIENTS} clients are served already: try again later."
                log.warning("%s was refused: %s", peer, reason)
                await async_write_event(Error(reason, "busy").event(), writer)
                return
            log.debug("%s came", peer)
            self._clients[task] = Connection(self._models, reader, writer, peer)
            await self._clients[task].serve()
        except asyncio.CancelledError:  # the client makes room, or the program ends; asyncio would log an error
            return
        except Exception:  # any error with one client: the other clients go on
            log.exception("%s was disconnected", peer)
        finally:
            self._clients.pop(task, None)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _make_room(self) -> bool:
        """Disconnect the client that was silent the longest, if it was silent for IDLEST_S. Returns whether it was."""
        task, idlest = min(self._clients.items(), key=lambda client: client[1].last_event_s)
        if time.monotonic() - idlest.last_event_s < IDLEST_S:
            return False
        del self._clients[task]  # at once: new clients may come during the next line
        with suppress(OSError, asyncio.TimeoutError):
            await idlest.make_room()
        task.cancel()
        return True


if __name__ == "__main__":
    sys.exit(main())
