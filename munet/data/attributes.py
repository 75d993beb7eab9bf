"""What is known of a photo: from its name, or from a CSV such as the drawn eyes' `labels.csv`, for tables by
group.

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
from munet.core.files import csv_rows
from munet.data.layouts import original
from munet.images import masks, reading

PHONES = {"1": "Xperia Z5 Compact", "2": "iPhone 6s", "3": "Xiaomi Pocophone F1"}
LIGHTS = {"n": "natural", "i": "indoor", "p": "poor"}
GAZES = {"l": "left", "r": "right", "s": "straight", "u": "up", "d": "down"}
_MOBIUS = re.compile(r"(?P<subject>\d+)_(?P<phone>\d)(?P<light>[nip])_(?P<eye>[LR])(?P<gaze>[lrsud])_\w+$")
_SBVPI = re.compile(r"(?P<subject>\d+)(?P<eye>[LR])_(?P<gaze>[lrsud])_\w+$")
_DRAWN = re.compile(r"(?P<subject>S\d+)_(?P<eye>[LR])_(?P<gaze>[lrsud])_\d+$")
_MIRRORED = {"L": "R", "R": "L", "l": "r", "r": "l"}
MOST_VALUES = 12  # that a column of whole numbers has before it is cut into quarters
_COMMA = re.compile(r"-?\d+,\d+")  # decimals, as half of Europe writes them
_KEYS = ("image", "path", "name", "file", "filename")
_NAMES = ("subject", "session")  # never measured, though they may be numbers


def from_name(name):
    """The attributes that a photo's name tells: MOBIUS, SBVPI and drawn eyes name phone, light, eye or gaze.

    Args:
        name: path below the images' folder, with `/`, without suffix; of a photo or of what
            `augment_datasets.py` made of one.

    Returns:
        dict from attribute to text; `subject` is the first folder, else what the name starts with, else the
        name itself.
    """
    name, endings = original(name)
    *folders, stem = name.split("/")
    match = next((m for pattern in (_MOBIUS, _SBVPI, _DRAWN) if (m := pattern.match(stem))), None)
    found = match.groupdict() if match else {"subject": name}
    found = _turned(found, endings)
    for key, words in (("phone", PHONES), ("light", LIGHTS), ("gaze", GAZES)):
        if key in found:
            found[key] = words.get(found[key], found[key])
    if folders:
        found["subject"] = folders[0]
    if len(folders) > 1:
        found["session"] = "/".join(folders[:2])
    return found


def _turned(found, endings):
    """An augmented photo's attributes: a flip makes a left eye a right one, and a copy's name does not tell
    if it was flipped."""
    if "copy" in endings:
        return {key: value for key, value in found.items() if key not in ("eye", "gaze")}
    if endings.count("flip") % 2:
        return {
            key: _MIRRORED.get(value, value) if key in ("eye", "gaze") else value
            for key, value in found.items()
        }
    return found


def read_table(path):
    """Reads attributes from a CSV with a header, whose column `image` (or `path`, `name`, `file`) holds the
    photos' names.

    Returns:
        dict from name (without suffix) to a dict from column to text.

    Raises:
        MunetError: not a CSV of that kind, or a photo has two rows.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MunetError(
            f"{shown(path)} cannot be read as a CSV ({error}); give a table with the columns image, ..."
        ) from error
    key = next((column for column in _KEYS if rows and column in rows[0]), None)
    if key is None:
        found = ", ".join(map(str, rows[0])) if rows else "no rows"
        raise MunetError(
            f"{shown(path)}: found {found}, expected a column named image; rename the one with the photos' "
            "names"
        )
    table = {
        _stem(row[key] or ""): {
            column: text or "" for column, text in row.items() if column and column != key
        }
        for row in rows
    }
    if len(table) < len(rows):
        twice = next(
            name for name, times in Counter(_stem(row[key] or "") for row in rows).items() if times > 1
        )
        raise MunetError(f"{shown(path)}: {shown(twice)} has more than one row; leave one")
    return table


def _stem(text):
    """A name in a table as photos are named here: below `images/`, and without the suffix of a photo or a
    mask."""
    name = text.strip().replace("\\", "/").removeprefix("images/")
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in (*reading.SUFFIXES, *masks.SUFFIXES, *reading.OTHER_SUFFIXES) else name


def group_columns(names, table=None, by=None):
    """The group of every photo under every attribute.

    Args:
        names: list of photo names.
        table: what `read_table` gave; photos that it lacks are in no group. Default: None, names alone.
        by: attributes to keep, in this order. Default: None, all that group at least two photos and split
            them.

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
    if by is not None:
        unknown = [key for key in by if key not in columns]
        if unknown:
            raise MunetError(f"no photo tells its {', '.join(unknown)}; known are: {', '.join(columns)}")
        return {key: columns[key] for key in by}
    return {
        key: values for key, values in columns.items() if 2 <= len(set(values) - {None}) < max(3, len(names))
    }


def subjects(names, table=None):
    """The subject of every photo: as the table's column `subject` tells, else as its name does; a list of
    texts."""
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
    known = {value for value in values if value is not None}
    try:
        commas = [value for value in known if _COMMA.fullmatch(value)]
        decimal = any(len(value.partition(",")[2]) != 3 for value in commas)  # three digits may be thousands
        numbers = {value: float(value.replace(",", ".") if decimal else value) for value in known}
    except ValueError:
        return values
    unknown = {value for value, number in numbers.items() if not math.isfinite(number)}  # "nan", "inf"
    values, known = [None if value in unknown else value for value in values], known - unknown
    if len(known) <= MOST_VALUES and all(
        number == int(number) for number in (numbers[value] for value in known)
    ):
        return values
    drawn = [numbers[value] for value in values if value is not None]
    edges = np.unique(np.quantile(drawn, (0, 0.25, 0.5, 0.75, 1)))
    if edges[0] == np.median(drawn):  # most have the least of it: none, mostly
        names, inner = [f"{edges[0]:.3g}", f"above {edges[0]:.3g}"], [np.nextafter(edges[0], np.inf)]
    else:
        names, inner = (
            [
                f"{chr(97 + i)}: {low:.3g} to {high:.3g}"
                for i, (low, high) in enumerate(itertools.pairwise(edges))
            ],
            edges[1:-1],
        )
    return [
        None if value is None else names[int(np.searchsorted(inner, numbers[value], side="right"))]
        for value in values
    ]
