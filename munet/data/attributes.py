"""What is known of photos, from their names or a CSV such as the synthetic eyes' `labels.csv`: their groups.

Measured numbers, and whole ones of more than a dozen values, are cut into quarters of equally many photos.
"""

import csv
import itertools
import math
import os
import re
from collections import Counter

import numpy as np

from munet.core.errors import MunetError, shown
from munet.core.files import csv_rows, open_text
from munet.data.names import from_name
from munet.images import masks, reading

MOST_VALUES = 12  # that a column of whole numbers has before it is cut into quarters
_COMMA = re.compile(r"-?\d+,\d+")  # decimals, as half of Europe writes them
_KEYS = ("image", "path", "name", "file", "filename")
_NAMES = ("subject", "session")  # never measured, though they may be numbers


def read_table(path):
    """Reads attributes from a CSV whose column `image` (or `path`, `name`, `file`) holds the photos' names.

    Returns:
        dict from name (without suffix) to a dict from column to text.

    Raises:
        MunetError: not a CSV of that kind, or a photo has two rows.
    """
    try:
        with open_text(path) as file:
            rows = list(csv_rows(file))
    except (OSError, UnicodeError, csv.Error) as error:
        raise MunetError(
            f"{shown(path)} cannot be read as a CSV ({error}); give a table with the columns image, ..."
        ) from error
    key = next((column for column in _KEYS if rows and column in rows[0]), None)
    if key is None:
        found = ", ".join(map(str, rows[0])) if rows else "no rows"
        raise MunetError(
            f"{shown(path)}: found {found}, expected a column named image; rename the column of the names"
        )
    names = [_stem(row.pop(key) or "") for row in rows]
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise MunetError(f"{shown(path)}: {shown(twice[0])} has more than one row; leave one")
    tells = ({column: text or "" for column, text in row.items() if column} for row in rows)
    return dict(zip(names, tells, strict=True))


def _stem(text):
    """A table's name as photos are named here: below `images/`, without the suffix of a photo or a mask."""
    name = text.strip().replace("\\", "/").removeprefix("images/")
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in (*reading.SUFFIXES, *masks.SUFFIXES, *reading.OTHER_SUFFIXES) else name


def group_columns(names, table=None, by=None):
    """The group of every photo under every attribute.

    Args:
        names: list of photo names.
        table: what `read_table` gave; photos that it lacks are in no group. Default: None, names alone.
        by: attributes to keep, in this order. Default: None, all that make groups, and not one a photo.

    Returns:
        dict from attribute to a list of texts, one a photo; None where it is not known.

    Raises:
        MunetError: an attribute of `by` is not known.
    """
    told = [{key: text for key, text in row.items() if text} for row in _looked_up(table or {}, names)]
    rows = [from_name(name) | row for name, row in zip(names, told, strict=True)]
    keys = dict.fromkeys(key for row in rows for key in row)  # in the order they are met
    columns = {key: [row.get(key) or None for row in rows] for key in keys}
    columns = {key: values if key in _NAMES else _binned(values) for key, values in columns.items()}
    if by is None:
        most = max(3, len(names))
        return {key: values for key, values in columns.items() if 2 <= len(set(values) - {None}) < most}
    if unknown := [key for key in by if key not in columns]:
        raise MunetError(f"no photo tells its {', '.join(unknown)}; known are: {', '.join(columns)}")
    return {key: columns[key] for key in by}


def subjects(names, table=None):
    """The subject of every photo, a list of texts: from the table's column `subject`, else from its name."""
    told = _looked_up(table or {}, names)
    return [row.get("subject") or from_name(name)["subject"] for row, name in zip(told, names, strict=True)]


def tell_people(names, table=None):
    """Whether folders, names or a table tell whose the photos are; of a single one it does not matter."""
    alone = len(set(subjects(names, table))) == len(names) > 1 and not any("/" in name for name in names)
    return not alone or any("subject" in row for row in (table or {}).values())


def not_told(names, table):
    """How many photos a table has no row of."""
    return sum(not told for told in _looked_up(table, names))


def _looked_up(table, names):
    """The table's row of each photo, by its name, or by the last part of it where no other photo has that."""
    last = [name.rsplit("/", 1)[-1] for name in names]
    count = Counter(last)
    return [
        table.get(name) or (table.get(end) if count[end] == 1 else None) or {}
        for name, end in zip(names, last, strict=True)
    ]


def _binned(values):
    """Texts as they are, but measured numbers in quarters of the photos, named by their range."""
    try:
        numbers = _numbers({value for value in values if value is not None})
    except ValueError:
        return values
    numbers = {value: number for value, number in numbers.items() if math.isfinite(number)}
    values = [value if value in numbers else None for value in values]  # "nan" and "inf" are not known
    if len(numbers) <= MOST_VALUES and all(number == int(number) for number in numbers.values()):
        return values
    names, edges = _quarters([numbers[value] for value in values if value is not None])
    places = {value: names[np.searchsorted(edges, number, side="right")] for value, number in numbers.items()}
    return [places.get(value) for value in values]


def _numbers(texts):
    """A dict from texts to their numbers; a ValueError where one is none."""
    commas = [text for text in texts if _COMMA.fullmatch(text)]
    decimal = any(len(text.partition(",")[2]) != 3 for text in commas)  # three digits may be thousands
    return {text: float(text.replace(",", ".") if decimal else text) for text in texts}


def _quarters(numbers):
    """(names, edges): of up to four ranges with equally many numbers, and what lies between them."""
    edges = np.unique(np.quantile(numbers, (0, 0.25, 0.5, 0.75, 1)))
    if edges[0] == np.median(numbers):  # most have the least of it: none, mostly
        return [f"{edges[0]:.3g}", f"above {edges[0]:.3g}"], [np.nextafter(edges[0], np.inf)]
    ranges = enumerate(itertools.pairwise(edges))
    return [f"{chr(97 + i)}: {low:.3g} to {high:.3g}" for i, (low, high) in ranges], edges[1:-1]
