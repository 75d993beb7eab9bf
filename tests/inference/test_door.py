"""What `from munet import Segmenter, read_image` gives a program, and what it leaves alone."""

import json

import pytest
from support import ROOT, run_script

import munet

HEAVY = ("tensorflow", "keras", "jax", "torch", "matplotlib", "sklearn", "scipy", "skimage", "ray", "fsspec")
OURS = ("model", "losses", "munet.training", "munet.evaluation", "munet.cluster", "munet.synthesis")
CODE = """
import json, os, sys, warnings
import cv2
from PIL import Image

cv2.setNumThreads(2)
def state():
    os.umask(umask := os.umask(0o22))
    return [Image.MAX_IMAGE_PIXELS, len(warnings.filters), cv2.getNumThreads(), sys.excepthook is
            sys.__excepthook__, "HEIF" in Image.OPEN, umask, dict(os.environ), sys.path]

before = state()
from munet import Segmenter, read_image
image = read_image("docs/eyes.jpg")
segmenter = Segmenter("weights/munet")
mask = segmenter(image) >= segmenter.level
print(json.dumps({"before": before, "after": state(), "loaded": list(sys.modules), "share": mask.mean()}))
"""


def test_a_mask_costs_no_training_code_and_changes_nothing_else():
    done = run_script("-c", CODE, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["after"] == figures["before"]
    assert 0 < figures["share"] < 1
    assert not [name for name in (*HEAVY, *OURS) if name in figures["loaded"]]


def test_the_package_alone_loads_nothing_but_itself():
    code = "import sys, munet; print(*[name for name in sys.modules if name.partition('.')[0] in sys.argv])"
    assert run_script("-c", code, "munet", "numpy", "cv2", "PIL", "h5py").stdout.split() == ["munet"]


def test_the_door_names_what_is_behind_it():
    from munet.images import reading
    from munet.inference import segmenter

    assert munet.Segmenter is segmenter.Segmenter
    assert munet.read_image is reading.read_image
    assert set(munet.__all__) <= set(dir(munet))
    with pytest.raises(AttributeError, match="no attribute 'segmenters'"):
        munet.segmenters  # noqa: B018


def test_the_script_loads_no_cluster():
    code = "import sys, predict_test_images; print(*sys.modules)"
    loaded = run_script("-c", code).stdout.split()
    assert "munet.inference.folders" in loaded
    assert not [name for name in (*HEAVY, *OURS) if name in loaded]
