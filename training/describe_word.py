"""python -m training.describe_word WORD: how a word sounds, whether it is a good one, and which voices can say it.

The window asks this of a child process while the user types, so it imports no torch. With --json each answer is an
object on a line of its own, the quick answers first.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from kws_app.paths import default_data_dir
from training.corpus.pronunciations import Pronunciation, pronunciations_of
from training.corpus.synthetic_speech import write_sound
from training.corpus.voice_engines import UnsayableError, find_engines, missing_engines
from training.corpus.word_advice import advise

Answer = dict[str, object]


def describe_word(word: str, language: str, cache: Path, sample: Path | None = None) -> Iterator[Answer]:
    """What is known of the word, part by part: pronunciations, voices, a sample, advice.

    sample: where to write the word as the best voice says it, a WAV file
    raises ValueError with a sentence if it cannot be a wake word, OSError if espeak-ng is missing
    """
    ways = pronunciations_of(word, language)
    said = [{"ipa": way.ipa, "accent": way.accent, "description": way.description} for way in ways]
    yield {"word": ways[0].text, "pronunciations": said}
    engines = find_engines()
    voices = [{"engine": e.name, "voices": len(e.voices(language)), "licence": e.licence} for e in engines]
    yield {"voices": voices, "missing": missing_engines()}
    if sample is not None:
        yield _say(ways, language, sample)
    advice = advise(ways, language, cache)
    yield {
        "verdict": advice.verdict,
        "sentences": list(advice.sentences),
        "syllables": advice.syllables,
        "per_hour": advice.per_hour,
        "near": [sound.pronunciation.text for sound in advice.near],
    }


def _say(ways: list[Pronunciation], language: str, sample: Path) -> Answer:
    """The first pronunciation by the first voice that can say it."""
    for engine in find_engines():
        for voice in engine.voices(language)[:1]:
            try:
                write_sound(sample, engine.say(ways[0], voice, 1.0))
            except UnsayableError:
                continue
            return {"sample": str(sample), "engine": engine.name, "voice": voice}
    return {"sample": None}


def as_text(answer: Answer) -> str:
    """An answer for a person."""
    lines: list[str] = []
    for way in _rows(answer, "pronunciations"):
        lines.append(f"{way['ipa']}  ({way['description']})")
    for voice in _rows(answer, "voices"):
        lines.append(f"{voice['engine']}: {voice['voices']} voices, licence {voice['licence']}")
    missing = answer.get("missing")
    if isinstance(missing, dict):
        lines += [f"{name} is not here. {sentence}" for name, sentence in missing.items()]
    if answer.get("sample"):
        lines.append(f"{answer['sample']}: said by {answer['engine']}, voice {answer['voice']}")
    sentences = answer.get("sentences")
    if isinstance(sentences, list):
        lines += [str(sentence) for sentence in sentences]
    return "\n".join(lines)


def _rows(answer: Answer, name: str) -> list[dict[str, object]]:
    rows = answer.get(name)
    return rows if isinstance(rows, list) else []


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 2 after bad input, which is told in one sentence."""
    parser = argparse.ArgumentParser(prog="python -m training.describe_word", description=__doc__.splitlines()[0])
    parser.add_argument("word", metavar="WORD")
    parser.add_argument("--language", default="en", metavar="CODE", help="of the word; default: %(default)s")
    parser.add_argument("--say", type=Path, metavar="FILE", help="write the word as a voice says it, a WAV file")
    parser.add_argument("--json", action="store_true", help="an object a line")
    options = parser.parse_args(arguments)
    cache = default_data_dir() / "word-lists"
    try:
        for answer in describe_word(options.word, options.language, cache, options.say):
            text = json.dumps(answer, ensure_ascii=False) if options.json else as_text(answer)
            if text:
                print(text, flush=True)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
