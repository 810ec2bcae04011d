"""Frozen settings of every stage; saved in each checkpoint and each model card."""

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any, TypeVar

from kws_app.engine.frontend_config import FrontendConfig

# Recordings that say "happy" and have no transcript: one of LibriSpeech, and lines of the game Flight of the Amazon
# Queen, by the text in the game.
SAYS_HAPPY = (
    *("19-227-0038", "0600A4P2", "210006J1", "260007P1", "260008P1", "520008P3", "530007P3", "590021P1", "590033P3"),
    *("620026J1", "620026P2", "700007P1", "730007P3", "830021P1", "830033P3"),
    *("C31B_051", "C31D_031", "C63C_111", "JOE02801"),
)


@dataclass(frozen=True)
class DataConfig:
    """Which audio below the data folder is used, and for what. Patterns are those of pathlib's glob."""

    keyword: str = "happy"
    clips: str = "speech_commands"  # in the layout of the Speech Commands archive; one of its words is the keyword
    more_clips: tuple[str, ...] = ("synthetic_words",)  # more folders in that layout; a missing folder is no error
    speech: tuple[str, ...] = (
        "speech_streams/*",
        "more_speech/english_learners",
        "more_speech/kathleen_en",
        "more_speech/ljspeech",
        "more_speech/kerstin_de",
        "more_speech/nathalie_nl",
        "wake_words/*",
        "synthetic_speech",
        "more_talk/*",
        "acted_talk/*",
    )  # folders of continuous speech; recordings that say the keyword are left out
    noise: tuple[str, ...] = (
        "speech_commands/_background_noise_",
        "more_speech/household_noise",
        "more_noise/*",
        "more_music/*",
    )
    rooms: tuple[str, ...] = ("rooms/*",)  # impulse responses
    # Sources for the test set alone. Training hears none of them, whatever the names of their files.
    test_speech: tuple[str, ...] = ("acted_talk/drascula", "more_talk/fillets_cs", "more_talk/fillets_nl")
    test_noise: tuple[str, ...] = ("more_noise/moodist", "more_music/singularity")
    test_rooms: tuple[str, ...] = ("rooms/openair_toobamp", "more_rooms/*")
    transcripts: str = "more_speech/transcripts.tsv"  # folder/name, tab, text
    exclude: tuple[str, ...] = SAYS_HAPPY  # recordings to leave out
    validation_percent: int = 15  # of the speakers of `speech`; a file without a named speaker counts as a speaker
    test_percent: int = 25
    keyword_variants: int = 10  # copies of each training clip of the keyword; all but the first are varied
    clip_variants: int = 3  # the same for a clip of another word
    speech_variants: int = 3  # the same for a recording of speech
    speed_range: tuple[float, float] = (0.87, 1.15)  # speed of a varied copy; its pitch changes too
    speaker_share: float = 0.4  # share of the varied clips whose speed, pitch and throat change apart from each other
    room_share: float = 0.4  # share of the varied copies that are heard in a room
    line_share: float = 0.4  # share that pass a narrow band, a telephone or a codec, or have their peaks cut


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
    window_steps: int = 12  # the attention looks back over these steps: 0.96 s
    heads: int = 1  # of the attention; each head weighs its own part of the GRU's outputs
    weighs_age: bool = False  # whether each head learns to prefer steps of some age
    input_mean: float = -6.0  # mean log mel of ordinary speech; a constant, not a weight
    input_std: float = 4.0  # its deviation; a constant too
    mel_bins: int = FrontendConfig.mel_bins

    def __post_init__(self) -> None:
        if self.kernel_mels > self.mel_bins:
            raise ValueError(f"kernel_mels {self.kernel_mels} exceeds the {self.mel_bins} mel bins")
        if self.kernel_frames < self.stride_frames:
            raise ValueError(
                f"kernel_frames {self.kernel_frames} must be at least stride_frames {self.stride_frames}: "
                "otherwise the network never sees some frames between two steps"
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
        """How many numbers the convolution gives to the GRU at each step."""
        return ((self.mel_bins - self.kernel_mels) // self.stride_mels + 1) * self.channels

    def steps(self, frames: int) -> int:
        """How many steps `frames` frames complete, from a fresh state."""
        return max(0, (frames - self.kernel_frames) // self.stride_frames + 1)


@dataclass(frozen=True)
class AugmentConfig:
    """How a training sequence is put together and disturbed. Levels are in decibels, lengths in frames of 10 ms.

    A share lies in 0..1. A pair holds the least and the most.
    """

    # What a stream holds. The streams that no share names hold talk alone.
    stream_frames: int = 240  # length of a stream: the word, with sound before and after it
    keyword_share: float = 0.25  # streams with the keyword
    partial_share: float = 0.10  # streams with a part of the keyword, which is a negative
    clip_share: float = 0.30  # streams with another word, which is a negative
    # The same shares for clips of one second.
    clips_keyword_share: float = 0.3
    clips_partial_share: float = 0.05
    clips_clip_share: float = 0.5
    # How a word is cut from its clip, and where it is put.
    whole_clip_share: float = 0.4  # words that come with their whole clip; other words are cut out with a margin
    margin_frames: int = 25  # a margin is shorter than this
    partial_first_share: float = 0.6  # parts of the keyword that are its beginning; the other parts are its end
    partial_span: tuple[float, float] = (0.2, 0.55)  # share of the keyword that such a part holds
    lead_frames: int = 20  # a word begins at least this long after the stream does, if there is room
    trail_frames: int = 5  # a word ends at least this long before the stream does
    shift_frames: int = 10  # a clip of one second moves by up to this much, either way
    shift_share: float = 0.6  # clips of one second that move
    # What surrounds the word, and how loud the word is.
    speech_around_share: float = 0.5  # words laid into speech
    silence_around_share: float = 0.2  # words laid into silence; the other words lie in noise
    noise_for_talk_share: float = 0.12  # sequences of talk alone that become noise, or silence without any noise
    overhang_frames: int = 30  # the sound around a word may begin or end up to this far inside the stream
    silence_level: float = -6.0  # natural log of power; stands for the level of silence
    relative_share: float = 0.8  # words laid into sound whose level is set relative to that sound
    relative_level_db: tuple[float, float] = (-8.0, 14.0)  # level of the word over the sound around it
    # What disturbs the whole sequence.
    noise_share: float = 0.6  # sequences with noise from beginning to end
    snr_db: tuple[float, float] = (0.0, 30.0)  # level of the loudest sound over the noise
    babble_share: float = 0.15  # noises that are distant talk instead
    babble_snr_db: tuple[float, float] = (12.0, 30.0)  # level of the loudest sound over distant talk
    level_share: float = 0.7  # sequences whose level is changed
    level_db: tuple[float, float] = (-35.0, 12.0)  # change of the level
    tilt_db: float = 6.0  # largest tilt between the lowest and the highest mel: microphones differ
    mask_share: float = 0.5  # sequences with a band that is blanked; as many with a stretch of time that is blanked
    mask_mels: int = 8  # widest band that is blanked
    mask_frames: int = 10  # longest stretch of time that is blanked
    # When the network should answer.
    denied_share: float = 0.5  # to hear this share of the keyword must not be enough
    early_share: float = 0.8  # after this share of the keyword an answer is wanted
    late_frames: int = 30  # an answer is wanted until this long after the keyword ends

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
    stream_batches: int = 100  # batches of streams in an epoch; a stream lasts `stream_frames`
    clip_batches: int = 50  # batches of clips in an epoch; a clip lasts one second and begins from a fresh state
    batch_size: int = 128  # sequences, over all processes together
    optimizer: str = "adamw"  # or "soap": Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al. 2024)
    learning_rate: float = 3e-3  # the peak of the one-cycle schedule
    weight_decay: float = 1e-4
    gradient_clip: float = 5.0
    average_decay: float = 0.998  # decay of the moving average of the weights; the average is validated and kept
    weight_bits: int = 0  # bits of the grid to which training rounds the weights; 0 for no grid
    # Mining searches the training negatives for the sound that the network confuses most with the keyword.
    mine_from_epoch: int = 3  # the first epoch that may begin with mining
    mine_every_epochs: int = 3
    mine_keep_share: float = 0.05  # share of the seconds of training speech that are kept: the highest scores
    fresh_share: float = 0.25  # share of the streams that begin from a fresh state, not from the previous batch's
    warm_up_share: float = 0.15  # share of all steps in which the learning rate rises
    mined_share: float = 0.5  # share of the negatives that are drawn from mined sound
    validate_every_epochs: int = 5  # each of this many last epochs is validated as well
    validation_sequences: int = 4096  # sequences that choose the checkpoint; made as for training
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
    dark_weight: float = 0.7  # weight of dark knowledge, the teachers' softened scores; the labels have the rest
    attention_weight: float = 0.0  # weight of the attention loss, which is added
    summary_weight: float = 0.0  # weight of the summary loss, which is added
    step_weight: float = 0.0  # weight of the loss of the expert's score at every step, which is added

    def __post_init__(self) -> None:
        if not 0 <= self.dark_weight <= 1:
            raise ValueError(f"dark_weight must be in 0..1, got {self.dark_weight}")
        if self.temperature <= 0 or self.attention_weight < 0 or self.summary_weight < 0:
            raise ValueError(
                f"temperature must be above 0, got {self.temperature}; attention_weight and summary_weight must be at "
                f"least 0, got {self.attention_weight} and {self.summary_weight}"
            )


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
    """The settings that a checkpoint or a card holds. A setting that is missing there has its default.

    saved: by name, with lists in place of tuples
    raises ValueError if a setting is unknown: it may have changed the result
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
