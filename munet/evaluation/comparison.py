"""Several models beside each other: ranked, with what can be said of their differences, and the photos on
which they differ most."""

import math
from dataclasses import dataclass

from munet.core.errors import shown
from munet.core.messages import counted
from munet.evaluation import summaries
from munet.evaluation.examples import framed
from munet.images.drawing import outline
from munet.metrics.permutation import holm
from munet.metrics.table import KEYS

SURE = 0.05  # a p-value below this tells models apart
DIFFERING = 6  # photos that are shown
HEADER = ("model", "photos", *KEYS, "F1 behind the first", "95 %", "p")


@dataclass
class Comparison:
    """Models from the best pooled F1 to the worst.

    Attributes:
        ranked: list of `results.Evaluation`.
        behind: list of what `summaries.difference` gives of the first and each; `p_holm` is its p-value among
            those of all comparisons.
    """

    ranked: list
    behind: list

    def sentences(self):
        """A sentence on the first and each other."""
        first = self.ranked[0].name
        others = zip(self.ranked[1:], self.behind[1:], strict=True)
        return [verdict(first, model.name, difference) for model, difference in others]

    def rows(self):
        """Texts below `HEADER`, a row a model; empty where there is no such figure."""
        rows = []
        for number, (model, difference) in enumerate(zip(self.ranked, self.behind, strict=True)):
            low, high = difference["interval"]
            told = [f"{difference['difference']:.4f}"]
            told.append(
                f"{low:.4f} to {high:.4f}" if math.isfinite(low) else ""
            )  # of one subject there is none
            told.append(f"{difference['p_holm']:.4f}" if math.isfinite(difference["p_holm"]) else "")
            figures = (
                f"{model.figures[key]:.4f}" if math.isfinite(model.figures[key]) else "" for key in KEYS
            )
            rows.append((model.name, len(model.scores), *figures, *(told if number else ("", "", ""))))
        return rows


def compare(models, seed=0):
    """A `Comparison` of `results.Evaluation`s that are worked out; `seed` is of bootstrap and permutation."""
    ranked = sorted(models, key=lambda model: -model.figures["f1"])
    behind = [summaries.difference(ranked[0].scores, model.scores, seed) for model in ranked]
    raised = holm([row["p_value"] for row in behind[1:]])
    for row, p_value in zip(behind, [behind[0]["p_value"], *raised], strict=True):
        row["p_holm"] = p_value
    return Comparison(ranked, behind)


def verdict(first, second, difference):
    """In words whether two models can be told apart.

    Args:
        first, second: their names.
        difference: what `summaries.difference` gave, with its `p_holm`.
    """
    p_value, subjects = difference["p_holm"], difference["subjects"]
    by, (low, high) = f"F1 {abs(difference['difference']):.4f}", difference["interval"]
    apart = f"{first} and {second} cannot be told apart: {by} between them"
    if not math.isfinite(p_value):
        return f"{apart} on one subject says nothing of others"
    facts = f"95 % {low:.4f} to {high:.4f}, p = {p_value:.4f}, {counted(subjects, 'subject')}"
    if p_value < SURE:
        better, worse = (first, second) if difference["difference"] > 0 else (second, first)
        return f"{better} is better than {worse}: {by} higher ({facts})"
    least = 2 / 2**subjects  # that a permutation of so few can give
    if least >= SURE:
        return f"{apart} ({facts}; of {subjects} subjects p is never below {least:.4f})"
    return f"{apart} ({facts})"


def differing_photos(first, second, most=DIFFERING):
    """The photos on which two models' F1 differ most: a list of dicts `image`, `first` and `second` (F1)."""
    one, two = (
        dict(zip(model.scores.names, model.scores.image_f1().tolist(), strict=True))
        for model in (first, second)
    )
    names = sorted(one.keys() & two.keys(), key=lambda name: (-abs(one[name] - two[name]), name))
    apart = [name for name in names[:most] if one[name] != two[name]]
    return [{"image": name, "first": one[name], "second": two[name]} for name in apart]


def differing_examples(first, second, reader):
    """Pictures of `differing_photos` for the page: of each the first model's mask, then the second's."""
    cases = [{case.name: case for case in model.cases} for model in (first, second)]
    pictures = []
    for row in differing_photos(first, second):
        for model, known, key in zip((first, second), cases, ("first", "second"), strict=True):
            pixels = outline(*reader.read(known[row["image"]], model.scores.level))
            pictures.append(framed(pixels, f"{shown(row['image'])}, {model.name}: F1 {row[key]:.3f}"))
    return {"title": f"Where {first.name} and {second.name} differ most", "pictures": pictures}
