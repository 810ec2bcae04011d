"""python -m training STAGE: reads the arguments, runs a stage of training/stages and prints its result."""

import argparse
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from kws_app.commands.job_runner import JobError
from kws_app.engine.model_file import MODEL_SUFFIX
from kws_app.errors import AudioError, ModelError
from kws_app.paths import ASSETS_DIR
from training.arena.contest import Contest
from training.arguments.parser import build_parser
from training.corpus.acoustic_groups import write_lists
from training.corpus.fetch import fetch_archive, unpack_parts
from training.corpus.fetch_public import fetch_source
from training.corpus.pronunciations import chosen_pronunciations
from training.corpus.public_sources import SOURCES, source_named
from training.corpus.speech_body import write_body
from training.corpus.synthetic_speech import write_speech, write_words
from training.corpus.voice_engines.kokoro import KokoroEngine
from training.corpus.voice_files import LICENCE, NAME, SIZE_MB, fetch_voices
from training.evaluate.segments import Workers
from training.overrides import override
from training.own_word.gather_talk import gather_talk
from training.own_word.make import QUICK, ROLE, OwnWord, OwnWordConfig, folder_of, own_word
from training.own_word.one_at_a_time import one_at_a_time
from training.own_word.progress_json import JsonProgress
from training.own_word.retune import retune
from training.own_word.student_config import QUICK_STUDENTS, StudentsConfig
from training.own_word.students import make_students
from training.own_word.talk_embeddings import TALK_FILE, read_talk, write_talk
from training.own_word.talk_frames import FRAMES_FILE, write_frames
from training.own_word.trial import CELLS_FILE, as_table, for_trial, run_trial, write_cells
from training.own_word.trial_students import (
    STUDENT_CELLS_FILE,
    students_table,
    try_students,
    write_student_cells,
)
from training.own_word.undo import undo
from training.progress import Progress, StageStoppedError, terminal_progress
from training.ready_word.expert import READY, make_expert, measure_again
from training.ready_word.make import ReadyWord, make_ready_word
from training.ready_word.material import FOLDER
from training.ready_word.ready_config import QUICK as READY_QUICK
from training.ready_word.ready_config import ReadyConfig
from training.stages import evaluation, model_files, reports, runs
from training.stages.evaluation import Evaluating
from training.stages.everything import everything
from training.stages.model_files import Exporting
from training.stages.places import Places
from training.stages.runs import Training

INTERRUPTED = 130  # exit status after Ctrl-C, as in shells


