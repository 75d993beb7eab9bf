"""The figures of an evaluation as text: a CSV of the photos, a row for a paper, a protocol's table."""

import csv
import io

import numpy as np

from munet.evaluation.summaries import image_f1


def per_image(scores, columns):
    """The text of per_image.csv."""
    text = io.StringIO(newline="")
    header = (
        "image",
        "subject",
        "f1",
        "iou",
        "tp",
        "fp",
        "fn",
        "tn",
        "boundary_f1",
        "hausdorff",
        "width",
        *(k for k in columns if k != "subject"),
    )
    table = csv.writer(text)
    table.writerow(header)
    f1 = image_f1(scores)
    for i, (name, counts, (boundary, distance, width)) in enumerate(
        zip(scores.names, scores.counts, scores.boundaries, strict=True)
    ):
        told = [values[i] or "" for key, values in columns.items() if key != "subject"]
        iou = f1[i] / (2 - f1[i])
        measured = (
            f"{f1[i]:.6f}",
            f"{iou:.6f}",
            *counts.tolist(),
            f"{boundary:.6f}",
            f"{distance:.3f}" if np.isfinite(distance) else "",
            width,
        )
        table.writerow((name, scores.subjects[i], *measured, *told))
    return text.getvalue()


def distance_text(figures):
    """The Hausdorff distance of `summaries.headline` in words."""
    if not np.isfinite(figures["hausdorff"]):
        return "no Hausdorff distance, as there is no photo with sclera in which any was found"
    return f"Hausdorff 95 % {figures['hausdorff']:.1f} pixels, {100 * figures['hausdorff_relative']:.1f} % of the eye's width"


def latex_row(name, figures):
    """A row of a LaTeX table, its columns in a comment above: pooled figures in per cent, with the interval
    of F1 as subscript."""
    keys = ("f1", "f1_mean", "iou", "precision", "recall", "auc_pr")
    cells = [f"{100 * figures[key]:.1f}" for key in keys]
    if "f1" in figures["intervals"]:
        low, high = figures["intervals"]["f1"]
        cells[0] += f"$_{{[{100 * low:.1f}, {100 * high:.1f}]}}$"
    escaped = "".join("\\" + c if c in "_&%#$" else c for c in name)
    return (
        "% model & F1 [95 %] & F1 per image & IoU & precision & recall & area under PR\n"
        + " & ".join([escaped, *cells])
        + " \\\\\n"
    )


def protocol_table(rows):
    """(header, rows of text) of a protocol's figures: mean and deviation."""
    columns = [(part, key) for part in ("probabilistic", "binarised") for key in rows[0][part]]
    header = (
        "group",
        "photos",
        *(f"{'map' if part == 'probabilistic' else 'mask'} {key}" for part, key in columns),
    )
    cells = [
        (row["group"], row["images"], *("{:.4f} ± {:.4f}".format(*row[part][key]) for part, key in columns))
        for row in rows
    ]
    return header, cells
