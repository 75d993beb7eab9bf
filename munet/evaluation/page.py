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
from munet.evaluation import plots
from munet.evaluation.tables import calibration_text, distance_text
from munet.metrics.histograms import reliability
from munet.metrics.table import COLUMNS, MASK_KEYS

TEMPLATES = Path(__file__).resolve().parent / "templates"
_PARTS = ("warnings", "cards", "tables", "figures", "examples", "groups", "facts")
_GROUP_COLUMNS = tuple(column for column in COLUMNS if column.key in MASK_KEYS and column.key != "f1")
_CURVE_CAPTION = "Precision and recall of the grey maps, all pixels pooled"


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
    text = environment.get_template("report.html").render(**dict.fromkeys(_PARTS, ()) | parts)
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def evaluation_page(
    path, title, figures, scores, groups=(), examples=(), tables=(), warnings=(), facts=(), more=()
):
    """Writes the page of one model.

    Args:
        path: the HTML file.
        title: what was evaluated.
        figures: what `summaries.headline` gave.
        scores: the `ScoreAccumulator` at the level.
        groups: what `summaries.by_group` gave.
        examples: what `examples.find_examples` gave.
        tables: list of dicts `title`, `note`, `header`, `rows`.
        warnings: sentences that come first.
        facts: list of (key, value).
        more: list of (figure, caption) to show after the usual ones.
    """
    subtitle = f"{figures['images']} photos of {figures['subjects']} subjects"
    if figures["empty"]:
        subtitle += f", {figures['empty']} without sclera ({figures['empty_clean']} of them found empty)"
    write_page(
        path,
        title=title,
        subtitle=f"{subtitle}; {_masks_are(figures['level'])}.",
        warnings=warnings,
        cards=_cards(figures),
        tables=tables,
        figures=_curves(scores, figures, more),
        examples=examples,
        groups=[_group(attribute, table) for attribute, table in dict(groups).items()],
        facts=facts,
    )


def _masks_are(level):
    return "masks as they were given, without maps" if level is None else f"masks cut at level {level} of 255"


def facts_of(folder):
    """What `settings.json` of a results or run folder tells, as a list of (key, value), the inner ones named
    by their path."""
    return list(_flattened(folder_settings(folder), ""))


def _flattened(settings, prefix):
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key} ")
        elif isinstance(value, str) and value.startswith(("/", "~")):
            yield f"{prefix}{key}", Path(value).name  # the page may be shared; where things lie need not
        elif value is not None:
            yield f"{prefix}{key}", value


def _cards(figures):
    """The cards of `table.COLUMNS`, then those of boundaries and of the best level."""
    cards = []
    for column in COLUMNS:
        if not np.isfinite(figures[column.key]):  # an area where there is no sclera
            continue
        note, spread = column.note, _range(figures["intervals"].get(column.key))
        if spread:
            note += f"; 95 %: {spread}"
        if column.key == "f1_mean":
            note += f"; standard deviation {figures['f1_std']:.3f}"
        cards.append(_card(f"{column.label} {column.arrow}", figures[column.key], note))
    if np.isfinite(figures["boundary_f1"]):
        note = f"mean over images; {distance_text(figures)}"
        cards.append(_card("boundary F1 ↑", figures["boundary_f1"], note))
    if not np.isfinite(figures["best_f1"]):  # of masks alone
        return cards
    oracle = f"at level {figures['best_level']}, which has seen these labels: an oracle"
    return [*cards, _card("best F1 ↑", figures["best_f1"], oracle)]


def _card(label, value, note):
    return {"label": label, "value": f"{value:.3f}", "note": note}


def _range(spread):
    """An interval in words; nothing where there is none, as for a single subject."""
    return f"{spread[0]:.3f} to {spread[1]:.3f}" if spread and np.isfinite(spread[0]) else ""


def _curves(scores, figures, more):
    """The usual figures as the template takes them, and `more`."""
    counts, level = scores.pooled, scores.level
    f1_caption = f"F1 of the photos; their mean is {figures['f1_mean']:.3f}."
    if figures["level"] is None:  # masks alone
        shown = [(plots.plot_histogram(scores.image_f1()), f1_caption), *more]
        return [{"svg": plots.inline_svg(figure), "caption": caption} for figure, caption in shown]
    rows, _ = reliability(counts)
    near = "; near the boundary is what lies within 2 % of the diagonal" if scores.band.any() else ""
    calibration = f"Share of sclera among pixels of a probability; {calibration_text(figures)}{near}."
    drawn = (
        (plots.plot_precision_recall(counts, level), f"{_CURVE_CAPTION}."),
        (plots.plot_level(counts, level), "Where the level lies on the F1 curve."),
        (plots.plot_histogram(scores.image_f1()), f1_caption),
        (plots.plot_reliability(rows), calibration),
    )
    return [{"svg": plots.inline_svg(figure), "caption": caption} for figure, caption in (*drawn, *more)]


def _group(attribute, table):
    """One attribute's table as the template takes it: F1, its bar and interval, then the other figures."""
    rows = [
        {
            **{key: row[key] for key in ("group", "images", "subjects")},
            "f1": f"{row['f1']:.3f}",
            "width": round(100 * row["f1"]),
            "interval": _range(row["f1_interval"]),
            "others": [f"{row[column.key]:.3f}" for column in _GROUP_COLUMNS],
        }
        for row in table["groups"]
    ]
    gap = f"{table['gap']:.3f} {_range(table['gap_interval'])}"
    return {"title": attribute, "gap": gap, "rows": rows, "others": [c.label for c in _GROUP_COLUMNS]}


def comparison_page(path, title, models, tables, warnings=(), sentences=(), examples=()):
    """Writes the page of several models.

    Args:
        path, tables, warnings: as for `evaluation_page`.
        title: what is compared.
        models: list of (name, `ScoreAccumulator`, whether there are maps).
        sentences: what can be said of the models.
        examples: see `comparison.differing_examples`.
    """
    drawn = [(name, scores.pooled, scores.level) for name, scores, maps in models if maps]
    curves = [plots.plot_curves(drawn)] if drawn else []
    caption = f"{_CURVE_CAPTION}; the dot is the level in use."
    photos = ", ".join(f"{len(scores)} of {name}" for name, scores, _ in models)
    write_page(
        path,
        title=title,
        subtitle=" ".join(f"{sentence}." for sentence in (*sentences, f"Photos scored: {photos}")),
        examples=examples,
        warnings=warnings,
        tables=tables,
        figures=[{"svg": plots.inline_svg(figure), "caption": caption} for figure in curves],
    )
