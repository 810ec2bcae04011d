"""The command `all` on toy speech, from audio to report; finished runs are not trained again."""

from pathlib import Path

import pytest

from kws_app.engine.catalogue import find_models
from training.__main__ import main
from training.evaluate.stream_render import CONDITIONS
from training.stages import evaluation

SETTINGS = [
    "data.speech=('talk',)",
    "data.noise=('speech_commands/_background_noise_',)",
    "data.rooms=()",
    "data.keyword_variants=2",
    "data.clip_variants=1",
    "data.speech_variants=1",
    "crnn.channels=2",
    "crnn.hidden=6",
    "augment.stream_frames=160",
    "train.epochs=1",
    "train.validation_sequences=64",
    "train.stream_batches=3",
    "train.clip_batches=2",
    "train.batch_size=16",
]


@pytest.mark.long
def test_the_chain_makes_models_figures_and_plots(
    toy_archive: Path,
    toy_cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evaluation, "CONDITIONS", CONDITIONS[:2])  # test_evaluate.py hears them all
    models, work, assets = tmp_path / "models", tmp_path / "work", tmp_path / "assets"
    models.mkdir()
    assets.mkdir()
    work.mkdir()
    (work / "cache").symlink_to(toy_cache)
    places = ["--data", str(toy_archive), "--work", str(work), "--models", str(models), "--assets", str(assets)]
    command = ["all", *places, "--threads", "1", "--hours", "0.02", "--keyword", "rise", "--set", *SETTINGS]
    assert main(command) == 0, capsys.readouterr().err
    names = ["rise/micro", "rise/quantized", "rise/student", "rise/teacher", "rise/tiny"]
    assert [entry.name for entry in find_models(models)] == names
    for entry in find_models(models):
        assert list(entry.card.figures.get("confirmed_by", {})) == ["teacher"] * (entry.card.role != "teacher")
    text = (models / "RESULTS.md").read_text()
    assert all(f"| {role} |" in text for role in ("teacher", "student", "quantized", "tiny", "micro"))
    assert {path.name for path in assets.iterdir()} == {"fa-fr-rise.png", "area-cost-rise.png", "training.png"}

    logs = {path: path.read_text() for path in work.glob("*/log.csv")}
    assert len(logs) == 5
    training = [*places[:6], "--threads", "1", "--keyword", "rise", "--set", *SETTINGS]
    for again in (
        ["teacher", "--recipe", "large"],
        *(["distill", "--recipe", name] for name in ("teacher", "student")),
    ):
        assert main([*again, *training]) == 0
    assert {path: path.read_text() for path in work.glob("*/log.csv")} == logs, "finished runs are not trained again"


def test_a_missing_teacher_is_one_sentence(
    toy_archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["distill", "--data", str(toy_archive), "--work", str(tmp_path), "--keyword", "rise"]) == 2
    error = capsys.readouterr().err
    assert "teacher/best.pt is missing: train that run first" in error and error.count("\n") == 1
