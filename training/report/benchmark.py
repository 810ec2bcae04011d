"""How long one step of sound takes, samples to decision; how fast training makes sequences and learns from them."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kws_app.detection.detector import Detector
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.model_file import KeywordModel, prepare_torch
from training.config import CrnnConfig, RunConfig
from training.features.batches import assemble, step_targets
from training.features.frame_store import FrameStore
from training.features.plan import sequence_frames
from training.fit.distributed import Team
from training.fit.run import Run
from training.network.crnn import Crnn, StreamingCrnn

WARM_UP, STEPS, ROUNDS = 50, 200, 7


def median_us(step: Callable[[], Any]) -> float:
    """Microseconds of one call: the median over rounds of the mean within a round."""
    for _ in range(WARM_UP):
        step()
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        rounds.append((time.perf_counter() - start) / STEPS * 1e6)
    return float(np.median(rounds))


def report(path: Path) -> list[str]:
    """Lines to print: the time of a step by the artifact, by its parts, and by the eager network of the same shape."""
    prepare_torch()
    model = KeywordModel.load_own(path)
    card = model.card
    samples = np.random.default_rng(0).normal(0, 0.05, card.step_samples).astype(np.float32)
    eager = StreamingCrnn(Crnn(CrnnConfig(**card.training["crnn"]))).eval()

    rows = [("scripted", Detector(model, DecisionConfig())), ("eager", Detector(_with(model, eager), DecisionConfig()))]
    step_ms = card.step_samples / 16
    lines = [f"{path.parent.name}/{path.stem}: one step of {step_ms:.0f} ms on one thread, sound to decision"]
    lines += [f"  {name:9} {median_us(partial(detector.process, samples)):6.0f} us" for name, detector in rows]
    tail = model.frontend.initial_tail()
    with torch.inference_mode():
        _, tail = model.frontend(torch.from_numpy(samples)[None], tail)
        mel_us = median_us(lambda: model.frontend(torch.from_numpy(samples)[None], tail))
    lines.append(f"  of which log-mel {mel_us:.0f} us")
    minute = np.tile(samples, 10 * 16_000 // len(samples))
    detector = Detector(model, DecisionConfig())
    seconds = len(minute) / 16_000
    lines.append(
        f"  in blocks of 10 s: {seconds / (median_us(lambda: detector.process(minute)) / 1e6):.0f} x real time"
    )
    return lines


def training_report(store: FrameStore, config: RunConfig, folder: Path) -> list[str]:
    """Lines to print: sequences a second that the input pipeline makes, and that the network is trained on."""
    run = Run(folder, config, store, Team())
    rows = config.train.batch_size
    lines = [f"training, batches of {rows} on {torch.get_num_threads()} threads, sequences a second:"]
    for name, stream in (("clips of 1 s", False), (f"streams of {config.augment.stream_frames / 100:g} s", True)):
        frames = sequence_frames(config.augment, stream)
        rng = np.random.default_rng(0)

        def make(frames: int = frames, stream: bool = stream, rng: np.random.Generator = rng) -> tuple[Any, Any]:
            plan = run.planner.draw(rng, rows, stream)
            return assemble(store, plan, frames), step_targets(plan, frames, config.crnn)

        log_mel, targets = make()
        made, learnt = (rows / seconds(step) for step in (make, partial(run.step, log_mel, targets)))
        lines.append(f"  {name:16} made {made:7.0f}   learnt {learnt:7.0f}   both {1 / (1 / made + 1 / learnt):7.0f}")
    return lines


def seconds(step: Callable[[], Any]) -> float:
    """Of one call: the median over rounds."""
    step()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _with(model: KeywordModel, module: Any) -> KeywordModel:
    """The same card and frontend round another network."""
    return KeywordModel(model.card, module)
