"""The streaming network does not look ahead. Chunks of any length give the same as the whole, scripted as eager."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.toy_speech import TINY_CRNN
from training.config import CrnnConfig
from training.network.costs import count_macs, count_parameters
from training.network.crnn import Crnn, StreamingCrnn

SEED_STUDENT = CrnnConfig(channels=3, kernel_mels=7, stride_mels=6, stride_frames=10, hidden=12)

POOLED = CrnnConfig(
    channels=2,
    kernel_mels=8,
    kernel_frames=24,
    stride_mels=4,
    stride_frames=12,
    pool_frames=4,
    pool_mels=2,
    hidden=6,
    energy_hidden=3,
)
HEADED = replace(POOLED, heads=3, weighs_age=True)


def make(config: CrnnConfig) -> StreamingCrnn:
    torch.manual_seed(0)
    return StreamingCrnn(Crnn(config), scale=0.8, offset=0.2).eval()


def frames(count: int, batch: int = 1) -> torch.Tensor:
    return -6 + 4 * torch.randn(batch, count, 40, generator=torch.Generator().manual_seed(3))


def test_sizes_are_the_lineages() -> None:
    assert count_parameters(Crnn(CrnnConfig())) == 25_387
    assert count_parameters(Crnn(SEED_STUDENT)) == 2_706
    assert count_macs(CrnnConfig()) == 904_608
    assert count_macs(CrnnConfig()) / count_macs(SEED_STUDENT) == pytest.approx(9.65, abs=0.005)


@pytest.mark.parametrize("config", [CrnnConfig(), SEED_STUDENT, TINY_CRNN, POOLED, HEADED])
def test_no_dependence_on_the_future(config: CrnnConfig) -> None:
    module = make(config)
    whole = frames(200, batch=2)
    changed = whole.clone()
    changed[:, 120:] += 5.0
    first, _, _ = module(whole, module.initial_state(2))
    second, _, _ = module(changed, module.initial_state(2))
    before = config.steps(120)
    assert torch.equal(first[:, :before], second[:, :before])
    assert not torch.equal(first[:, before:], second[:, before:])


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=10),
    st.booleans(),
    st.sampled_from([SEED_STUDENT, POOLED, HEADED]),
)
def test_any_chunking_equals_the_whole(lengths: list[int], scripted: bool, config: CrnnConfig) -> None:
    module = make(config)
    runner = torch.jit.script(module) if scripted else module
    sound = frames(sum(lengths))
    expected, expected_attention, last = module(sound, module.initial_state())
    state, scores, attention = runner.initial_state(), [], []
    for chunk in sound.split(lengths, dim=1):
        score, weight, state = runner(chunk, state)
        scores.append(score)
        attention.append(weight)
    torch.testing.assert_close(torch.cat(scores, dim=1), expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(torch.cat(attention, dim=1), expected_attention, rtol=0, atol=1e-5)
    for ours, theirs in zip(state, last, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("config", [CrnnConfig(), SEED_STUDENT, TINY_CRNN])
def test_convolution_is_torchs_over_scaled_frames(config: CrnnConfig) -> None:
    module, sound = make(config).crnn, frames(100, batch=2)
    maps = module.conv((sound.transpose(1, 2).unsqueeze(1) - config.input_mean) / config.input_std)
    expected = torch.relu(maps).permute(0, 3, 1, 2).flatten(2)  # [B, C, F', S] -> [B, S, C * F']
    torch.testing.assert_close(module.convolve(sound, config.steps(100)), expected, rtol=0, atol=1e-5)


def test_posterior_is_the_calibrated_margin_of_the_logits() -> None:
    module, sound = make(SEED_STUDENT), frames(100)
    (logits, _, _), _ = module.crnn(sound, module.initial_state())
    posterior, _, _ = module(sound, module.initial_state())
    expected = torch.sigmoid(0.8 * (logits[..., 1] - logits[..., 0] - 0.2))
    torch.testing.assert_close(posterior, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("config", [CrnnConfig(), HEADED])
def test_attention_is_a_distribution_over_what_was_heard(config: CrnnConfig) -> None:
    module = make(config)
    _, attention, _ = module(frames(120), module.initial_state())
    torch.testing.assert_close(attention.sum(-1), torch.ones(attention.shape[:2]))
    assert (attention[0, 0, :-1] == 0).all(), "before the first step there is nothing to attend to"


def test_pooling_is_a_convolution_whose_weights_repeat() -> None:
    pooled = Crnn(POOLED).eval()
    unpooled = replace(POOLED, pool_frames=1, pool_mels=1)
    whole = Crnn(unpooled).eval()
    weights = pooled.state_dict()
    weights["conv.weight"] = weights["conv.weight"].repeat_interleave(4, dim=3).repeat_interleave(2, dim=2) / 8
    whole.load_state_dict(weights)
    sound = frames(150)
    torch.testing.assert_close(pooled(sound, pooled.initial_state())[0], whole(sound, whole.initial_state())[0])
    convolution = 7 / 8 * 2 * 9 * 8 * 24  # channels, places, mels and frames of the kernel
    assert count_macs(unpooled) - count_macs(POOLED) == POOLED.steps(201) * convolution


def test_a_narrower_energy_layer_costs_less() -> None:
    wide = replace(POOLED, energy_hidden=6)
    assert count_macs(wide) == count_macs(replace(POOLED, energy_hidden=0)), "0 is the width of the GRU"
    assert count_macs(wide) - count_macs(POOLED) == POOLED.steps(201) * 3 * (6 + 1)
    assert count_parameters(Crnn(wide)) - count_parameters(Crnn(POOLED)) == 3 * (6 + 1 + 1)


def test_each_head_weighs_its_own_part_of_the_outputs() -> None:
    crnn = make(replace(POOLED, heads=2, weighs_age=True, window_steps=4)).crnn
    assert crnn.age is not None
    with torch.no_grad():
        for parameter in crnn.energy.parameters():
            parameter.zero_()
        crnn.age.copy_(torch.tensor([[99.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 99.0]]))  # the oldest, the newest
        (_, attention, summary), (_, _, outputs, _) = crnn(frames(24 + 3 * 12), crnn.initial_state())
        _, (_, _, first, _) = crnn(frames(24), crnn.initial_state())
    torch.testing.assert_close(attention[0, -1], torch.tensor([0.5, 0.0, 0.0, 0.5]))
    torch.testing.assert_close(summary[0, -1, :3], first[0, -1, :3])
    torch.testing.assert_close(summary[0, -1, 3:], outputs[0, -1, 3:])


def test_heads_cost_their_energies_alone() -> None:
    assert count_macs(HEADED) - count_macs(POOLED) == POOLED.steps(201) * 3 * 2
    assert count_parameters(Crnn(HEADED)) - count_parameters(Crnn(POOLED)) == 2 * (3 + 1) + 3 * POOLED.window_steps


def test_heads_must_share_the_outputs_evenly() -> None:
    with pytest.raises(ValueError, match="heads 4 must divide hidden 6"):
        replace(POOLED, heads=4)


def test_batch_rows_do_not_touch() -> None:
    module = make(TINY_CRNN)
    both = frames(100, batch=2)
    together, _, _ = module(both, module.initial_state(2))
    alone, _, _ = module(both[1:], module.initial_state(1))
    torch.testing.assert_close(together[1:], alone, rtol=0, atol=1e-6)


def test_config_refuses_gaps_between_steps() -> None:
    with pytest.raises(ValueError, match="never sees some frames between two steps"):
        CrnnConfig(kernel_frames=8, stride_frames=10)


def test_config_refuses_pooling_that_does_not_divide() -> None:
    with pytest.raises(ValueError, match="must divide kernel_frames 20"):
        CrnnConfig(pool_frames=8)
    with pytest.raises(ValueError, match="pool_mels 2 must divide the 40 mel bins, kernel_mels 5"):
        CrnnConfig(pool_mels=2)
