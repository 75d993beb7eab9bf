"""Plots draw in their own style, and leave matplotlib to whoever imports them."""

import numpy as np
from support import run_script

from munet.evaluation import plots

FOREIGN = """
import matplotlib
before = dict(matplotlib.rcParams)
import numpy as np
from pathlib import Path
from munet.evaluation import plots
counts = np.ones((2, 256), np.int64)
plots.save_figure(plots.plot_level(counts, 100), Path({path!r}))
plots.inline_svg(plots.plot_precision_recall(counts, 100))
assert dict(matplotlib.rcParams) == before
"""


def test_a_hosts_settings_stay_as_they_are(tmp_path):
    done = run_script("-c", FOREIGN.format(path=str(tmp_path / "level.png")))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "level.png").stat().st_size > 5000


def test_text_and_axes_of_an_inline_figure_take_the_pages_colour():
    svg = plots.inline_svg(plots.plot_histogram(np.linspace(0, 1, 9)))
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert "F1 of a photo</text>" in svg  # text stays text
    assert plots._INK not in svg
