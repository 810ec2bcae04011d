"""Weights that the students of every word start from: a network of the student's shape that has learnt, on hours of
talk, to tell from frames what the speech embeddings of the last second were.

They ship in models/, as one file; `python -m training start-weights` makes it again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save
from torch import Tensor

from kws_app.atomic_file import write_whole
from kws_app.paths import MODELS_DIR
from training.config import AugmentConfig, CrnnConfig, DistillConfig, RunConfig, TrainConfig
from training.fit.distributed import Team
from training.fit.run import Run
from training.fit.side_by_side import Cohort
from training.network.crnn import Crnn, fresh_state
from training.network.losses import summary_loss
from training.own_word.heads import HeadConfig
from training.own_word.lessons import Lessons, LessonSource, TaughtTalk, empty_words
from training.own_word.taught_loss import TaughtLoss
from training.progress import SILENT, Progress
from training.recipes import RECIPES

START_FILE = "start_weights.safetensors"
ROLES = ("teacher", "student")
WINDOW = HeadConfig.window_steps  # embeddings that a head of the expert sees
HINTS = 48  # numbers that tell of a window of embeddings
SAMPLE = 40_000  # windows from which the directions are found
JUDGED = 256  # sequences of a validation


@dataclass(frozen=True)
class Hinter:
    """The main directions of windows of embeddings. The wide ones are narrowed, so that the others count too."""

    mean: NDArray[np.float32]  # [W * 96]
    directions: NDArray[np.float32]  # [W * 96, K]

    @classmethod
    def of(cls, embeddings: NDArray[np.floating], rng: np.random.Generator) -> "Hinter":
        at = rng.integers(0, len(embeddings) - WINDOW, min(SAMPLE, len(embeddings)))
        windows = np.stack([embeddings[at + k] for k in range(WINDOW)], axis=1).reshape(len(at), -1).astype(np.float32)
        mean = windows.mean(axis=0)
        covariance = np.cov(windows - mean, rowvar=False)
        values, vectors = np.linalg.eigh(covariance)
        values, vectors = values[::-1][:HINTS], vectors[:, ::-1][:, :HINTS]
        widths = values**0.25  # a direction keeps the square root of its width
        scaled = vectors / widths / np.sqrt(np.sqrt(values).mean())  # variances have the mean 1
        return cls(mean.astype(np.float32), scaled.astype(np.float32))

    def __call__(self, embeddings: NDArray[np.floating]) -> NDArray[np.float16]:
        """[..., S, 96] -> [..., S, K]; before the first full window, the first embedding is repeated."""
        width = embeddings.shape[-1]
        first = np.repeat(embeddings[..., :1, :], WINDOW - 1, axis=-2)
        padded = np.concatenate([first, embeddings], axis=-2).astype(np.float32)
        S = embeddings.shape[-2]
        found = np.zeros((*embeddings.shape[:-1], self.directions.shape[1]), np.float32)
        for k in range(WINDOW):
            part = slice(k * width, (k + 1) * width)
            found += (padded[..., k : k + S, :] - self.mean[part]) @ self.directions[part]
        return found.astype(np.float16)


@dataclass(frozen=True)
class Told:
    """How far a network's hints are from the embeddings', in shares of their variance."""

    score: float

    def row(self) -> dict[str, float]:
        return {"score": self.score}

    def told(self) -> str:
        return f"{self.score:.3f} of the embeddings' variance not told"


class HintSource(LessonSource):
    """Talk alone."""

    def bind(self, projections: Mapping[int, torch.nn.Linear]) -> None:
        """The layers that tell hints, by the width of their network."""
        self._projections = projections

    @torch.inference_mode()
    def validate(self, crnn: Crnn, shape: CrnnConfig) -> Told:  # type: ignore[override]
        rng = np.random.default_rng(0)
        judged = replace(self.lessons, talk=self.lessons.kept_talk)
        batch = LessonSource(judged, self.config).draw(rng, JUDGED, True, 0, 1)
        targets = batch.targets(shape)
        answer, _ = crnn.eval()(batch.log_mel, fresh_state(crnn, JUDGED))
        assert targets.hints is not None
        error = summary_loss(self._projections[crnn.hidden](answer.summary), targets.hints)
        return Told(float(error / targets.hints.var(dim=(0, 1)).mean()))


def start_config(role: str, epochs: int) -> RunConfig:
    """How a network of a role learns from hints."""
    return RunConfig(
        crnn=RECIPES[role].crnn,
        augment=AugmentConfig(
            stream_frames=320, keyword_share=0.0, clip_share=0.0, partial_share=0.0, tilt_db=4.0, mask_share=0.4
        ),
        train=TrainConfig(
            epochs=epochs,
            stream_batches=100,
            clip_batches=0,
            optimizer="soap",
            learning_rate=0.006,
            mine_from_epoch=epochs,
            validate_every_epochs=1,
        ),
        distill=DistillConfig(dark_weight=0.0, summary_weight=1.0),
    )


def learn_start_weights(
    talk: TaughtTalk,
    kept_talk: TaughtTalk,
    noises: NDArray[np.float16],
    work: Path,
    epochs: int,
    progress: Progress = SILENT,
) -> dict[str, dict[str, Tensor]]:
    """The weights of each role, after `epochs` of 100 batches. raises StageStoppedError if the user stops it"""
    none = empty_words()
    lessons = Lessons(none, none, talk, noises, none, kept_talk)
    members, projections = [], {}
    source = HintSource(lessons, start_config(ROLES[0], epochs))
    for role in ROLES:
        config = start_config(role, epochs)
        loss = TaughtLoss(config.distill, config.crnn.hidden, HINTS)
        projections[config.crnn.hidden] = loss.projection
        members.append(Run(work / role, config, source, Team(), loss))
    source.bind(projections)
    cohort = Cohort(members, progress)
    cohort.resume()
    paths = cohort.train()
    return {path.parent.name: torch.load(path, weights_only=True)["crnn"] for path in paths}


def write_start_weights(path: Path, weights: Mapping[str, Mapping[str, Tensor]]) -> None:
    """One file, in half precision; the shapes of the networks stand in its header."""
    tensors = {f"{role}.{name}": v.half().numpy() for role, state in weights.items() for name, v in state.items()}
    shapes = {role: asdict(RECIPES[role].crnn) for role in weights}
    write_whole(path, save(tensors, metadata={"shapes": json.dumps(shapes)}))
    path.chmod(0o644)


def read_start_weights(role: str, shape: CrnnConfig, path: Path = MODELS_DIR / START_FILE) -> dict[str, Tensor] | None:
    """The weights of a role; None where there is no file, or where it is of another shape.

    raises ValueError if the file is damaged
    """
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), "np") as file:
            if json.loads(file.metadata()["shapes"]).get(role) != asdict(shape):
                return None
            names = [name for name in file.keys() if name.startswith(f"{role}.")]  # noqa: SIM118  # no mapping
            return {n.removeprefix(f"{role}."): torch.from_numpy(file.get_tensor(n)).float() for n in names}
    except Exception as error:  # the library raises its own kinds
        raise ValueError(f"{path} cannot be read ({error}): install the program again.") from error
