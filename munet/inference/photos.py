"""Which photos to predict: of a folder, one file, or a list.

    photos = find_photos("photos")
    for name, path in photos:
        ...  # name: path below the folder, without suffix, with `/`

A hundred thousand take some twenty megabytes.
"""

import itertools
import os
import zlib
from collections import Counter
from pathlib import Path

from munet.core.errors import MunetError, shown
from munet.core.files import open_text, walk_files
from munet.core.run_folders import folder_settings
from munet.data.layouts import detect, is_mask_folder, is_photo
from munet.images import reading
from munet.inference import video

# What a user may take for photos, and is told of.
_UNREAD = (*reading.OTHER_SUFFIXES, ".dcm", ".psd", ".pdf", *video.SUFFIXES)
_NO_PHOTOS = ("predict_test_images.py", "train_mobv2_unet.py")  # whose folders hold maps, masks and plots


class Photos:
    """Photos in order of name, as (name, path) pairs.

    Of two photos that are called the same but for their ending, such as a HEIC and the JPEG that was made of
    it, the second is named with its ending.

    Args:
        root: folder that the photos lie in, or the URL of one.
        files: their paths below it, as text.
        notes: sentences on what was taken for photos and what was left out. Default: none.
    """

    def __init__(self, root, files, notes=()):
        self.root, self.notes = root, list(notes)
        self._files = sorted(set(files), key=lambda file: (_name(file), reading.preference(file)))
        self._renamed = _told_apart(self._files)
        if self._renamed:
            self._files.sort(key=self._name_of)
            file, name = next(iter(self._renamed.items()))
            told = f"photos that are called like others but for their ending ({len(self._renamed)})"
            where = shown(f"{self.root}/{file}")
            self.notes.append(
                f"{told}, such as {where}: their outputs have it, too, such as {shown(name)}.png"
            )

    def _name_of(self, file):
        return self._renamed.get(file) or _name(file)

    def files(self):
        """(name, path below the root as text) pairs."""
        return ((self._name_of(file), file) for file in self._files)

    def __len__(self):
        return len(self._files)

    def __iter__(self):
        return ((name, Path(self.root, file)) for name, file in self.files())

    def outside(self, folder):
        """These photos without those that lie below a folder."""
        inner = os.path.relpath(os.path.realpath(folder), os.path.realpath(self.root)).replace(os.sep, "/")
        if inner == "." or inner.startswith("../"):
            return self
        return self.only(lambda name, file: not file.startswith(inner + "/"))

    def shard(self, number, of):
        """Part `number` (from 1) of `of`, by the photos' names alone: whatever else there is, a photo is in
        the same part."""

        def in_part(name, file):
            return zlib.crc32(_name(file).encode("utf-8", "surrogateescape")) % of + 1 == number

        return self.only(in_part)

    def only(self, keep):
        """Those of these photos for which a function of name and file is true, under the same names."""
        kept = Photos(self.root, ())
        kept._files = [file for name, file in self.files() if keep(name, file)]
        kept._renamed = self._renamed
        return kept


def _told_apart(files):
    """Other names for the files, sorted, whose own an earlier one has: a dict, which is mostly empty."""
    others = [file for one, file in itertools.pairwise(files) if _name(one) == _name(file)]
    if not others:
        return {}
    taken, renamed = set(map(_name, files)), {}
    for file in others:
        name = file
        while name in taken:  # as of a.heic beside a.jpg and a.heic.png
            name += os.path.splitext(file)[1]
        taken.add(name)
        renamed[file] = name
    return renamed


def _name(file):
    return file[: -len(os.path.splitext(file)[1]) or None]


def find_photos(source, out=None):
    """Photos to predict: of a folder (recursively), of one file, of a list of paths in a text file, or of all
    of several inputs.

    A folder in a known dataset layout gives its images without its masks. What earlier runs wrote below it is
    left out.

    Args:
        source: path of a folder, an image, or a `.txt` file with one path a line (relative to that file); or
            a list of folders and images, which are named below what they have in common.
        out: a folder that does not belong to the dataset, wherever it lies. Default: None.

    Returns:
        `Photos`, whose `notes` tell of a layout and of what was left out.

    Raises:
        MunetError: no such source, or nothing in it.
    """
    if isinstance(source, list):
        photos, source = _several(source, out), common_folder(source)
        return _require_some(photos, source)
    source = Path(source)
    if source.is_dir():
        photos = Photos(*_in_folder(source, out and os.path.realpath(out)))
    elif source.suffix.lower() == ".txt" and source.is_file():
        photos = _listed(source)
    elif source.is_file():
        photos = Photos(source.parent, [source.name])
    else:
        raise _no_source(source)
    return _require_some(photos, source)


def _no_source(source):
    return MunetError(f"{shown(source)} does not exist; give a folder, an image, or a .txt list of images")


def _require_some(photos, source):
    if not len(photos):
        notes = "".join(f"; {note}" for note in photos.notes)
        endings = " ".join(reading.SUFFIXES)
        raise MunetError(f"no photos in {shown(source)}: expected files ending in {endings}{notes}")
    return photos


