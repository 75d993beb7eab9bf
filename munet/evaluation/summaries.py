"""What a paper needs from a `ScoreAccumulator`: headline figures with intervals, tables by group, differences
between models."""

import math

import numpy as np

from munet.metrics.bootstrap import interval, resample, sum_by
from munet.metrics.histograms import best_level, f1_scores, reliability
from munet.metrics.permutation import exchange_test
from munet.metrics.table import MAP_KEYS, MASK_KEYS, map_figures, mask_figures, summands

MOST_GROUPS = 40  # of an attribute that gets a table
_UNKNOWN = (float("nan"), float("nan"))  # the interval of what one subject cannot tell


def headline(scores, seed=0, maps=True):
    """The figures of all photos.

    Args:
        scores: a `ScoreAccumulator` at a level, of at least one photo.
        seed: of the bootstrap.
        maps: whether there are maps. Default: True; of masks alone, the figures of maps are NaN, and no level
            is told.

    Returns:
        dict of numbers: `images`, `subjects`, `level`; the figures of `table.METRICS`; `f1_std` over photos;
        `f1_sclera`, the mean over photos with sclera; `empty`, the photos without, and `empty_clean`, those
        of them in which nothing is found; `best_level` and `best_f1`, an oracle; `boundary_f1`, `hausdorff`
        (pixels) and `hausdorff_relative` (over the sclera's width), means over the photos where they are
        defined; `no_distance`, the photos with sclera where the last two are not; `calibration_error` of all
        pixels, and `calibration_error_boundary` of those near the true boundary (NaN where not counted).
        `intervals` maps a figure to (low, high).
    """
    figures, f1, empty = scores.figures(), scores.image_f1(), scores.is_empty()
    best = best_level(scores.pooled) if maps else None
    of_maps = {
        **{key: figures[key] for key in MAP_KEYS},
        "best_f1": float(f1_scores(scores.pooled)[best or 0]),
        "calibration_error": reliability(scores.pooled)[1],
        "calibration_error_boundary": reliability(scores.band)[1],
    }
    of_maps = of_maps if maps else dict.fromkeys(of_maps, math.nan)
    return {
        "images": figures["images"],
        "subjects": len(set(scores.subjects)),
        "level": scores.level if maps else None,
        **{key: figures[key] for key in MASK_KEYS},
        "f1_std": float(f1.std()),
        "f1_sclera": _mean(f1[~empty]),
        "empty": figures["empty"],
        "empty_clean": int((f1[empty] == 1).sum()),
        "best_level": best,
        **of_maps,
        **_distances(scores, empty),
        "intervals": _intervals(scores, seed, maps),
    }


def _distances(scores, empty):
    boundary_f1, distance, width = scores.boundaries()
    known = np.isfinite(distance) & ~empty
    return {
        "boundary_f1": float(boundary_f1.mean()),
        "hausdorff": _mean(distance[known]),
        "hausdorff_relative": _mean(distance[known] / width[known]),
        "no_distance": int((~empty & ~known).sum()),
    }


def _mean(values):
    """The mean as a float; NaN of none."""
    return float(values.mean()) if len(values) else float("nan")


def _intervals(scores, seed, maps):
    blocks = sum_by(scores.block_numbers(), summands(scores.counts()), len(scores.blocks))
    if len(blocks) < 2:  # the spread between subjects cannot be told from one
        return {}
    drawn = resample(blocks, lambda sums: np.stack(list(mask_figures(sums).values()), axis=1), seed).T
    found = {key: interval(values) for key, values in zip(MASK_KEYS, drawn, strict=True)}
    if not maps:
        return found
    drawn = resample(scores.blocks, lambda sums: np.stack(list(map_figures(sums).values()), axis=1), seed).T
    return found | {key: interval(values) for key, values in zip(MAP_KEYS, drawn, strict=True)}


def _f1(sums):
    """Pooled F1 of sums of `table.summands`, (..., k): (...)."""
    return mask_figures(sums)["f1"]