def run_fetch(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    if options.voices:
        print(f"{NAME}, about {SIZE_MB} MB, licence {LICENCE}.")
        print(f"The voices are at {fetch_voices(progress=progress)}.")
        if missing := KokoroEngine().missing():
            print(f"They cannot speak yet. {missing}")
    elif options.speech_embedding is not None:
        print(f"The speech embedding is at {write_body(places.models, options.speech_embedding or None)}.")
    elif options.public == ["list"]:
        print("\n".join(f"{s.name}: {s.about} ({s.kind}, {s.size_mb} MB, {s.licence}; {s.origin})" for s in SOURCES))
    elif options.public:
        fetch_public(options.public, places.data, options.place, progress)
    elif options.synthesize is not None:
        for keyword in options.keyword:
            print(f"Words: {write_words(places.data, keyword)}.")
        print(f"Speech: {write_speech(places.data, options.synthesize, options.keyword[0])}.")
    elif options.lists is not None:
        print(f"{options.lists}: {write_lists(places.data / options.lists)} recordings, split by how they sound.")
    elif options.source is None:
        print(f"The archive is at {fetch_archive(places.data)}.")
    else:
        for folder in unpack_parts(options.source, places.data):
            print(f"Unpacked {folder}.")


def fetch_public(names: list[str], root: Path, place: Path | None, progress: Progress) -> None:
    """Bring public sources of audio. raises ValueError or OSError with a sentence for the user"""
    sources = [source_named(name) for name in names]
    if place is not None and len(sources) > 1:
        raise ValueError(f"--place is the place of a single source: give one name with --public, not {len(sources)}.")
    for source in sources:
        print(f"{source.name}: {source.about}, about {source.size_mb} MB, licence {source.licence}.")
        brought = fetch_source(source, root, place, progress)
        print(f"{root / source.folder}: {brought.describe()}")


def run_teacher(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    print_checkpoints(runs.train_teacher(places, training_of(options), progress))


def run_distill(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    attention = options.loss == "attention"
    teachers = options.teacher or ()
    best = runs.distill(places, training_of(options), teachers, options.beside, attention, progress)
    print_checkpoints(best)


def training_of(options: argparse.Namespace) -> Training:
    return Training(options.recipe, options.keyword, options.run, tuple(options.set), options.start)


def print_checkpoints(best: dict[str, Path]) -> None:
    for run, path in best.items():
        print(f"The best checkpoint is {path}; export it with `python -m training export --run {run}`.")


def run_export(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    if options.packed is not None:
        print(f"{model_files.rebuild_model(places, options.packed).path} rebuilt.")
    else:
        print_model(model_files.export_run(places, exporting_of(options), progress))


def run_quantize(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    made = model_files.quantize_run(places, exporting_of(options), options.bits, progress)
    print(f"{'in int8':24} {'raw bytes':>10} {'smaller':>9} {'file':>9} {'smaller':>9}   than the base in float32")
    for size in made.sizes:
        raw, file = size.base_raw / size.raw, size.base_file / size.file
        print(f"{size.name:24} {size.raw:10,} {raw:8.2f}x {size.file:9,} {file:8.2f}x")
    print("The column `file` is torch.save of the state dict, and in the last row the packed file.")
    print_model(made.model)


def exporting_of(options: argparse.Namespace) -> Exporting:
    return Exporting(options.run, options.role, options.part, options.smoothing, options.patience, options.misses)


def print_model(model: model_files.ModelFile) -> None:
    print(f"{model.path}: {model.size_bytes:,} bytes.")


def run_evaluate(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    if options.cascade is not None and options.tune:
        raise ValueError("--cascade is scored on the streams of one set: leave --tune out.")
    each = [evaluating_of(options, name) for name in options.model]
    plays_ahead = options.stream or options.tune or options.talk or options.cascade is not None
    if len(each) > 1 and plays_ahead:
        played = replace(each[0], split="validation", talk=()) if options.tune else each[0]
        evaluation.play_ahead(places, options.model, played, options.cascade, options.stir, progress)
    for asked in each:
        if options.cascade is not None:
            found = evaluation.evaluate_pair(places, asked, options.cascade, options.stir, progress)
        elif options.tune:
            found = evaluation.tune(places, asked, progress)
        else:
            found = evaluation.evaluate(places, asked, progress)
        print(json.dumps(found.to_json()) if options.json else found.as_text())


def evaluating_of(options: argparse.Namespace, model: str) -> Evaluating:
    return Evaluating(
        model=model,
        split=options.split,
        clips=options.clips,
        stream=options.stream,
        talk=tuple(options.talk or ()),
        conditions=tuple(options.conditions),
        hours=options.hours,
        seed=options.seed,
        threshold=options.threshold,
        write_card=options.write_card,
        workers=Workers(options.jobs, options.scheduler),
    )


def run_own_word(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    with one_at_a_time(places.work / "own_word" / folder_of(options.word, options.language)):
        train_own_word(options, places, progress)


def train_own_word(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    with_students = not options.expert_only
    told = JsonProgress(with_students) if options.progress_json else None
    progress = told.progress if told else progress
    if options.undo:
        path = undo(folder_of(options.word, options.language), places.work, places.models)
        print(f"{path}: the earlier model is back.")
        return
    if options.retune:
        keyword = folder_of(options.word, options.language)
        print(retune(places.models / keyword / f"{ROLE}{MODEL_SUFFIX}", read_talk()).describe())
        return
    config = QUICK if options.quick else OwnWordConfig()
    asked = OwnWord(
        options.word,
        tuple(options.recordings),
        not options.no_voices,
        options.language,
        tuple(chosen_pronunciations(options.word, options.say, options.language)) if options.say else (),
        config if options.takes is None else replace(config, takes=options.takes),
        options.not_the_word,
        options.if_better,
    )
    made = own_word(asked, places.work, places.models, progress)
    if told:
        told.print_ready(made)
    else:
        print("\n".join([*made.passed_over, made.describe()]), flush=True)
    if not with_students or not made.replaced:
        return
    amount = QUICK_STUDENTS if options.quick else StudentsConfig()
    logging.getLogger("training.fit").setLevel(logging.WARNING)  # its epochs tell a user of the word nothing
    students = make_students(asked, made.path, amount, places.work, places.models, progress)
    if told:
        told.print_students(students)
    else:
        print(students.describe())


def run_ready_word(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    start = None if options.from_nothing else options.start or places.models
    config = override(READY_QUICK if options.quick else ReadyConfig(), options.set)
    expert = QUICK if options.quick else READY
    asked = ReadyWord(options.word, tuple(options.roles), not options.no_voices, start, config, expert)
    with one_at_a_time(places.work / FOLDER / asked.keyword):
        for path in make_ready_word(asked, places.data, places.work, places.models, progress):
            print(f"{path}: {path.stat().st_size:,} bytes. Measure it with `python -m training evaluate`.")


def run_own_word_table(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    config = QUICK if options.quick else OwnWordConfig()
    asked = for_trial(options.words, options.counts, options.draws, config, options.students)
    cells = run_trial(asked, places.data, places.work, progress)
    write_cells(places.models / CELLS_FILE, cells)
    print("\n".join(as_table(cells)))
    if asked.students:
        logging.getLogger("training.fit").setLevel(logging.WARNING)
        amount = QUICK_STUDENTS if options.quick else StudentsConfig()
        tried = try_students(asked, amount, places.data, places.work, progress)
        write_student_cells(places.models / STUDENT_CELLS_FILE, tried)
        print("\n".join(["", *students_table(tried)]))


def run_expert(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    for word in options.words:
        if options.measure:
            found = measure_again(word, options.sets, places.data, places.work, places.models, progress)
        else:
            config = QUICK if options.quick else READY
            found = make_expert(word, places.data, places.work, places.models, config, progress, options.voices_only)
        print(found.describe(word), flush=True)


def run_talk(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    left_out = options.leave_out.read_text(encoding="utf-8").split() if options.leave_out else []
    both = gather_talk(places.data, left_out, progress)
    path, frames = places.assets / TALK_FILE, places.assets / FRAMES_FILE
    write_talk(path, both.talk)
    write_frames(frames, both.frames, both.talk)
    hours = ", ".join(f"{both.talk.hours(split):.1f} h for {split}" for split in ("training", "validation"))
    print(f"{path}: {path.stat().st_size:,} bytes, {hours}.")
    print(f"{frames}: {frames.stat().st_size:,} bytes, {both.frames.hours:.1f} h.")


def run_report(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    print(reports.report(places).text)


def run_all(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    print(everything(places, options.keyword, options.set, options.hours, progress).text)


def run_benchmark(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    if options.training:
        lines = reports.benchmark_training(places, progress)
    else:
        lines = reports.benchmark_model(places, options.model)
    print("\n".join(lines))


def run_arena(options: argparse.Namespace, places: Places, progress: Progress) -> None:
    asked = Contest(
        word=options.word,
        engines=tuple(options.engines),
        split=options.split,
        talk=tuple(options.talk),
        conditions=tuple(options.conditions),
        hours=options.hours,
        more_hours=options.more_hours,
        segments=options.segments,
        models=tuple(options.our_models) or (places.models,),
        takes=options.takes,
        seed=options.seed,
    )
    compared = reports.arena(places, asked, options.publish, progress)
    print(compared.text)
    print(f"The table, the plot and the counts are at {compared.path.with_suffix('')}.*")


Stage = Callable[[argparse.Namespace, Places, Progress], None]
STAGES: dict[str, Stage] = {
    "fetch": run_fetch,
    "teacher": run_teacher,
    "distill": run_distill,
    "export": run_export,
    "quantize": run_quantize,
    "evaluate": run_evaluate,
    "own-word": run_own_word,
    "ready-word": run_ready_word,
    "own-word-table": run_own_word_table,
    "expert": run_expert,
    "talk": run_talk,
    "report": run_report,
    "all": run_all,
    "benchmark": run_benchmark,
    "arena": run_arena,
}


def main(arguments: list[str] | None = None) -> int:
    """Run a stage. Returns the exit status: 0, or 2 after bad input, which one sentence explains."""
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    places = Places(options.data, options.work, options.models, getattr(options, "assets", ASSETS_DIR))
    try:
        if options.threads is not None:  # else PyTorch's own choice holds
            if options.threads < 1:
                raise ValueError(f"--threads must be at least 1, got {options.threads}.")
            torch.set_num_threads(options.threads)
        STAGES[options.stage](options, places, terminal_progress())
    except (AudioError, JobError, ModelError, ValueError, OSError) as error:
        print(f"training {options.stage}: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, StageStoppedError):
        print(f"training {options.stage}: stopped; the same command goes on where it was.", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
