"""Figures of a run, drawn with matplotlib, to write as PNG or to put into a page.

Colours keep their meaning in all of them: blue is training, orange validation, green the chosen level.
matplotlib's own settings and pyplot's figures are left alone: they belong to whoever imports this.
"""

import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from munet.core.files import write_bytes
from munet.metrics import histograms

TRAIN, VALIDATION, CHOSEN = "tab:blue", "tab:orange", "tab:green"
_GUIDE = "0.6"  # the grey of what is there to compare with
_INK = "#262626"  # of text and axes; in a page it becomes the page's own
_INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
_STYLE = dict.fromkeys(_INKED, _INK) | {"svg.fonttype": "none", "legend.framealpha": 0.0}
_styled = matplotlib.rc_context(_STYLE)  # a decorator: in the function alone


@_styled
def save_figure(figure, path):
    """Writes a `matplotlib.figure.Figure` as PNG, whole."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
    write_bytes(path, buffer.getvalue())


@_styled
def inline_svg(figure):
    """A figure as SVG text to put into a page, with text and axes in the page's own colour."""
    buffer, metadata = io.StringIO(), {"Date": None, "Creator": None}
    figure.savefig(buffer, format="svg", transparent=True, bbox_inches="tight", metadata=metadata)
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace(_INK, "currentColor")


@_styled
def new_axes(xlabel, ylabel):
    """An empty figure's axes; the figure is their `figure`."""
    axes = Figure(figsize=(6, 4)).add_subplot()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.3)
    return axes


def _unit_axes(xlabel, ylabel):
    """The same for shares on both sides."""
    axes = new_axes(xlabel, ylabel)
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.01)
    return axes


@_styled
def plot_history(history, kept):
    """Loss, and F1 at inference, over the epochs of all stages.

    Args:
        history: list of dicts with `stage`, `loss` and `val_f1`, one an epoch.
        kept: index of the epoch that was kept; None where none was better than what training began with.
    """
    axes = new_axes("epoch", "training loss")
    epochs, f1 = np.arange(1, len(history) + 1), [row["val_f1"] for row in history]
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.plot(epochs, [row["loss"] for row in history], color=TRAIN, label="training loss")
    f1_axes = axes.twinx()
    f1_axes.plot(epochs, f1, color=VALIDATION, label="validation F1 at inference")
    f1_axes.set_ylabel("validation F1")
    f1_axes.set_ylim(0, 1)
    if kept is not None:
        f1_axes.plot(epochs[kept], f1[kept], "o", color=CHOSEN, label=f"kept: epoch {epochs[kept]}")
    for i in range(1, len(history)):
        if history[i]["stage"] != history[i - 1]["stage"]:
            axes.axvline(i + 0.5, color="grey", linestyle=":")
    axes.figure.legend(loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.08), frameon=False)
    return axes.figure


@_styled
def plot_level(counts, level):
    """F1, precision and recall against the level, the chosen one marked.

    Args:
        counts: (2, 256) pooled histograms.
        level: the chosen level, 0..255.
    """
    axes = new_axes("level (0-255 stands for probability 0-1)", "score, all pixels pooled")
    precision, recall = histograms.precision_recall(counts)
    f1 = histograms.f1_scores(counts)
    axes.plot(precision, color=_GUIDE, label="precision", linestyle="--")
    axes.plot(recall, color=_GUIDE, label="recall", linestyle=":")
    axes.plot(f1, color=VALIDATION, label="F1")
    axes.axvline(level, color=CHOSEN, label=f"level {level}: F1 {f1[level]:.4f}")
    axes.set_ylim(0, 1.01)
    # clear of the level, wherever that is
    axes.figure.legend(loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.15), frameon=False)
    return axes.figure


@_styled
def plot_precision_recall(counts, level):
    """The precision-recall curve of pooled histograms with the chosen level marked; arguments as for
    `plot_level`."""
    axes = _unit_axes("recall", "precision")
    precision, recall = histograms.precision_recall(counts)
    axes.plot(recall, precision, color=VALIDATION, label=f"area {histograms.average_precision(counts):.4f}")
    axes.plot(recall[level], precision[level], "o", color=CHOSEN, label=f"level {level}")
    axes.legend(loc="lower left")
    return axes.figure


@_styled
def plot_curves(models):
    """The precision-recall curves of several models together; `models` is a list of (name, (2, 256)
    histograms, level)."""
    axes = _unit_axes("recall", "precision")
    for name, counts, level in models:
        precision, recall = histograms.precision_recall(counts)
        label = f"{name}: area {histograms.average_precision(counts):.4f}"
        (line,) = axes.plot(recall, precision, label=label)
        axes.plot(recall[level], precision[level], "o", color=line.get_color())
    axes.legend(loc="lower left")
    return axes.figure


@_styled
def plot_histogram(f1):
    """How many photos reach which F1; `f1` is (N,) in 0..1."""
    axes = new_axes("F1 of a photo", "photos")
    axes.hist(f1, bins=np.linspace(0, 1, 21), color=VALIDATION)
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return axes.figure


@_styled
def plot_reliability(rows):
    """The reliability curve; `rows` (n, 3) of mean probability, share of sclera and pixels, as
    `histograms.reliability` gives them."""
    axes = _unit_axes("probability", "share of sclera among these pixels")
    axes.plot([0, 1], [0, 1], color=_GUIDE, linestyle="--", label="calibrated")
    axes.plot(rows[:, 0], rows[:, 1], "o-", color=VALIDATION, label="found")
    axes.legend(loc="upper left")
    return axes.figure
