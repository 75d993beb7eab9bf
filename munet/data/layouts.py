"""The layouts that datasets come in: detected by their folders and names, listed, and keyed for pairing."""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import find_files, walk_files
from munet.data import names
from munet.images import masks, reading

_SBVPI_SCLERA = "_sclera"
# What ends a mask's name that lies beside its photo, the first that is found.
_BESIDE = (_SBVPI_SCLERA, "_mask", "-mask", "_label", "-label", "_gt", "-gt", "_seg", "-seg")
_IMAGES = ("images", "image", "imgs", "img", "photos", "photo", "pictures", "jpegimages", "imagestr")
_MASKS = (
    *(
        "masks",
        "mask",
        "labels",
        "label",
        "segmentationclass",
        "labelstr",
        "gt",
        "ground_truth",
        "groundtruth",
    ),
    *("annotations", "segmentations", "segmentation", "seg"),
)
_NOBODY = ("__macosx",)  # what a Mac adds to its archives
KNOWN = "images/ and masks/ (plain, MOBIUS), MASD/ and MASD_GT/, or NAME_sclera.png beside NAME.jpg (SBVPI)"


@dataclass(frozen=True)
class Layout:
    """Where images and masks lie.

    Attributes:
        name: what people call it.
        image_root: the images' folder.
        mask_root: the masks' folder.
        mask_ending: what ends a mask's name, but not its image's.
        loose: whether names pair blind to spaces and case.
    """

    name: str
    image_root: Path
    mask_root: Path
    mask_ending: str = ""
    loose: bool = False


def detect(root, skip=lambda folder: False):
    """The layout of a folder, or of its only subfolder, as of an unpacked archive.

    Args:
        root: the folder, a Path.
        skip: tells of a subfolder's real path whether to leave it out. Default: none.

    Returns:
        A `Layout`; None where it is none of the known ones.

    Raises:
        MunetError: there is no such folder.
    """
    if not root.is_dir():
        raise MunetError(f"{shown(root)} is not a folder that exists")
    seen = set()
    while (real := root.resolve()) not in seen:
        seen.add(real)
        folders = [path for path in _subfolders(root) if not skip(os.path.realpath(path))]
        layout = _by_folders({path.name.casefold(): path for path in folders})
        if layout:
            return layout
        if len(folders) != 1 or _has_photo(root):
            ending = _ending_beside(root)
            name = "SBVPI" if ending == _SBVPI_SCLERA else "masks beside photos"
            return Layout(name, root, root, ending) if ending else None
        root = folders[0]
    return None


def given(root, images, masks):
    """The layout of folders that are named by hand, below the dataset's or anywhere.

    Raises:
        MunetError: only one of them is named, one is no folder, or both are one.
    """
    if not (images and masks):
        raise MunetError("--images and --masks name the two folders of a dataset; give both")
    folders = []
    for flag, folder in (("--images", images), ("--masks", masks)):
        places = [place for place in (root / folder, Path(folder)) if place.is_dir()]
        if not places:
            where = f"neither in {shown(root)} nor here"
            raise MunetError(f"{flag} {shown(folder)} is not a folder that exists, {where}; check its name")
        folders.append(places[0])
    if folders[0].resolve() == folders[1].resolve():
        raise MunetError(f"--images and --masks are both {shown(images)}; give the folder of each")
    return Layout("given folders", *folders)


def entered(folder):
    """A folder, or the only one in it where it holds nothing else, and so on."""
    while not _has_photo(folder) and len(inner := _subfolders(folder)) == 1:
        folder = inner[0]
    return folder


def _subfolders(folder):
    with os.scandir(folder) as entries:  # of which there may be many
        shown_ = [
            Path(e) for e in entries if e.name[0] != "." and e.name.casefold() not in _NOBODY and e.is_dir()
        ]
    return sorted(shown_)


def _has_photo(folder):
    with os.scandir(folder) as entries:
        photos = (e for e in entries if e.name.lower().endswith(reading.SUFFIXES) and e.name[0] != ".")
        return any(entry.is_file() for entry in photos)


