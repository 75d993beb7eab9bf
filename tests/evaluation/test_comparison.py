"""What is said of two models follows from their figures."""

import math

import pytest

from munet.evaluation.comparison import verdict

KNOWN = {"difference": 0.02, "interval": (0.01, 0.03), "subjects": 9, "p_holm": 0.004}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "a is better than b: F1 0.0200 higher (95 % 0.0100 to 0.0300, p = 0.0040, 9 subjects)"),
        ({"difference": -0.02}, "b is better than a: F1 0.0200 higher"),
        ({"p_holm": 0.05}, "a and b cannot be told apart: F1 0.0200 between them"),
        ({"p_holm": 0.25, "subjects": 3}, "3 subjects; of 3 subjects p is never below 0.2500)"),
        (
            {"p_holm": math.nan, "subjects": 1},
            "told apart: F1 0.0200 between them on one subject says nothing",
        ),
    ],
)
def test_models_are_told_apart_where_p_is_small(change, told):
    assert told in verdict("a", "b", KNOWN | change)
