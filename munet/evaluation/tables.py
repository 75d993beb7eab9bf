"""The figures of an evaluation as text: a CSV of the photos, a row for a paper, a protocol's table."""

import csv
import io

import numpy as np

from munet.metrics.table import COLUMNS, KEYS, METRICS

_PER_IMAGE = tuple(metric for metric in METRICS if metric.per_image)
_ESCAPED = str.maketrans({character: f"\\{character}" for character in "_&%#$"})


def per_image(scores, columns):
    """The text of per_image.csv.

    Args:
        scores: a `ScoreAccumulator` at a level.
        columns: what `attributes.group_columns` gave for its names.
    """
    text = io.StringIO(newline="")
    attributes = {key: values for key, values in columns.items() if key != "subject"}
    measured = ("tp", "fp", "fn", "tn", "boundary_f1", "hausdorff", "width")
    table = csv.writer(text)
    table.writerow(("image", "subject", *(metric.key for metric in _PER_IMAGE), *measured, *attributes))
    counts = scores.counts()
    figures = np.stack([metric.of_counts(*counts.T) for metric in _PER_IMAGE], axis=1)
    for i, (boundary_f1, distance, width) in enumerate(scores.boundaries().T):
        row = [scores.names[i], scores.subjects[i], *(f"{value:.6f}" for value in figures[i])]
        row += [*counts[i].tolist(), f"{boundary_f1:.6f}"]
        row += [f"{distance:.3f}" if np.isfinite(distance) else "", int(width)]
        table.writerow([*row, *(values[i] or "" for values in attributes.values())])
    return text.getvalue()


def distance_text(figures):
    """The Hausdorff distance of `summaries.headline` in words."""
    if not np.isfinite(figures["hausdorff"]):
        return "no Hausdorff distance: no photo with sclera in which any was found"
    share = 100 * figures["hausdorff_relative"]
    return f"Hausdorff 95 % {figures['hausdorff']:.1f} pixels, {share:.1f} % of the eye's width"


def calibration_text(figures):
    """The calibration errors of `summaries.headline` in words."""
    text = f"expected calibration error {figures['calibration_error']:.4f}"
    near = figures["calibration_error_boundary"]
    return f"{text}, near the boundary {near:.4f}" if np.isfinite(near) else text


def latex_row(name, figures):
    """A row of a LaTeX table, its columns in a comment above: pooled figures in per cent, with the interval
    of F1 as subscript."""
    cells = {column.key: _per_cent(figures[column.key]) for column in COLUMNS}
    labels = {column.key: column.label for column in COLUMNS} | {"f1": "F1 [95 %]"}
    if "f1" in figures["intervals"]:
        low, high = figures["intervals"]["f1"]
        cells["f1"] += f"$_{{[{100 * low:.1f}, {100 * high:.1f}]}}$"
    header, row = ["model", *labels.values()], [name.translate(_ESCAPED), *cells.values()]
    return f"% {' & '.join(header)}\n{' & '.join(row)} \\\\\n"


def latex_table(ranked, behind):
    """A LaTeX table of a `comparison.Comparison`'s models: pooled figures in per cent, then how far the first
    is ahead."""
    labels = [*(column.label for column in COLUMNS), r"$\Delta$F1 [95 \%]", "$p$"]
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(labels)}}}",
        r"\hline",
        f"model & {' & '.join(labels)} \\\\",
        r"\hline",
    ]
    for number, (model, row) in enumerate(zip(ranked, behind, strict=True)):
        cells = [_per_cent(model.figures[key]) for key in KEYS]
        low, high = row["interval"]
        spread = f" [{_per_cent(low)}, {_per_cent(high)}]" if np.isfinite(low) else ""
        p_value = f"{row['p_holm']:.3f}" if np.isfinite(row["p_holm"]) else "--"
        cells += [f"{_per_cent(row['difference'])}{spread}", p_value] if number else ["--", "--"]
        lines.append(f"{model.name.translate(_ESCAPED)} & {' & '.join(cells)} \\\\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}", ""])


def _per_cent(value):
    return f"{100 * value:.1f}" if np.isfinite(value) else "--"


def protocol_table(rows):
    """(header, rows of text) of a protocol's figures: mean and deviation."""
    columns = [(part, key) for part in ("probabilistic", "binarised") for key in rows[0][part]]
    words = {"probabilistic": "map", "binarised": "mask"}
    header = ("group", "photos", *(f"{words[part]} {key}" for part, key in columns))
    cells = [
        (row["group"], row["images"], *("{:.4f} ± {:.4f}".format(*row[part][key]) for part, key in columns))
        for row in rows
    ]
    return header, cells
