"""predictions.csv, a row a photo: written while the run goes on, taken up by the next one, in memory that
does not grow.

Photos are predicted in order of name, and a row is appended when its files are there. A run that was killed
leaves its rows in order but for a last one cut short; the next run puts them into order with those of shards
(`predictions-3of8.csv`), drops what does not hold any more, and appends its own. So the table is a few sorted
stretches at any time, which are merged without being held.
"""

import csv
import heapq
import os
import re
from contextlib import contextmanager, suppress
from operator import itemgetter

from munet.core.console import MunetError, shown
from munet.core.files import whole_file

COLUMNS = (
    "image",
    "status",
    "bytes",
    "height",
    "width",
    "sclera_pixels",
    "sclera_share",
    "max_level",
    "error",
)
MOST_STRETCHES, MOST_FILES = 64, 200  # that are read at once; systems allow a process 256 files, or 1,024
_PART = re.compile(r"predictions-\d+of\d+\.csv")
_TEXT = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}


class Table:
    """The table of a results folder, or of a shard of it.

    Args:
        folder: the results folder.
        shard: (number, of); Default: None, all photos: the tables of shards are taken in.

    Attributes:
        whole: whether it is of all photos.
    """

    def __init__(self, folder, shard=None):
        self.folder, self.whole = folder, shard is None
        self.path = folder / ("predictions-{}of{}.csv".format(*shard) if shard else "predictions.csv")
        self._parts = (
            []
            if shard
            else [path for path in folder.glob("predictions-*of*.csv") if _PART.fullmatch(path.name)]
        )
        # an earlier run's, with what need not be done again
        self._whole = [folder / "predictions.csv"] if shard else []

    def settle(self, photos, holds):
        """Rewrites the table from the rows that are there, in order: those of `photos` for which `holds(row,
        path)` is true.

        Args:
            photos: (name, path) pairs in order of name.
            holds: called with a row (dict from `COLUMNS` to text) and the photo's path.

        Returns:
            How many rows were kept.
        """
        kept = 0
        with whole_file(self.path) as part, part.open("w", **_TEXT) as file:
            table = _writer(file)
            for row, path in _joined(self._rows(), photos):
                if holds(row, path):
                    table.writerow(row)
                    kept += 1
        for part in self._parts:
            part.unlink(missing_ok=True)
        self._parts = []
        return kept

    def missing(self, photos):
        """Yields the (name, path) pairs of photos that had no row when the first is asked for."""
        size = self.path.stat().st_size
        yield from (
            (name, path)
            for row, (name, path) in _joined_photos(_read(self.path, size), photos)
            if row is None
        )

    @contextmanager
    def appending(self):
        """A context manager that gives a function which appends a row; a row is on disk when it returns.

        Raises:
            MunetError: the folder was removed.
        """
        with open(self.path, "a", **_TEXT) as file:
            table = csv.DictWriter(file, COLUMNS)

            def append(row):
                table.writerow(row)
                file.flush()
                if os.fstat(file.fileno()).st_nlink == 0:
                    raise MunetError(
                        f"{shown(self.folder)} was removed while it was written to; remove what is left of "
                        "it and run again"
                    )

            yield append

    def _rows(self):
        """All rows in order of name; of those of one name the last that was written."""
        tables = [path for path in (*self._whole, *self._parts, self.path) if path.exists()]
        tables.sort(key=lambda path: path.stat().st_mtime_ns)
        stretches = [(path, number) for path in tables for number in range(_stretches(path))]
        # somebody has sorted it otherwise, or very many shards
        if len(stretches) > min(MOST_FILES, max(MOST_STRETCHES, 2 * len(tables))):
            merged = sorted((row for path in tables for row in _read(path)), key=itemgetter("image"))
        else:
            merged = heapq.merge(*(_stretch(*stretch) for stretch in stretches), key=itemgetter("image"))
        last = None
        for row in merged:  # those of one name in the order of `tables`
            if last is not None and row["image"] != last["image"]:
                yield last
            last = row
        if last is not None:
            yield last


def _writer(file):
    table = csv.DictWriter(file, COLUMNS)
    table.writeheader()
    return table


def _read(path, size=None):
    """Yields the whole rows of a table, up to `size` bytes of it."""
    if not path.exists():
        return
    with open(path, **_TEXT) as file, suppress(csv.Error):  # damaged from here on
        for row in csv.DictReader(_lines(file, size)):
            # A last line cut short lacks columns; the error, which is last, is empty in good rows alone.
            if set(row) == set(COLUMNS) and None not in row.values():
                yield row


def _lines(file, size):
    read = 0
    for line in file:
        read += len(line.encode("utf-8", "surrogateescape"))
        if size is not None and read > size:
            return
        yield line


def _stretches(path):
    """How many times the names of a table start anew."""
    count, last = 0, None
    for row in _read(path):
        count += last is None or row["image"] <= last
        last = row["image"]
    return count


def _stretch(path, number):
    """Yields the rows of one sorted stretch of a table."""
    count, last = -1, None
    for row in _read(path):
        count += last is None or row["image"] <= last
        last = row["image"]
        if count == number:
            yield row
        elif count > number:
            return


def _joined(rows, photos):
    """Yields (row, path) for each row whose photo is there."""
    yield from ((row, path) for row, (_, path) in _joined_photos(rows, photos) if row is not None)


def _joined_photos(rows, photos):
    """Yields (row or None, (name, path)) for each photo; rows and photos are in order of name."""
    rows = iter(rows)
    row = next(rows, None)
    for name, path in photos:
        while row is not None and row["image"] < name:
            row = next(rows, None)
        yield (row if row is not None and row["image"] == name else None), (name, path)
