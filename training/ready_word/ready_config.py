"""The settings of the networks of a word that ships: which audio they hear, how much is made, how they learn."""

from dataclasses import dataclass, replace

from training.config import DataConfig, RunConfig
from training.own_word.student_config import StudentsConfig, run_config
from training.recipes import RECIPES, for_keyword

ROLES = ("teacher", "student", "tiny", "micro")  # these roles are trained; `quantized` is the student, rounded
MORE_CLIPS = ("wake_words", "more_wake_words")  # words other than `happy` may be in here


@dataclass(frozen=True)
class ReadyConfig:
    """How much is made of the word's recordings, and how long its networks learn."""

    recorded_sequences: int = 3600  # with the word as people say it
    said_sequences: int = 1000  # with the word as voices say it
    kept_copies: int = 3  # sequences of each validation recording, to choose checkpoints and the calibration
    near_sequences: int = 400  # with words that only sound like the word
    near_takes: int = 48
    word_copies: int = 8  # of a clip of the word, the first as recorded
    other_copies: int = 2  # of a clip of another word
    lean: float = (
        1.5  # margin that is added to the expert's: its own threshold is strict, that of a teacher need not be
    )
    teacher_epochs: int = 40
    student_epochs: int = 60  # fewer weights need more steps
    stream_batches: int = 90  # batches of sequences and talk in an epoch
    clip_batches: int = 60  # batches of clips in an epoch
    rows: int = 128  # sequences in a batch
    rate: float = 1.0  # factor of the learning rates of own_word/student_config.py
    seed: int = 0


QUICK = ReadyConfig(
    recorded_sequences=40,
    said_sequences=20,
    near_sequences=10,
    near_takes=2,
    word_copies=2,
    other_copies=1,
    teacher_epochs=2,
    student_epochs=2,
    stream_batches=3,
    clip_batches=2,
    rows=32,
)


def ready_data(keyword: str) -> DataConfig:
    """The audio of a word: that of its recipe, and wake words that are not its own."""
    data = for_keyword(RunConfig(), keyword).data
    more = MORE_CLIPS if keyword != DataConfig.keyword else ()
    clips = (*data.more_clips, *(name for name in more if name != data.clips))
    return replace(data, more_clips=clips)


def ready_run(role: str, keyword: str, asked: ReadyConfig) -> RunConfig:
    """The settings of a run of a role."""
    amounts = StudentsConfig(
        teacher_epochs=asked.teacher_epochs,
        student_epochs=asked.student_epochs,
        batches=asked.stream_batches,
        rows=asked.rows,
        seed=asked.seed,
    )
    config, recipe = run_config(role, keyword, amounts), RECIPES[role]
    train = replace(
        config.train,
        clip_batches=asked.clip_batches,
        weight_bits=recipe.train.weight_bits,
        learning_rate=config.train.learning_rate * asked.rate,
    )
    return replace(config, data=ready_data(keyword), train=train)
