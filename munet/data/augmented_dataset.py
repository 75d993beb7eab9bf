"""An augmented dataset on disk: every image and mask, their flips and random copies, in the plain layout.

A copy depends only on the seed, the image's name and the copy's number. What is there is kept, unless its
photo or mask is newer.
"""

import itertools
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import find_files, is_filled
from munet.data.augmentation import Ranges, augment, flip
from munet.data.names import FLIP, copy_ending
from munet.data.samples import read_pair
from munet.images.reading import SUFFIXES
from munet.images.writing import write_jpeg, write_png


@dataclass(frozen=True)
class AugmentedDataset:
    """A folder for what augmentation makes of a dataset.

    Attributes:
        out: the folder.
        copies: random copies of each image, besides its flip.
        flips: whether each image gets its left-right flip.
        format: of images, "png" or "jpg".
        seed: of the copies.
        ranges: an `augmentation.Ranges` for the copies.
        sclera_value: class index of the sclera in the masks, or None.
    """

    out: Path
    copies: int = 0
    flips: bool = True
    format: str = "png"
    seed: int = 0
    ranges: Ranges = field(default_factory=Ranges)
    sclera_value: int | None = None

    def check(self, samples):
        """Raises a MunetError if two samples would write one file."""
        writers = {}
        for sample in samples:
            for name in self.names(sample):
                other = writers.setdefault(name, sample)
                if other is not sample:
                    both = f"{shown(other.image)} and {shown(sample.image)}"
                    raise MunetError(f"{both} would both write {shown(name)}; rename one")

    def names(self, sample):
        """The names of a sample's variants: always in a folder of its subject."""
        base = sample.name if "/" in sample.name else f"{sample.subject}/{sample.name}"
        return [base + ending for ending in self.endings()]

    def endings(self):
        """What ends the names of a sample's variants, in their order."""
        copies = (copy_ending(number) for number in range(1, self.copies + 1))
        return ["", *([FLIP] if self.flips else []), *copies]

    def variants(self, image, mask, name):
        """Yields the (image, mask) pairs of a sample in the order of its names: itself, its flip, the copies.

        Args:
            image: HWC uint8 RGB.
            mask: HW bool.
            name: the sample's.
        """
        yield image, mask
        if self.flips:
            yield flip(image, mask)
        key = zlib.crc32(name.encode("utf-8", "surrogateescape"))
        for number in range(1, self.copies + 1):
            yield augment(image, mask, self.ranges, np.random.default_rng((self.seed, key, number)))

    def write(self, sample):
        """Writes what is missing of a sample's variants.

        Returns:
            How many variants there are, or the BadInput that the sample raised: then none is left.
        """
        places = [self._paths(name) for name in self.names(sample)]
        if _is_up_to_date(sample, list(itertools.chain(*places))):
            return len(places)
        try:
            image, decoded = read_pair(sample, self.sclera_value)
        except BadInput as problem:
            for path in itertools.chain(*places):  # of a photo that was good once
                path.unlink(missing_ok=True)
            return problem
        write_image = write_png if self.format == "png" else write_jpeg
        made = self.variants(image, decoded.pixels, sample.name)
        for (image_path, mask_path), (picture, mask) in zip(places, made, strict=True):
            write_image(image_path, picture)
            write_png(mask_path, mask)
        return len(places)

    def _paths(self, name):
        return self.out / "images" / f"{name}.{self.format}", self.out / "masks" / f"{name}.png"

    def leftovers(self, samples):
        """Paths of images in the folder that are of none of the samples."""
        made = {name for sample in samples for name in self.names(sample)}
        folder = self.out / "images"
        names = {path: path.relative_to(folder).with_suffix("") for path in find_files(folder, SUFFIXES)}
        return [path for path, name in names.items() if name.as_posix() not in made]


def _is_up_to_date(sample, paths):
    """Whether all paths are there and newer than the sample's image and mask, which may have been fixed."""
    try:
        sources = [os.stat(path) for path in (sample.image, *sample.masks)]
        # A file that was put in the place of another may be older than what was made of that.
        changed = max(time for source in sources for time in (source.st_mtime_ns, source.st_ctime_ns))
        return all(map(is_filled, paths)) and min(os.stat(path).st_mtime_ns for path in paths) >= changed
    except OSError:
        return False
