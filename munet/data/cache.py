"""The packed dataset: every image decoded and resized once, so that an epoch reads no JPEG.

A cache is a folder of HDF5 parts of `PART_SAMPLES` samples each, or of so many as take `PART_BYTES`:

    images  (n, size, size, 3) uint8 RGB, one chunk a sample
    masks   (n, size * size / 8) uint8, the bool mask packed to bits

A part is named by a hash of what it was made from (each file's path, length, modification time and whether it
may be read, the size, how the labels are read) and appears whole: a build that was stopped is resumed with
the parts that are missing, and a part that no longer fits its files is never found again and is removed.
Building finds every bad file: a part remembers the samples that it could not hold.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from munet.core.command_line import progress
from munet.core.errors import BadInput, MunetError
from munet.core.files import remove_parts, require_space, whole_file
from munet.core.parallel import pool_map
from munet.core.paths import cache_folder
from munet.data.mask_checks import MaskFacts, facts_of
from munet.data.samples import read_pair
from munet.images.resizing import resize_image, resize_mask

try:
    import resource
except ImportError:  # Windows
    resource = None

PART_SAMPLES, PART_BYTES = 2048, 1 << 28  # a part is held in memory until it is written
_FORMAT = 3  # counts up when the same files would be decoded to other pixels, or refused
SPARE_FILES = 256  # that a process opens besides the parts
_STALE_HOURS = 6  # a younger unfinished part may belong to a run beside this one


class Cache:
    """Random access to the good samples of a dataset at one size; memory does not grow with their number.

    Made by `build_cache`.

    Attributes:
        samples: list of `samples.Sample`, in the dataset's order.
        size: height and width in pixels.
        cleaned: number of masks that went through a lossy format and were cleaned.
        codings: set of the masks' codings.
        facts: list of `mask_checks.MaskFacts`, one a sample.
        problems: list of BadInput, one a sample that is not good.
    """

    def __init__(self, paths, groups, size):
        self.samples, self.size, self.cleaned, self.codings, self._rows = [], size, 0, set(), []
        self.problems, self.facts = [], []
        _allow_open_files(len(paths))
        for path, group in zip(paths, groups, strict=True):
            file = h5py.File(path, rdcc_nbytes=0)  # read in no order, nothing is read twice
            summary = json.loads(file["summary"].asstr()[()])
            self._rows += [(file, row) for row in range(len(summary["kept"]))]
            self.samples += [group[i] for i in summary["kept"]]
            self.problems += [BadInput(*problem) for problem in summary["problems"]]
            self.cleaned += summary["cleaned"]
            self.codings |= set(summary["codings"])
            for i, noted in zip(summary["kept"], summary["facts"], strict=True):
                tuples = {"colours": tuple(map(tuple, noted["colours"])), "turns": tuple(noted["turns"])}
                self.facts.append(MaskFacts(**noted | tuples | {"path": str(group[i].mask)}))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        """(image, mask): HWC uint8 RGB and HW bool of one sample."""
        file, row = self._rows[index]
        bits = file["masks"][row]
        mask = np.unpackbits(bits, count=self.size * self.size).reshape(self.size, self.size)
        return file["images"][row], mask.view(bool)


def build_cache(samples, root, size=224, sclera_value=None, folder=None, workers=None):
    """Builds what is missing of a dataset's cache, decoding in parallel threads, and opens it.

    Args:
        samples: list of `samples.Sample`.
        root: the dataset's folder; it names the cache.
        size: height and width in pixels.
        sclera_value: class index of the sclera in the masks, if they hold class indices.
        folder: where caches are kept. Default: None, `cache_folder()`.
        workers: threads. Default: None, one a core.

    Returns:
        A `Cache` of the good samples; the others are in its `problems` as BadInput.
    """
    told = {(sample.stored, sample.sclera_color) for sample in samples} - {(False, None)}
    made_of = f"{Path(root).resolve()}|{size}|{sclera_value}" + "".join(f"|{way}" for way in sorted(told))
    folder = Path(folder or cache_folder()) / _digest(made_of)
    folder.mkdir(parents=True, exist_ok=True)
    remove_parts(folder, hours=_STALE_HOURS)
    count = min(PART_SAMPLES, max(1, PART_BYTES // (3 * size * size)))
    groups = [samples[i : i + count] for i in range(0, len(samples), count)]
    paths = [folder / f"{_fingerprint(group, root, size, sclera_value)}.h5" for group in groups]
    for stale in set(folder.glob("*.h5")) - set(paths):
        with contextlib.suppress(OSError):  # Windows keeps a file that a run beside this one has open
            stale.unlink()
    missing = [(path, group) for path, group in zip(paths, groups, strict=True) if not _is_whole(path)]
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        wanted = [sample for _, group in missing for sample in group]
        decoded = pool_map(pool, lambda sample: _decode(sample, size, sclera_value), wanted)
        decoded = progress(decoded, len(wanted), "decode")
        for path, group in missing:
            _write_part(path, list(itertools.islice(decoded, len(group))), size)
    return Cache(paths, groups, size)


def _allow_open_files(count):
    """Raises the limit of open files: most systems allow a thousand to a process that asks for no more."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE_FILES if hard == resource.RLIM_INFINITY else min(count + SPARE_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _is_whole(path):
    """Whether a part is there and readable: after a power cut it may be there and empty."""
    try:
        with h5py.File(path) as file:
            return "summary" in file
    except OSError:
        return False


