"""kws-labels: writes the clips that the user labelled in the window, for training."""

import argparse
import sys
from pathlib import Path

from kws_app import __version__
from kws_app.errors import AudioError
from kws_app.history.clip_store import FOLDER_NAME, ClipStore
from kws_app.history.entries import add_up
from kws_app.history.export import UNKNOWN, export_labels
from kws_app.history.log import DetectionLog
from kws_app.paths import default_data_dir


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="kws-labels",
        description="Write the clips that were labelled in the window into FOLDER, in the layout of Speech Commands: "
        f"<keyword>/ holds the clips that were right or missed, {UNKNOWN}/ the false alarms. To train on them, copy "
        "them into the folder data/speech_commands/ of the training.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="the folder to write into; it is made if it does not exist"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        metavar="DIR",
        help="the data folder of kws-app (default: %(default)s)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    options = parser.parse_args(arguments)
    if not options.data_dir.is_dir():
        print(f"kws-labels: there is no folder {options.data_dir}: name the data folder of kws-app.", file=sys.stderr)
        return 2
    store = ClipStore(options.data_dir / FOLDER_NAME)
    try:
        store.look()
        said, bad_lines = DetectionLog(options.data_dir).read()
        print(export_labels(store, add_up(said).entries.values(), options.folder))
    except (OSError, AudioError) as error:
        print(f"kws-labels: {error}", file=sys.stderr)
        return 2
    if bad_lines:
        print(f"kws-labels: unreadable lines of the log were skipped: {bad_lines}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
