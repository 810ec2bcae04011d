"""Fixtures of the training tests: toy speech, its frames, a model trained on it, and the names of real clips."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kws_app.engine.decision_config import DecisionConfig
from tests.support.paths import REPOSITORY
from tests.support.toy_speech import KEYWORD, RUN, write_archive
from training.evaluate import stream_render
from training.export.artifact import Identity, export
from training.export.calibrate import calibrate
from training.features import frame_store
from training.features.frame_store import FrameStore, open_store
from training.fit.distributed import Team
from training.fit.run import Run
from training.fit.side_by_side import Cohort
from training.network.checkpoint import load_crnn


@pytest.fixture(scope="session")
def speech_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The names and lists of the shared Speech Commands, without sound, from KWS_DATA or ../shared/data."""
    given = os.environ.get("KWS_DATA")
    if given and (Path(given) / "speech_commands").is_dir():
        return Path(given) / "speech_commands"
    packed = Path(given) if given else REPOSITORY.parent / "shared" / "data"
    if not (packed / "speech_commands.tar").is_file():
        pytest.skip("the shared audio is not there: set KWS_DATA to its folder")
    root = tmp_path_factory.mktemp("speech")
    with tarfile.open(packed / "speech_commands.tar") as tar:
        for member in tar:
            path = root / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = tar.extractfile(member) if path.suffix == ".txt" else None
            if stream is not None:
                path.write_bytes(stream.read())
            elif member.isfile():
                path.with_suffix(".wav").touch()
    return root


@pytest.fixture(scope="session")
def toy_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy speech in the layout of the real archive."""
    return write_archive(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session", autouse=True)
def _short_noises() -> Iterator[None]:
    """Noises made by formula last 3 s here, not a minute: every store that a test builds holds 18 noises."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame_store, "SYNTHETIC_SECONDS", 3.0)
        patch.setattr(stream_render, "MADE_NOISE_S", 3.0)
        yield


@pytest.fixture(scope="session")
def toy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that keeps the frames of the toy archive."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def toy_store(toy_archive: Path, toy_cache: Path) -> FrameStore:
    return open_store(toy_archive, toy_cache, RUN.data)


@pytest.fixture(scope="session")
def toy_run(toy_store: FrameStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on toy speech. Tests must not write into it."""
    folder = tmp_path_factory.mktemp("toy-run")
    Cohort([Run(folder, RUN, toy_store, Team())]).train()
    return folder


@pytest.fixture(scope="session")
def toy_models(toy_run: Path, toy_store: FrameStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with rise/teacher, trained for a few seconds on toy speech. Copy it to write cards."""
    folder = tmp_path_factory.mktemp("toy-models")
    crnn, settings = load_crnn(toy_run / "best.pt")
    calibration = calibrate(crnn, toy_store, misses=0.1)
    export(crnn, settings, calibration, Identity(KEYWORD, "teacher"), DecisionConfig(), folder)
    return folder
