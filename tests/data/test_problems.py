from pathlib import Path

import numpy as np
import pytest

from munet.core.errors import BadInput
from munet.data.problems import by_cause, classes_in, problems_file, proposal
from munet.images import masks
from munet.images.writing import write_png


def unknown(folder, count, values=(0, 1, 2)):
    problems = []
    for number in range(count):
        path = folder / f"m{number}.png"
        write_png(path, np.resize(np.array(values, np.uint8), (6, 6)))
        with pytest.raises(BadInput) as caught:
            masks.read_mask(path)
        problems.append(caught.value)
    return problems


def test_of_many_with_one_cause_one_is_told_and_all_are_in_a_file(tmp_path):
    file = problems_file(tmp_path / "out")
    problems = [*unknown(tmp_path, 9), BadInput("x", "no mask", "one", "add it")]
    first, other = by_cause(problems, file)
    assert first.path.endswith("m0.png") and "8 others alike are listed in" in first.remedy
    assert other is problems[-1]
    assert (file.name, len(file.read_text().splitlines())) == ("out.problems.csv", 11)
    assert by_cause(problems[-1:], file) == problems[-1:]
    assert not file.exists()


def test_a_few_are_told_each_and_no_file_of_somebody_else_is_removed(tmp_path):
    file = tmp_path / "out.problems.csv"
    file.write_text("mine")
    problems = [BadInput(str(i), f"{i}x{i} pixels", "8x8", "export it again") for i in range(3)]
    assert by_cause(problems, file) == problems
    assert file.read_text() == "mine"


def test_the_class_is_proposed_where_it_is_known(tmp_path):
    one = unknown(tmp_path / "one", 5, (0, 128))
    (told,) = by_cause(one, tmp_path / "out.problems.csv", proposal)
    assert "1 class found, 128 (50.0% of the pixels): try --sclera-value 128; give" in told.remedy
    several = [problem.path for problem in unknown(tmp_path / "more", 2, (0, 0, 0, 1, 2, 2))]
    assert list(classes_in(several)) == [2, 1]
    white = [problem.path for problem in unknown(tmp_path / "white", 2, (128, 128, 255))]
    assert "try --sclera-value 255" in proposal(white)
    assert "try" not in proposal(several)
    assert "try --sclera-value 1" in proposal(several, lambda paths, values: min(values))
    assert proposal([str(Path("missing"))]) == ""
