"""Frozen settings of every stage; saved in each checkpoint and each model card."""

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any, TypeVar

from kws_app.engine.frontend_config import FrontendConfig


@dataclass(frozen=True)
class DataConfig:
    """Which audio below `root` is used, and for what. Patterns are those of pathlib's glob."""

    keyword: str = "happy"
    clips: str = "speech_commands"  # laid out as the Speech Commands archive; the keyword is one of its words
    more_clips: tuple[str, ...] = ("synthetic_words",)  # laid out alike; used if they are there
    speech: tuple[str, ...] = (
        "speech_streams/*",
        "more_speech/english_learners",
        "more_speech/kathleen_en",
        "more_speech/ljspeech",
        "more_speech/kerstin_de",
        "more_speech/nathalie_nl",
        "wake_words/*",
        "synthetic_speech",
    )  # folders of continuous speech; recordings that say the keyword are left out
    noise: tuple[str, ...] = ("speech_commands/_background_noise_", "more_speech/household_noise")
    rooms: tuple[str, ...] = ("rooms/*",)  # impulse responses
    # Sources that training has no part of: they are for test alone, whatever the names of their files.
    test_speech: tuple[str, ...] = ("acted_talk/drascula", "more_talk/fillets_cs", "more_talk/fillets_nl")
    test_noise: tuple[str, ...] = ("more_noise/moodist", "more_music/singularity")
    test_rooms: tuple[str, ...] = ("rooms/openair_toobamp", "more_rooms/*")
    transcripts: str = "more_speech/transcripts.tsv"  # folder/name, tab, text
    exclude: tuple[str, ...] = ("19-227-0038",)  # says "happy"; has no transcript
    validation_percent: int = 15  # of the speakers of `speech`; a file without a named speaker counts as a speaker
    test_percent: int = 25
    keyword_variants: int = 10  # copies of each training clip of the keyword; all but the first are varied
    clip_variants: int = 3  # the same for other words
    speech_variants: int = 3
    speed_range: tuple[float, float] = (0.87, 1.15)  # of a varied copy; changes pitch as well
    room_share: float = 0.4  # of the varied copies


