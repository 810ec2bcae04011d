"""Every key and what it does, for --help. The window's own are held to what it binds by a test. No Qt."""

Keys = dict[tuple[str, ...], str]

WINDOW_KEYS: Keys = {
    ("Space",): "starts and stops",
    ("Ctrl+O",): "opens a file",
    ("Ctrl+M",): "lists the models",
    ("Ctrl+L",): "lists those to compare",
    ("F5",): "looks for microphones",
    ("Ctrl+Up", "Ctrl+Down"): "move the threshold",
    ("Ctrl+R",): "sets it back to the model's",
    ("P",): "pauses the plots",
    ("Ctrl++", "Ctrl+-"): "show more and less time",
    ("F8",): "keeps a missed word",
    ("Ctrl+Z",): "brings back what was deleted",
    ("Ctrl+E",): "shows what a word sets off",
    ("F10",): "opens the menu",
    ("Ctrl+Q",): "quits",
}
PLOT_KEYS: Keys = {
    ("Left", "Right"): "move by half of what is shown",
    ("Page Up", "Page Down"): "by all of it",
    ("End", "Escape"): "go back to now",
}
TABLE_KEYS: Keys = {
    ("R",): "right",
    ("F",): "false alarm",
    ("Return",): "plays",
    ("Delete",): "deletes",
}
FIRST_STEPS_KEYS: Keys = {("Alt+N",): "next", ("Alt+S",): "skip"}


PLACES: dict[str, Keys] = {
    "Keys": WINDOW_KEYS,
    "In the plots": PLOT_KEYS,
    "In the table": TABLE_KEYS,
    "First steps": FIRST_STEPS_KEYS,
}


def help_text() -> str:
    """All of them in a few sentences."""
    sentences = []
    for place, keys in PLACES.items():
        said = ", ".join(f"{' and '.join(names)} {what}" for names, what in keys.items())
        sentences.append(f"{place}: {said}.")
    return " ".join(sentences)