@dataclass(frozen=True)
class _Decoded:
    image: np.ndarray
    bits: np.ndarray
    facts: MaskFacts
    cleaned: bool


def _decode(sample, size, sclera_value):
    """One sample at the cache's size as `_Decoded`, or the BadInput that it raised."""
    try:
        image, mask = read_pair(sample, sclera_value)
    except BadInput as problem:
        return problem
    bits = np.packbits(resize_mask(mask.pixels, (size, size)))
    facts = facts_of(sample, mask)
    return _Decoded(resize_image(image, (size, size)), bits, facts, mask.cleaned > 0)


def _write_part(path, decoded, size):
    kept = [i for i, item in enumerate(decoded) if not isinstance(item, BadInput)]
    good = [decoded[i] for i in kept]
    summary = {
        "kept": kept,
        "problems": [item.args for item in decoded if isinstance(item, BadInput)],
        "codings": sorted({item.facts.coding for item in good}),
        "facts": [dataclasses.asdict(item.facts) for item in good],
        "cleaned": sum(item.cleaned for item in good),
    }
    require_space(path.parent, len(good) * size * size * 4 + 1_000_000)
    with whole_file(path) as part, h5py.File(part, "w") as file:
        shape = (len(good), size, size, 3)
        file.create_dataset("images", shape, np.uint8, chunks=(1, *shape[1:]) if good else None)
        file.create_dataset("masks", (len(good), (size * size + 7) // 8), np.uint8)
        for row, item in enumerate(good):
            file["images"][row], file["masks"][row] = item.image, item.bits
        file["summary"] = json.dumps(summary)  # not an attribute: those end at 64 kB


def _fingerprint(group, root, size, sclera_value):
    made_of = [f"{_FORMAT}|{size}|{sclera_value}"]
    for sample in group:
        if sample.stored or sample.sclera_color:
            made_of.append(f"{sample.stored}|{sample.sclera_color}")
        for path in (sample.image, *sample.masks):
            name = _relative(path, root)  # the same however the dataset's folder is spelled
            try:
                stat = os.stat(path)
                made_of.append(f"{name}|{stat.st_size}|{stat.st_mtime_ns}|{os.access(path, os.R_OK)}")
            except OSError:  # a broken link: reading it names it as a problem
                made_of.append(f"{name}|missing")
    return _digest("\n".join(made_of))


def _relative(path, root):
    try:
        return os.path.relpath(path, root)
    except ValueError:  # Windows: masks that were painted into the cache are on another drive
        return str(path)


def _digest(text):
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def require_sclera(cache, samples, part):
    """Refuses a part without any sclera: on it, finding nothing would be perfect."""
    names = {sample.name for sample in samples}
    if not any(cache[i][1].any() for i, sample in enumerate(cache.samples) if sample.name in names):
        raise MunetError(
            f"no {part} mask has any sclera; check --sclera-value or --sclera-color, or the masks"
        )
