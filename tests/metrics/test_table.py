"""A metric is defined once, and what is computed of it follows."""

import dataclasses

import numpy as np
import pytest

from munet.metrics import confusion, table


def test_a_metric_is_pooled_and_a_mean_over_images_from_sums_alone():
    counts = np.array([[8, 2, 0, 90], [0, 0, 0, 100], [1, 0, 9, 90]])
    both = table.summands(counts[:2]).sum(axis=0), table.summands(counts).sum(axis=0)
    figures = table.mask_figures(np.stack(both))
    assert figures["f1"] == pytest.approx([16 / 18, 18 / 29])
    assert figures["f1_mean"] == pytest.approx([(16 / 18 + 1) / 2, (16 / 18 + 1 + 2 / 11) / 3])
    nothing = table.mask_figures(np.zeros(both[0].shape))
    assert all(np.isnan(value) for value in nothing.values())


def test_the_arrow_points_to_the_better_side():
    better = {column.key: column.arrow for column in table.COLUMNS}
    assert set(better.values()) == {"↑"}
    worse = dataclasses.replace(table.METRICS[0], higher_is_better=False)
    assert {column.arrow for column in worse.columns()} == {"↓"}


@pytest.mark.parametrize(("nothing", "expected"), [(1.0, 1.0), (0.0, 0.0)])
def test_nothing_out_of_nothing_scores_as_asked(nothing, expected):
    counts = confusion.count_pixels(np.zeros((4, 5), bool), np.zeros((4, 5), bool))
    assert counts.tolist() == [0, 0, 0, 20]
    for metric in (confusion.f1, confusion.iou, confusion.precision, confusion.recall):
        assert metric(*counts, nothing=nothing) == expected
