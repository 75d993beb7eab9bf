"""The layouts that datasets come in: recognised by their folders and names, listed, and keyed for pairing."""

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import find_files, walk_files
from munet.images import masks, reading

MOBIUS_NAME = re.compile(r"(\d+)_\d[a-z]_[LR][a-z]_\w+$")
_VARIANT = re.compile(r"(_flip|_copy\d+)+$")
_SBVPI_PART = re.compile(r"_(sclera|iris|pupil|vessels|periocular|canthus|eyelashes)$")
KNOWN = "images/ and masks/ (plain, MOBIUS), MASD/ and MASD_GT/, or NAME_sclera.png beside NAME.jpg (SBVPI)"


@dataclass(frozen=True)
class Layout:
    """Where images and masks lie; `mask_ending` ends a mask's stem, `loose` names pair blind to spaces and
    case."""

    name: str
    image_root: Path
    mask_root: Path
    mask_ending: str = ""
    loose: bool = False


def detect(root, skip=lambda folder: False):
    """The layout of `root`, or of its only subfolder (an unpacked archive); None if it is none of the known.

    Subfolders of which `skip` is true, asked with the real path, are not there.
    """
    if not root.is_dir():
        raise MunetError(f"{shown(root)} is not a folder that exists")
    seen = set()
    while (real := root.resolve()) not in seen:
        seen.add(real)
        with os.scandir(root) as entries:  # of which there may be many
            folders = sorted(
                Path(entry) for entry in entries if entry.is_dir() and not entry.name.startswith(".")
            )
        folders = [path for path in folders if not skip(os.path.realpath(path))]
        layout = _by_folders({path.name.casefold(): path for path in folders})
        if layout:
            return layout
        if len(folders) != 1 or _has_photo(root):
            return Layout("SBVPI", root, root, mask_ending="_sclera") if _has_sclera_pair(root) else None
        root = folders[0]
    return None


def _has_photo(folder):
    with os.scandir(folder) as entries:
        return any(
            entry.name.lower().endswith(reading.SUFFIXES) and entry.is_file() and entry.name[0] != "."
            for entry in entries
        )


def _has_sclera_pair(root):
    """Whether NAME_sclera.png lies beside NAME.jpg anywhere below `root`."""
    marked = (
        path.removesuffix("_sclera.png")
        for path in walk_files(root, (".png",))
        if path.endswith("_sclera.png")
    )
    endings = [ending for suffix in reading.SUFFIXES for ending in (suffix, suffix.upper())]
    return any(os.path.isfile(stem + ending) for stem in marked for ending in endings)


def _by_folders(folders):
    """The layout that is known by its `folders`, a dict from case-folded name to path; None if there is
    none."""
    if "masd" in folders and "masd_gt" in folders:
        return Layout("MASD", folders["masd"], folders["masd_gt"], loose=True)
    if "images" in folders and "masks" in folders:
        first = next(walk_files(folders["images"], reading.SUFFIXES), None)
        mobius = first is not None and MOBIUS_NAME.match(Path(first).stem)
        return Layout("MOBIUS" if mobius else "plain", folders["images"], folders["masks"])
    return None


def is_mask_folder(folder):
    """Whether a folder holds the masks of images in a folder beside it."""
    folder = Path(folder)
    if folder.name.casefold() not in ("masks", "masd_gt"):
        return False
    with os.scandir(folder.parent) as entries:
        layout = _by_folders({entry.name.casefold(): Path(entry) for entry in entries if entry.is_dir()})
    return layout is not None and layout.mask_root == folder


def list_files(layout):
    """All images and all masks of a layout."""
    photos, truths = (
        find_files(layout.image_root, reading.SUFFIXES),
        find_files(layout.mask_root, masks.SUFFIXES),
    )
    photos = [path for path in photos if is_photo(path, layout)]
    if layout.mask_ending:
        truths = [path for path in truths if path.stem.endswith(layout.mask_ending)]
    return photos, truths


def original(name):
    """(name, endings): a name without the endings of `augment_datasets.py`, and these: a flip's or a copy's,
    or none."""
    stem = _VARIANT.sub("", name)
    return stem, name[len(stem) :]


def is_photo(path, layout):
    """Whether a file below a layout's image root is a photo, and not a mask beside it."""
    return not (layout.mask_ending and _SBVPI_PART.search(Path(path).stem))


def by_key(paths, root, ending="", loose=False):
    """Lists of the paths that have one name below `root`, by that name."""
    keyed = {}
    for path in paths:
        key = unicodedata.normalize("NFC", path.relative_to(root).with_suffix("").as_posix()).removesuffix(
            ending
        )
        keyed.setdefault("".join(key.split()).casefold() if loose else key, []).append(path)
    return keyed


def pairable(*sides):
    """The two sides as dicts from name to the one path, and the problems: files of one name, which are left
    out of both sides."""
    doubled = [(key, same) for side in sides for key, same in side.items() if len(same) > 1]
    problems = [
        BadInput(p, f"{len(same)} files of this name", "one", "remove or rename all but one")
        for _, same in doubled
        for p in same
    ]
    left_out = {key for key, _ in doubled}
    return *({key: same[0] for key, same in side.items() if key not in left_out} for side in sides), problems


def contents(root):
    names = sorted(path.name + "/" * path.is_dir() for path in root.iterdir())
    listed = ", ".join(shown(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    return listed or "an empty folder"
