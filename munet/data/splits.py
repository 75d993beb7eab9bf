"""Splits by subject, never by image: seeded, and kept in a CSV that can be read, edited and reused.

`split.csv` has the columns `image` (the sample's name), `subject` and `part` (train, validation or test).
"""

import csv
from collections import Counter

from sklearn.model_selection import GroupShuffleSplit

from munet.core.errors import MunetError, shown
from munet.core.files import csv_rows, open_text, write_csv

SPLIT_FILE = "split.csv"
PARTS = ("train", "validation", "test")
_COLUMNS = ("image", "subject", "part")


def split_by_subject(samples, validation=0.2, test=0.0, seed=42):
    """Splits samples so that no subject is in two parts.

    The parts are drawn by scikit-learn's `GroupShuffleSplit`, which counts subjects; each part that is asked
    for gets at least one.

    Args:
        samples: list of `pairing.Sample`.
        validation: share of the subjects for validation, in (0, 1).
        test: share of the subjects kept for a later test, in [0, 1).
        seed: of the draw.

    Returns:
        dict from part ("train", "validation", "test") to a list of samples.

    Raises:
        MunetError: fewer subjects than parts.
    """
    subjects = {sample.subject for sample in samples}
    needed = 2 + (test > 0)
    if len(subjects) < needed:
        raise MunetError(
            f"a split by subject into {needed} parts needs {needed} subjects, found {len(subjects)} "
            f"({', '.join(map(shown, sorted(subjects)))}); add subjects, give --split FILE, or accept a "
            "split by image with --split-by image"
        )
    rest, held_out = (samples, []) if not test else _draw(samples, test, seed, keep=2)
    train, chosen = _draw(rest, validation / (1 - test), seed, keep=1)
    return {"train": train, "validation": chosen, "test": held_out}


def _draw(samples, share, seed, keep):
    """Two lists of samples; the second has a share of the subjects, at least one, and leaves `keep`."""
    groups = [sample.subject for sample in samples]
    subjects = len(set(groups))
    count = min(max(1, round(share * subjects)), subjects - keep)
    splitter = GroupShuffleSplit(1, test_size=count, random_state=seed)
    first, second = next(splitter.split(samples, groups=groups))
    return [samples[i] for i in first], [samples[i] for i in second]


def write_split(path, parts):
    """Writes parts as `split.csv`, whole or not at all."""
    rows = [(sample.name, sample.subject, part) for part in PARTS for sample in parts[part]]
    write_csv(path, [_COLUMNS, *sorted(rows)])


def read_split(path, samples):
    """Reads `split.csv` back.

    Args:
        path: a CSV with the columns `image`, `subject`, `part`.
        samples: the dataset's samples; images that the file does not name are left out of every part.

    Returns:
        dict from part to a list of samples.

    Raises:
        MunetError: not such a file, an unknown part or image, an image twice, or nothing to train or validate
            on.
    """
    by_name = {sample.name: sample for sample in samples}
    part_of = {}
    try:
        with open_text(path, errors="surrogateescape") as file:
            rows = [(row["image"], row["part"]) for row in csv_rows(file) if any(row.values())]
    except (OSError, KeyError, UnicodeError, csv.Error) as error:
        raise MunetError(
            f"{shown(path)} is not a split ({error}): expected a CSV with the columns image, subject, part; "
            "give the split.csv of a run"
        ) from error
    for name, part in rows:
        if part not in PARTS or name not in by_name or name in part_of:
            raise MunetError(
                f"{shown(path)} puts image {shown(name)!r} into part {part!r}: expected an image of the "
                f"dataset, once, and a part of {', '.join(PARTS)}; fix that line"
            )
        part_of[name] = part
    # In the dataset's order, whatever the file's: the order of the batches follows from it.
    parts = {part: [sample for sample in samples if part_of.get(sample.name) == part] for part in PARTS}
    for part in ("train", "validation"):
        if not parts[part]:
            raise MunetError(f"{shown(path)} has no {part} image; add some")
    return parts


def shared_subjects(parts):
    """Subjects, sorted, that are in more than one part, as a file may have them that was edited."""
    subjects = Counter(subject for part in PARTS for subject in {sample.subject for sample in parts[part]})
    return sorted(subject for subject, times in subjects.items() if times > 1)
