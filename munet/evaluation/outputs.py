"""The files of an evaluation: metrics.json, per_image.csv, metrics.tex and report.html; of several models
comparison.json, comparison.csv, comparison.tex and their page, too."""

from munet.core.errors import shown
from munet.core.files import write_bytes, write_csv, write_json
from munet.evaluation import comparison, tables
from munet.evaluation.examples import find_examples
from munet.evaluation.page import comparison_page, evaluation_page, facts_of
from munet.metrics.table import KEYS

_PROTOCOL_NOTE = "See protocols.py for what differs from the figures above."
_PAIRED_NOTE = (
    "Intervals are of the difference on the photos that both have, by paired bootstrap of the subjects; p is "
    "by paired permutation of the subjects, raised for several comparisons (Holm). The first was picked "
    "after seeing the figures."
)


def write_files(evaluation, truth, reader, protocol=None):
    """Writes the files of one model; returns the path of its page.

    Args:
        evaluation: a `results.Evaluation` that is worked out.
        truth: the ground truth's path, whose name is shown.
        reader: an `examples.CaseReader`.
        protocol: the name of the protocol that it was scored by. Default: None.
    """
    out, scores, figures = evaluation.out, evaluation.scores, evaluation.figures
    write_json(out / "metrics.json", _metrics(evaluation, protocol))
    text = tables.per_image(scores, evaluation.columns)
    write_bytes(out / "per_image.csv", text.encode("utf-8", "surrogateescape"))
    write_bytes(out / "metrics.tex", tables.latex_row(evaluation.name, figures).encode())
    missing = len(evaluation.missing)
    evaluation_page(
        out / "report.html",
        evaluation.name,
        figures,
        scores,
        evaluation.groups,
        find_examples(
            scores.image_f1(), scores.names, lambda i: reader.read(evaluation.cases[i], scores.level)
        ),
        [_protocol_table(evaluation, protocol)] if evaluation.protocol else [],
        [f"Photos that could not be scored and are in no figure: {missing}."] if missing else [],
        _facts(evaluation, truth),
    )
    return out / "report.html"


def _metrics(evaluation, protocol):
    """What metrics.json holds."""
    metrics = {
        "name": evaluation.name,
        "missing": len(evaluation.missing),
        **evaluation.figures,
        "by_subject": evaluation.by_subject,
        "groups": evaluation.groups,
    }
    return metrics | ({protocol: evaluation.protocol} if evaluation.protocol else {})


def _protocol_table(evaluation, protocol):
    header, rows = tables.protocol_table(evaluation.protocol)
    return {"title": f"As {protocol} scores", "note": _PROTOCOL_NOTE, "header": header, "rows": rows}


def _facts(evaluation, truth):
    people = evaluation.by_subject
    return [
        *([("level", evaluation.scores.level)] if evaluation.maps else []),
        ("worst subject", f"{people['worst']}: F1 {people['worst_f1']:.3f}"),
        ("F1 per subject", f"{people['f1_mean']:.3f}, standard deviation {people['f1_std']:.3f}"),
        ("ground truth", shown(truth.name)),
        *facts_of(evaluation.results),
    ]


def write_comparison(out, compared, reader):
    """Writes comparison.json, .csv and .tex, and the page of several models; returns the path of the page.

    Args:
        out: the folder.
        compared: a `comparison.Comparison`.
        reader: an `examples.CaseReader`.
    """
    ranked, first = compared.ranked, compared.ranked[0]
    models = [
        {"name": model.name, **{key: model.figures[key] for key in KEYS}, "behind": difference}
        for model, difference in zip(ranked, compared.behind, strict=True)
    ]
    differ = {model.name: comparison.differing_photos(first, model) for model in ranked[1:]}
    told = {"models": models, "verdicts": compared.sentences(), "differ_most": differ}
    write_json(out / "comparison.json", told)
    write_csv(out / "comparison.csv", [comparison.HEADER, *compared.rows()])
    write_bytes(out / "comparison.tex", tables.latex_table(ranked, compared.behind).encode())
    ranking = {"title": "Ranked by pooled F1", "note": _PAIRED_NOTE}
    ranking |= {"header": comparison.HEADER, "rows": compared.rows()}
    lacking = [
        f"{model.name}: photos that are missing: {len(model.missing)}." for model in ranked if model.missing
    ]
    scored = [(model.name, model.scores, model.maps) for model in ranked]
    examples = [comparison.differing_examples(first, model, reader) for model in ranked[1:]]
    examples = [example for example in examples if example["pictures"]]
    words = lacking, compared.sentences(), examples
    comparison_page(out / "report.html", "Comparison", scored, [ranking], *words)
    return out / "report.html"
