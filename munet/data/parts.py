"""The split that folders of a dataset name, such as `images/train`, `images/val`, `images/test`: they are no
persons."""

import dataclasses

from munet.core.errors import MunetError
from munet.data.names import from_name
from munet.data.splits import PARTS

_FOLDERS = {  # what folders of a part are called
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def persons(names):
    """Whose photos these are, a list of texts: the subject of each, without the folders of parts.

    Where folders such as `train` and `val` name a split (see `named_parts`), they are no persons.
    """
    return [from_name(name)["subject"] for name in without_parts(names)]


def without_parts(names):
    """The names of photos without the folders of parts, where folders name any."""
    level = _part_level(names)
    return [_without(name, level) for name in names]


def names_parts(names):
    """Whether folders of these photos name parts of a split."""
    return _part_level(names) is not None


def named_parts(samples):
    """The split that a dataset's folders name: `train`, `val` and `test`, or other words for them.

    They are the first or the second folders below the images. Folders are taken for parts where one is for
    training and another is not, or where all are parts.

    Args:
        samples: list of `pairing.Sample`.

    Returns:
        (parts, others): a dict from part to samples, whose subjects are those of `persons`, and the samples
        in none; None where folders name no split of more than one part.

    Raises:
        MunetError: there is a split, but nothing to train on.
    """
    names = [sample.name for sample in samples]
    level = _part_level(names)
    found = {part: [] for part in (*PARTS, None)}
    for sample, subject in zip(samples, persons(names), strict=True):
        found[_part_at(sample.name, level)].append(dataclasses.replace(sample, subject=subject))
    others = found.pop(None)
    if level is None or sum(map(bool, found.values())) < 2:
        return None
    if not found["train"]:
        raise MunetError("the folders name parts of a split, but none to train on; give --split FILE")
    return found, others


def _part_level(names):
    """At which level the folders of photos name parts; None where they do not."""
    for level in (0, 1):
        parts = {_part_at(name, level) for name in names}
        if parts and (None not in parts or ("train" in parts and len(parts - {None}) > 1)):
            return level
    return None


def _part_at(name, level):
    folders = name.split("/")[:-1]
    known = level is not None and len(folders) > level
    return _FOLDERS.get(folders[level].casefold()) if known else None


def _without(name, level):
    """A name without the folder of a part."""
    if _part_at(name, level) is None:
        return name
    folders = name.split("/")
    return "/".join(folders[:level] + folders[level + 1 :])
