"""What users read by name keeps its names and its order."""

import numpy as np

from munet.evaluation import tables
from munet.evaluation.accumulator import ImageScore, ScoreAccumulator
from munet.metrics import table
from munet.metrics.histograms import histograms


def test_users_find_the_keys_and_columns_that_they_know():
    assert table.KEYS == ("f1", "f1_mean", "iou", "precision", "recall", "auc_pr")
    scores = ScoreAccumulator(128)
    scores.add(ImageScore(histograms(np.full((3, 3), 200, np.uint8), np.eye(3, dtype=bool))), "a", "s")
    pooled = ["f1", "iou", "precision", "recall", "auc_pr", "f1_mean"]
    assert list(scores.figures()) == ["images", "empty", "level", *pooled]
    header = "image,subject,f1,iou,tp,fp,fn,tn,boundary_f1,hausdorff,width,light"
    assert tables.per_image(scores, {"subject": ["s"], "light": ["poor"]}).splitlines()[0] == header
    figures = scores.figures() | {"intervals": {"f1": (0.25, 0.75)}}
    columns, row = tables.latex_row("a_b", figures).splitlines()
    assert columns == "% model & F1 [95 %] & F1 per image & IoU & precision & recall & area under PR"
    assert row == r"a\_b & 50.0$_{[25.0, 75.0]}$ & 50.0 & 33.3 & 33.3 & 100.0 & 33.3 \\"
