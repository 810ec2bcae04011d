"""The files of each source that are wanted, and their names here."""

import pytest

from training.corpus.public_sources import SOURCES, source_named


@pytest.mark.parametrize(
    ("source", "path", "name"),
    [
        ("english-learners", "WAVE/SPEAKER0003/000030012.WAV", "spk0003-000030012"),
        ("english-learners", "train/text", None),
        ("kathleen", "data/arctic_a0001_1592748574.wav", "kathleen-arctic_a0001_1592748574"),
        ("kathleen", "data/arctic_a0001_1592748574.txt", None),
        ("kerstin", "verified/de_rhasspy-0347.flac", "kerstin-de_rhasspy-0347"),
        ("kerstin", "audio/de_rhasspy-0347.webm", None),
        ("nathalie", "verified/nl_rhasspy_374.flac", "nathalie-verified_nl_rhasspy_374"),
        ("czech-dialogue", "usr/share/games/fillets-ng/sound/gods/cs/b1-0.ogg", "gods-b1-0"),
        ("czech-dialogue", "usr/share/games/fillets-ng/sound/share/borejokes/cs/m1.ogg", "borejokes-m1"),
        ("czech-dialogue", "usr/share/games/fillets-ng/sound/gods/nl/b1-0.ogg", None),
        ("gcompris", "pt_BR/words/paper_bag.ogg", "pt_BR-words-paper_bag"),
        ("gcompris", "fr/geography/asia/japan.ogg", "fr-geography-japan"),
        ("gcompris", "en/words/apple.ogg", "en-words-apple"),
        ("gcompris", "en/intro/chess.ogg", None),
        ("gcompris", "fr/words/README", None),
        ("tuxpaint", "usr/share/tuxpaint/stamps/food/fruit/apple_desc_pt_BR.wav", "pt_BR-apple"),
        ("tuxpaint", "usr/share/tuxpaint/stamps/food/fruit/apple_desc.ogg", None),
        ("tuxpaint", "usr/share/tuxpaint/stamps/animals/cow.ogg", None),
        ("kde-voices", "usr/share/klettres/pt_BR/syllab/la.ogg", "pt_BR-syllab_la"),
        ("kde-voices", "usr/share/ktuberling/sounds/sr@latin/nose.wav", "sr_latin-nose"),
        ("kde-voices", "usr/share/ktuberling/pics/nose.svg", None),
        ("arabic-commands", "dataset/zoom out/00000030_NO_07.wav", "00000030-zoom_out-07"),
        ("community-wake-words", "wake-words/en/computer/computer-en-1.wav", "computer/en-computer-en-1"),
        ("community-wake-words", "not-wake-words/en/x.wav", None),
        ("community-noises", "not-wake-words/noises/noises-20190814-elt/noise-1.wav", "noises-20190814-elt-noise-1"),
        ("community-noises", "not-wake-words/es/word.wav", "words-word"),
        ("moodist", "public/sounds/places/cafe.mp3", "places-cafe"),
        ("moodist", "public/sounds/binaural/theta.wav", None),
        ("blanket", "data/resources/sounds/white-noise.ogg", None),
        ("blanket", "data/resources/sounds/train.ogg", "train"),
        ("rooms-voxengo", "IR/Voxengo/samples/parking_garage.wav", "parking_garage"),
        ("rooms-voxengo", "IR/Voxengo/samples/deep_space.wav", None),
        ("rooms-web-audio", "src/sounds/impulse-responses/filter-telephone.wav", None),
        ("rooms-web-audio", "src/sounds/impulse-responses/kitchen-true-stereo.wav", "kitchen-true-stereo"),
    ],
)
def test_names(source: str, path: str, name: str | None) -> None:
    assert source_named(source).place(path) == name


def test_a_licence_covers_false_alarms_up_to_its_day() -> None:
    place = source_named("community-noises").place
    folder = "not-wake-words/noises/false_activations-jarbas"
    assert place(f"{folder}/a_1607974743221.wav") == "false_activations-jarbas-a_1607974743221"
    assert place(f"{folder}/a_1681610820801.wav") is None
    assert place(f"{folder}/326137860.23.wav") is None


def test_texts_are_read_by_the_recordings_new_names() -> None:
    names = ("english-learners", "kathleen", "kerstin", "gcompris")
    learners, kathleen, kerstin, gcompris = (source_named(name).texts for name in names)
    assert learners and kathleen and kerstin and gcompris
    assert learners("train/text", "000030012 MARK IS HERE\n\n") == {"spk0003-000030012": "MARK IS HERE"}
    assert kathleen("data/arctic_a1.txt", "A line.\n") == {"kathleen-arctic_a1": "A line."}
    licences = "./fr/words:\nangry_person.ogg   Ada / GPL\n\n./fr/geography/asia:\nread me\njapan.ogg  GPL\n"
    assert gcompris("LICENSE", licences) == {"fr-words-angry_person": "angry person", "fr-geography-japan": "japan"}
    assert kerstin("metadata.csv", "de-1|Ein Satz.\nno bar\n") == {"kerstin-de-1": "Ein Satz."}


def test_every_source_says_where_it_comes_from_and_on_what_terms() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert source.licence and source.about and source.size_mb > 0
        assert bool(source.repository) != bool(source.packages), source.name
        assert source.kind in {"talk", "words", "wake words", "noise", "music", "rooms"}


def test_an_unknown_source_gives_the_names_of_all_sources() -> None:
    with pytest.raises(ValueError, match=r"no audio source 'radio'.*english-learners"):
        source_named("radio")
