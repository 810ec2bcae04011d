"""Where things are: what ships with the program, and the user's own folder."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    """models/ and assets/ lie inside an installed package, and beside it in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


MODELS_DIR = _shipped("models")
ASSETS_DIR = _shipped("assets")


def own_models_dir(data_dir: Path) -> Path:
    """The models that the user added, beside those that ship."""
    return data_dir / "models"


def default_data_dir() -> Path:
    """The user's folder for settings, the log of detections and clips."""
    import platformdirs  # late, as it takes long

    return Path(platformdirs.user_data_dir("kws-app", appauthor=False))


def own_programs_file() -> Path:
    """The list of the jitted models that were made on this machine: not in --data-dir, which others may hand over."""
    import platformdirs

    return Path(platformdirs.user_config_dir("kws-app", appauthor=False)) / "made_here.json"