def _in_folder(source, out):
    """The photos below a folder, without those below `out`, a real path as text or None: (root, files, notes)
    of `Photos`."""
    skipped, others, files = _Skipped(out), Counter(), []  # `others`: how many files of which suffix
    layout = detect(source, skipped.is_ours)
    root = layout.image_root if layout else source
    for path in walk_files(root, reading.SUFFIXES + _UNREAD, skipped.holds_none):
        if not path.lower().endswith(reading.SUFFIXES):
            others[os.path.splitext(path)[1].lower()] += 1
        elif layout is None or is_photo(path, layout):
            files.append(os.path.relpath(path, root).replace(os.sep, "/"))
    notes = _beside(source, layout, files, skipped.is_ours) if layout and not layout.mask_ending else []
    if layout:
        files, twice = _one_a_name(files)
        notes += twice
    notes += skipped.notes()
    if not files and out and out.startswith(os.path.join(os.path.realpath(source), "")):
        notes.append(f"{shown(out)} is left out: it is the output folder")
    return root, files, notes + _of_others(others)


def _of_others(others):
    """A note on files that are no photos, a Counter of their suffixes, if there are any."""
    if not others:
        return []
    counted = ", ".join(f"{count} {suffix or 'without ending'}" for suffix, count in sorted(others.items()))
    remedy = "convert pictures to PNG or JPEG, and give a video or a list by itself"
    return [f"files that are no photos are left out ({counted}): {remedy}"]


def common_folder(sources):
    """The folder that several folders and files have in common, a Path.

    Raises:
        MunetError: there is none, as on two drives.
    """
    folders = [os.path.abspath(source if source.is_dir() else source.parent) for source in sources]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError as error:
        raise MunetError("the inputs lie on several drives; give those of each by themselves") from error


def _several(sources, out):
    """The `Photos` of several folders and images, as a shell makes them of photos/*."""
    root, paths, notes, others = common_folder(sources), [], [], Counter()
    for source in sources:
        if source.is_dir():
            folder, files, more = _in_folder(source, out and os.path.realpath(out))
            paths += [os.path.join(folder, file) for file in files]
            notes += more
        elif not source.is_file():
            raise _no_source(source)
        elif source.name.lower().endswith(reading.SUFFIXES):
            paths.append(source)
        else:
            others[source.suffix.lower()] += 1
    files = (os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/") for path in paths)
    return Photos(root, files, notes + _of_others(others))


def _one_a_name(files):
    """The files of a dataset's photos, one a name as its masks are, and a note on those that are left out."""
    chosen = {}
    for file in sorted(files, key=reading.preference):
        chosen.setdefault(_name(file), file)
    left = sorted(set(files) - set(chosen.values()))
    told = (
        f"photos that are there in another format, too, which is taken, as in training ({len(left)}, such as"
    )
    return list(chosen.values()), [f"{told} {shown(left[0])})"] if left else []


class _Skipped:
    """Folders that hold no photos to predict, asked with real paths; it remembers why."""

    def __init__(self, out):
        self._out, self._reasons = out, {}

    def is_ours(self, folder):
        """Whether a run of ours wrote it."""
        if folder != self._out and folder_settings(folder).get("script") in _NO_PHOTOS:
            self._reasons[folder] = "it holds what an earlier run made"
        return folder == self._out or folder in self._reasons

    def holds_none(self, folder):
        """Whether that, or it holds masks."""
        if not self.is_ours(folder) and is_mask_folder(folder):
            self._reasons[folder] = "it holds the masks of the images beside it"
        return folder == self._out or folder in self._reasons

    def notes(self):
        """A sentence a reason, which names the first folder."""
        notes = []
        for reason, count in Counter(self._reasons.values()).items():
            first = next(folder for folder, why in self._reasons.items() if why == reason)
            more = f" (such folders: {count})" if count > 1 else ""
            notes.append(f"{shown(first)} is left out: {reason}{more}")
        return notes


def _beside(source, layout, files, skip):
    """A note on the images that lie neither with a layout's photos nor with its masks, if there are any."""
    known = {os.path.realpath(folder) for folder in (layout.image_root, layout.mask_root)}
    names = {_name(file) for file in files}

    def is_of_one(path):
        """Whether a file in another folder is called like a photo, and so was made of it, such as its
        classes."""
        parts = _name(os.path.relpath(path, source).replace(os.sep, "/")).split("/")
        return any("/".join(parts[i:]) in names for i in range(1, len(parts)))

    beside = walk_files(source, reading.SUFFIXES, lambda folder: folder in known or skip(folder))
    left = [path for path in beside if not is_of_one(path)]
    if not left:
        return []
    where = f"{shown(layout.image_root)} is predicted, and {shown(layout.mask_root)} holds its masks"
    remedy = "give their own folder, or a list"
    return [f"{where}; images beside them are left out ({len(left)}, such as {shown(left[0])}): {remedy}"]


def _listed(source):
    """The photos of a list, named below the list's folder, or below what they have in common where some lie
    elsewhere."""
    try:
        with open_text(source, errors="surrogateescape") as file:
            text = file.read()
    except UnicodeError:
        text = "\0"
    if "\0" in text:
        raise MunetError(f"{shown(source)} is not a text file; give one with a path a line, in UTF-8")
    paths = [os.path.abspath(source.parent / line.rstrip("\r")) for line in text.split("\n") if line.strip()]
    root = Path(os.path.abspath(source.parent))
    if paths and not all(Path(path).is_relative_to(root) for path in paths):
        root = os.path.commonpath([os.path.dirname(path) for path in paths])
    return Photos(root, (os.path.relpath(path, root).replace(os.sep, "/") for path in paths))
