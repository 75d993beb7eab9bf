"""What a paper needs from `scoring.Scores`: headline figures with intervals, tables by group, differences
between models."""

import numpy as np

from munet.metrics.bootstrap import interval, resample, sum_by
from munet.metrics.histograms import LEVELS, average_precision, best_level, f1_scores

COUNTED = ("f1", "iou", "precision", "recall", "f1_mean")  # what follows from the counts of the masks
BINS = 15  # of the reliability curve
MOST_GROUPS = 40  # of an attribute that gets a table


def image_f1(scores):
    """F1 of every photo's mask, (N,) float64; 1 where there is nothing and nothing is found."""
    tp, fp, fn, _ = np.array(scores.counts).T
    return _ratio(2 * tp, 2 * tp + fp + fn, 1.0)


def is_empty(scores):
    """(N,) bool: the photos whose truth has no sclera."""
    tp, _, fn, _ = np.array(scores.counts).T
    return tp + fn == 0


def headline(scores, seed=0):
    """The figures of all photos.

    Args:
        scores: a `scoring.Scores` of at least one photo.
        seed: of the bootstrap.

    Returns:
        dict of numbers: `images`, `subjects`, `level`; pooled `f1`, `iou`, `precision`, `recall`, `auc_pr`;
            `f1_mean`, `f1_std`
        over photos; `f1_sclera`, the mean over photos with sclera; `empty`, the photos without, and
        `empty_clean`, those of them in which nothing is found; `best_level` and `best_f1`, an oracle;
        `boundary_f1`, `hausdorff` (pixels) and `hausdorff_relative` (over the sclera's width), means over the
        photos where they are defined; `no_distance`, the photos with sclera where the last two are not;
        `calibration_error`. `intervals` maps a figure to (low, high).
    """
    f1, empty = image_f1(scores), is_empty(scores)
    boundary_f1, distance, width = np.array(scores.boundaries, np.float64).T
    counts = np.array(scores.counts)
    known = np.isfinite(distance) & ~empty
    best = best_level(scores.pooled)
    return {
        "images": len(f1),
        "subjects": len(set(scores.subjects)),
        "level": scores.level,
        **dict(
            zip(COUNTED, (float(v) for v in _figures(_columns(counts, f1).sum(axis=0)[None])[0]), strict=True)
        ),
        "auc_pr": average_precision(scores.pooled),
        "f1_std": float(f1.std()),
        "f1_sclera": float(f1[~empty].mean()) if not empty.all() else float("nan"),
        "empty": int(empty.sum()),
        "empty_clean": int((f1[empty] == 1).sum()),
        "best_level": best,
        "best_f1": float(f1_scores(scores.pooled)[best]),
        "boundary_f1": float(boundary_f1.mean()),
        "hausdorff": float(distance[known].mean()) if known.any() else float("nan"),
        "hausdorff_relative": float((distance[known] / width[known]).mean()) if known.any() else float("nan"),
        "no_distance": int((~empty & ~known).sum()),
        "calibration_error": reliability(scores.pooled)[1],
        "intervals": _intervals(scores, counts, f1, seed),
    }


def _intervals(scores, counts, f1, seed):
    blocks = sum_by(scores.block_numbers(), _columns(counts, f1), len(scores.blocks))
    if len(blocks) < 2:  # the spread between subjects cannot be told from one
        return {}
    drawn = resample(blocks, _figures, seed)
    areas = resample(np.array(scores.blocks), _areas, seed)
    return dict(zip(COUNTED, map(interval, drawn.T), strict=True)) | {"auc_pr": interval(areas)}


def _columns(counts, f1):
    """What adds up to `COUNTED` of every photo: (N, 5) tp, fp, fn, F1 and 1."""
    return np.column_stack([counts[:, :3], f1, np.ones(len(f1))]).astype(np.float64)


def _figures(sums):
    """`COUNTED` of sums (n, 5): (n, 5); NaN where there is no photo."""
    tp, fp, fn, f1, photos = sums.T
    pairs = ((2 * tp, 2 * tp + fp + fn), (tp, tp + fp + fn), (tp, tp + fp), (tp, tp + fn))
    figures = np.stack(
        [*(_ratio(part, whole, 1.0) for part, whole in pairs), _ratio(f1, photos, np.nan)], axis=1
    )
    figures[photos == 0] = np.nan
    return figures


def _areas(histograms):
    """The area under the precision-recall curve of each of (n, 2, 256): (n,)."""
    return np.array([average_precision(counts) for counts in histograms])


