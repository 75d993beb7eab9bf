"""`report.html`: one self-contained page of an evaluation, or of a comparison, that opens from disk and
prints.

What it says is worked out in `summaries`; here it is put into words, figures are drawn, and
`templates/report.html` is filled.
"""

from pathlib import Path

import jinja2
import numpy as np

from munet.core.files import write_bytes
from munet.core.run_folders import folder_settings
from munet.evaluation import plots, summaries
from munet.evaluation.tables import distance_text

TEMPLATES = Path(__file__).resolve().parent / "templates"
_CARDS = (
    ("F1", "f1", "all pixels pooled"),
    ("F1 a photo", "f1_mean", "mean over photos"),
    ("IoU", "iou", "pooled"),
    ("precision", "precision", "pooled"),
    ("recall", "recall", "pooled"),
    ("area under PR", "auc_pr", "of the grey maps"),
)


def write_page(path, **parts):
    """Fills the template and writes the page, whole.

    Args:
        path: the HTML file.
        parts: `title`, `subtitle`, and what there is of `warnings`, `cards`, `tables`, `figures`, `examples`,
            `groups`, `facts`; see the functions below, each of which gives one of them.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    empty = dict.fromkeys(("warnings", "cards", "tables", "figures", "examples", "groups", "facts"), ())
    text = environment.get_template("report.html").render(**empty | parts)
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def evaluation_page(
    path, title, figures, scores, groups=(), examples=(), tables=(), warnings=(), facts=(), more=()
):
    """Writes the page of one model.

    Args:
        path: the HTML file.
        title: what was evaluated.
        figures: what `summaries.headline` gave.
        scores: the `scoring.Scores`.
        groups: what `summaries.by_group` gave.
        examples: what `examples.examples` gave.
        tables: list of dicts `title`, `note`, `header`, `rows`.
        warnings: sentences that come first.
        facts: list of (key, value).
        more: list of (figure, caption) to show after the usual ones.
    """
    empty = (
        f", {figures['empty']} without sclera ({figures['empty_clean']} of them found empty)"
        if figures["empty"]
        else ""
    )
    write_page(
        path,
        title=title,
        subtitle=f"{figures['images']} photos of {figures['subjects']} subjects{empty}; masks cut at level {figures['level']} of 255.",
        warnings=warnings,
        cards=_cards(figures),
        tables=tables,
        figures=_curves(scores, figures, more),
        examples=examples,
        groups=[_group(attribute, table) for attribute, table in dict(groups).items()],
        facts=facts,
    )


def facts_of(folder):
    """What `settings.json` of a results or run folder tells, as a list of (key, value), the inner ones named
    by their path."""
    return list(_flattened(folder_settings(folder), ""))


def _flattened(settings, prefix):
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key} ")
        elif value is not None:
            # The page may be shared; where things lay on this machine need not.
            yield (
                f"{prefix}{key}",
                Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value,
            )


def _cards(figures):
    cards = []
    for label, key, note in _CARDS:
        if not np.isfinite(figures[key]):  # an area where there is no sclera
            continue
        spread = figures["intervals"].get(key)
        cards.append(
            {
                "label": label,
                "value": f"{figures[key]:.3f}",
                "note": f"{note}; 95 %: {_range(spread)}" if spread else note,
            }
        )
    cards[1]["note"] += f"; deviation {figures['f1_std']:.3f}"
    if np.isfinite(figures["boundary_f1"]):
        note = f"mean over photos; {distance_text(figures)}"
        cards.append({"label": "boundary F1", "value": f"{figures['boundary_f1']:.3f}", "note": note})
    oracle = f"at level {figures['best_level']}, which has seen these labels: an oracle"
    cards.append({"label": "best F1", "value": f"{figures['best_f1']:.3f}", "note": oracle})
    return cards


def _range(spread):
    """An interval in words; nothing where there is none, as for a single subject."""
    return f"{spread[0]:.3f} to {spread[1]:.3f}" if np.isfinite(spread[0]) else ""


def _curves(scores, figures, more):
    rows, error = summaries.reliability(scores.pooled)
    drawn = (
        (
            plots.plot_precision_recall(scores.pooled, scores.level),
            "Precision and recall of the grey maps, all pixels pooled.",
        ),
        (plots.plot_level(scores.pooled, scores.level), "Where the level lies on the F1 curve."),
        (
            plots.plot_histogram(summaries.image_f1(scores)),
            f"F1 of the photos; their mean is {figures['f1_mean']:.3f}.",
        ),
        (
            plots.plot_reliability(rows),
            f"Share of sclera among pixels of a probability; expected calibration error {error:.4f}.",
        ),
    )
    return [{"svg": plots.inline_svg(figure), "caption": caption} for figure, caption in (*drawn, *more)]


def _group(attribute, table):
    rows = [
        {
            **{key: row[key] for key in ("group", "images", "subjects")},
            **{key: f"{row[name]:.3f}" for key, name in (("f1", "f1"), ("mean", "f1_mean"), ("iou", "iou"))},
            "width": round(100 * row["f1"]),
            "interval": _range(row["f1_interval"]),
        }
        for row in table["groups"]
    ]
    return {"title": attribute, "gap": f"{table['gap']:.3f} {_range(table['gap_interval'])}", "rows": rows}


def comparison_page(path, title, models, tables, warnings=()):
    """Writes the page of several models; `models` is a list of (name, `scoring.Scores`), `tables` as for
    `evaluation_page`."""
    svg = plots.inline_svg(
        plots.plot_curves([(name, scores.pooled, scores.level) for name, scores in models])
    )
    figures = [
        {
            "svg": svg,
            "caption": "Precision and recall of the grey maps, all pixels pooled; the dot is the level in use.",
        }
    ]
    photos = ", ".join(f"{len(scores.names)} of {name}" for name, scores in models)
    write_page(
        path,
        title=title,
        subtitle=f"Photos scored: {photos}.",
        warnings=warnings,
        tables=tables,
        figures=figures,
    )
