"""Datasets as they come on disk: the layout is detected, images and masks are paired, problems are named.

    plain    DATA/images/**/NAME.jpg with DATA/masks/**/NAME.png
    MOBIUS   the same, named like 1_1i_Ll_1 (subject, phone and light, eye and gaze, number)
    MASD     DATA/MASD/<id>/ with DATA/MASD_GT/<id>/, where `1  (3).jpg` pairs with `1(3).png`
    SBVPI    1L_l_1.jpg beside 1L_l_1_sclera.png
    others   folders of other usual names, or named by hand; masks whose names have an ending (`matching`)

The subject is the first folder below the images; where there are no folders, names of SBVPI, MOBIUS and
synthetic eyes start with it; else every image is its own subject, with its flips and copies.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import find_files
from munet.core.messages import counted, warn
from munet.data import choices, layouts
from munet.data.annotations import FORMATS
from munet.data.annotations_masks import find_painted
from munet.data.layouts import KNOWN, by_key, contents, detect, list_files, pairable
from munet.data.matching import match
from munet.data.names import from_name
from munet.data.samples import Sample, read_pair
from munet.images import masks

__all__ = ["Dataset", "Sample", "find_dataset", "find_truths", "pair_truth", "read_pair"]


@dataclass
class Dataset:
    """What was found in a folder.

    Attributes:
        root: the folder.
        layout: the name of its layout.
        image_root: the images' folder.
        samples: list of `Sample` in order of name.
        problems: list of BadInput.
        example: a pair in words, where the names of photos and masks differ; else "".
        label: which of its labels is the sclera, where they are polygons or run lengths; else None.
    """

    root: Path
    layout: str
    image_root: Path
    samples: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    example: str = ""
    label: str | None = None

    def describe(self):
        """One line for people: layout, images, subjects."""
        subjects = len({sample.subject for sample in self.samples})
        images = counted(len(self.samples), "labelled image")
        paired = f", paired like {self.example}" if self.example else ""
        layout = f"{self.layout} layout"
        if self.label is not None:
            layout = f"{self.layout} labels {shown(self.label)!r}"
        return f"{shown(self.root)}: {layout}, {images} of {counted(subjects, 'subject')}{paired}"


def find_dataset(root, images=None, masks=None, exif=None, sclera_color=None, label=None):
    """Finds the labelled images in a folder of any known layout; nothing is decoded yet.

    Args:
        root: the dataset's folder.
        images: folder of the images, below `root` or anywhere, where the layout is not a known one.
        masks: the same of the masks.
        exif: "ignore" where the masks were drawn on the pixels as they are stored: each then turns with its
            photo. Default: None, as "apply": the masks are upright.
        sclera_color: (red, green, blue) of the sclera in masks in colours. Default: None.
        label: which label is the sclera, where they are polygons or run lengths. Default: None, the only one.

    Returns:
        A `Dataset`; images without a mask, masks without an image and doubled names are in its `problems`.

    Raises:
        MunetError: no folder, no known layout, no labelled image, or labels of which none can be chosen.
    """
    root = Path(root)
    if label is not None and (images or masks):
        raise MunetError(
            "--label is for polygons and run lengths, --images and --masks are for masks as pictures; leave "
            "one of them out"
        )
    layout = layouts.given(root, images, masks) if images or masks else detect(root)
    if not (images or masks) and (painted := find_painted(root, layout, label)):
        _refuse_picture_options(root, painted, exif, sclera_color)
        return _from_painted(root, painted)
    if layout is None:
        raise MunetError(
            f"{shown(root)} is not a dataset: found {contents(root)}, expected {KNOWN}, or labels of "
            f"{FORMATS}{choices.remedy(root)}"
        )
    dataset = Dataset(root, layout.name, layout.image_root)
    found = _pair(layout, dataset)
    if not found:
        inner = dataclasses.replace(
            layout, image_root=layouts.entered(layout.image_root), mask_root=layouts.entered(layout.mask_root)
        )
        again = Dataset(root, layout.name, inner.image_root)
        if inner != layout and (found := _pair(inner, again)):
            dataset, layout = again, inner
    if not found:
        raise MunetError(
            f"{shown(root)} ({layout.name} layout) has no image with a mask: {choices.examples(layout)}"
        )
    for photo, truths in found:
        name = photo.relative_to(layout.image_root).with_suffix("").as_posix()
        subject, stored = from_name(name)["subject"], exif == "ignore"
        sample = Sample(name, photo, truths[0], subject, tuple(truths[1:]), stored, sclera_color)
        dataset.samples.append(sample)
    dataset.samples.sort(key=lambda sample: sample.name)
    return dataset


def _pair(layout, dataset):
    """List of (photo, its masks); what has no partner becomes a problem of the dataset."""
    listed, truths = list_files(layout)
    photos = choices.one_a_name(by_key(listed, layout.image_root, loose=layout.loose))
    photos, truths, problems = pairable(
        photos, by_key(truths, layout.mask_root, layout.mask_ending, layout.loose)
    )
    dataset.problems += problems
    same = photos.keys() & truths.keys()
    lone, alone = photos.keys() - same, truths.keys() - same
    matches = match(sorted(lone), sorted(alone), parts=not same)
    pairs = [(photos[key], [truths[key]]) for key in same]
    pairs += [(photos[key], [truths[name] for name in names]) for key, names in matches.masks.items()]
    if matches.masks:
        key, names = min(matches.masks.items())
        dataset.example = f"{shown(photos[key].name)} with {choices.named(truths[n] for n in names)}"
    used = same | {name for names in matches.masks.values() for name in names} | set(matches.other_classes)
    _warn_of_other_classes(matches.other_classes, truths)
    taken = same | matches.masks.keys()
    lone, alone = (
        {k: p for k, p in side.items() if k not in of} for side, of in ((photos, taken), (truths, used))
    )
    dataset.problems += _unpaired(lone, {}, "no mask", layout.mask_root, "add its mask or remove it")
    dataset.problems += _unpaired(alone, {}, "no image", layout.image_root, "add its image or remove it")
    return pairs


def _warn_of_other_classes(names, truths):
    if names:
        example = shown(truths[min(names)])
        warn(f"masks of other classes than sclera are left out: {len(names)}, such as {example}")


def _refuse_picture_options(root, painted, exif, sclera_color):
    """Refuses what tells of masks as pictures where they are painted: nothing would come of it."""
    for flag, told in (("--exif ignore", exif == "ignore"), ("--sclera-color", sclera_color is not None)):
        if told:
            has = f"{shown(root)} has labels of {painted.kind}"
            raise MunetError(f"{flag} is for masks as pictures, and {has}; leave it out")


def _from_painted(root, painted):
    """A `Dataset` of masks that were painted from polygons and run lengths."""
    dataset = Dataset(root, painted.kind, painted.image_root, problems=painted.problems, label=painted.label)
    for photo, mask in painted.pairs:
        name = photo.relative_to(painted.image_root).with_suffix("").as_posix()
        dataset.samples.append(Sample(name, photo, mask, from_name(name)["subject"]))
    dataset.samples.sort(key=lambda sample: sample.name)
    return dataset


def pair_truth(predictions, truth, label=None):
    """Pairs saved probability maps with ground truth by relative path, blind to suffix, spaces and case.

    Args:
        predictions: folder of maps, or a results folder that has them in `Predictions/`.
        truth: a dataset in any known layout, or a folder of masks.
        label: see `find_dataset`.

    Returns:
        (pairs, problems): a list of (map path, mask path) in order of name, and BadInput for what has no
            partner.

    Raises:
        MunetError: a folder is missing or empty.
    """
    predictions, truth = Path(predictions), Path(truth)
    if (predictions / "Predictions").is_dir():
        predictions = predictions / "Predictions"
    if not predictions.is_dir():
        raise MunetError(f"{shown(predictions)} is not a folder that exists")
    mask_root, truths = _truths(truth, loose=True, label=label)
    maps = by_key(find_files(predictions, (".png",)), predictions, loose=True)
    maps, truths, problems = pairable(maps, truths)
    nested = [any("/" in key for key in found) for found in (maps, truths)]
    # One may be a flat folder, as the competitions' toolkits want it.
    if not maps.keys() & truths.keys() and not all(nested):
        maps, truths = _flat(maps), _flat(truths)
    for what, folder, found in (("probability maps", predictions, maps), ("masks", truth, truths)):
        if not found:
            raise MunetError(f"no {what} in {shown(folder)}")
    same = maps.keys() & truths.keys()
    matches = match(sorted(maps.keys() - same), sorted(truths.keys() - same), parts=not same)
    partners = {key: key for key in same}
    for key, names in matches.masks.items():
        if len(names) == 1:
            partners[key] = names[0]
        else:
            problems.append(_several(truths, names))
    _warn_of_other_classes(matches.other_classes, truths)
    used = same | {name for names in matches.masks.values() for name in names} | set(matches.other_classes)
    left = {key: path for key, path in truths.items() if key not in used}
    lone = {key: path for key, path in maps.items() if key not in same | matches.masks.keys()}
    problems += _unpaired(lone, {}, "no mask", mask_root, "add its mask")
    problems += _unpaired(left, {}, "no prediction", predictions, "predict it too")
    return [(maps[key], truths[partners[key]]) for key in sorted(partners)], problems


def _several(truths, names):
    """The BadInput of a photo whose mask is in parts."""
    remedy = "join them: augment_datasets.py DATA OUT --no-flips, and give OUT"
    return BadInput(truths[names[0]], f"{len(names)} masks of one photo", "one", remedy)


def _truths(truth, loose=False, label=None):
    """The folder that the masks of a dataset, or of a folder of masks, lie in, and lists of them by name."""
    layout = detect(truth)
    if painted := find_painted(truth, layout, label, strict=layout is not None):
        return truth, by_key([mask for _, mask in painted.pairs], painted.folder, loose=loose)
    if layout is None:
        return truth, by_key(find_files(truth, masks.SUFFIXES), truth, loose=loose)
    return layout.mask_root, by_key(list_files(layout)[1], layout.mask_root, layout.mask_ending, loose)


def _flat(paths):
    """A dict from name to path with the names' folders left away, or as it is where two would then be one."""
    flat = {key.rsplit("/", 1)[-1]: path for key, path in paths.items()}
    return flat if len(flat) == len(paths) else paths


def find_truths(truth, label=None):
    """The masks of a dataset in any known layout, or of a folder of masks; for `label` see `find_dataset`.

    Returns:
        dict from name to path, in order of name.

    Raises:
        MunetError: no masks, or two of one name.
    """
    truth = Path(truth)
    found, _, problems = pairable(_truths(truth, label=label)[1], {})
    if problems:
        raise problems[0]
    if not found:
        raise MunetError(f"no masks in {shown(truth)}")
    return dict(sorted(found.items()))


def _unpaired(paths, others, found, where, remedy):
    """BadInput for each of some paths by name that the others have not, in order of name."""
    expected = f"one of the same name below {shown(where)}"
    return [BadInput(paths[key], found, expected, remedy) for key in sorted(paths.keys() - others.keys())]
