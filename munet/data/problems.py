"""Bad inputs told by cause: a line each for a few; of many, one with their number, and the rest in a file."""

import math
import re
from collections import Counter
from pathlib import Path

import numpy as np

from munet.core.errors import BadInput, shown
from munet.core.files import write_csv
from munet.core.messages import counted
from munet.images import masks

_COLUMNS = ("file", "found", "expected", "remedy")
_A_FEW = 3
_LARGEST = 255  # that --sclera-value takes
_LOOKED_AT = 50  # masks, for the classes in them


def problems_file(out):
    """Where the rest is listed: beside an output folder, which is not made for it."""
    out = Path(out)
    return out.with_name(f"{out.resolve().name}.problems.csv")


def by_cause(problems, file, hint=lambda paths: ""):
    """Problems as they are told: of a cause with many files the first one alone, with their number.

    Args:
        problems: list of BadInput.
        file: a CSV that gets all of them where not each is told; one of an earlier run is removed.
        hint: gives a remedy for the masks of these paths that hold class indices, in words; "" without.

    Returns:
        list of BadInput.
    """
    causes = {}
    for problem in problems:
        causes.setdefault((re.sub(r"[\d.,]+( [\d.,]+)*", "#", problem.found), problem.remedy), []).append(
            problem
        )
    told = []
    for same in causes.values():
        few = len(same) <= _A_FEW
        told += same if few else [_first_of(same, file)]
        if masks.needs_value(same[0]) and (words := hint([problem.path for problem in same])):
            first = told[-len(same) if few else -1]
            told[told.index(first)] = BadInput(
                first.path, first.found, first.expected, f"{words}; {first.remedy}"
            )
    _write(file, problems if len(told) < len(problems) else [])
    return told


def _first_of(same, file):
    first = same[0]
    others = f"{len(same) - 1} others alike are listed in {shown(file)}"
    return BadInput(first.path, first.found, first.expected, f"{first.remedy}; {others}")


def _write(file, problems):
    if problems:
        rows = [(p.path, p.found, p.expected, p.remedy) for p in problems]
        write_csv(file, [_COLUMNS, *rows])
    elif file.is_file() and file.read_bytes().startswith(",".join(_COLUMNS).encode()):
        file.unlink()


def classes_in(paths):
    """The values that masks hold besides 0 and their background, and the share of the pixels of each: a dict,
    the largest first; of a few masks, whatever cannot be read left out."""
    shares, read = Counter(), 0
    for path in paths[:: math.ceil(len(paths) / _LOOKED_AT) or 1]:
        try:
            levels = masks.read_classes(path)
        except BadInput:
            continue
        values, counts = np.unique(levels, return_counts=True)
        read += 1
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            if value == int(value):
                shares[int(value)] += count / levels.size
    background = {0, *(value for value, _ in shares.most_common(1))}
    return {value: share / read for value, share in shares.most_common() if value not in background}


def proposal(paths, best=lambda paths, values: None):
    """The remedy for masks of class indices whose sclera nobody told, in words: "" where they hold none.

    Args:
        paths: of the masks.
        best: tells which of these values is the sclera in them; None where it does not know.
    """
    shares = classes_in(paths)
    if not shares or len(shares) > 20:
        return ""
    value = next(iter(shares)) if len(shares) == 1 else best(paths, list(shares))
    value = value if value is not None and value <= _LARGEST else None
    found = ", ".join(f"{v} ({share:.1%} of the pixels)" for v, share in list(shares.items())[:6])
    proposed = f": try --sclera-value {value}" if value is not None else ""
    return f"{counted(len(shares), 'class', 'classes')} found, {found}{proposed}"