@dataclass(frozen=True)
class CrnnConfig:
    """The shape of a network. The defaults are the lineage's base model: 25,387 parameters."""

    channels: int = 8
    kernel_mels: int = 5
    kernel_frames: int = 20
    stride_mels: int = 2
    stride_frames: int = 8  # one step is 80 ms
    pool_frames: int = 1  # frames averaged before the convolution; divides its kernel and stride
    pool_mels: int = 1  # mels averaged before the convolution; divides its kernel and stride
    hidden: int = 32
    layers: int = 2
    energy_hidden: int = 0  # width of the attention's hidden layer; 0 for the width of the GRU
    window_steps: int = 12  # attention looks back over 0.96 s of steps
    heads: int = 1  # of the attention; each head weighs its own part of the GRU's outputs
    weighs_age: bool = False  # whether each head learns to prefer steps of some age
    input_mean: float = -6.0  # of the log mel of ordinary speech; a constant, not a weight
    input_std: float = 4.0
    mel_bins: int = FrontendConfig.mel_bins

    def __post_init__(self) -> None:
        if self.kernel_mels > self.mel_bins:
            raise ValueError(f"kernel_mels {self.kernel_mels} exceeds the {self.mel_bins} mel bins")
        if self.kernel_frames < self.stride_frames:
            raise ValueError(
                f"kernel_frames {self.kernel_frames} must be at least stride_frames {self.stride_frames}, "
                "else frames between steps are never seen"
            )
        if self.kernel_frames % self.pool_frames or self.stride_frames % self.pool_frames:
            raise ValueError(
                f"pool_frames {self.pool_frames} must divide kernel_frames {self.kernel_frames} "
                f"and stride_frames {self.stride_frames}"
            )
        if any(size % self.pool_mels for size in (self.mel_bins, self.kernel_mels, self.stride_mels)):
            raise ValueError(
                f"pool_mels {self.pool_mels} must divide the {self.mel_bins} mel bins, kernel_mels {self.kernel_mels} "
                f"and stride_mels {self.stride_mels}"
            )
        if self.window_steps < 2:
            raise ValueError(f"window_steps must be at least 2, got {self.window_steps}")
        if self.heads < 1 or self.hidden % self.heads:
            raise ValueError(f"heads {self.heads} must divide hidden {self.hidden}")

    @property
    def kernel(self) -> tuple[int, int]:
        """The convolution's kernel after pooling: mels, frames."""
        return self.kernel_mels // self.pool_mels, self.kernel_frames // self.pool_frames

    @property
    def stride(self) -> tuple[int, int]:
        """The convolution's stride after pooling: mels, frames."""
        return self.stride_mels // self.pool_mels, self.stride_frames // self.pool_frames

    @property
    def gru_input(self) -> int:
        """Numbers that the convolution gives to the GRU at each step."""
        return ((self.mel_bins - self.kernel_mels) // self.stride_mels + 1) * self.channels

    def steps(self, frames: int) -> int:
        """Steps that `frames` frames complete from a fresh state."""
        return max(0, (frames - self.kernel_frames) // self.stride_frames + 1)


@dataclass(frozen=True)
class AugmentConfig:
    """How a training sequence is put together and disturbed. Levels are in decibels, lengths in frames of 10 ms."""

    # What a stream holds. The shares that are left over are talk without a word of its own.
    stream_frames: int = 240  # length of a sequence with something before and after the word
    keyword_share: float = 0.25  # of the streams
    partial_share: float = 0.10  # of the streams: a part of the keyword, a negative
    clip_share: float = 0.30  # of the streams: another word, a negative
    # The same shares of one-second clips.
    clips_keyword_share: float = 0.3
    clips_partial_share: float = 0.05
    clips_clip_share: float = 0.5
    # How a word is cut from its clip, and where it is put.
    whole_clip_share: float = 0.4  # of the words: used with the whole clip, else cut to the word and a margin
    margin_frames: int = 25  # a margin is shorter than this
    partial_first_share: float = 0.6  # of the parts of a keyword: its beginning, else its end
    partial_span: tuple[float, float] = (0.2, 0.55)  # how much of the keyword a part of it has
    lead_frames: int = 20  # a word in a stream begins no earlier than this, where there is room
    trail_frames: int = 5  # and ends no later than this before the stream does
    shift_frames: int = 10  # a clip of one second is moved by up to this much, either way
    shift_share: float = 0.6  # of those clips: moved
    # What surrounds the word, and how loud the word is.
    speech_around_share: float = 0.5  # words laid into speech; the rest into noise or silence
    silence_around_share: float = 0.2
    noise_for_talk_share: float = 0.12  # of the negatives of talk: noise, or nothing, instead
    overhang_frames: int = 30  # what surrounds a word may begin, or end, this far inside the stream
    silence_level: float = -6.0  # natural log of power that stands for the level of silence
    relative_share: float = 0.8  # of the words laid into sound: set to a level relative to that sound
    relative_level_db: tuple[float, float] = (-8.0, 14.0)  # of the word over what surrounds it
    # What disturbs the whole sequence.
    noise_share: float = 0.6  # sequences with noise all through
    snr_db: tuple[float, float] = (0.0, 30.0)
    babble_share: float = 0.15  # of the noises: talk far away instead
    babble_snr_db: tuple[float, float] = (12.0, 30.0)
    level_share: float = 0.7  # of the sequences: the level is changed
    level_db: tuple[float, float] = (-35.0, 12.0)  # change of the whole sequence
    tilt_db: float = 6.0  # at most, from the lowest to the highest mel: microphones differ
    mask_share: float = 0.5
    mask_mels: int = 8
    mask_frames: int = 10
    # When the network should answer.
    denied_share: float = 0.5  # this much of the keyword must not be enough
    early_share: float = 0.8  # from this much of the keyword on, an answer is wanted
    late_frames: int = 30  # and until this long after its end

    def __post_init__(self) -> None:
        shares = [name for name in AugmentConfig.__dataclass_fields__ if name.endswith("_share")]
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")
        for names in (shares[:3], shares[3:6]):
            if sum(getattr(self, name) for name in names) > 1 + 1e-9:
                raise ValueError(f"{', '.join(names)} must not exceed 1 together")


OPTIMIZERS = ("adamw", "soap")


@dataclass(frozen=True)
class TrainConfig:
    """The training loop."""

    epochs: int = 60
    stream_batches: int = 100  # in an epoch; their sequences last `stream_frames`
    clip_batches: int = 50  # in an epoch; clips of one second from a fresh state
    batch_size: int = 128  # sequences, over all processes together
    optimizer: str = "adamw"  # or "soap": Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al. 2024)
    learning_rate: float = 3e-3  # the peak of the one-cycle schedule
    weight_decay: float = 1e-4
    gradient_clip: float = 5.0
    average_decay: float = 0.998  # of the moving average of the weights; the average is validated and kept
    weight_bits: int = 0  # of the grid that weights are rounded to in training; 0 for no grid
    mine_from_epoch: int = 3
    mine_every_epochs: int = 3
    mine_keep_share: float = 0.05  # of the seconds of training speech: those at which the network stirs most
    fresh_share: float = 0.25  # of the streams in a batch: begin from a fresh state, not from the previous batch's
    warm_up_share: float = 0.15  # of all steps: the learning rate rises
    mined_share: float = 0.5  # of the negatives: drawn from what the network confused most
    validate_every_epochs: int = 5  # and after each of the last epochs, as many as this
    validation_sequences: int = 4096  # that choose the checkpoint; made as for training
    seed: int = 0

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}")
        if self.weight_bits != 0 and not 2 <= self.weight_bits <= 8:
            raise ValueError(f"weight_bits must be 0 or from 2 to 8, got {self.weight_bits}")


@dataclass(frozen=True)
class DistillConfig:
    """What a student learns from its teachers, beside the labels."""

    teachers: tuple[str, ...] = ()  # names of runs; the mean of their logits teaches
    temperature: float = 2.0  # of both softmaxes in the loss of dark knowledge
    dark_weight: float = 0.7  # of the loss of dark knowledge; the labels have the rest
    attention_weight: float = 0.0  # of the loss of attention, which is added
    summary_weight: float = 0.0  # of the loss of summaries, which is added

    def __post_init__(self) -> None:
        if not 0 <= self.dark_weight <= 1:
            raise ValueError(f"dark_weight must be in 0..1, got {self.dark_weight}")
        if self.temperature <= 0 or self.attention_weight < 0 or self.summary_weight < 0:
            raise ValueError("temperature must be above 0, attention_weight and summary_weight not below")


@dataclass(frozen=True)
class RunConfig:
    """All settings of a run; saved in its checkpoints and in the card of the model exported from them."""

    data: DataConfig = field(default_factory=DataConfig)
    crnn: CrnnConfig = field(default_factory=CrnnConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    distill: DistillConfig = field(default_factory=DistillConfig)


Config = TypeVar("Config")


def saved_config(default: Config, saved: Mapping[str, Any]) -> Config:
    """Settings as a checkpoint or a card holds them: lists for tuples. Settings added since have their default.

    raises ValueError if a setting is unknown, as it might have mattered
    """
    values: dict[str, Any] = {}
    for name, value in saved.items():
        if not hasattr(default, name):
            raise ValueError(f"there is no setting {name!r} in {type(default).__name__}")
        current = getattr(default, name)
        if is_dataclass(current) and isinstance(value, Mapping):
            value = saved_config(current, value)
        values[name] = tuple(value) if isinstance(value, list) else value
    return replace(default, **values)  # type: ignore[type-var]
