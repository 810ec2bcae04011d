"""Times a step of sound from samples to decision, and counts the sequences that training makes and learns a second."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kws_app.detection.detector import Detector
from kws_app.engine.backends import ENGINES, JITTED, PLAIN
from kws_app.engine.backends.jitted import JittedNetwork
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from training.config import CrnnConfig, RunConfig
from training.features.frame_store import FrameStore
from training.fit.distributed import Team
from training.fit.run import Run
from training.network.crnn import Crnn, StreamingCrnn

WARM_UP, STEPS, ROUNDS = 50, 200, 7


def median_us(step: Callable[[], Any], rounds: int = ROUNDS, steps: int = STEPS) -> float:
    """The processor time of a call in microseconds: the mean over a round's calls, and the median over rounds."""
    for _ in range(min(WARM_UP, steps)):
        step()
    means = []
    for _ in range(rounds):
        start = time.thread_time()
        for _ in range(steps):
            step()
        means.append((time.thread_time() - start) / steps * 1e6)
    return float(np.median(means))


def report(path: Path) -> list[str]:
    """Lines that give the time of a step on each engine and its log-mel, and the time of the eager network."""
    models = {engine: KeywordModel.load(path, engine) for engine in ENGINES}
    card = models[PLAIN].card
    samples = np.random.default_rng(0).normal(0, 0.05, card.step_samples).astype(np.float32)
    minute = np.random.default_rng(1).normal(0, 0.05, 60 * SAMPLE_RATE).astype(np.float32)
    lines = [f"{card.name}: one step of {card.step_samples / 16:.0f} ms on one thread, sound to decision"]
    for engine, model in models.items():
        step_us = median_us(partial(Detector(model, DecisionConfig()).process, samples))
        _, tail = model.frontend(samples, model.frontend.initial_tail())
        mel_us = median_us(partial(model.frontend, samples, tail))
        block_s = median_us(partial(Detector(model, DecisionConfig()).process, minute), rounds=3, steps=3) / 1e6
        lines.append(
            f"  {engine:8} {step_us:6.0f} us, of which log-mel {mel_us:4.0f} us; "
            f"in blocks of a minute {60 / block_s:6.0f} x real time"
        )
    eager = StreamingCrnn(Crnn(CrnnConfig(**card.training["crnn"]))).eval()
    unscripted = KeywordModel(card, JittedNetwork(eager), models[JITTED].frontend)
    lines.append(f"  {'eager':8} {median_us(partial(Detector(unscripted, DecisionConfig()).process, samples)):6.0f} us")
    return lines


def training_report(store: FrameStore, config: RunConfig, folder: Path) -> list[str]:
    """Lines that give the sequences a second that are made, that are learnt from, and both together."""
    run = Run(folder, config, store, Team())
    rows = config.train.batch_size
    lines = [f"training, batches of {rows} on {torch.get_num_threads()} threads, sequences a second:"]
    for name, stream in (("clips of 1 s", False), (f"streams of {config.augment.stream_frames / 100:g} s", True)):
        rng = np.random.default_rng(0)

        def make(stream: bool = stream, rng: np.random.Generator = rng) -> tuple[Any, Any]:
            batch = run.source.draw(rng, rows, stream, 0, 1)
            return batch.log_mel, batch.targets(config.crnn)

        log_mel, targets = make()
        made, learnt = (rows / seconds(step) for step in (make, partial(run.step, log_mel, targets)))
        lines.append(f"  {name:16} made {made:7.0f}   learnt {learnt:7.0f}   both {1 / (1 / made + 1 / learnt):7.0f}")
    return lines


def seconds(step: Callable[[], Any]) -> float:
    """Seconds of a call: the median over rounds."""
    step()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
