"""A run learns, and goes on after a kill as if nothing had happened. Its model file equals its network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import read_card
from kws_app.errors import ModelError
from tests.support.toy_speech import RUN
from training.config import OPTIMIZERS, DistillConfig, TrainConfig
from training.export import artifact as export_module
from training.export.artifact import CHUNKS, Identity, export, rebuild, stream
from training.export.calibrate import Calibration
from training.features.frame_store import FrameStore
from training.fit.distill import DistillLoss, Teachers
from training.fit.distributed import Team
from training.fit.run import Run, hard_loss
from training.fit.side_by_side import Cohort
from training.network.checkpoint import load_crnn
from training.network.crnn import Crnn, StreamingCrnn


@pytest.fixture
def trained(toy_run: Path) -> Path:
    """A finished run's folder."""
    return toy_run


def test_a_step_lowers_the_loss(trained: Path) -> None:
    rows = [line.split(",") for line in (trained / "log.csv").read_text().splitlines()]
    losses = [float(row[rows[0].index("loss")]) for row in rows[1:]]
    assert len(losses) == RUN.train.epochs and losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("is_taught", [False, True])
def test_a_run_cut_off_equals_one_that_was_not(
    optimizer: str, is_taught: bool, toy_store: FrameStore, tmp_path: Path
) -> None:
    config = replace(RUN, train=replace(RUN.train, optimizer=optimizer))
    torch.manual_seed(5)
    teachers = Teachers([(Crnn(config.crnn).eval(), config.crnn)])

    def run(folder: Path) -> Run:
        taught = DistillLoss(DistillConfig(summary_weight=1.0), config.crnn, teachers)  # this loss learns a projection
        return Run(folder, config, toy_store, Team(), taught if is_taught else hard_loss)

    class CutError(Exception):
        pass

    class CutCohort(Cohort):
        def train_epoch(self, members: list[Run]) -> list[float]:
            losses = super().train_epoch(members)
            if members[0].epoch == 2:  # killed just before the epoch was finished
                raise CutError
            return losses

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    Cohort([run(whole)]).train()
    with pytest.raises(CutError):
        CutCohort([run(cut)]).train()
    resumed = Cohort([run(cut)])
    resumed.resume()
    assert resumed.first.epoch == 2
    resumed.train()
    expected, found = (torch.load(folder / "last.pt", weights_only=True) for folder in (whole, cut))
    for name, value in expected["crnn"].items():
        assert torch.equal(found["crnn"][name], value), name
    for name, value in expected["average"].items():
        assert torch.equal(found["average"][name], value), name
    assert bool(expected["loss"]) == is_taught
    for name, value in expected["loss"].items():
        assert torch.equal(found["loss"][name], value) and value.any(), name


def test_an_optimizer_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of adamw, soap, got 'adam'"):
        TrainConfig(optimizer="adam")


def test_other_settings_are_not_mixed_into_a_run(trained: Path, toy_store: FrameStore) -> None:
    other = replace(RUN, train=replace(RUN.train, learning_rate=1e-4))
    with pytest.raises(ValueError, match="other settings"):
        Run(trained, other, toy_store, Team()).resume()


def test_a_damaged_checkpoint_is_one_sentence(trained: Path, toy_store: FrameStore, tmp_path: Path) -> None:
    content = (trained / "last.pt").read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"no checkpoint"):
        (tmp_path / "last.pt").write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged: delete it"):
            Run(tmp_path, RUN, toy_store, Team()).resume()


@pytest.fixture
def artifact(toy_models: Path) -> Path:
    """The model file of the finished run."""
    return toy_models / "rise" / "teacher.safetensors"


def test_saved_equals_loaded_equals_eager(trained: Path, artifact: Path) -> None:
    crnn, _ = load_crnn(trained / "best.pt")
    model = KeywordModel.load(artifact, "jitted")
    calibration = model.card.training["calibration"]
    eager = StreamingCrnn(crnn, **calibration).eval()
    sound = -6 + 4 * torch.randn(2, 150, 40, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, _ = stream(eager, sound, 150)
        for chunk in CHUNKS:
            found, _ = stream(model.network.module, sound, chunk)
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_the_packed_file_gives_the_artifact_back(artifact: Path, tmp_path: Path) -> None:
    again = rebuild(artifact, DecisionConfig(), tmp_path)
    assert artifact.read_bytes() == again.read_bytes() or read_card(artifact).training != read_card(again).training
    was, now = (KeywordModel.load(path, "jitted").network.module for path in (artifact, again))
    sound = -6 + 4 * torch.randn(1, 150, 40, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(was(sound, was.initial_state())[0], now(sound, now.initial_state())[0])
    assert read_card(again).golden == read_card(artifact).golden


@pytest.mark.parametrize("part", ["gru", "linear", "both"])
def test_quantised_artifacts_stream_as_they_were_exported(trained: Path, tmp_path: Path, part: str) -> None:
    crnn, settings = load_crnn(trained / "best.pt")
    path = export(crnn, settings, Calibration(), Identity("rise", part, part), DecisionConfig(), tmp_path)
    card = KeywordModel.load(path, "jitted").card
    assert path.suffix == ".pt" and not card.network, "its numbers would be another network's"
    assert card.parameters == sum(p.numel() for p in crnn.parameters()) and card.weight_bytes < 4 * card.parameters


def test_both_kinds_are_exported_and_answer_alike(artifact: Path) -> None:
    plain, jitted = (KeywordModel.load(artifact, engine) for engine in ("plain", "jitted"))
    assert (plain.network.engine, jitted.network.engine) == ("plain", "jitted")
    sound = np.random.default_rng(0).normal(-6, 4, (400, 40)).astype(np.float32)
    ours, theirs = (model.network.step(sound, model.network.initial_state())[0] for model in (plain, jitted))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert read_card(artifact.with_suffix(".pt")) == read_card(artifact)


def test_the_card_describes_the_model(artifact: Path) -> None:
    card = read_card(artifact)
    assert (card.keyword, card.role, card.step_frames) == ("rise", "teacher", 8)
    assert card.training["train"]["epochs"] == RUN.train.epochs
    assert card.data["licence"] and card.weight_bytes == 4 * card.parameters


def test_export_raises_on_a_mismatch(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crnn, settings = load_crnn(trained / "best.pt")
    torch.manual_seed(1)
    other = torch.jit.script(StreamingCrnn(Crnn(RUN.crnn)).eval())
    monkeypatch.setattr(export_module.torch.jit, "freeze", lambda module, **options: other)
    with pytest.raises(ModelError, match="differs from the eager one"):
        export(crnn, settings, Calibration(), Identity("rise", "spoilt"), DecisionConfig(), tmp_path)
    assert not (tmp_path / "rise").exists()
