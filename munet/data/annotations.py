"""Datasets whose labels are polygons or run lengths: found, and painted once into masks in the cache.

What labels the photos is read by `annotations_readers`; `annotations_masks` paints it. From then on such a
dataset is one of photos and masks like all others.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import walk_files
from munet.core.messages import counted
from munet.data.annotations_names import class_names
from munet.data.annotations_photos import PhotoIndex
from munet.data.annotations_readers import SUFFIXES, read_file
from munet.images import reading

KINDS = ("LabelMe", "CVAT", "VIA", "COCO", "YOLO")  # the first that labels any photo is taken
FORMATS = "LabelMe, COCO, YOLO, VIA or CVAT"
_NAMES = (".yaml", ".yml", ".names")  # may name the classes of YOLO
_ARRAYS = {".npy": "np.load(FILE)", ".npz": "np.load(FILE)[NAME]", ".mat": "scipy.io.loadmat(FILE)[NAME]"}


@dataclass
class Annotations:
    """What was found in a folder.

    Attributes:
        kind: a name in KINDS.
        labelled: dict from a photo's path to the list of `Labelled` that are of it.
        without: photos beside labelled ones of which no file of annotations tells.
        problems: list of BadInput: what could not be read, and files of no photo.
        warnings: lines to warn of.
        doubled: photos that are left out, as two files tell of them.
    """

    kind: str
    labelled: dict
    without: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    doubled: set = field(default_factory=set)

    def labels(self):
        """A Counter of the labels, of shapes."""
        found = (item for items in self.labelled.values() for item in items)
        return Counter(shape.label for item in found for shape in item.shapes)


def list_sources(root):
    """(files, photos): paths below a folder that may hold annotations, and all pictures."""
    suffixes = (*SUFFIXES, *_NAMES, *_ARRAYS, *reading.SUFFIXES)
    files, photos = [], []
    for path in map(Path, walk_files(root, suffixes)):
        (photos if path.suffix.lower() in reading.SUFFIXES else files).append(path)
    away = "__MACOSX"
    return (*([path for path in paths if away not in path.parts] for paths in (files, photos)),)


def read_annotations(root, files, photos, strict=True):
    """Reads files of annotations, and finds the photo of each.

    Args:
        root: the folder.
        files: as `list_sources` gives them.
        photos: the same.
        strict: whether labels of a kind that is not read are an error. Default: True.

    Returns:
        An `Annotations`; None where no file holds any.

    Raises:
        MunetError: labels of a kind that is not read, and no others.
    """
    found, problems = _read_all([path for path in files if path.suffix.lower() in SUFFIXES])
    index = PhotoIndex(root, photos)
    kinds = {kind: _assign(items, index, root) for kind, items in found.items()}
    kind, *others = [kind for kind in KINDS if kind in kinds and kinds[kind].labelled] or [None]
    if kind is None:
        if strict:
            _refuse_unread(
                root, files, problems + [bad for given in kinds.values() for bad in given.problems]
            )
        return None
    chosen = kinds[kind]
    if others:
        listed = ", ".join(others)
        chosen.warnings.append(f"{shown(root)} holds labels of {kind} and {listed}: those of {kind} are read")
    folders = {photo.parent for photo in chosen.labelled}
    known = chosen.labelled.keys() | chosen.doubled
    without = [photo for photo in photos if photo.parent in folders and photo not in known]
    chosen.kind, chosen.without, chosen.problems = kind, without, problems + chosen.problems
    return chosen


def _read_all(files):
    """(dict from kind to a list of `Labelled`, list of BadInput)."""
    found, problems = {}, []
    for path in files:
        try:
            kind, items = read_file(path) or (None, [])
        except BadInput as problem:
            problems.append(problem)
            continue
        if kind:
            found.setdefault(kind, []).extend(items)
    return found, problems


def _assign(items, index, root):
    """An `Annotations` of what is of which photo, of no kind yet."""
    given, absent = Annotations("", {}), []
    for item in items:
        try:
            photo = _photo_of(item, index)
        except BadInput as problem:
            given.problems.append(problem)
            continue
        if photo is not None:
            given.labelled.setdefault(photo, []).append(item)
        elif item.photo is not None:
            absent.append(item)
        elif item.shapes:
            expected = f"one named {shown(item.source.stem)} below {shown(root)}"
            given.problems.append(BadInput(item.source, "no photo", expected, "add its photo or remove it"))
    _refuse_doubled(given)
    _tell_absent(given, absent, root)
    return given


def _refuse_doubled(given):
    """Leaves out the photos that two files are of, where each photo has its own: one may be out of date."""
    for photo, items in list(given.labelled.items()):
        alone = [item for item in items if item.single or item.photo is None]
        if len(alone) > 1:
            del given.labelled[photo]
            given.doubled.add(photo)
            found = f"labels of {shown(photo.name)}, of which {len(alone)} files tell"
            remedy = "remove or move away all but one"
            given.problems += [BadInput(item.source, found, "one", remedy) for item in alone]


def _photo_of(item, index):
    """The photo of a `Labelled`, or None; raises as `PhotoIndex.find`."""
    if item.photo is None:
        return index.find_beside(item.source)
    # LabelMe keeps the name that a photo had; where it was renamed together with its file, that tells.
    beside = index.find_beside(item.source) if item.single else None
    return index.find(item.photo, item.source) or beside


def _tell_absent(given, absent, root):
    """Notes the photos that labels tell of, and that are not there."""
    if not absent:
        return
    name, source = shown(absent[0].photo), absent[0].source
    if given.labelled:
        told = counted(len(absent), "photo that has labels is", "photos that have labels are")
        given.warnings.append(f"{told} not below {shown(root)}, such as {name} in {shown(source)}: left out")
    else:
        expected = f"the photos that were labelled below {shown(root)}"
        given.problems.append(BadInput(source, f"no photo named {name}", expected, "put them there"))


def _refuse_unread(root, files, problems):
    """Raises where labels are there, but of no kind that is read."""
    if problems:
        more = f" (and {len(problems) - 1} more files)" if len(problems) > 1 else ""
        raise MunetError(f"no labels in {shown(root)} can be read: {problems[0]}{more}")
    arrays = [path for path in files if path.suffix.lower() in _ARRAYS]
    if arrays:
        kind = arrays[0].suffix.lower()
        count = counted(len(arrays), f"{kind[1:].upper()} file")
        raise MunetError(
            f"{shown(root)}: found {count} such as {shown(arrays[0])}, expected masks as pictures; save "
            "each as a PNG of its photo's name in masks/: "
            f"Image.fromarray({_ARRAYS[kind]}.astype('uint8')).save(...)"
        )


def name_classes(found, root):
    """Gives the classes of YOLO the names that files in the folder tell, where there are any."""
    if found.kind == "YOLO":
        named = {}
        for photo, items in found.labelled.items():
            named[photo] = [class_names(root, item) for item in items]
        found.labelled = named


def choose_label(found, wanted, root):
    """The label that is taken for the sclera.

    Args:
        found: an `Annotations`.
        wanted: what the user asked for; None: the only one.
        root: the folder, for messages.

    Raises:
        MunetError: no such label, or several and none asked for.
    """
    labels = found.labels()
    listed = ", ".join(f"{shown(label)} ({count})" for label, count in sorted(labels.items())) or "none"
    if wanted is not None:
        fitting = [label for label in labels if label == wanted] or [
            label for label in labels if label.casefold() == wanted.casefold()
        ]
        if len(fitting) != 1:
            raise MunetError(f"--label {shown(wanted)}: no such label in {shown(root)}; there are: {listed}")
        return fitting[0]
    if len(labels) > 1:
        raise MunetError(
            f"{shown(root)} ({found.kind}) has several labels: {listed}; give --label, and where a script "
            "has no such flag, make masks first: python augment_datasets.py DATA OUT --no-flips --label LABEL"
        )
    if not labels:
        raise MunetError(f"{shown(root)} ({found.kind}) has no outline at all; label the sclera first")
    (label,) = labels
    if "sclera" not in label.casefold():
        found.warnings.append(f"the only label in {shown(root)} is {shown(label)!r}: taken for the sclera")
    return label
