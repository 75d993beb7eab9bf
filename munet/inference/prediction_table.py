"""predictions.csv, a row a photo, and eyes.csv, a row an eye: written while the run goes on, and taken up by
the next one.

A photo's rows are appended when its files are there, those of its eyes first. A run that was killed leaves
its rows but for a last one cut short; the next run takes them with those of shards (`predictions-3of8.csv`,
`eyes-3of8.csv`), drops what is not up to date, and appends its own. The last step of a run puts the tables
in order of name.
"""

import csv
import json
import os
import re
from contextlib import contextmanager, suppress

from munet.core.errors import MunetError, shown
from munet.core.files import whole_file

COLUMNS = (
    *("image", "status", "bytes", "height", "width"),
    *("sclera_pixels", "sclera_share", "max_level", "eyes", "doubt", "error"),
)
EYE_COLUMNS = (
    *("image", "eye", "x0", "y0", "x1", "y1", "angle", "score", "open", "side"),
    *("sclera_pixels", "sclera_share", "max_level"),
)
BOXES = "boxes"  # of a photo's row on its way to the tables: the lines of its eyes in eyes.csv
_NEW = {"eyes": "", "doubt": ""}  # columns that tables of earlier versions lack
_PART = re.compile(r"(predictions|eyes)-\d+of\d+\.csv")
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
        part = "-{}of{}".format(*shard) if shard else ""
        self.path, self.eyes_path = folder / f"predictions{part}.csv", folder / f"eyes{part}.csv"
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
        rows, eyes = self._rows(), self._eyes()
        self._kept = bytearray()
        with _rewritten(self.path, COLUMNS) as table, _rewritten(self.eyes_path, EYE_COLUMNS) as eye_table:
            for name, photo in photos:
                row, found = _unpacked(rows.get(name)), eyes.get(name, ())
                kept = row is not None and row["eyes"] in ("", str(len(found))) and bool(keep(row, photo))
                if kept:
                    table.writerow(row)
                    eye_table.writerows(
                        dict(zip(EYE_COLUMNS, line.split(_BETWEEN), strict=True)) for line in found
                    )
                self._kept.append(kept)
        for path in self._parts():
            path.unlink(missing_ok=True)
        return sum(self._kept)

    def missing(self, photos):
        """Yields those of the photos of `rebuild`, in its order, that have no row since then."""
        return (photo for photo, kept in zip(photos, self._kept, strict=True) if not kept)

    @contextmanager
    def appending(self):
        """A context manager that gives a function which appends a row, and those of its eyes, to disk.

        Raises:
            MunetError: the folder was removed.
        """
        with open(self.path, "a", **_TEXT) as file, open(self.eyes_path, "a", **_TEXT) as eye_file:
            table, eye_table = csv.DictWriter(file, COLUMNS), csv.DictWriter(eye_file, EYE_COLUMNS)

            def append(row):
                row = dict(row)
                eye_table.writerows(json.loads(row.pop(BOXES, "[]")))
                eye_file.flush()
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
        return [path for path in self.folder.glob("*-*of*.csv") if _PART.fullmatch(path.name)]

    def _tables(self, kind, own):
        """The tables of a kind that are there, the oldest first."""
        # A shard looks into the whole table too: an earlier run's, with what need not be done again.
        parts = [path for path in self._parts() if path.name.startswith(kind)]
        tables = dict.fromkeys([self.folder / f"{kind}.csv", *parts, own])
        return sorted(filter(os.path.exists, tables), key=lambda path: path.stat().st_mtime_ns)

    def _rows(self):
        """The rows that are there, packed, by name."""
        tables = self._tables("predictions", self.path)
        return {row["image"]: _packed(row, COLUMNS) for path in tables for row in _read(path, COLUMNS, _NEW)}

    def _eyes(self):
        """The rows of eyes that are there, packed, a list by name of the photo."""
        eyes = {}
        for path in self._tables("eyes", self.eyes_path):
            for row in _read(path, EYE_COLUMNS):
                if row["eye"] == "1":  # of a photo that was predicted again
                    eyes[row["image"]] = []
                eyes.setdefault(row["image"], []).append(_packed(row, EYE_COLUMNS))
        return eyes


@contextmanager
def _rewritten(path, columns):
    """A context manager that gives the writer of a whole new table."""
    with whole_file(path) as part, part.open("w", **_TEXT) as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        yield table


def _read(path, columns, new=None):
    """Yields the whole rows of a table; `new` has the values of columns that it may lack."""
    with open(path, **_TEXT) as file, suppress(csv.Error):  # damaged from here on
        for row in csv.DictReader(file):
            # A last line cut short lacks columns; the error, which is last, is empty in good rows alone.
            filled = {**(new or {}), **row}
            if set(filled) == set(columns) and None not in filled.values():
                yield filled


def _packed(row, columns):
    return _BETWEEN.join(row[column] for column in columns)


def _unpacked(text):
    """A row; None where there is none, or where it is damaged."""
    values = text.split(_BETWEEN) if text is not None else ()
    return dict(zip(COLUMNS, values, strict=True)) if len(values) == len(COLUMNS) else None
