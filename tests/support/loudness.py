"""A model whose word is a loud sound, and sounds for it: a test can predict the detections."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.backends.plain import PlainCrnn
from kws_app.engine.card import ModelCard
from kws_app.engine.crnn_file import CrnnSettings, Parameters, pack
from kws_app.engine.crnn_shape import CrnnShape
from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import golden_scores
from kws_app.engine.model_file import write_model_file

STEP_FRAMES, CONTEXT_FRAMES = 8, 20
STEP_SAMPLES = 1280
FIRST_STEP_SAMPLES = 3440  # 19 hops and a window
LINEAR = 20.0  # tanh(x / LINEAR) * LINEAR is about x for smaller x
SHAPE = CrnnShape(
    channels=1,
    kernel_mels=40,
    kernel_frames=CONTEXT_FRAMES,
    stride_mels=40,
    stride_frames=STEP_FRAMES,
    hidden=1,
    layers=1,
    energy_hidden=1,
    window_steps=2,
    weighs_age=True,
    input_mean=0.0,
    input_std=1.0,
)
SETTINGS = CrnnSettings(SHAPE, 1.0, 0.0)


def loudness_parameters() -> Parameters:
    """A network whose posterior is about sigmoid(mean log mel of the last 8 frames + 5).

    The convolution takes the mean. The GRU forgets at once. The attention sees only the last step.
    """
    parameters = {name: np.zeros(shape, np.float32) for name, shape in SHAPE.parameter_shapes.items()}
    parameters["conv.weight"][..., CONTEXT_FRAMES - STEP_FRAMES :] = 1 / (STEP_FRAMES * SHAPE.mel_bins)
    parameters["conv.bias"][:] = 25.0  # lifts all values above 0, so that the rectifier changes nothing
    parameters["gru.weight_ih_l0"][2] = 1 / LINEAR  # the new state gets the mean
    parameters["gru.bias_ih_l0"][:] = (0.0, -100.0, (5.0 - 25.0) / LINEAR)  # the update gate stays shut
    parameters["age"][:] = (-1000.0, 0.0)
    parameters["classifier.weight"][1] = LINEAR
    return parameters


def save_loudness_model(path: Path, threshold: float = 0.5, **card: object) -> None:
    """Write a model file whose word is a loud sound, with some fields of its card changed."""
    parameters = loudness_parameters()
    fields = {
        "keyword": path.parent.name,
        "role": path.stem,
        "threshold": threshold,
        "step_frames": STEP_FRAMES,
        "context_frames": CONTEXT_FRAMES,
        "window_steps": SHAPE.window_steps,
        "parameters": SHAPE.parameters,
        "macs": 1,
        "weight_bytes": SETTINGS.packed_bytes,
        "golden": golden_scores(PlainCrnn(SETTINGS, parameters), LogMel()),
        "network": SETTINGS.for_card(),
    }
    write_model_file(path, ModelCard(**{**fields, **card}), pack(SETTINGS, parameters))  # type: ignore[arg-type]


def bursts(*at_s: float, duration_s: float, amplitude: float = 0.2, burst_s: float = 0.3) -> NDArray[np.float32]:
    """Near-silence with bursts of noise at the given times: the word of the loudness model."""
    generator = np.random.default_rng(0)
    samples = generator.normal(0, 1e-5, round(duration_s * SAMPLE_RATE))
    for start_s in at_s:
        first = round(start_s * SAMPLE_RATE)
        count = round(burst_s * SAMPLE_RATE)
        samples[first : first + count] = np.clip(generator.normal(0, amplitude, count), -0.9, 0.9)
    return samples.astype(np.float32)
