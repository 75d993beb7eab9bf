"""Datasets as they come on disk: the layout is detected, images and masks are paired, problems are named.

    plain    DATA/images/**/NAME.jpg with DATA/masks/**/NAME.png
    MOBIUS   the same, named like 1_1i_Ll_1 (subject, phone and light, eye and gaze, number)
    MASD     DATA/MASD/<id>/ with DATA/MASD_GT/<id>/, where `1  (3).jpg` pairs with `1(3).png`
    SBVPI    1L_l_1.jpg beside 1L_l_1_sclera.png

The subject is the first folder below the images; where there are no folders, names of SBVPI, MOBIUS and
synthetic eyes start with it; else every image is its own subject, with its flips and copies.
"""

from dataclasses import dataclass, field
from pathlib import Path

from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import find_files
from munet.core.messages import counted
from munet.data.annotations import FORMATS
from munet.data.annotations_masks import find_painted
from munet.data.layouts import KNOWN, by_key, contents, detect, list_files, pairable
from munet.data.names import from_name
from munet.images import masks, reading


@dataclass(frozen=True)
class Sample:
    """One labelled photo.

    Attributes:
        name: the image's path below the images' folder, without suffix, with `/`.
        image: its path.
        mask: the path of its mask.
        subject: whose eye it is, as far as folders and names tell.
    """

    name: str
    image: Path
    mask: Path
    subject: str


@dataclass
class Dataset:
    """What was found in a folder.

    Attributes:
        root: the folder.
        layout: the name of its layout.
        image_root: the images' folder.
        samples: list of `Sample` in order of name.
        problems: list of BadInput.
        label: which of its labels is the sclera, where they are polygons or run lengths; else None.
    """

    root: Path
    layout: str
    image_root: Path
    samples: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    label: str | None = None

    def describe(self):
        """One line for people: layout, images, subjects."""
        subjects = len({sample.subject for sample in self.samples})
        images = counted(len(self.samples), "labelled image")
        layout = (
            f"{self.layout} layout" if self.label is None else f"{self.layout} labels {shown(self.label)!r}"
        )
        return f"{shown(self.root)}: {layout}, {images} of {counted(subjects, 'subject')}"


def find_dataset(root, label=None):
    """Finds the labelled images in a folder of any known layout; nothing is decoded yet.

    Args:
        root: the dataset's folder.
        label: which label is the sclera, where they are polygons or run lengths. Default: None, the only one.

    Returns:
        A `Dataset`; images without a mask, masks without an image and doubled names are in its `problems`.

    Raises:
        MunetError: no folder, no known layout, no labelled image, or labels of which none can be chosen.
    """
    root = Path(root)
    layout = detect(root)
    if painted := find_painted(root, layout, label):
        return _from_painted(root, painted)
    if layout is None:
        raise MunetError(
            f"{shown(root)} is not a dataset: found {contents(root)}, expected {KNOWN}, or labels "
            f"of {FORMATS}"
        )
    photos, truths = list_files(layout)
    photos, truths, problems = pairable(
        by_key(photos, layout.image_root, loose=layout.loose),
        by_key(truths, layout.mask_root, layout.mask_ending, layout.loose),
    )
    dataset = Dataset(root, layout.name, layout.image_root, problems=problems)
    for key in photos.keys() & truths.keys():
        name = photos[key].relative_to(layout.image_root).with_suffix("").as_posix()
        dataset.samples.append(Sample(name, photos[key], truths[key], from_name(name)["subject"]))
    dataset.samples.sort(key=lambda sample: sample.name)
    dataset.problems += _unpaired(photos, truths, "no mask", layout.mask_root, "add its mask or remove it")
    dataset.problems += _unpaired(truths, photos, "no image", layout.image_root, "add its image or remove it")
    if not dataset.samples:
        found = f"{counted(len(photos), 'image')}, {counted(len(truths), 'mask')}"
        raise MunetError(f"{shown(root)} ({layout.name} layout) has no image with a mask: {found}")
    return dataset


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
    problems += _unpaired(maps, truths, "no mask", mask_root, "add its mask")
    problems += _unpaired(truths, maps, "no prediction", predictions, "predict it too")
    return [(maps[key], truths[key]) for key in sorted(maps.keys() & truths.keys())], problems


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
    image, mask = reading.read_image(sample.image), masks.read_mask(sample.mask, sclera_value)
    if image.shape[:2] != mask.pixels.shape:
        raise reading.size_mismatch(sample.mask, mask.pixels.shape, sample.image, image.shape[:2])
    return image, mask


def _unpaired(paths, others, found, where, remedy):
    """BadInput for each of some paths by name that the others have not, in order of name."""
    expected = f"one of the same name below {shown(where)}"
    return [BadInput(paths[key], found, expected, remedy) for key in sorted(paths.keys() - others.keys())]
