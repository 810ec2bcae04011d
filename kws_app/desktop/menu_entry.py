"""scripts/run --install and --uninstall: an entry in the desktop's menu of programs, on Linux and FreeBSD."""

import argparse
import os
import sys
from pathlib import Path

from kws_app.desktop import autostart, desktop_entry


def entry_path() -> Path:
    """The path of the entry, in the folder of the user's programs."""
    data = os.environ.get("XDG_DATA_HOME", "")
    folder = Path(data) if os.path.isabs(data) else Path.home() / ".local" / "share"
    return folder / "applications" / desktop_entry.ENTRY_NAME


def install() -> str:
    """Write the entry. Returns one sentence that says so. raises OSError or ValueError"""
    path = entry_path()
    desktop_entry.write_entry(path, desktop_entry.desktop_entry(desktop_entry.command()))
    return f"Wrote {path}: the menu of programs now has “Wake word”. --uninstall removes it."


def uninstall() -> str:
    """Remove the entry, and the file that starts the app at login. Returns one sentence. raises OSError"""
    removed = [path for path in (entry_path(), autostart.path()) if path is not None and path.is_file()]
    for path in removed:
        path.unlink()
    return (
        f"Removed {' and '.join(map(str, removed))}." if removed else "Nothing was installed, so nothing was removed."
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/run", description="Put the app into the desktop's menu, or take it out."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--install", action="store_true", help="write a .desktop file for this checkout")
    what.add_argument(
        "--uninstall", action="store_true", help="remove this file, and the file that starts the app at login"
    )
    options = parser.parse_args(arguments)
    if options.install and not sys.platform.startswith(("linux", "freebsd")):
        print("scripts/run: --install writes a .desktop file, which this system does not use.", file=sys.stderr)
        return 2
    try:
        print(install() if options.install else uninstall())
    except (OSError, ValueError) as error:
        print(f"scripts/run: the file could not be changed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
