"""The documents point at what is there: links, the tree of the README, and the paths that pages name."""

import re
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

PAGES = [
    *REPOSITORY.glob("*.md"),
    *(page for folder in ("docs", "models", "training", "tests") for page in (REPOSITORY / folder).rglob("*.md")),
]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FOLDERS = (
    "kws_app|training|tests|scripts|docs|models|assets|audio|engine|detection|listening|history|actions|ui|commands"
)
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_leads_somewhere(page: Path):
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_that_is_named_is_there(name: str):
    """A path is named from the top of the checkout, or from the package that the page is about."""
    places = (REPOSITORY, REPOSITORY / "kws_app", REPOSITORY / "training")
    named = PATH.findall((REPOSITORY / name).read_text(encoding="utf-8"))
    assert named
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


def test_the_tree_of_the_readme_is_the_tree():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Where things are") : text.index("## How to help")]
    top = ""
    named: set[str] = set()
    for line in section.splitlines():
        if not (found := re.match(r"    (  )?((?:\w+/ *)+)", line)):
            continue
        folders = found[2].split()
        if not found[1]:
            top = folders[0]
        named.update(top + folder if found[1] else folder for folder in folders)
    assert all((REPOSITORY / folder).is_dir() for folder in named), named
    for package in ("kws_app", "training"):
        inside = {f"{package}/{path.parent.name}/" for path in (REPOSITORY / package).glob("*/__init__.py")}
        assert inside <= named
    for file in re.findall(r"\b(\w+\.py)\b", section):
        assert list(REPOSITORY.glob(f"kws_app/**/{file}")) + list(REPOSITORY.glob(f"training/**/{file}")), file
