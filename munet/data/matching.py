"""Which masks are of which photo, where their names are not the same: by what people add to names.

    p1_mask.png, p1-label.png, p1.jpg.png, mask_p1.png    the mask of p1.jpg; so is P1.PNG
    p1_1.png, p1_2.png, p1/1.png                          its parts, to be joined
    p1_sclera.png, sclera/p1.png                          its sclera, among masks of other classes

A name is a path with `/` and without suffix. What is added is left away word by word until a photo has the
name, so that the longest name wins. Nothing is matched that fits two photos.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from munet.images import masks, reading

_MASK_WORDS = frozenset(
    (
        *(
            "mask",
            "masks",
            "label",
            "labels",
            "labelids",
            "labeled",
            "labelled",
            "gt",
            "groundtruth",
            "ground",
        ),
        *(
            "truth",
            "seg",
            "segm",
            "segmentation",
            "segmented",
            "annotation",
            "annotations",
            "annotated",
            "anno",
        ),
        *("manual", "binary", "bin", "bw", "matte"),
    )
)
_PHOTO_WORDS = frozenset(
    ("image", "img", "photo", "picture", "pic", "rgb", "orig", "original", "raw", "0000")
)
SCLERA = "sclera"
_OTHER_CLASSES = frozenset(
    (
        *("iris", "pupil", "vessel", "vessels", "periocular", "canthus", "eyelash", "eyelashes", "eyelid"),
        *("eyelids", "lid", "lids", "eyebrow", "eyebrows", "caruncle", "cornea", "conjunctiva", "limbus"),
        *("skin", "background"),
    )
)
_PART_WORDS = frozenset(("instance", "inst", "object", "obj", "part", "region", "polygon", "component"))
_SUFFIXES = tuple(dict.fromkeys((*reading.SUFFIXES, *masks.SUFFIXES)))
_LAST_WORD = re.compile(
    r"^(?P<rest>.*?)(?:[-_. ]*\((?P<number>\d+)\)|(?:^|[-_. ]+)(?P<word>[^\W_]+))$", re.DOTALL
)
_FIRST_WORD = re.compile(r"^(?P<word>[^\W\d_]+)[-_. ]*(?P<rest>.+)$", re.DOTALL)


@dataclass
class Matches:
    """What was found.

    Attributes:
        masks: dict from a photo's name to the list of its masks' names.
        other_classes: names of masks of a photo's iris, pupil and so on.
    """

    masks: dict = field(default_factory=dict)
    other_classes: list = field(default_factory=list)


@dataclass(frozen=True)
class _Reading:
    """One way to read a mask's name: whose it is, of what class, and whether it is a part."""

    photo: str
    kind: str
    part: bool


def match(photos, truths, parts=True):
    """Matches names of photos and masks.

    Args:
        photos: names that have no mask of the same name.
        truths: names of masks that have no photo of the same name.
        parts: whether masks that are numbered may be parts of one. Default: True.

    Returns:
        `Matches`; what is not in it has no partner, or more than one.
    """
    known = _known_forms(photos)
    groups = {}
    for truth in truths:
        if reading_ := _read(truth, known, parts):
            groups.setdefault(reading_.photo, []).append((truth, reading_))
    matches = Matches()
    for photo, group in groups.items():
        chosen = _choose(group)
        if chosen:
            matches.masks[photo] = sorted(chosen)
        matches.other_classes += [truth for truth, r in group if r.kind in _OTHER_CLASSES]
    return matches


def _known_forms(photos):
    """dict from each form of a photo's name to the photo; a form that two have is of neither."""
    known = {}
    for form_of in (lambda photo: [_plain(photo)], _short_forms):
        found = {}
        for photo in photos:
            for form in form_of(photo):
                found.setdefault(_spaceless(form), set()).add(photo)
        known = {form: same.pop() for form, same in found.items() if len(same) == 1} | known
    return known


def _choose(group):
    """The masks of one photo that are its sclera: none where that is not clear."""
    sclera = [(truth, r) for truth, r in group if r.kind == SCLERA]
    chosen = sclera or [(truth, r) for truth, r in group if not r.kind]
    if len(chosen) > 1 and not all(r.part for _, r in chosen):
        return []
    return [truth for truth, _ in chosen]


def _plain(name):
    """A name without case and doubled endings."""
    name = unicodedata.normalize("NFC", name).casefold()
    while name.endswith(_SUFFIXES):
        name = name.rsplit(".", 1)[0]
    return name


def _spaceless(name):
    return "".join(name.split())


def _short_forms(name):
    """A photo's name without what says that it is a photo."""
    folder, stem = _parted(_plain(name))
    for pattern in (_LAST_WORD, _FIRST_WORD):
        found = pattern.match(stem)
        if found and found["rest"] and found["word"] in _PHOTO_WORDS:
            yield folder + found["rest"].rstrip("-_. ")


def _read(name, known, parts):
    """The first reading of a mask's name that gives a photo, of `known` names; None without."""
    for folders, kind in _folder_forms(_plain(name)):
        for text, class_, part in _stem_forms(folders):
            photo = known.get(_spaceless(text))
            if photo is not None and (parts or not part):
                return _Reading(photo, kind or class_, part)
    return None


def _folder_forms(name):
    """(name, class): as it is, and without a folder that is called like a class."""
    yield name, ""
    *folders, stem = name.split("/")
    for i, folder in enumerate(folders):
        if folder == SCLERA or folder in _OTHER_CLASSES:
            yield "/".join((*folders[:i], *folders[i + 1 :], stem)), folder


def _stem_forms(name):
    """(name, class, whether a part): what is left as one word after the other is left away."""
    folder, stem = _parted(name)
    kind, part = "", False
    yield folder + stem, kind, part
    for start in (stem, _without_first(stem)):
        rest, kind, part = start, "", False
        if start != stem and start:
            yield folder + start, kind, part
        while rest and (found := _LAST_WORD.match(rest)):
            word = found["number"] or found["word"]
            number = word.isdigit() and len(word) <= 4
            if not (number or word in _MASK_WORDS | _PART_WORDS | _OTHER_CLASSES or word == SCLERA):
                break
            rest, part = found["rest"].rstrip("-_. "), part or number
            kind = word if word in _OTHER_CLASSES or word == SCLERA else kind
            if rest:
                yield folder + rest, kind, part
            elif folder:  # a folder a photo
                yield folder.rstrip("/"), kind, part


def _without_first(stem):
    found = _FIRST_WORD.match(stem)
    return found["rest"] if found and found["word"] in _MASK_WORDS else ""


def _parted(name):
    folder, slash, stem = name.rpartition("/")
    return folder + slash, stem
