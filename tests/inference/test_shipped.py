"""The networks in the box are what their card says: small, exported from the very weights beside them, and
good on eyes."""

import os
from pathlib import Path

import numpy as np
import pytest
from support import ROOT, needs_real_data

from munet import synthesis
from munet.data.pairing import find_dataset
from munet.evaluation.accumulator import ImageScore, ScoreAccumulator
from munet.evaluation.scoring import score_samples
from munet.inference.conversion import made_of
from munet.inference.segmenter import Segmenter
from munet.metrics.histograms import histograms
from munet.network.model_files import read_settings

# at most so many parameters; F1 on either real set
NETWORKS = {"munet": (416_209, 0.90, 0.70), "munet-lite": (150_000, 0.90, 0.65)}


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


def test_it_is_the_network_it_says_and_its_export_computes_the_same(name):
    folder = ROOT / "weights" / name
    export = folder / "munet-litert.tflite"
    keras, litert = Segmenter(folder, runtime="keras", eyes="whole"), Segmenter(export, eyes="whole")
    assert keras.engine.network.count_params() <= NETWORKS[name][0]
    assert keras.settings["architecture"]["decoder"] == ("lite" if name.endswith("lite") else "unet")
    assert read_settings(export)["made_of"] == made_of(folder)
    assert keras.level == litert.level
    rng = np.random.default_rng(3)
    for _ in range(4):
        image, _, _ = synthesis.draw_eye(synthesis.draw_subject(rng), rng)
        assert np.abs(keras(image).astype(int) - litert(image)).max() <= 1


def test_they_find_the_sclera_of_drawn_people_that_they_have_not_seen_and_nothing_where_there_is_none():
    segmenters = [Segmenter(ROOT / "weights" / name, eyes="whole") for name in NETWORKS]
    found, silent = [ScoreAccumulator() for _ in segmenters], [[] for _ in segmenters]
    for number in range(100):
        rng = np.random.default_rng([4242, number])
        image, mask, _ = synthesis.draw_eye(synthesis.draw_subject(rng), rng)
        for segmenter, scores, empty in zip(segmenters, found, silent, strict=True):
            probability = segmenter(image)
            if mask.any():
                scores.add(ImageScore(histograms(probability, mask)))
            else:
                empty.append(not (probability >= segmenter.level).any())
    for segmenter, scores, empty in zip(segmenters, found, silent, strict=True):
        assert scores.figures(segmenter.level)["f1"] > 0.89  # of so few photos a single one can take 0.01
        assert len(empty) > 15
        assert np.mean(empty) > 0.8


@needs_real_data
@pytest.mark.parametrize(("data", "value", "index"), [("masd_sample", None, 1), ("webcam_eyes", 1, 2)])
def test_it_finds_the_sclera_of_real_people(name, data, value, index):
    segmenter = Segmenter(ROOT / "weights" / name, eyes="whole")
    samples = find_dataset(Path(os.environ["MUNET_REAL_DATA"], data)).samples
    scores = score_samples(segmenter, samples, value)[0]
    assert scores.figures(segmenter.level)["f1"] > NETWORKS[name][index]
