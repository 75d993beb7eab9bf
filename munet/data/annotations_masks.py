"""The masks of a dataset whose labels are polygons or run lengths, painted once and kept in the cache.

A folder of masks is named by a hash of what it was made from (the files' paths, lengths and times, and the
label), appears whole, and has `summary.json` beside it. A folder that no longer fits is removed.
"""

import contextlib
import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from munet.core.command_line import progress
from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import PART_PREFIX, walk_files, write_json
from munet.core.messages import counted, warn
from munet.core.parallel import pool_map
from munet.core.paths import cache_folder
from munet.data import annotations
from munet.data.annotations_painting import paint_mask
from munet.images import masks

_FORMAT = 1  # counts up when the same files would be painted to other pixels


@dataclass(frozen=True)
class PaintedMasks:
    """Photos and the masks that were painted for them.

    Attributes:
        kind: whose labels they are, a name in `annotations.KINDS`.
        label: which label was painted.
        image_root: the photos' folder.
        folder: the masks'; their paths below it are those of the photos, with the suffix `.png`.
        pairs: list of (photo, mask), paths.
        problems: list of BadInput.
    """

    kind: str
    label: str
    image_root: Path
    folder: Path
    pairs: list
    problems: list


def find_painted(root, layout, label=None, strict=True):
    """What `paint_masks` gives of a folder whose masks are no pictures.

    Args:
        root: the folder.
        layout: its `layouts.Layout`, or None.
        label: see `paint_masks`.
        strict: see `paint_masks`; False also takes a folder of nothing but masks as that.

    Raises:
        MunetError: as `paint_masks`, or a label was asked for and there are masks.
    """
    if layout is not None and next(walk_files(layout.mask_root, masks.SUFFIXES), None):
        if label is not None:
            has = f"{shown(root)} ({layout.name} layout) has masks"
            raise MunetError(f"--label is for polygons and run lengths, and {has}; leave it out")
        return None
    if layout is None and not strict and _starts_with_mask(root):
        return None
    return paint_masks(root, label, strict)


def _starts_with_mask(root):
    first = next(walk_files(root, masks.SUFFIXES), None)
    try:
        return first is not None and bool(masks.read_mask(first))
    except BadInput:
        return False


def paint_masks(root, label=None, strict=True):
    """The painted masks of a folder, from the cache where they are up to date.

    Args:
        root: a folder, of photos and files of labelling tools.
        label: which label is the sclera's. Default: None, the only one.
        strict: whether labels of a kind that is not read are an error. Default: True.

    Returns:
        A `PaintedMasks`; None where no file of annotations is there.

    Raises:
        MunetError: labels of a kind that is not read, several of them and none asked for, or no cache.
    """
    root = Path(root)
    files, photos = annotations.list_sources(root)
    if not files or not photos:
        return None
    place = cache_folder() / "annotations" / _digest(f"{root.resolve()}|{label}")
    folder = place / _fingerprint(root, files + photos, label)
    if not (folder / "summary.json").is_file():
        found = annotations.read_annotations(root, files, photos, strict)
        if found is None:
            return None
        _paint_all(root, found, label, folder)
        _remove_others(place, folder)
    return _opened(root, folder)


