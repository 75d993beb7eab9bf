"""Datasets as they come on disk: the layout is detected, images and masks are paired, problems are named.

    plain    DATA/images/**/NAME.jpg with DATA/masks/**/NAME.png
    MOBIUS   the same, named like 1_1i_Ll_1 (subject, phone and light, eye and gaze, number)
    MASD     DATA/MASD/<id>/ with DATA/MASD_GT/<id>/, where `1  (3).jpg` pairs with `1(3).png`
    SBVPI    1L_l_1.jpg beside 1L_l_1_sclera.png

The subject is the first folder below the images; SBVPI and MOBIUS names start with it where there are no
folders; else every image counts as its own subject.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import images
import masks
from console import BadInput, MunetError, shown
from files import find_files

_MOBIUS_NAME = re.compile(r"(\d+)_\d[a-z]_[LR][a-z]_\w+$")
_SBVPI_NAME = re.compile(r"(\d+)[LR]_[a-z]_\w+$")
_SBVPI_PART = re.compile(r"_(sclera|iris|pupil|vessels|periocular|canthus|eyelashes)$")
_LAYOUTS = "images/ and masks/ (plain, MOBIUS), MASD/ and MASD_GT/, or NAME_sclera.png beside NAME.jpg (SBVPI)"


@dataclass(frozen=True)
class Sample:
    """One labelled photo: `name` is the image's path below the images' folder, without suffix, with `/`."""

    name: str
    image: Path
    mask: Path
    subject: str


@dataclass
class Dataset:
    """What was found in a folder: `samples` in order of name, `problems` as BadInput."""

    root: Path
    layout: str
    image_root: Path
    samples: list = field(default_factory=list)
    problems: list = field(default_factory=list)

    def describe(self):
        """One line for people: layout, images, subjects."""
        subjects = len({sample.subject for sample in self.samples})
        return f"{shown(self.root)}: {self.layout} layout, {len(self.samples)} labelled images of {subjects} subjects"


@dataclass(frozen=True)
class _Layout:
    name: str
    image_root: Path
    mask_root: Path
    mask_ending: str = ""
    loose: bool = False


def find_dataset(root):
    """Finds the labelled images in a folder of any known layout; nothing is decoded yet.

    Args:
        root: the dataset's folder.

    Returns:
        A `Dataset`; images without a mask, masks without an image and doubled names are in its `problems`.

    Raises:
        MunetError: no folder, no known layout, or no labelled image.
    """
    root = Path(root)
    layout = _detect(root)
    if layout is None:
        raise MunetError(f"{shown(root)} is not a dataset: found {_contents(root)}, expected {_LAYOUTS}")
    photos, truths = _list_files(layout)
    photos, truths, problems = _pairable(
        _by_key(photos, layout.image_root, loose=layout.loose), _by_key(truths, layout.mask_root, layout.mask_ending, layout.loose)
    )
    dataset = Dataset(root, layout.name, layout.image_root, problems=problems)
    for key, image in photos.items():
        if key in truths:
            name = image.relative_to(layout.image_root).with_suffix("").as_posix()
            dataset.samples.append(Sample(name, image, truths[key], _subject(name, layout.name)))
        else:
            dataset.problems.append(_unpaired(image, "no mask", layout.mask_root, "add its mask or remove it"))
    for key in sorted(truths.keys() - photos.keys()):
        dataset.problems.append(_unpaired(truths[key], "no image", layout.image_root, "add its image or remove it"))
    dataset.samples.sort(key=lambda sample: sample.name)
    if not dataset.samples:
        raise MunetError(f"{shown(root)} ({layout.name} layout) has no image with a mask: {len(photos)} images, {len(truths)} masks")
    return dataset


def find_photos(source):
    """Photos to predict: of a folder (recursively), of one file, or of a text file that lists paths.

    A folder in a known dataset layout gives its images without its masks.

    Args:
        source: path of a folder, an image, or a `.txt` file with one path a line (relative to that file).

    Returns:
        dict from name (path below the source, without suffix, with `/`) to path, in order of name.

    Raises:
        MunetError: no such source, nothing in it, or two photos that would write one output.
    """
    source = Path(source)
    if source.is_dir():
        layout = _detect(source)
        root = layout.image_root if layout else source
        found = _list_files(layout)[0] if layout else find_files(source, images.SUFFIXES)
        named = [(path.relative_to(root), path) for path in found]
    elif source.suffix.lower() == ".txt" and source.is_file():
        lines = source.read_text(encoding="utf-8-sig", errors="surrogateescape").split("\n")
        named = [(_listed_name(line), source.parent / line) for line in lines if line.strip()]
    elif source.is_file():
        named = [(Path(source.name), source)]
    else:
        raise MunetError(f"{shown(source)} does not exist; give a folder, an image, or a .txt list of images")
    photos = {}
    for relative, path in named:
        name = relative.with_suffix("").as_posix()
        if name in photos:
            raise MunetError(f"{shown(photos[name])} and {shown(path)} would both write {shown(name)}.png; rename one")
        photos[name] = path
    if not photos:
        raise MunetError(f"no photos in {shown(source)}: expected files ending in {' '.join(images.SUFFIXES)}")
    return dict(sorted(photos.items()))


def pair_truth(predictions, truth):
    """Pairs saved probability maps with ground truth by relative path, blind to suffix, spaces and case.

    Args:
        predictions: folder of maps, or a results folder that has them in `Predictions/`.
        truth: a dataset in any known layout, or a folder of masks.

    Returns:
        (pairs, problems): a list of (map path, mask path) in order of name, and BadInput for what has no partner.

    Raises:
        MunetError: a folder is missing or empty.
    """
    predictions, truth = Path(predictions), Path(truth)
    if (predictions / "Predictions").is_dir():
        predictions = predictions / "Predictions"
    layout = _detect(truth)
    mask_root = layout.mask_root if layout else truth
    files = _list_files(layout)[1] if layout else find_files(truth, masks.SUFFIXES)
    truths = _by_key(files, mask_root, layout.mask_ending if layout else "", loose=True)
    maps, truths, problems = _pairable(_by_key(find_files(predictions, (".png",)), predictions, loose=True), truths)
    for what, folder, found in (("probability maps", predictions, maps), ("masks", truth, truths)):
        if not found:
            raise MunetError(f"no {what} in {shown(folder)}")
    problems += [_unpaired(maps[key], "no mask", mask_root, "add its mask") for key in sorted(maps.keys() - truths.keys())]
    problems += [_unpaired(truths[key], "no prediction", predictions, "predict it too") for key in sorted(truths.keys() - maps.keys())]
    return [(maps[key], truths[key]) for key in sorted(maps.keys() & truths.keys())], problems


def read_pair(sample, sclera_value=None):
    """Decodes a sample at its own size.

    Args:
        sample: a `Sample`.
        sclera_value: class index of the sclera, if the mask holds class indices.

    Returns:
        (image, mask): HWC uint8 RGB and a `masks.Mask` of the same height and width.

    Raises:
        BadInput: either is unreadable, or their sizes differ.
    """
    try:
        image, mask = images.read_image(sample.image), masks.read_mask(sample.mask, sclera_value)
    except OSError as error:
        raise BadInput(error.filename, error.strerror, "a file that can be read", "check that it is there and its permissions") from error
    if image.shape[:2] != mask.pixels.shape:
        raise images.size_mismatch(sample.mask, mask.pixels.shape, sample.image, image.shape[:2])
    return image, mask


def _detect(root):
    """The layout of `root`, or of its only subfolder (an unpacked archive); None if it is none of the known ones."""
    if not root.is_dir():
        raise MunetError(f"{shown(root)} is not a folder that exists")
    seen = set()
    while (real := root.resolve()) not in seen:
        seen.add(real)
        entries = [path for path in sorted(root.iterdir()) if not path.name.startswith(".")]
        folders = [path for path in entries if path.is_dir()]
        layout = _layout_of({path.name.casefold(): path for path in folders})
        if layout:
            return layout
        if len(folders) != 1 or any(path.suffix.lower() in images.SUFFIXES for path in entries if path.is_file()):
            marked = any(path.stem.endswith("_sclera") for path in find_files(root, (".png",)))
            return _Layout("SBVPI", root, root, mask_ending="_sclera") if marked else None
        root = folders[0]
    return None


def _layout_of(folders):
    """The layout that is known by its `folders`, a dict from case-folded name to path; None if there is none."""
    if "masd" in folders and "masd_gt" in folders:
        return _Layout("MASD", folders["masd"], folders["masd_gt"], loose=True)
    if "images" in folders and "masks" in folders:
        first = find_files(folders["images"], images.SUFFIXES)[:1]
        mobius = bool(first) and _MOBIUS_NAME.match(first[0].stem)
        return _Layout("MOBIUS" if mobius else "plain", folders["images"], folders["masks"])
    return None


def _list_files(layout):
    """All images and all masks of a layout."""
    photos, truths = find_files(layout.image_root, images.SUFFIXES), find_files(layout.mask_root, masks.SUFFIXES)
    if layout.mask_ending:
        photos = [path for path in photos if not _SBVPI_PART.search(path.stem)]
        truths = [path for path in truths if path.stem.endswith(layout.mask_ending)]
    return photos, truths


def _by_key(paths, root, ending="", loose=False):
    """Lists of the paths that have one name below `root`, by that name."""
    keyed = {}
    for path in paths:
        key = unicodedata.normalize("NFC", path.relative_to(root).with_suffix("").as_posix()).removesuffix(ending)
        keyed.setdefault("".join(key.split()).casefold() if loose else key, []).append(path)
    return keyed


def _pairable(*sides):
    """The two sides as dicts from name to the one path, and the problems: files of one name, which are left out of both sides."""
    doubled = [(key, same) for side in sides for key, same in side.items() if len(same) > 1]
    problems = [BadInput(p, f"{len(same)} files of this name", "one", "remove or rename all but one") for _, same in doubled for p in same]
    left_out = {key for key, _ in doubled}
    return *({key: same[0] for key, same in side.items() if key not in left_out} for side in sides), problems


def _unpaired(path, found, where, remedy):
    return BadInput(path, found, f"one of the same name below {shown(where)}", remedy)


def _subject(name, layout):
    folder = name.split("/")[0] if "/" in name else None
    if folder is None and layout in ("MOBIUS", "SBVPI"):
        match = (_MOBIUS_NAME if layout == "MOBIUS" else _SBVPI_NAME).match(name)
        folder = match and match.group(1)
    return folder or name


def _listed_name(line):
    path = Path(line)
    return Path(path.name) if path.is_absolute() or ".." in path.parts else path


def _contents(root):
    names = sorted(path.name + "/" * path.is_dir() for path in root.iterdir())
    listed = ", ".join(shown(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    return listed or "an empty folder"
