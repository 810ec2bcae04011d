"""Splits recordings whose speakers nobody named: recordings that sound alike go into the same set.

This is a guess. Recordings with the same voice, microphone and room sound alike. A speaker may still be in two sets.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from tqdm import tqdm

from kws_app.engine.backends.torch_frontend import LogMel
from training.corpus.recordings import audio_files, split_of
from training.corpus.sound import load_sound

PER_GROUP = 8  # recordings in a group, on average
VALIDATION_PERCENT, TEST_PERCENT = 15, 25  # of the groups; the rest is for training


def sound_print(log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Numbers that depend on the voice and the room and hardly on the word.

    log_mel: [T, F]
    returns: [3 F], the mean and the spread of the loud frames and the mean of the quiet frames, at one level
    """
    level = log_mel.mean(axis=1)
    loud = log_mel[level >= np.percentile(level, 70)]
    background = log_mel[level <= np.percentile(level, 20)].mean(axis=0)
    centre = loud.mean()
    return np.concatenate([loud.mean(axis=0) - centre, loud.std(axis=0), background - centre])


def group_alike(prints: NDArray[np.float32]) -> NDArray[np.int64]:
    """The number of each recording's group, by Ward's linkage (1963). prints: [R, D] -> [R]"""
    if len(prints) < 2:
        return np.zeros(len(prints), dtype=np.int64)
    scaled = (prints - prints.mean(axis=0)) / (prints.std(axis=0) + 1e-6)
    tree = linkage(scaled, method="ward")
    return np.asarray(fcluster(tree, max(3, len(prints) // PER_GROUP), criterion="maxclust"), dtype=np.int64)


def write_lists(folder: Path) -> dict[str, int]:
    """Write validation_list.txt and testing_list.txt for a folder of words. Returns the size of each set.

    raises ValueError if there is no audio, AudioError if a recording is broken
    """
    paths = [path for word in sorted(folder.iterdir()) if word.is_dir() for path in audio_files(word)]
    if not paths:
        raise ValueError(f"{folder} holds no recordings; expected <word>/<name>.wav below it.")
    frontend = LogMel()
    prints = []
    for path in tqdm(paths, desc=folder.name, unit="file", disable=None):
        log_mel, _ = frontend(torch.from_numpy(load_sound(path))[None], frontend.initial_tail())
        prints.append(sound_print(log_mel[0].numpy()))
    groups = group_alike(np.stack(prints))
    first = {group: paths[int(np.flatnonzero(groups == group)[0])].stem for group in np.unique(groups)}
    names: dict[str, list[str]] = {"training": [], "validation": [], "testing": []}
    for path, group in zip(paths, groups.tolist(), strict=True):
        names[split_of(first[group], VALIDATION_PERCENT, TEST_PERCENT)].append(f"{path.parent.name}/{path.name}")
    for split in ("validation", "testing"):
        (folder / f"{split}_list.txt").write_text("".join(f"{name}\n" for name in names[split]))
    return {split: len(members) for split, members in names.items()}
