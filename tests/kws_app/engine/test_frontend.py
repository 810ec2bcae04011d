"""LogMel against torchaudio, and any chunking against the whole."""

import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.model_file import golden_samples


def reference(samples: torch.Tensor) -> torch.Tensor:
    transform = torchaudio.transforms.MelSpectrogram(16_000, n_fft=400, hop_length=160, n_mels=40, center=False)
    return transform(samples).clamp_min(1e-9).log().transpose(1, 2)


@pytest.mark.parametrize("level", [1.0, 1e-2, 1e-4])
def test_equals_torchaudio(level: float) -> None:
    noise = level * torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0))
    for samples in (noise, level * golden_samples()):
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
