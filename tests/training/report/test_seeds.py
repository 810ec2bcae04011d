"""Areas of other seeds are kept beside the models, replaced by newer areas, and compared only for the same shape."""

from pathlib import Path

from kws_app.engine.catalogue import ModelEntry, find_model
from tests.support.loudness import save_loudness_model
from training.evaluate.figures import ClipFigures, ClipRates, Figures, Interval
from training.report.seeds import Seed, keep_seeds, known_seeds, seed_range


def scored(folder: Path, area: float, parameters: int = 7) -> ModelEntry:
    clips = ClipFigures(0.999, area, area, 3, 9, Interval(0.0, 1.0), (ClipRates(0.0, 0.0),))
    figures = Figures(clips={"testing": clips})
    save_loudness_model(folder / "loud" / "student.safetensors", figures=figures.to_json(), parameters=parameters)
    return find_model("loud/student", folder)


def test_areas_outlive_the_artifacts_they_are_of(tmp_path: Path) -> None:
    models, folders = tmp_path / "models", tmp_path / "seeds"
    ships = scored(models, 3e-5)
    assert known_seeds(models) == [] and seed_range(ships, []) == "one seed"
    keep_seeds(models, folders)
    assert not (models / "seeds.json").exists()
    scored(folders / "1", 9e-5)
    keep_seeds(models, folders)
    scored(folders / "1", 1e-5)
    scored(folders / "2", 8e-5)
    save_loudness_model(folders / "3" / "loud" / "student.safetensors")  # was never scored
    keep_seeds(models, folders)
    for path in folders.glob("*/*/*.safetensors"):
        path.unlink()
    keep_seeds(models, folders)
    kept = known_seeds(models)
    assert kept == [Seed("loud", "student", "1", 7, 1e-5), Seed("loud", "student", "2", 7, 8e-5)]
    assert seed_range(ships, kept) == "3.00e-05 (1.0e-05 to 8.0e-05), 3 seeds"


def test_another_shape_is_another_network(tmp_path: Path) -> None:
    ships = scored(tmp_path, 3e-5)
    others = [Seed("loud", "student", "1", 8, 1e-5), Seed("loud", "teacher", "1", 7, 1e-5)]
    assert seed_range(ships, others) == "one seed"
