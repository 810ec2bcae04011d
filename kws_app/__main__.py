"""kws-app: reads the options, makes the parts and runs the window."""

import argparse
import atexit
import errno
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kws_app import __version__
from kws_app.audio.audio_file import read_blocks
from kws_app.audio.device_scan import LIST_OPTION, print_microphones
from kws_app.audio.native_noise import native_noise_silenced
from kws_app.desktop.single_instance import AlreadyRunningError, call, hold
from kws_app.engine.backends import ENGINE_HELP, ENGINES, checked_engine
from kws_app.engine.catalogue import ModelFolders
from kws_app.errors import AudioError, ModelError
from kws_app.paths import MODELS_DIR, default_data_dir, own_models_dir
from kws_app.regular_file import make_private
from kws_app.settings import LOWEST_THRESHOLD
from kws_app.translation import language, prefer
from kws_app.ui.keys import help_text

if TYPE_CHECKING:
    from kws_app.ui.application import Application
    from kws_app.ui.window import MainWindow

# errors of a full disk: the app can still listen
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
# SIGHUP: the session or the terminal is over; SIGBREAK: the same on Windows
STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kws-app",
        description="Listen for a wake word in a window that shows what it hears. "
        "For audio files without a window: kws-detect.",
        epilog=help_text(),
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--input", type=Path, metavar="FILE", help="listen to this audio file instead of a microphone")
    parser.add_argument(
        "--model", metavar="NAME", help="the model, such as happy/teacher (default: the model of the last run)"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help=f"from {LOWEST_THRESHOLD} to 1 (default: the threshold in the settings, or of the model)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        metavar="DIR",
        help="the folder of settings.json, detections.jsonl and the clips (default: %(default)s)",
    )
    parser.add_argument("--listen", action="store_true", help="start to listen at once")
    parser.add_argument(LIST_OPTION, action="store_true", help="print the microphones, one JSON object a line, and end")
    parser.add_argument("--engine", choices=ENGINES, help=ENGINE_HELP)
    parser.add_argument("--minimised", action="store_true", help="start in the tray, or as a minimised window")
    return parser.parse_args(arguments)


def check(options: argparse.Namespace) -> None:
    """raises ValueError, AudioError or ModelError, in one sentence, if an option cannot work"""
    if options.threshold is not None and not LOWEST_THRESHOLD <= options.threshold <= 1:
        raise ValueError(f"--threshold must be from {LOWEST_THRESHOLD} to 1, got {options.threshold}.")
    if options.model is not None:
        ModelFolders([MODELS_DIR, own_models_dir(options.data_dir)]).find(options.model)
    checked_engine(options.engine)
    if options.input is not None and next(read_blocks(options.input, block_s=1.0), None) is None:
        raise AudioError(f"{options.input} holds no sound.")
    try:
        make_private(options.data_dir)
    except OSError as error:
        if error.errno not in FULL:
            raise ValueError(f"--data-dir {options.data_dir} cannot be used ({error}): name another folder.") from error
        print(f"kws-app: {options.data_dir} cannot be made ({error}): nothing will be saved.", file=sys.stderr)


def has_display() -> bool:
    """Whether there is a display for a window. Only on Linux and FreeBSD it can be missing."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    if options.list_microphones:
        return list_microphones()
    if not has_display():
        print(
            "kws-app: there is no display to open a window on. For audio files use kws-detect.",
            file=sys.stderr,
        )
        return 2
    try:
        check(options)
    except (ValueError, AudioError, ModelError) as error:
        print(f"kws-app: {error}", file=sys.stderr)
        return 2
    try:
        held = hold(options.data_dir)
    except AlreadyRunningError as error:
        call(error.process)
        print(f"kws-app: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # such as a folder that cannot be written, or a link in the place of the lock
        print(f"kws-app: {error}. A second window with this folder cannot be noticed.", file=sys.stderr)
        held = None
    try:
        with native_noise_silenced():  # PortAudio and the decoders print messages that the window shows better
            return run(options)
    finally:
        if held is not None:
            held.close()


def list_microphones() -> int:
    try:
        print_microphones()
    except AudioError as error:
        print(f"kws-app: {error}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """For a start: it makes a hundred thousand objects that all stay, and looking through them takes 50 ms."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def run(options: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    with without_garbage_collection():
        app, _window = _started(options)  # the window lives as long as it has a name
    status = app.exec()
    # registered last, so it runs first. The exit handler of sounddevice would wait for a sound system that hangs
    atexit.register(_leave, status)
    return status


def _started(options: argparse.Namespace) -> "tuple[Application, MainWindow]":
    """The program with its window, which is shown."""
    from PyQt6.QtCore import QLocale, QTimer

    prefer(QLocale.system().uiLanguages())  # before kws_app.ui is imported: its constants hold sentences

    from kws_app.history.log import DetectionLog
    from kws_app.listening.worker import Worker
    from kws_app.settings import SettingsFile
    from kws_app.ui.application import Application
    from kws_app.ui.no_display import one_sentence_without_window
    from kws_app.ui.window import MainWindow, StartOptions

    with one_sentence_without_window():
        app = Application([sys.argv[0]])
    app.setApplicationName("kws-app")
    app.setDesktopFileName("kws-app")  # the desktop finds the icon of the windows by this name
    app.setQuitOnLastWindowClosed(False)  # with the tray, the last open window may be a dialog
    app.speak(language())
    worker = Worker(MODELS_DIR, DetectionLog(options.data_dir), own_models_dir(options.data_dir), options.engine)
    start = StartOptions(options.model, options.input, options.threshold, options.listen, options.engine)
    window = MainWindow(worker, SettingsFile(options.data_dir), start)
    app.wake_for_signals()
    for number in STOPPING:
        # with a timer: a close before the event loop runs would not end the loop
        signal.signal(number, lambda *_: QTimer.singleShot(0, window.leave))
    if hasattr(signal, "SIGUSR1"):  # another process wants the window to come forward
        signal.signal(signal.SIGUSR1, lambda *_: QTimer.singleShot(0, window.come_forward))
    app.leaving.connect(window.leave)
    window.closed.connect(app.quit)
    window.start_up(options.minimised)
    return app, window


def _leave(status: int) -> None:
    """End the process at once. All files are written. A usual end would unload PyTorch, which takes seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
