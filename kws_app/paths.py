"""The folders of the program and of the user."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    """A folder that ships with the program: inside an installed package, or beside the package in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


MODELS_DIR = _shipped("models")
ASSETS_DIR = _shipped("assets")


def own_models_dir(data_dir: Path) -> Path:
    """The folder of the models that the user added."""
    return data_dir / "models"


def default_data_dir() -> Path:
    """The user's folder for settings, the log of detections and clips."""
    import platformdirs  # late, as it takes long

    return Path(platformdirs.user_data_dir("kws-app", appauthor=False))


def own_programs_file() -> Path:
    """The list of jitted models that were made on this machine. Not in --data-dir, which may come from others."""
    import platformdirs

    return Path(platformdirs.user_config_dir("kws-app", appauthor=False)) / "made_here.json"
