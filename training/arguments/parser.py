"""The arguments of `python -m training`: every stage, with its options and their help."""

import argparse
from pathlib import Path

from training.arguments.measuring import add_contest, add_evaluating
from training.arguments.networks import add_bits, add_distilling, add_exporting, add_training
from training.arguments.shared import add_assets, add_changes, add_hours, add_keyword, add_model, add_places
from training.arguments.sounds import add_fetching, add_talk
from training.arguments.words import add_expert, add_own_word, add_ready_word, add_table

DESCRIPTION = "Train wake-word models, from audio to model files and measured figures. Each stage is a command."


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=DESCRIPTION)
    parser.epilog = "STAGE --help tells the options of a stage. training/README.md has the usual order of commands."
    names = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")

    def stage(name: str, text: str) -> argparse.ArgumentParser:
        return names.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")

    fetch = stage("fetch", "bring the audio: download it, unpack it, or make it with voices")
    add_fetching(fetch)

    teacher = stage("teacher", "train a network on labels alone")
    add_training(teacher, ("teacher", "large"), "teacher", "train.epochs=80")

    distill = stage("distill", "train a student on its teachers' scores and on labels")
    add_training(distill, ("student", "seed", "tiny", "micro", "teacher"), "student", "distill.temperature=5")
    add_distilling(distill)

    export = stage("export", "make a model file from a trained run")
    add_exporting(export, "teacher", None)
    export.add_argument("--packed", type=Path, metavar="FILE", help="make both files again from this model file")

    quantize = stage("quantize", "round a run's weights to a few bits and make a model file")
    add_exporting(quantize, "student", "quantized")
    add_bits(quantize)

    evaluate = stage("evaluate", "measure a model file: misses and false alarms")
    add_places(evaluate, threads=1)  # a step is far too small to share
    add_evaluating(evaluate)

    own = stage("own-word", "make a model of a word of your own, from voices, from recordings, or from both")
    add_own_word(own)

    ready = stage("ready-word", "teach all networks of a word by its expert, on all talk of the data folder")
    add_ready_word(ready)

    table = stage("own-word-table", "try own-word on words of many people: misses by the number of recordings")
    add_table(table)

    expert = stage("expert", "make the expert of a word that ships, from its recordings by set, and measure it")
    add_expert(expert)

    talk = stage("talk", "turn the talk below the data folder into the files of talk that ship with the project")
    add_talk(talk)

    report = stage("report", "write models/RESULTS.md and the plots, from the models' cards")
    add_places(report)
    add_assets(report)

    everything = stage("all", "train, export, evaluate and report all models of a keyword")
    add_places(everything)
    add_keyword(everything)
    add_changes(everything, "train.epochs=80")
    add_hours(everything)
    add_assets(everything)

    bench = stage("benchmark", "time one step of a model, or the pace of training")
    add_places(bench)
    add_model(bench)
    bench.add_argument("--training", action="store_true", help="time the training instead: sequences a second")

    arena = stage("arena", "compare wake-word engines on the same sound, each in its own environment")
    add_places(arena)
    add_assets(arena)
    add_contest(arena)
    return parser
