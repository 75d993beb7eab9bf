"""What a run folder shows of its validation images: figures as PNG, and report.html."""

import numpy as np

from munet.data.attributes import group_columns
from munet.data.pairing import read_pair
from munet.evaluation import page, plots
from munet.evaluation.examples import examples
from munet.evaluation.scoring import Scores, row_of_histograms
from munet.evaluation.summaries import by_group, headline


class Drawer:
    """Draws a validation photo with what the network finds and what is true.

    Args:
        samples: list of `datasets.Sample`.
        sclera_value: class index of the sclera in the masks, or None.
        segmenter: gives the probability map of an image.
        level: cuts it.
    """

    def __init__(self, samples, sclera_value, segmenter, level):
        self._samples, self._sclera_value, self._segmenter, self._level = (
            samples,
            sclera_value,
            segmenter,
            level,
        )

    def __call__(self, index):
        """The photo of an index, HWC uint8 RGB, and its name."""
        image, mask = read_pair(self._samples[index], self._sclera_value)
        return plots.outline(image, self._segmenter(image) >= self._level, mask.pixels), self._samples[
            index
        ].name


def write(folder, tally, samples, level, history, draw):
    """Writes curves.png, level.png, precision_recall.png and report.html into a run folder.

    Args:
        folder: of the run.
        tally: the `evaluation.Tally` of the validation images.
        samples: list of `datasets.Sample`, in the tally's order.
        level: the chosen one.
        history: (rows, kept), see `plots.plot_history`.
        draw: a `Drawer`.
    """
    plots.save_figure(plots.plot_history(*history), folder / "curves.png")
    plots.save_figure(plots.plot_level(tally.pooled, level), folder / "level.png")
    plots.save_figure(plots.plot_precision_recall(tally.pooled, level), folder / "precision_recall.png")
    scores = Scores(level)
    for sample, counts in zip(samples, tally.images, strict=True):
        scores.add(sample.name, sample.subject, row_of_histograms(counts.astype(np.int64), level))
    page.evaluation_page(
        folder / "report.html",
        f"{folder.resolve().name}: validation images",
        headline(scores),
        scores,
        by_group(scores, group_columns(scores.names)),
        examples(tally.image_f1(level), draw),
        warnings=["Epoch and level were chosen on these images: other people's will score lower."],
        facts=page.facts_of(folder),
        more=[
            (plots.plot_history(*history), "Training loss, and validation F1 at inference, over the epochs.")
        ],
    )
