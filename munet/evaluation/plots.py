"""Figures of a run, drawn with matplotlib, to write as PNG or to put into a page; and pictures with their
masks.

Colours keep their meaning in all of them: blue is training, orange validation, green the chosen level.
"""

import io

import matplotlib

matplotlib.use("Agg")
import cv2
import matplotlib.pyplot as plt
import matplotlib.ticker
import numpy as np

from munet.core.files import write_bytes
from munet.images.reading import OVERLAY_COLOR, resize_image, write_jpeg, write_png
from munet.metrics import histograms

_CAPTION_BAR = 22  # pixels
TRAIN, VALIDATION, CHOSEN = "tab:blue", "tab:orange", "tab:green"
_INK = "#262626"  # of text and axes; in a page it becomes the page's own
_INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
plt.rcParams.update(dict.fromkeys(_INKED, _INK) | {"svg.fonttype": "none", "legend.framealpha": 0.0})


def save_figure(figure, path):
    """Writes a figure as PNG, whole, and closes it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
    plt.close(figure)
    write_bytes(path, buffer.getvalue())


def inline_svg(figure):
    """A figure as SVG text to put into a page, with text and axes in the page's own colour; closes it."""
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None, "Creator": None}
    )
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace(_INK, "currentColor")


def _axes(xlabel, ylabel):
    figure, axes = plt.subplots(figsize=(6, 4))
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.3)
    return figure, axes


def plot_history(history, kept):
    """Loss, and F1 at inference, over the epochs of all stages.

    Args:
        history: list of dicts with `stage`, `loss` and `val_f1`, one an epoch.
        kept: index of the epoch that was kept; None where none was better than what training began with.
    """
    figure, loss_axes = _axes("epoch", "training loss")
    epochs = np.arange(1, len(history) + 1)
    loss_axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    loss_axes.plot(epochs, [row["loss"] for row in history], color=TRAIN, label="training loss")
    f1_axes = loss_axes.twinx()
    f1_axes.plot(
        epochs, [row["val_f1"] for row in history], color=VALIDATION, label="validation F1 at inference"
    )
    f1_axes.set_ylabel("validation F1")
    f1_axes.set_ylim(0, 1)
    if kept is not None:
        f1_axes.plot(
            epochs[kept], history[kept]["val_f1"], "o", color=CHOSEN, label=f"kept: epoch {epochs[kept]}"
        )
    for i in range(1, len(history)):
        if history[i]["stage"] != history[i - 1]["stage"]:
            loss_axes.axvline(i + 0.5, color="grey", linestyle=":")
    figure.legend(loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.08), frameon=False)
    return figure


def plot_level(counts, level):
    """F1, precision and recall against the binarisation level, the chosen one marked.

    Args:
        counts: (2, 256) pooled histograms.
        level: the chosen level, 0..255.
    """
    figure, axes = _axes("level (0-255 stands for probability 0-1)", "score, all pixels pooled")
    precision, recall = histograms.precision_recall(counts)
    f1 = histograms.f1_scores(counts)
    axes.plot(precision, color="0.6", label="precision", linestyle="--")
    axes.plot(recall, color="0.6", label="recall", linestyle=":")
    axes.plot(f1, color=VALIDATION, label="F1")
    axes.axvline(level, color=CHOSEN, label=f"level {level}: F1 {f1[level]:.4f}")
    axes.set_ylim(0, 1.01)
    # clear of the level, wherever that is
    figure.legend(loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.15), frameon=False)
    return figure


def plot_precision_recall(counts, level):
    """The precision-recall curve of pooled histograms with the chosen level marked; arguments as for
    `plot_level`."""
    figure, axes = _axes("recall", "precision")
    precision, recall = histograms.precision_recall(counts)
    axes.plot(recall, precision, color=VALIDATION, label=f"area {histograms.average_precision(counts):.4f}")
    axes.plot(recall[level], precision[level], "o", color=CHOSEN, label=f"level {level}")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.01)
    axes.legend(loc="lower left")
    return figure


def plot_curves(models):
    """The precision-recall curves of several models together; `models` is a list of (name, (2, 256)
    histograms, level)."""
    figure, axes = _axes("recall", "precision")
    for name, counts, level in models:
        precision, recall = histograms.precision_recall(counts)
        (line,) = axes.plot(
            recall, precision, label=f"{name}: area {histograms.average_precision(counts):.4f}"
        )
        axes.plot(recall[level], precision[level], "o", color=line.get_color())
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.01)
    axes.legend(loc="lower left")
    return figure


def plot_histogram(f1):
    """How many photos reach which F1; `f1` is (N,) in 0..1."""
    figure, axes = _axes("F1 of a photo", "photos")
    axes.hist(f1, bins=np.linspace(0, 1, 21), color=VALIDATION)
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    return figure


def plot_reliability(rows):
    """The reliability curve; `rows` (n, 3) of mean probability, share of sclera and pixels, as
    `summaries.reliability` gives them."""
    figure, axes = _axes("probability", "share of sclera among these pixels")
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="calibrated")
    axes.plot(rows[:, 0], rows[:, 1], "o-", color=VALIDATION, label="found")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.01)
    axes.legend(loc="upper left")
    return figure


def outline(image, mask, truth):
    """The photo with the predicted mask tinted green and the ground truth outlined in white: HWC uint8
    RGB."""
    drawn = image.copy()
    drawn[mask] = (0.55 * drawn[mask] + 0.45 * np.array(OVERLAY_COLOR)).astype(np.uint8)
    contours, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(drawn, contours, -1, (255, 255, 255), max(1, round(max(image.shape[:2]) / 300)))


def contact_sheet(rows, path, cell=(240, 240)):
    """Writes a sheet of pictures.

    Args:
        rows: list of rows; a row is a list of (picture, caption), HWC uint8 RGB and text.
        path: the file to write, a JPEG where it ends in .jpg, else a PNG.
        cell: largest (height, width) of a picture on the sheet in pixels; the aspect is kept.
    """
    width = cell[1] * max(len(row) for row in rows)
    sheet = np.concatenate([_strip(row, cell, width) for row in rows])
    if path.suffix.lower() in (".jpg", ".jpeg"):
        write_jpeg(path, sheet, quality=85)
    else:
        write_png(path, sheet)


def _strip(row, cell, width):
    """One row of a sheet, as high as its highest picture."""
    small = [_fit(picture, cell) for picture, _ in row]
    height = max(picture.shape[0] for picture in small)
    strip = np.full((height + _CAPTION_BAR, width, 3), 255, np.uint8)
    for i, (picture, (_, caption)) in enumerate(zip(small, row, strict=True)):
        left = i * cell[1]
        strip[: picture.shape[0], left : left + picture.shape[1]] = picture
        # OpenCV's font knows no other letters
        text = caption.encode("ascii", "replace").decode()[: cell[1] // 7]
        cv2.putText(
            strip, text, (left + 2, height + 15), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (40, 40, 40), 1, cv2.LINE_AA
        )
    return strip


def _fit(picture, cell):
    scale = min(cell[0] / picture.shape[0], (cell[1] - 4) / picture.shape[1])
    return resize_image(picture, tuple(max(1, round(side * scale)) for side in picture.shape[:2]))
