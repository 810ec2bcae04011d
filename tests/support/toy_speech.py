"""A toy archive in Speech Commands' layout, made by formula. The keyword rises in pitch; other words fall or stay."""

import dataclasses
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.config import AugmentConfig, CrnnConfig, DataConfig, RunConfig, TrainConfig

KEYWORD = "rise"
TINY_CRNN = CrnnConfig(channels=2, kernel_mels=8, stride_mels=8, hidden=8, layers=1, window_steps=6)
DATA = DataConfig(
    keyword=KEYWORD,
    speech=("talk",),
    noise=("speech_commands/_background_noise_",),
    rooms=(),
    keyword_variants=2,
    clip_variants=1,
    speech_variants=1,
)
RUN = RunConfig(
    data=DATA,
    crnn=TINY_CRNN,
    augment=dataclasses.replace(AugmentConfig(), stream_frames=160),
    train=TrainConfig(
        epochs=3,
        stream_batches=6,
        clip_batches=4,
        batch_size=16,
        mine_from_epoch=1,
        mine_every_epochs=1,
        validate_every_epochs=1,
        validation_sequences=64,
    ),
)


def word(name: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """One second with a glide of 0.4 s in faint noise."""
    count = int(0.4 * SAMPLE_RATE)
    base_hz = rng.uniform(250, 450)
    slope = {"rise": 1.5, "fall": -0.6, "flat": 0.0}[name]
    phase = 2 * np.pi * np.cumsum(base_hz * (1 + slope * np.linspace(0, 1, count))) / SAMPLE_RATE
    glide = sum(np.sin(k * phase) / k for k in range(1, 6)) * np.hanning(count) * 0.2
    sound = rng.normal(0, 1e-3, SAMPLE_RATE)
    start = int(rng.integers(2000, SAMPLE_RATE - count - 2000))
    sound[start : start + count] += glide
    return sound.astype(np.float32)


def write_archive(root: Path, speakers: int = 12) -> Path:
    """root/speech_commands and root/talk; two speakers are listed for validation and two for testing."""
    rng = np.random.default_rng(7)
    lists: dict[str, list[str]] = {"validation_list.txt": [], "testing_list.txt": []}
    for name in ("rise", "fall", "flat"):
        folder = root / "speech_commands" / name
        folder.mkdir(parents=True)
        for speaker in range(speakers):
            file = f"{speaker:08x}_nohash_0.wav"
            soundfile.write(str(folder / file), word(name, rng), SAMPLE_RATE)
            if speaker < 4:
                lists["validation_list.txt" if speaker < 2 else "testing_list.txt"].append(f"{name}/{file}")
    for name, rows in lists.items():
        (root / "speech_commands" / name).write_text("\n".join(rows) + "\n")
    noise = root / "speech_commands" / "_background_noise_"
    noise.mkdir()
    soundfile.write(str(noise / "hiss.wav"), rng.normal(0, 0.01, 5 * SAMPLE_RATE), SAMPLE_RATE)
    (root / "talk").mkdir()
    for i in range(24):
        talk = np.concatenate([word(str(rng.choice(["fall", "flat"])), rng) for _ in range(4)])
        soundfile.write(str(root / "talk" / f"speaker{i}.wav"), talk, SAMPLE_RATE)
    return root
