"""The settings of every network by name, and the audio of every keyword."""

from dataclasses import replace

from training.config import AugmentConfig, CrnnConfig, DataConfig, DistillConfig, RunConfig, TrainConfig

LARGE = "large"  # the run that teaches the teacher
ATTENTIVE = "-attentive"  # ends the name of a student that learns its teacher's attention as well
ATTENTION_WEIGHT = 0.5  # weight of the attention loss for that student

# The audio of keywords that are not a word of Speech Commands.
DATA = {
    "computer": DataConfig(
        keyword="computer",
        clips="wake_words",
        more_clips=("speech_commands", "synthetic_words"),
        speech=tuple(folder for folder in DataConfig.speech if not folder.startswith("wake_words")),
        keyword_variants=30,  # there are few recordings
    ),
}


def for_keyword(recipe: RunConfig, keyword: str) -> RunConfig:
    """A recipe with the audio of a keyword. If both state a number of varied copies, the higher number counts."""
    asked = recipe.data
    data = DATA.get(keyword, replace(DataConfig(), keyword=keyword))
    data = replace(
        data,
        keyword_variants=max(data.keyword_variants, asked.keyword_variants),
        clip_variants=max(data.clip_variants, asked.clip_variants),
    )
    return replace(recipe, data=data)


def run_name(name: str, keyword: str) -> str:
    """The folder of a run below --work: KEYWORD-NAME, or NAME alone for the default keyword."""
    return name if keyword == DataConfig.keyword else f"{keyword}-{name}"


# Without masks, and with less of a tilt than the default.
_PLAIN = AugmentConfig(tilt_db=3.0, mask_share=0.0)
# The smallest networks underfit, so they hear less noise and fewer quiet sequences than larger networks.
_SMALL = replace(_PLAIN, noise_share=0.5, snr_db=(3.0, 33.0), level_db=(-25.0, 10.0))
# A network of a few thousand weights needs more steps, and an optimiser that gains more with each step.
_LONG = TrainConfig(epochs=250, stream_batches=75, clip_batches=75, optimizer="soap", learning_rate=0.012)
# Short steps use multiply-accumulates better than a wide GRU does: see EXPERIMENTS.md.
_FINE = CrnnConfig(
    kernel_mels=8,
    kernel_frames=24,
    stride_mels=8,
    stride_frames=6,  # one step is 60 ms
    pool_frames=6,
    pool_mels=2,
    layers=1,
    energy_hidden=4,
    window_steps=16,
)
_TAUGHT = DistillConfig(teachers=("teacher",))
RECIPES = {
    "teacher": RunConfig(augment=_PLAIN, train=TrainConfig(epochs=90)),
    # teaches the teacher; it does not ship
    "large": RunConfig(crnn=CrnnConfig(channels=32, hidden=96), train=TrainConfig(epochs=70, learning_rate=2e-3)),
    # the student that this project began with: 2,706 parameters
    "seed": RunConfig(
        crnn=CrnnConfig(channels=3, kernel_mels=7, stride_mels=6, stride_frames=10, hidden=12, window_steps=10),
        augment=_SMALL,
        train=_LONG,
        distill=_TAUGHT,
    ),
    # no larger and no slower than `seed`: 2,692 parameters
    "student": RunConfig(
        data=DataConfig(keyword_variants=20, clip_variants=6),
        crnn=replace(_FINE, channels=5, hidden=18, heads=3, weighs_age=True),
        augment=_PLAIN,
        train=replace(_LONG, epochs=180),
        distill=replace(_TAUGHT, summary_weight=1.0),
    ),
    # 1,784 parameters, all weights in 6 bits, frames averaged by sixes and mels by twos
    "tiny": RunConfig(
        crnn=CrnnConfig(
            channels=2,
            kernel_mels=4,
            kernel_frames=24,
            stride_mels=4,
            stride_frames=12,
            pool_frames=6,
            pool_mels=2,
            hidden=15,
            layers=1,
            energy_hidden=4,
            window_steps=8,
        ),
        augment=_SMALL,
        train=replace(_LONG, weight_bits=6),
        distill=_TAUGHT,
    ),
    # 765 parameters of the student's kind, all weights in 8 bits
    "micro": RunConfig(
        crnn=replace(_FINE, channels=2, hidden=10),
        augment=_SMALL,
        train=replace(_LONG, weight_bits=8),
        distill=_TAUGHT,
    ),
}


def student_config(spec: str, teachers: tuple[str, ...]) -> RunConfig:
    """The settings of a student by a short name: RECIPE or RECIPE-attentive, and :SEED if the seed is not 0.

    raises ValueError if there is no such recipe
    """
    name, _, seed = spec.partition(":")
    config = RECIPES.get(name.removesuffix(ATTENTIVE))
    if config is None or not (seed or "0").isdecimal():
        raise ValueError(
            f"There is no student {spec!r}. Name one of {', '.join(RECIPES)}; {ATTENTIVE} and :SEED may follow."
        )
    weight = ATTENTION_WEIGHT if name.endswith(ATTENTIVE) else 0.0
    distilling = replace(config.distill, teachers=teachers, attention_weight=weight)
    return replace(config, distill=distilling, train=replace(config.train, seed=int(seed or 0)))
