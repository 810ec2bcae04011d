"""python -m training.describe_word WORD: how a word sounds, whether it is a good wake word, which voices can say it.

The window runs this as a child process while the user types, so it imports no torch. With --json each answer is an
object on a line of its own, the quick answers first.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from training.corpus.pronunciations import (
    Pronunciation,
    chosen_pronunciations,
    pronunciation_like,
    pronunciations_of,
)
from training.corpus.synthetic_speech import write_sound
from training.corpus.voice_engines import UnsayableError, find_engines, missing_engines
from training.corpus.word_advice import advise
from training.corpus.word_frequencies import word_lists_dir

Answer = dict[str, object]


def describe_word(word: str, language: str, cache: Path) -> Iterator[Answer]:
    """What is known of the word, part by part: pronunciations, voices, advice.

    raises ValueError with a sentence if it cannot be a wake word, OSError if espeak-ng is missing
    """
    ways = pronunciations_of(word, language)
    yield {"word": ways[0].text, "pronunciations": [_described(way) for way in ways]}
    engines = find_engines()
    voices = [{"engine": e.name, "voices": len(e.voices(language)), "licence": e.licence} for e in engines]
    yield {"voices": voices, "missing": missing_engines()}
    advice = advise(ways, language, cache)
    yield {
        "verdict": advice.verdict,
        "sentences": list(advice.sentences),
        "syllables": advice.syllables,
        "per_hour": advice.per_hour,
        "near": [sound.pronunciation.text for sound in advice.near],
    }


def say_word(word: str, language: str, sample: Path, ipa: str = "") -> Iterator[Answer]:
    """The word as the best voice says it. sample: a WAV file to write. ipa: one way to say it, else the most common

    raises ValueError with a sentence if no voice can say it so, OSError if espeak-ng is missing
    """
    ways = chosen_pronunciations(word, [ipa], language) if ipa else pronunciations_of(word, language)
    yield _say(ways, language, sample)


def sounds_like(word: str, like: str, language: str) -> Iterator[Answer]:
    """Another way to say the word, in phonetic letters or in letters that sound like it.

    raises ValueError with a sentence if it cannot be said, OSError if espeak-ng is missing
    """
    yield {"pronunciations": [_described(pronunciation_like(word, like, language))]}


def _described(way: Pronunciation) -> dict[str, object]:
    return {"ipa": way.ipa, "accent": way.accent, "description": way.description}


def _say(ways: list[Pronunciation], language: str, sample: Path) -> Answer:
    """Write the first pronunciation, said by the first voice that can say it."""
    for engine in find_engines():
        for voice in engine.voices(language)[:1]:
            try:
                write_sound(sample, engine.say(ways[0], voice, 1.0))
            except UnsayableError:
                continue
            return {"sample": str(sample), "engine": engine.name, "voice": voice}
    return {"sample": None}


def as_text(answer: Answer) -> str:
    """The answer for a person to read."""
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
    """Run the command. Returns the exit status: 0, or 2 after bad input, which one sentence explains."""
    parser = argparse.ArgumentParser(prog="python -m training.describe_word", description=__doc__.splitlines()[0])
    parser.add_argument("word", metavar="WORD")
    parser.add_argument("--language", default="en", metavar="CODE", help="of the word; default: %(default)s")
    parser.add_argument("--say", type=Path, metavar="FILE", help="write the word as a voice says it, a WAV file")
    parser.add_argument("--pronunciation", default="", metavar="IPA", help="with --say: the way to say it")
    parser.add_argument("--like", metavar="LETTERS", help="tell the pronunciation of these letters, for this word")
    parser.add_argument("--json", action="store_true", help="an object a line")
    options = parser.parse_args(arguments)
    cache = word_lists_dir()
    try:
        if options.like is not None:
            answers = sounds_like(options.word, options.like, options.language)
        elif options.say is not None:
            answers = say_word(options.word, options.language, options.say, options.pronunciation)
        else:
            answers = describe_word(options.word, options.language, cache)
        for answer in answers:
            text = json.dumps(answer, ensure_ascii=False) if options.json else as_text(answer)
            if text:
                print(text, flush=True)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
