"""Splits by subject, never by image: seeded, and kept in a CSV that can be read, edited and reused.

`split.csv` has the columns `image` (the sample's name), `subject` and `part` (train, validation or test).
"""

import contextlib
import csv
import dataclasses
import os
from collections import Counter, defaultdict

from munet.core.errors import MunetError, shown
from munet.core.files import csv_rows, open_text, write_csv
from munet.data.fingerprints import digest
from munet.data.names import SBVPI_MASK

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
    from sklearn.model_selection import GroupShuffleSplit  # whoever predicts need not have it

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
    part_of, rows = {}, _rows(path)
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


def _rows(path):
    """The (image, part) of each row of a `split.csv`."""
    try:
        with open_text(path, errors="surrogateescape") as file:
            return [(row["image"], row["part"]) for row in csv_rows(file) if any(row.values())]
    except (OSError, KeyError, UnicodeError, csv.Error) as error:
        raise MunetError(
            f"{shown(path)} is not a split ({error}): expected a CSV with the columns image, subject, part; "
            "give the split.csv of a run"
        ) from error


class Part:
    """The photos that a `split.csv` puts into one part; `name in part` tells of a photo's name.

    Names are compared blind to spaces and case, as predictions are paired with masks; a flat folder's by what
    is left without folders, where that is one photo's alone.

        part = read_part(args.split, args.part)
        photos = photos.only(lambda name, file: name in part)

    Args:
        names: of the photos in the part.
        others: of all others that the file names.
    """

    def __init__(self, names, others=()):
        self._keys = {_key(name) for name in names}
        last = Counter(key.rsplit("/", 1)[-1] for key in self._keys | {_key(name) for name in others})
        self._flat = {key.rsplit("/", 1)[-1] for key in self._keys}
        self._flat = {key for key in self._flat if last[key] == 1}

    def __len__(self):
        return len(self._keys)

    def __contains__(self, name):
        key = _key(name)
        return key in self._keys or ("/" not in key and key in self._flat)

    def of_pairs(self, pairs, problems, root):
        """What `pairing.pair_truth` gave, without what is of other photos.

        Args:
            pairs, problems: what it gave.
            root: the folder of the maps.

        Raises:
            MunetError: nothing is left.
        """
        pairs = [pair for pair in pairs if pair[0].relative_to(root).with_suffix("").as_posix() in self]
        problems = [problem for problem in problems if self._holds_file(problem.path)]
        if not pairs and not problems:
            raise MunetError(
                f"nothing in {shown(root)} is of the part of --split; give another --part or FILE"
            )
        return pairs, problems

    def _holds_file(self, path):
        """Whether a file is of one of the photos: of a mask or a map, wherever its folder lies."""
        stem = os.path.splitext(str(path))[0].replace(os.sep, "/")
        places = SBVPI_MASK.sub("", stem).split("/")
        return any("/".join(places[i:]) in self for i in range(len(places)))


def _key(name):
    return "".join(name.split()).casefold()


def read_part(path, part):
    """The `Part` of a `split.csv`.

    Args:
        path: the file.
        part: one of `PARTS`.

    Raises:
        MunetError: not such a file, or nothing is in that part.
    """
    rows = _rows(path)
    names = [name for name, where in rows if where == part]
    if not names:
        held = ", ".join(f"{key} {count}" for key, count in Counter(where for _, where in rows).items())
        raise MunetError(f"{shown(path)} has no {part} image (it has: {held}); give --part, or another split")
    return Part(names, [name for name, where in rows if where != part])


def same_photos(samples):
    """The samples whose photos are the same file, by its bytes: a list of lists of two or more.

    Files of a length that no other has are not read.
    """
    by_size, same = defaultdict(list), defaultdict(list)
    for sample in samples:
        with contextlib.suppress(OSError):  # it is told where it is decoded
            by_size[os.path.getsize(sample.image)].append(sample)
    for size, group in by_size.items():
        for sample in group if len(group) > 1 else ():
            same[size, digest(sample.image)].append(sample)
    return [group for group in same.values() if len(group) > 1]


def join_subjects(samples, same):
    """The samples with one subject for all that share a photo, so that a split keeps them together.

    Args:
        samples: list of `pairing.Sample`.
        same: what `same_photos` gave.
    """
    joined = {}

    def root(subject):
        while subject in joined:
            subject = joined[subject]
        return subject

    for first, *others in same:
        for other in others:
            one, two = root(first.subject), root(other.subject)
            if one != two:
                joined[two] = one
    return [dataclasses.replace(sample, subject=root(sample.subject)) for sample in samples]


def shared_subjects(parts):
    """Subjects, sorted, that are in more than one part, as a file may have them that was edited."""
    subjects = Counter(subject for part in PARTS for subject in {sample.subject for sample in parts[part]})
    return sorted(subject for subject, times in subjects.items() if times > 1)
