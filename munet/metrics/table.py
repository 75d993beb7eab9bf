"""The table of metrics: each is defined here once. The scripts' tables, the keys of JSON, the columns of
per_image.csv and of the LaTeX row, the cards of the report and the intervals follow from it.

To add a metric, add a row to `METRICS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from munet.metrics.confusion import f1, iou, precision, ratio, recall
from munet.metrics.histograms import average_precision


@dataclass(frozen=True)
class Metric:
    """A row of the table.

    Attributes:
        key: its name in JSON, in CSV and in the scripts' tables.
        label: its name in the report and in LaTeX.
        of_counts: function of (tp, fp, fn, tn) arrays, pooled over images or of each; None for one of maps.
        of_maps: function of (..., 2, 256) histograms, pooled over images; None for one of masks.
        mean: whether its mean over images, `<key>_mean`, stands beside the pooled figure.
        per_image: whether per_image.csv has a column of it.
        higher_is_better: which way the report's arrow points.
    """

    key: str
    label: str
    of_counts: Callable | None = None
    of_maps: Callable | None = None
    mean: bool = False
    per_image: bool = False
    higher_is_better: bool = True

    @property
    def mean_key(self):
        """The key of its mean over images."""
        return f"{self.key}_mean"

    def columns(self):
        """Yields the `Column` of the pooled figure, and that of the mean where there is one."""
        arrow = "↑" if self.higher_is_better else "↓"
        yield Column(self.key, self.label, f"{'grey maps, ' if self.of_maps else ''}all pixels pooled", arrow)
        if self.mean:
            yield Column(self.mean_key, f"{self.label} per image", "mean over images", arrow)


@dataclass(frozen=True)
class Column:
    """A figure as people see it: `key` in JSON and tables, `label`, a `note` on what it is taken over, and an
    `arrow` that points to the better side."""

    key: str
    label: str
    note: str
    arrow: str


METRICS = (
    Metric("f1", "F1", of_counts=f1, mean=True, per_image=True),
    Metric("iou", "IoU", of_counts=iou, per_image=True),
    Metric("precision", "precision", of_counts=precision),
    Metric("recall", "recall", of_counts=recall),
    Metric("auc_pr", "area under PR", of_maps=average_precision),
)


COLUMNS = tuple(column for metric in METRICS for column in metric.columns())
KEYS = tuple(column.key for column in COLUMNS)
_OF_COUNTS = tuple(metric for metric in METRICS if metric.of_counts)
_MEANS = tuple(metric for metric in _OF_COUNTS if metric.mean)
MASK_KEYS = (*(metric.key for metric in _OF_COUNTS), *(metric.mean_key for metric in _MEANS))
MAP_KEYS = tuple(metric.key for metric in METRICS if metric.of_maps)


def summands(counts):
    """What of each image adds up to the figures of many: (N, 4) counts to (N, k) float64."""
    counts = np.asarray(counts, np.float64).reshape(-1, 4)
    means = [metric.of_counts(*counts.T) for metric in _MEANS]
    return np.column_stack([counts, *means, np.ones(len(counts))])


def mask_figures(sums):
    """All figures that follow from the counts of masks, in the order of `MASK_KEYS`.

    Args:
        sums: (..., k), sums of `summands` over sets of images.

    Returns:
        dict from key to (...) float64; NaN for a set of no image.
    """
    parts = np.moveaxis(sums, -1, 0)
    counts, means, images = parts[:4], parts[4:-1], parts[-1]
    some = np.where(images > 0, 1.0, np.nan)
    figures = {metric.key: some * metric.of_counts(*counts) for metric in _OF_COUNTS}
    return figures | {
        metric.mean_key: ratio(total, images, np.nan) for metric, total in zip(_MEANS, means, strict=True)
    }


def map_figures(histograms):
    """All figures that follow from pooled histograms, (..., 2, 256): dict from key to (...) float64."""
    return {metric.key: metric.of_maps(histograms) for metric in METRICS if metric.of_maps}
