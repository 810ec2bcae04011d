"""The settings of the students of a word: how much they hear, and how they learn."""

from dataclasses import dataclass

from training.config import AugmentConfig, DistillConfig, RunConfig, TrainConfig
from training.own_word.lesson_sequences import SEQUENCE_FRAMES
from training.recipes import RECIPES, for_keyword

TAUGHT = ("teacher", "student")  # these roles are trained; `quantized` is the student with rounded weights
QUANTIZED, BITS = "quantized", 8


@dataclass(frozen=True)
class StudentsConfig:
    """How many sequences are made for the students of a word, and how long they learn."""

    sequences: int = 2400  # sequences with the word
    near_sequences: int = 400  # sequences with words that only sound like it
    near_takes: int = 48
    teacher_epochs: int = 20
    student_epochs: int = 30  # fewer weights need more steps
    batches: int = 120  # batches in an epoch
    rows: int = 128  # sequences in a batch
    seed: int = 0


QUICK_STUDENTS = StudentsConfig(
    sequences=60, near_sequences=20, near_takes=4, teacher_epochs=2, student_epochs=2, batches=3, rows=32
)

_AUGMENT = AugmentConfig(
    stream_frames=SEQUENCE_FRAMES,
    keyword_share=0.35,
    partial_share=0.0,
    clip_share=0.10,  # words that only sound like the word
    noise_share=0.5,
    snr_db=(3.0, 30.0),
    level_db=(-25.0, 10.0),
    tilt_db=4.0,
    mask_share=0.4,  # share of the sequences with another throat
)


def run_config(role: str, keyword: str, asked: StudentsConfig) -> RunConfig:
    """The settings of a student's run. What is said of its audio matters to `evaluate` alone."""
    is_teacher = role == TAUGHT[0]
    epochs = asked.teacher_epochs if is_teacher else asked.student_epochs
    train = TrainConfig(
        epochs=epochs,
        stream_batches=asked.batches,
        clip_batches=0,
        batch_size=asked.rows,
        optimizer="soap",
        learning_rate=0.006 if is_teacher else 0.012,
        average_decay=0.995,
        mine_from_epoch=1,
        mine_every_epochs=1,
        mine_keep_share=0.04,
        validate_every_epochs=max(1, epochs // 5),
        seed=asked.seed,
    )
    distill = DistillConfig(temperature=2.0, dark_weight=0.7, step_weight=0.5)
    config = RunConfig(crnn=RECIPES[role].crnn, augment=_AUGMENT, train=train, distill=distill)
    return for_keyword(config, keyword)