def by_group(scores, columns, seed=0):
    """The figures of every group, and the gap between the best and the worst.

    Args:
        scores: a `ScoreAccumulator` at a level.
        columns: what `attributes.group_columns` gave for its names; attributes of more than 40 groups are
            left out, and so are groups without any sclera.
        seed: of the bootstrap.

    Returns:
        dict from attribute to {"groups": list of dicts (`group`, `images`, `subjects`, `table.MASK_KEYS` and
        `f1_interval`) from the best F1 to the worst, "gap": F1 of the first minus the last, "gap_interval":
        (low, high)}, largest gap first. Which groups these two are is chosen by the data, so an interval
        beyond 0 is not yet a test.
    """
    table, empty = summands(scores.counts()), scores.is_empty()
    tables = {}
    for attribute, values in columns.items():
        # Of a group without any sclera, F1 says nothing.
        groups = sorted({value for value, none in zip(values, empty, strict=True) if value and not none})
        if 2 <= len(groups) <= MOST_GROUPS:
            tables[attribute] = _group_table(scores, table, values, groups, seed)
    return dict(sorted(tables.items(), key=lambda item: -item[1]["gap"]))


def _group_table(scores, table, values, groups, seed):
    code_of = {group: code for code, group in enumerate(groups)}
    codes = np.array([code_of.get(value, -1) for value in values])
    drawn = _group_draws(scores, table, codes, len(groups), seed)
    rows = []
    for code, group in enumerate(groups):
        members = np.flatnonzero(codes == code)
        figures = mask_figures(table[members].sum(axis=0))
        subjects = len({scores.subjects[i] for i in members})
        if subjects < 2:  # one subject has no spread between subjects
            drawn[:, code] = np.nan
        row = {"group": group, "images": len(members), "subjects": subjects}
        row |= {key: float(value) for key, value in figures.items()}
        rows.append(row | {"f1_interval": interval(drawn[:, code])})
    rows.sort(key=lambda row: -row["f1"])
    best, worst = rows[0], rows[-1]
    spread = interval(drawn[:, code_of[best["group"]]] - drawn[:, code_of[worst["group"]]])
    return {"groups": rows, "gap": best["f1"] - worst["f1"], "gap_interval": spread}


def _group_draws(scores, table, codes, count, seed):
    """Pooled F1 of every group in every resample of the subjects: (resamples, count)."""
    told, blocks = codes >= 0, len(scores.blocks)
    cell = scores.block_numbers()[told] * count + codes[told]
    cells = sum_by(cell, table[told], blocks * count).reshape(blocks, count, -1)
    return resample(cells, _f1, seed)


def by_subject(scores):
    """The mean and the standard deviation over subjects of their pooled F1, and the worst: a dict."""
    subjects, number = np.unique(scores.subjects, return_inverse=True)
    f1 = _f1(sum_by(number, summands(scores.counts()), len(subjects)))
    worst = int(f1.argmin())
    return {
        "f1_mean": float(f1.mean()),
        "f1_std": float(f1.std()),
        "worst": str(subjects[worst]),
        "worst_f1": float(f1[worst]),
    }


def difference(first, second, seed=0):
    """Pooled F1 of one model minus another's on the same photos, with its interval by paired bootstrap of the
    subjects.

    Args:
        first, second: `ScoreAccumulator`s at a level; photos that only one of them has are left out.

    Returns:
        dict: `difference`, `interval` (low, high; NaN with one subject), `images`, `subjects`, and `p_value`
        of a paired permutation by subject (NaN with one), see `permutation`.
    """
    at = {name: i for i, name in enumerate(second.names)}
    pairs = np.array([(i, at[name]) for i, name in enumerate(first.names) if name in at])
    tables = [summands(scores.counts()[rows]) for scores, rows in zip((first, second), pairs.T, strict=True)]
    known, block = np.unique(first.block_numbers()[pairs[:, 0]], return_inverse=True)
    blocks = sum_by(block, np.stack(tables, axis=1), len(known))
    drawn = resample(blocks, _behind, seed)
    return {
        "difference": float(_behind(blocks.sum(axis=0))),
        "interval": interval(drawn) if len(blocks) > 1 else _UNKNOWN,
        "images": len(pairs),
        "subjects": len(blocks),
        "p_value": exchange_test(blocks, _behind, seed),
    }


def _behind(sums):
    """Pooled F1 of the first minus that of the second, of (..., 2, k) sums: (...)."""
    return _f1(sums[..., 0, :]) - _f1(sums[..., 1, :])
