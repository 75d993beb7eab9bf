"""What a run folder shows of its validation images: figures as PNG, and report.html."""

from munet.core.messages import counted
from munet.data.attributes import group_columns
from munet.data.pairing import read_pair
from munet.evaluation import page, plots
from munet.evaluation.examples import find_examples
from munet.evaluation.summaries import by_group, headline
from munet.metrics.table import COLUMNS, KEYS

_FLATTERED = "Epoch and level were chosen on these images: other people's will score lower."
_TESTED = "Nothing was chosen on these images; the other figures of this page are of the validation images."
_HISTORY = "Training loss, and validation F1 at inference, over the epochs."


def write(folder, scores, samples, history, segmenter, sclera_value=None, test=None):
    """Writes curves.png, level.png, precision_recall.png and report.html into a run folder.

    Args:
        folder: of the run.
        scores: the `ScoreAccumulator` of the validation images at the chosen level.
        samples: list of `pairing.Sample`, in the order they were scored.
        history: (rows, kept), see `plots.plot_history`.
        segmenter: gives the probability map of an image.
        sclera_value: class index of the sclera in the masks, or None.
        test: what `summaries.headline` gave of the test part. Default: None, there is none.
    """

    def read(index):
        image, mask = read_pair(samples[index], sclera_value)
        return image, segmenter(image) >= scores.level, mask.pixels

    plots.save_figure(plots.plot_history(*history), folder / "curves.png")
    plots.save_figure(plots.plot_level(scores.pooled, scores.level), folder / "level.png")
    curve = plots.plot_precision_recall(scores.pooled, scores.level)
    plots.save_figure(curve, folder / "precision_recall.png")
    page.evaluation_page(
        folder / "report.html",
        f"{folder.resolve().name}: validation images",
        headline(scores),
        scores,
        by_group(scores, group_columns(scores.names)),
        find_examples(scores.image_f1(), scores.names, read),
        tables=[_test_table(test)] if test else [],
        warnings=[_FLATTERED],
        facts=page.facts_of(folder),
        more=[(plots.plot_history(*history), _HISTORY)],
    )


def _test_table(test):
    """The figures of the test part as a table of the page, with their intervals."""
    header, rows = ("", *(column.label for column in COLUMNS)), []
    rows.append((f"{test['images']} images", *(f"{test[key]:.3f}" for key in KEYS)))
    if spread := test["intervals"]:
        rows.append(("95 %", *("{:.3f} to {:.3f}".format(*spread[key]) for key in KEYS)))
    title = f"Test images, of {counted(test['subjects'], 'subject')}"
    return {"title": title, "note": _TESTED, "header": header, "rows": rows}
