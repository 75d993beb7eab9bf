"""predictions.csv, a row a photo: written while the run goes on, and taken up by the next one.

A row is appended when its photo's files are there. A run that was killed leaves its rows but for a last one
cut short; the next run takes them with those of shards (`predictions-3of8.csv`), drops what is not up to
date, and appends its own. The last step of a run puts the table in order of name.
"""

import csv
import os
import re
from contextlib import contextmanager, suppress

from munet.core.errors import MunetError, shown
from munet.core.files import whole_file

COLUMNS = (
    *("image", "status", "bytes", "height", "width"),
    *("sclera_pixels", "sclera_share", "max_level", "error"),
)
_PART = re.compile(r"predictions-\d+of\d+\.csv")
_TEXT = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}
_BETWEEN = "\0"  # the values of a row that is held: one text takes a third of the memory of a list


class PredictionTable:
    """The table of a results folder, or of a shard of it.

    Args:
        folder: the results folder.
        shard: (number, of). Default: None, all photos: the tables of shards are taken in.

    Attributes:
        whole: whether it is of all photos.
    """

    def __init__(self, folder, shard=None):
        self.folder, self.whole = folder, shard is None
        self.path = folder / ("predictions-{}of{}.csv".format(*shard) if shard else "predictions.csv")
        self._kept = bytearray()

    def rebuild(self, photos, keep):
        """Rewrites the table in order of name from the rows that are there; of two of one name the last.

        Args:
            photos: (name, file) pairs in order of name; rows of others are dropped.
            keep: a function of a row, a dict from `COLUMNS` to text, and the photo's file; rows for which it
                is false are dropped.

        Returns:
            How many rows are left.
        """
        parts = self._parts()
        rows = self._rows(parts)
        self._kept = bytearray()
        with whole_file(self.path) as part, part.open("w", **_TEXT) as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            for name, photo in photos:
                row = _unpacked(rows.get(name))
                kept = row is not None and bool(keep(row, photo))
                if kept:
                    table.writerow(row)
                self._kept.append(kept)
        for path in parts:
            path.unlink(missing_ok=True)
        return sum(self._kept)

    def missing(self, photos):
        """Yields those of the photos of `rebuild`, in its order, that have no row since then."""
        return (photo for photo, kept in zip(photos, self._kept, strict=True) if not kept)

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

    def _parts(self):
        """The tables of shards that are merged into this one."""
        if not self.whole:
            return []
        return [path for path in self.folder.glob("predictions-*of*.csv") if _PART.fullmatch(path.name)]

    def _rows(self, parts):
        """The rows that are there, packed, by name."""
        # A shard looks into the whole table too: an earlier run's, with what need not be done again.
        tables = dict.fromkeys([self.folder / "predictions.csv", *parts, self.path])
        tables = sorted(filter(os.path.exists, tables), key=lambda path: path.stat().st_mtime_ns)
        return {row["image"]: _packed(row) for path in tables for row in _read(path)}


def _read(path):
    """Yields the whole rows of a table."""
    with open(path, **_TEXT) as file, suppress(csv.Error):  # damaged from here on
        for row in csv.DictReader(file):
            # A last line cut short lacks columns; the error, which is last, is empty in good rows alone.
            if set(row) == set(COLUMNS) and None not in row.values():
                yield row


def _packed(row):
    return _BETWEEN.join(row[column] for column in COLUMNS)


def _unpacked(text):
    """A row; None where there is none, or where it is damaged."""
    values = text.split(_BETWEEN) if text is not None else ()
    return dict(zip(COLUMNS, values, strict=True)) if len(values) == len(COLUMNS) else None