def _paint_all(root, found, label, folder):
    """Paints all masks into a folder, which appears whole."""
    annotations.name_classes(found, root)
    chosen = annotations.choose_label(found, label, root)
    image_root = _image_root(root, found.labelled)
    part = folder.with_name(f"{PART_PREFIX}{os.urandom(8).hex()}")

    def paint(item):
        return paint_mask(*item, chosen, part / "masks" / _mask_name(item[0], image_root))

    items, doubled = _without_doubles(found.labelled, image_root)
    with ThreadPoolExecutor() as pool:
        results = list(progress(pool_map(pool, paint, items.items()), len(items), "outline"))
    unlabelled = [
        BadInput(path, "no labels", f"some in {found.kind}'s files", "label it or remove it")
        for path in found.without
    ]
    problems = found.problems + doubled + [r for r in results if isinstance(r, BadInput)] + unlabelled
    done = {photo: how for photo, how in zip(items, results, strict=True) if not isinstance(how, BadInput)}
    if not done:
        raise MunetError(f"{shown(root)} ({found.kind}): no photo has labels that can be read: {problems[0]}")
    summary = {
        "kind": found.kind,
        "label": chosen,
        "image_root": os.path.relpath(image_root, root),
        "photos": [os.path.relpath(photo, root) for photo in sorted(done)],
        "problems": [[os.path.relpath(problem.path, root), *problem.args[1:]] for problem in problems],
        "warnings": found.warnings + _warnings(root, chosen, done),
    }
    write_json(part / "summary.json", summary)
    with contextlib.suppress(OSError):  # a run beside this one may have been faster
        os.rename(part, folder)
    shutil.rmtree(part, ignore_errors=True)


def _image_root(root, photos):
    """The photos' folder: the first one named images that holds all, else the innermost that does."""
    common = Path(os.path.commonpath([photo.parent for photo in photos]))
    for number, name in enumerate(common.relative_to(root).parts):
        if name.casefold() == "images":
            return root.joinpath(*common.relative_to(root).parts[: number + 1])
    return common


def _mask_name(photo, image_root):
    return photo.relative_to(image_root).with_suffix(".png")


def _without_doubles(labelled, image_root):
    """(dict without photos whose masks would have one name, list of BadInput for those)."""
    by_name = {}
    for photo in labelled:
        by_name.setdefault(_mask_name(photo, image_root), []).append(photo)
    doubled = [same for same in by_name.values() if len(same) > 1]
    remedy = "remove or rename all but one"
    problems = [
        BadInput(p, f"{len(same)} files of this name", "one", remedy) for same in doubled for p in same
    ]
    left_out = {photo for same in doubled for photo in same}
    return {photo: items for photo, items in labelled.items() if photo not in left_out}, problems


def _warnings(root, label, done):
    turned = [photo for photo, (turn, _) in done.items() if turn]
    empty = [photo for photo, (_, any_shape) in done.items() if not any_shape]
    lines = []
    if turned:
        count = counted(len(turned), "photo was", "photos were")
        lines.append(
            f"{count} labelled as stored, not as their EXIF turn shows them, such as {shown(turned[0])}: the "
            "masks are turned"
        )
    if empty:
        count = counted(len(empty), "photo has", "photos have")
        lines.append(
            f"{shown(root)}: {count} no outline labelled {shown(label)!r}, such as {shown(empty[0])}: taken "
            "as without sclera; remove those that are only not labelled yet"
        )
    return lines


def _opened(root, folder):
    text = (folder / "summary.json").read_text(encoding="utf-8", errors="surrogateescape")
    summary = json.loads(text)
    for line in summary["warnings"]:
        warn(line)
    image_root = root / summary["image_root"]
    photos = [root / name for name in summary["photos"]]
    masks = [folder / "masks" / _mask_name(photo, image_root) for photo in photos]
    problems = [BadInput(root / path, *others) for path, *others in summary["problems"]]
    pairs = list(zip(photos, masks, strict=True))
    return PaintedMasks(summary["kind"], summary["label"], image_root, folder / "masks", pairs, problems)


def _remove_others(place, folder):
    for other in place.iterdir():
        if other != folder and not other.name.startswith(PART_PREFIX):
            shutil.rmtree(other, ignore_errors=True)


def _fingerprint(root, paths, label):
    lines = [f"{_FORMAT}|{label}"]
    for path in paths:
        with contextlib.suppress(OSError):  # a broken link
            stat = os.stat(path)
            lines.append(f"{os.path.relpath(path, root)}|{stat.st_size}|{stat.st_mtime_ns}")
    return _digest("\n".join(lines))


def _digest(text):
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]
