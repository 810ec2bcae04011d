"""Both log-mel frontends: torch against torchaudio, NumPy against torch, and any chunking against the whole."""

import numpy as np
import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_app.engine.backends.torch_frontend import LogMel, mel_filterbank
from kws_app.engine.frontend import LogMel as PlainLogMel
from kws_app.engine.frontend import mel_filterbank as plain_filterbank
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.keyword_model import golden_samples


def reference(samples: torch.Tensor) -> torch.Tensor:
    transform = torchaudio.transforms.MelSpectrogram(16_000, n_fft=400, hop_length=160, n_mels=40, center=False)
    return transform(samples).clamp_min(1e-9).log().transpose(1, 2)


@pytest.mark.parametrize("level", [1.0, 1e-2, 1e-4])
def test_equals_torchaudio(level: float) -> None:
    noise = level * torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0))
    for samples in (noise, level * torch.from_numpy(golden_samples())[None]):
        frontend = LogMel()
        log_mel, _ = frontend(samples, frontend.initial_tail(len(samples)))
        # 1e-5: the same sums in another order, in single precision
        torch.testing.assert_close(log_mel, reference(samples), rtol=0, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=12), st.booleans())
def test_any_chunking_equals_the_whole(lengths: list[int], scripted: bool) -> None:
    frontend = torch.jit.script(LogMel()) if scripted else LogMel()
    samples = 0.1 * torch.randn(1, sum(lengths), generator=torch.Generator().manual_seed(1))
    whole, rest = frontend(samples, LogMel().initial_tail())
    tail, pieces = LogMel().initial_tail(), []
    for chunk in samples.split(lengths, dim=1):
        frames, tail = frontend(chunk, tail)
        pieces.append(frames)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=0, atol=1e-6)
    assert torch.equal(tail, rest)


def test_chunks_of_a_loud_tone_equal_the_whole() -> None:
    frontend = LogMel()
    samples = 0.9 * torch.sin(2 * torch.pi * 1000 * torch.arange(32_000) / 16_000)[None]
    whole, _ = frontend(samples, frontend.initial_tail())
    tail, pieces = frontend.initial_tail(), []
    for chunk in samples.split(77, dim=1):
        frames, tail = frontend(chunk, tail)
        pieces.append(frames)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=0, atol=1e-6)


def test_silence_is_the_floor() -> None:
    frontend = LogMel()
    log_mel, _ = frontend(torch.zeros(1, 800), frontend.initial_tail())
    assert log_mel.shape == (1, 3, 40)
    torch.testing.assert_close(log_mel, torch.full_like(log_mel, 1e-9).log())


def test_config_refuses_a_hop_beyond_the_window() -> None:
    with pytest.raises(ValueError, match=r"hop_samples must be in 1..400"):
        FrontendConfig(hop_samples=401)


def test_both_frontends_have_the_same_filters() -> None:
    np.testing.assert_array_equal(plain_filterbank(FrontendConfig()), mel_filterbank(FrontendConfig()).numpy())


@pytest.mark.parametrize("level", [1.0, 1e-2, 1e-4, 0.0])
def test_numpy_gives_the_frames_that_torch_gives(level: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, 48_000).astype(np.float32)
    for samples in (level * noise, level * golden_samples()):
        samples = samples.astype(np.float32)
        plain, tail = PlainLogMel()(samples, PlainLogMel().initial_tail())
        frames, rest = LogMel()(torch.from_numpy(samples)[None], LogMel().initial_tail())
        # another transform rounds in another way; a bin with next to nothing in it shows it most
        np.testing.assert_allclose(plain, frames[0].numpy(), rtol=0, atol=1e-3)
        assert float(np.abs(plain - frames[0].numpy()).mean()) < 2e-5
        np.testing.assert_array_equal(tail, rest[0].numpy())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=8))
def test_numpy_gives_the_same_frames_in_any_chunking(lengths: list[int]) -> None:
    frontend = PlainLogMel()
    samples = np.random.default_rng(1).normal(0, 0.1, sum(lengths)).astype(np.float32)
    whole, rest = frontend(samples, frontend.initial_tail())
    tail, pieces = frontend.initial_tail(), []
    for chunk in np.split(samples, np.cumsum(lengths)[:-1]):
        frames, tail = frontend(chunk, tail)
        pieces.append(frames)
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=2e-6)
    np.testing.assert_array_equal(tail, rest)