def _ending_beside(root):
    """What ends the names of the masks that lie beside their photos anywhere below `root`; "" of none."""
    suffixes = [either for suffix in reading.SUFFIXES for either in (suffix, suffix.upper())]
    found = set()
    for path in walk_files(root, (".png",)):
        stem = os.path.splitext(path)[0]
        ending = next((ending for ending in _BESIDE if stem.lower().endswith(ending)), None)
        if ending is None or ending in found:
            continue
        photo = stem[: -len(ending)]
        if any(os.path.isfile(photo + other) for other in suffixes):
            found.add(ending)
        if _BESIDE[0] in found:
            break
    return next((ending for ending in _BESIDE if ending in found), "")


def _by_folders(folders):
    """The layout that a dict from case-folded names of folders to their paths has, or None."""
    if "masd" in folders and "masd_gt" in folders:
        return Layout("MASD", folders["masd"], folders["masd_gt"], loose=True)
    if "images" in folders and "masks" in folders:
        first = next(walk_files(folders["images"], reading.SUFFIXES), None)
        mobius = first is not None and names.MOBIUS.match(Path(first).stem)
        return Layout("MOBIUS" if mobius else "plain", folders["images"], folders["masks"])
    images, truths = ([folders[name] for name in known if name in folders] for known in (_IMAGES, _MASKS))
    if len(images) == len(truths) == 1:  # of more, which are meant is not for us to guess
        return Layout(f"{shown(images[0].name)}/ and {shown(truths[0].name)}/", images[0], truths[0])
    return None


def is_mask_folder(folder):
    """Whether a folder holds the masks of images in a folder beside it."""
    folder = Path(folder)
    if folder.name.casefold() not in (*_MASKS, "masd_gt"):
        return False
    with os.scandir(folder.parent) as entries:
        layout = _by_folders({entry.name.casefold(): Path(entry) for entry in entries if entry.is_dir()})
    return layout is not None and layout.mask_root == folder


def list_files(layout):
    """(images, masks): sorted lists of all paths of a layout."""
    photos = [path for path in find_files(layout.image_root, reading.SUFFIXES) if is_photo(path, layout)]
    truths = find_files(layout.mask_root, masks.SUFFIXES)
    return photos, [path for path in truths if path.stem.lower().endswith(layout.mask_ending)]


def is_photo(path, layout):
    """Whether a file below a layout's image root is a photo, and not a mask beside it."""
    stem = Path(path).stem
    is_mask = names.SBVPI_MASK.search(stem) or stem.lower().endswith(layout.mask_ending)
    return not (layout.mask_ending and is_mask)


def by_key(paths, root, ending="", loose=False):
    """Lists of the paths that have one name below `root`, by that name; see `Layout` for the others."""
    keyed = {}
    for path in paths:
        name = path.relative_to(root).with_suffix("").as_posix()
        key = unicodedata.normalize("NFC", name)
        key = key[: len(key) - len(ending)] if key.lower().endswith(ending) else key
        keyed.setdefault("".join(key.split()).casefold() if loose else key, []).append(path)
    return keyed


def pairable(*sides):
    """Leaves files of one name out of both sides.

    Args:
        sides: what `by_key` gave of images and of masks.

    Returns:
        The two sides as dicts from name to the one path, and a list of BadInput.
    """
    doubled = [(key, same) for side in sides for key, same in side.items() if len(same) > 1]
    problems = [
        BadInput(p, f"{len(same)} files of this name", "one", "remove or rename all but one")
        for _, same in doubled
        for p in same
    ]
    left_out = {key for key, _ in doubled}
    return *({key: same[0] for key, same in side.items() if key not in left_out} for side in sides), problems


def contents(root):
    """What a folder holds, in words for a message: the first five names."""
    found = sorted(path.name + "/" * path.is_dir() for path in root.iterdir())
    listed = ", ".join(shown(name) for name in found[:5]) + (", ..." if len(found) > 5 else "")
    return listed or "an empty folder"