def _ratio(part, whole, nothing):
    """part / whole, and `nothing` where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full_like(whole, nothing), where=whole != 0)


def reliability(counts, bins=BINS):
    """How often pixels of a probability are sclera (Guo et al., "On calibration of modern neural networks",
    ICML 2017).

    Args:
        counts: (2, 256) histograms.
        bins: of equal width over the levels.

    Returns:
        (rows, error): rows of (mean probability, share of sclera, pixels) of each bin that holds pixels, (n,
            3) float64;
        the expected calibration error, the mean over pixels of the difference between the first two.
    """
    pixels = np.asarray(counts).sum(axis=0)
    of = np.arange(LEVELS) * bins // LEVELS
    total, sclera, level = (
        np.bincount(of, values, bins)
        for values in (pixels, counts[1], pixels * np.arange(LEVELS) / (LEVELS - 1))
    )
    used = total > 0
    rows = np.stack([level[used] / total[used], sclera[used] / total[used], total[used]], axis=1)
    return rows, float(np.sum(np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]) / total.sum())


def by_group(scores, columns, seed=0):
    """The figures of every group, and the gap between the best and the worst.

    Args:
        scores: a `scoring.Scores`.
        columns: what `attributes.group_columns` gave for its names; attributes of more than 40 groups are
            left out, and so are groups without any sclera.
        seed: of the bootstrap.

    Returns:
        dict from attribute to {"groups": list of dicts (`group`, `images`, `subjects`, `COUNTED` and
        `f1_interval`) from the best F1 to the worst, "gap": F1 of the first minus the last, "gap_interval":
        (low, high)}, largest gap first. Which groups these two are is chosen by the data, so an interval
        beyond 0 is not yet a test.
    """
    table, blocks = _columns(np.array(scores.counts), image_f1(scores)), scores.block_numbers()
    tables = {}
    for attribute, values in columns.items():
        # Of a group without any sclera, F1 says nothing.
        groups = sorted(
            {
                value
                for value, empty in zip(values, is_empty(scores), strict=True)
                if value is not None and not empty
            }
        )
        if 2 <= len(groups) <= MOST_GROUPS:
            tables[attribute] = _group_table(
                table, blocks, len(scores.blocks), scores.subjects, values, groups, seed
            )
    return dict(sorted(tables.items(), key=lambda item: -item[1]["gap"]))


def _group_table(table, blocks, block_count, subjects, values, groups, seed):
    code_of = {group: code for code, group in enumerate(groups)}
    codes = np.array([code_of.get(value, -1) for value in values])
    told = codes >= 0
    cells = sum_by(blocks[told] * len(groups) + codes[told], table[told], block_count * len(groups)).reshape(
        block_count, len(groups), -1
    )
    drawn = resample(
        cells, lambda sums: np.stack([_figures(sums[:, g])[:, 0] for g in range(len(groups))], axis=1), seed
    )
    rows, spreads = [], {}
    for code, group in enumerate(groups):
        members = np.flatnonzero(codes == code)
        figures = dict(
            zip(COUNTED, (float(v) for v in _figures(table[members].sum(axis=0)[None])[0]), strict=True)
        )
        people = len({subjects[i] for i in members})
        # one subject has no spread between subjects
        spreads[group] = drawn[:, code] if people > 1 else np.full(len(drawn), np.nan)
        rows.append(
            {
                "group": group,
                "images": len(members),
                "subjects": people,
                **figures,
                "f1_interval": interval(spreads[group]),
            }
        )
    rows.sort(key=lambda row: -row["f1"])
    best, worst = rows[0], rows[-1]
    spread = interval(spreads[best["group"]] - spreads[worst["group"]])
    return {"groups": rows, "gap": best["f1"] - worst["f1"], "gap_interval": spread}


def by_subject(scores):
    """The mean and the standard deviation over subjects of their pooled F1, and the worst: a dict."""
    subjects = sorted(set(scores.subjects))
    number = {subject: i for i, subject in enumerate(subjects)}
    sums = sum_by(
        [number[s] for s in scores.subjects],
        _columns(np.array(scores.counts), image_f1(scores)),
        len(subjects),
    )
    f1 = _figures(sums)[:, 0]
    return {
        "f1_mean": float(f1.mean()),
        "f1_std": float(f1.std()),
        "worst": subjects[int(f1.argmin())],
        "worst_f1": float(f1.min()),
    }


def difference(first, second, seed=0):
    """Pooled F1 of one model minus another's on the same photos, with its interval by paired bootstrap of the
    subjects.

    Args:
        first, second: `scoring.Scores`; photos that only one of them has are left out.

    Returns:
        dict: `difference`, `interval` (low, high; NaN with one subject), `images`.
    """
    at = {name: i for i, name in enumerate(second.names)}
    pairs = [(i, at[name]) for i, name in enumerate(first.names) if name in at]
    mine, theirs = (np.array(side) for side in zip(*pairs, strict=True))
    tables = [
        _columns(np.array(s.counts), image_f1(s))[rows] for s, rows in ((first, mine), (second, theirs))
    ]
    known, block = np.unique(first.block_numbers()[mine], return_inverse=True)
    blocks = sum_by(block, np.stack(tables, axis=1), len(known))
    drawn = resample(blocks, lambda sums: _figures(sums[:, 0])[:, 0] - _figures(sums[:, 1])[:, 0], seed)
    total = blocks.sum(axis=0)
    found = float(_figures(total[:1])[0, 0] - _figures(total[1:])[0, 0])
    low_high = interval(drawn) if len(blocks) > 1 else (float("nan"), float("nan"))
    return {"difference": found, "interval": low_high, "images": len(pairs)}
