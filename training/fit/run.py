"""A training run: its network, how it learns from a batch, its checkpoints and its log.

side_by_side.py makes the batches. All random numbers come from (seed, epoch): a run that was killed and resumed gives
the same network as a run that was not.
"""

import io
import logging
import pickle
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from kws_app.atomic_file import write_whole
from training.config import RunConfig, TrainConfig, saved_config
from training.features.batches import Targets
from training.features.frame_store import FrameStore
from training.features.plan import sequence_frames
from training.fit.distributed import Team
from training.fit.source import Judged, Planned, Source
from training.network.crnn import Answer, Crnn, State, fresh_state
from training.network.losses import peak_loss
from training.network.packed_file import on_grid, put_on_grid

log = logging.getLogger(__name__)

# (log_mel [B, T, F], the network's answer, targets) -> scalar
Loss = Callable[[Tensor, Answer, Targets], Tensor]


def hard_loss(log_mel: Tensor, answer: Answer, targets: Targets) -> Tensor:
    """The loss of the labels alone."""
    return peak_loss(answer.logits, targets)


def save_atomically(content: dict[str, Any], path: Path) -> None:
    """torch.save that may be interrupted at any time: either the old file or the whole new file is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    torch.save(content, packed)
    write_whole(path, packed.getvalue())


def optimizer_of(module: nn.Module, train: TrainConfig) -> torch.optim.Optimizer:
    """The optimiser that the settings name."""
    parameters, rate, decay = module.parameters(), train.learning_rate, train.weight_decay
    if train.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
    from pytorch_optimizer import SOAP  # takes seconds to import

    return SOAP(parameters, lr=rate, weight_decay=decay, betas=(0.9, 0.99), precondition_1d=True)


class Run:
    """A training run in its own folder: last.pt to resume from, best.pt to export, log.csv to plot.

    raises ValueError if the batch does not divide among the processes
    """

    def __init__(
        self,
        folder: Path,
        config: RunConfig,
        source: FrameStore | Source,
        team: Team,
        loss: Loss = hard_loss,
    ) -> None:
        """source: where batches come from; they are planned from a store"""
        self.folder = folder
        self.config = config
        self.loss = loss
        self.team = team
        self.device = team.device
        train = config.train
        if train.batch_size % team.world:
            raise ValueError(
                f"batch_size {train.batch_size} does not divide among {team.world} processes: choose a multiple of "
                f"{team.world}."
            )
        torch.manual_seed(train.seed)
        self.crnn = Crnn(config.crnn).to(self.device)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.crnn, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(train.average_decay)
        )
        learnt = [loss.to(self.device)] if isinstance(loss, nn.Module) else []  # a loss may have weights of its own
        self.trained = nn.ModuleList([self.crnn, *learnt])
        self.optimizer = optimizer_of(self.trained, train)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=train.learning_rate,
            total_steps=train.epochs * (train.stream_batches + train.clip_batches) + 1,
            pct_start=train.warm_up_share,
        )
        self.source: Source = Planned(source, config) if isinstance(source, FrameStore) else source
        self.epoch = 0
        self.rows: list[dict[str, float]] = []  # of log.csv
        self.best_score = float("inf")  # the lowest Validation.score so far
        self.carried: Tensor | None = None  # [L, B, H], the GRU's state after the last batch of streams

    def start_from(self, crnn: Crnn) -> None:
        """Begin with these weights, not with random weights. A resumed run has its own weights instead."""
        self.crnn.load_state_dict(crnn.state_dict())
        self.average.module.load_state_dict(crnn.state_dict())

    def resume(self) -> None:
        """Go on from last.pt, if it exists. raises ValueError if it is damaged or comes from other settings"""
        path = self.folder / "last.pt"
        if not path.is_file():
            return
        try:
            saved = torch.load(path, weights_only=True, map_location="cpu")
        except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise ValueError(f"{path} is damaged: delete it to begin the run again.") from error
        if not same_settings(saved["config"], self.config):
            raise ValueError(f"{path} comes from a run with other settings: name another --run, or delete it.")
        self.crnn.load_state_dict(saved["crnn"])
        self.trained[1:].load_state_dict(saved["loss"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.schedule.load_state_dict(saved["schedule"])
        self.epoch, self.best_score, self.rows = saved["epoch"], saved["best_score"], saved["rows"]
        if saved["mined"] is not None:
            self.source.take_mined_parts(saved["mined"])
        log.info("resumed after epoch %d of %d", self.epoch, self.config.train.epochs)

    @property
    def averaged(self) -> Crnn:
        """A network with the averaged weights, rounded to their grid. It is validated, used for mining, and kept."""
        crnn = cast(Crnn, deepcopy(self.average.module))
        if self.config.train.weight_bits:
            put_on_grid(crnn, self.config.train.weight_bits)
        return crnn

    def save(self) -> None:
        """Write last.pt."""
        content = {
            "config": plain(self.config),
            "crnn": self.crnn.state_dict(),
            "loss": self.trained[1:].state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "epoch": self.epoch,
            "best_score": self.best_score,
            "mined": self.source.mined_parts(),
            "rows": self.rows,
        }
        save_atomically(content, self.folder / "last.pt")

    def keep(self, mean_loss: float) -> None:
        """Write last.pt. If it is time, validate, and write best.pt if the score is the lowest so far."""
        train = self.config.train
        if self.epoch % train.validate_every_epochs == 0 or self.epoch > train.epochs - train.validate_every_epochs:
            crnn = self.averaged
            result = self.source.validate(crnn, self.config.crnn)
            self.note(mean_loss, result)
            if result.score < self.best_score:
                self.best_score = result.score
                content = {"config": plain(self.config), "crnn": crnn.state_dict(), "epoch": self.epoch}
                save_atomically(content, self.folder / "best.pt")
            self.write_log()
        self.save()

    def begin_epoch(self) -> None:
        """Forget the carried state: then a run that is resumed here equals a run that was not cut."""
        self.crnn.train()
        self.carried = None

    def step(self, log_mel: Tensor, targets: Targets) -> float:
        """Take an optimiser step on this process's share of a batch. Returns the loss of the share."""
        targets = targets.to(self.device)
        self.optimizer.zero_grad(set_to_none=True)
        with on_grid(self.crnn, self.config.train.weight_bits):
            answer, state = self.crnn(log_mel, self.starting_state(log_mel))
            loss = self.loss(log_mel, answer, targets)
            loss.backward()
        if self.is_stream(log_mel):
            self.carried = state[1].detach()
        self.team.average_gradients(self.trained)
        nn.utils.clip_grad_norm_(self.trained.parameters(), self.config.train.gradient_clip)
        self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.crnn)
        return float(loss.detach())

    def is_stream(self, log_mel: Tensor) -> bool:
        """Whether a batch holds streams, by its length."""
        return log_mel.shape[1] == sequence_frames(self.config.augment, stream=True)

    def starting_state(self, log_mel: Tensor) -> State:
        """A fresh state for clips. For streams the state after the previous batch, so the network learns to listen on.

        TrainConfig.fresh_share of the streams begin from a fresh state too.
        """
        context, hidden, outputs, energies = fresh_state(self.crnn, log_mel.shape[0])
        if self.carried is not None and self.is_stream(log_mel):
            rows = hidden.shape[1]
            hidden = self.carried.roll(1, dims=1)
            hidden[:, : int(rows * self.config.train.fresh_share)] = 0.0
        return context, hidden, outputs, energies

    def note(self, mean_loss: float, result: Judged) -> None:
        """Add a row to log.csv and a line to the log."""
        row: dict[str, float] = {
            "epoch": self.epoch,
            "loss": mean_loss,
            "learning_rate": float(self.schedule.get_last_lr()[0]),
        }
        self.rows.append(row | result.row())
        log.info("%s: epoch %3d  loss %.4f  validation: %s", self.folder.name, self.epoch, mean_loss, result.told())

    def write_log(self) -> None:
        """Write log.csv as a whole, so that it holds each epoch once, also after a resume."""
        lines = [",".join(self.rows[0]), *(",".join(f"{value:.6g}" for value in row.values()) for row in self.rows)]
        (self.folder / "log.csv").write_text("\n".join(lines) + "\n")


def plain(config: Any) -> dict[str, Any]:
    """A dataclass as dicts, lists, numbers and text, because a checkpoint holds no pickled classes."""

    def listed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: listed(part) for name, part in value.items()}
        return [listed(part) for part in value] if isinstance(value, tuple | list) else value

    return listed(asdict(config))


def same_settings(saved: dict[str, Any], config: RunConfig) -> bool:
    """Whether a checkpoint was made with this config. A setting that is missing in the checkpoint had its default."""
    try:
        return saved_config(RunConfig(), saved) == config
    except ValueError:
        return False
