"""Figures of a run, drawn with matplotlib and written whole.

Colours keep their meaning in all of them: blue is training, orange validation, green the chosen level.
"""

import io

import matplotlib

matplotlib.use("Agg")
import cv2
import matplotlib.pyplot as plt
import numpy as np

import threshold
from files import write_bytes
from images import OVERLAY_COLOR, write_png

TRAIN, VALIDATION, CHOSEN = "tab:blue", "tab:orange", "tab:green"


def _save(figure, path):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
    plt.close(figure)
    write_bytes(path, buffer.getvalue())


def _axes(xlabel, ylabel):
    figure, axes = plt.subplots(figsize=(6, 4))
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.3)
    return figure, axes


def plot_history(history, path):
    """Loss, and F1 at inference, over the epochs of all stages.

    Args:
        history: list of dicts with `stage`, `loss` and `val_f1`, one an epoch.
        path: the PNG to write.
    """
    figure, loss_axes = _axes("epoch", "training loss")
    epochs = np.arange(1, len(history) + 1)
    loss_axes.plot(epochs, [row["loss"] for row in history], color=TRAIN, label="training loss")
    f1_axes = loss_axes.twinx()
    f1_axes.plot(epochs, [row["val_f1"] for row in history], color=VALIDATION, label="validation F1 at inference")
    f1_axes.set_ylabel("validation F1")
    f1_axes.set_ylim(0, 1)
    best = int(np.argmax([row["val_f1"] for row in history]))
    f1_axes.plot(epochs[best], history[best]["val_f1"], "o", color=CHOSEN, label=f"kept: epoch {epochs[best]}")
    for i in range(1, len(history)):
        if history[i]["stage"] != history[i - 1]["stage"]:
            loss_axes.axvline(i + 0.5, color="grey", linestyle=":")
    figure.legend(loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.08), frameon=False)
    _save(figure, path)


def plot_level(counts, level, path):
    """F1, precision and recall against the binarisation level, the chosen one marked.

    Args:
        counts: (2, 256) pooled histograms.
        level: the chosen level, 0..255.
        path: the PNG to write.
    """
    figure, axes = _axes("level (0-255 stands for probability 0-1)", "score, all pixels pooled")
    precision, recall = threshold.precision_recall(counts)
    f1 = threshold.f1_scores(counts)
    axes.plot(precision, color="0.6", label="precision", linestyle="--")
    axes.plot(recall, color="0.6", label="recall", linestyle=":")
    axes.plot(f1, color=VALIDATION, label="F1")
    axes.axvline(level, color=CHOSEN, label=f"level {level}: F1 {f1[level]:.4f}")
    axes.set_ylim(0, 1.01)
    axes.legend(loc="lower center")
    _save(figure, path)


def plot_precision_recall(counts, level, path):
    """The precision-recall curve of pooled histograms with the chosen level marked; arguments as for `plot_level`."""
    figure, axes = _axes("recall", "precision")
    precision, recall = threshold.precision_recall(counts)
    axes.plot(recall, precision, color=VALIDATION, label=f"area {threshold.average_precision(counts):.4f}")
    axes.plot(recall[level], precision[level], "o", color=CHOSEN, label=f"level {level}")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.01)
    axes.legend(loc="lower left")
    _save(figure, path)


def outline(image, mask, truth):
    """The photo with the predicted mask tinted green and the ground truth outlined in white: HWC uint8 RGB."""
    drawn = image.copy()
    drawn[mask] = (0.55 * drawn[mask] + 0.45 * np.array(OVERLAY_COLOR)).astype(np.uint8)
    contours, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(drawn, contours, -1, (255, 255, 255), max(1, round(max(image.shape[:2]) / 300)))


def contact_sheet(rows, path, cell=(180, 240)):
    """Writes a sheet of pictures as a PNG.

    Args:
        rows: list of rows; a row is a list of (picture, caption), HWC uint8 RGB and text.
        path: the PNG to write.
        cell: (height, width) of a cell in pixels; pictures are fitted into it, their aspect kept.
    """
    bar = 22
    columns = max(len(row) for row in rows)
    sheet = np.full(((cell[0] + bar) * len(rows), cell[1] * columns, 3), 255, np.uint8)
    for r, row in enumerate(rows):
        for c, (picture, caption) in enumerate(row):
            scale = min(cell[0] / picture.shape[0], (cell[1] - 4) / picture.shape[1])
            width, height = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
            small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            top, left = r * (cell[0] + bar), c * cell[1]
            sheet[top : top + height, left : left + width] = small
            where = (left + 2, top + cell[0] + 15)
            ascii_caption = caption.encode("ascii", "replace").decode()[: cell[1] // 6]  # OpenCV's font knows no other letters
            cv2.putText(sheet, ascii_caption, where, cv2.FONT_HERSHEY_SIMPLEX, 0.38, (40, 40, 40), 1, cv2.LINE_AA)
    write_png(path, sheet)
