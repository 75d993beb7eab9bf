"""The commands of the README work as written, in order, at a small size, in a folder of their own."""

import re
import shlex
import shutil

import pytest
from support import ROOT, draw_eye, run_script

from munet.images.writing import write_jpeg, write_png

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Makes a command short; if a flag is given twice, the last one counts.
QUICK = "--size 32 --encoder-weights none --epochs-frozen 1 --epochs-finetune 1"
SHORT = {"train_mobv2_unet.py": QUICK.split()}


def commands(text):
    """The lines of a text's code blocks, without comments, split as a shell does."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


SCRIPTS = [words[1:] for words in commands(README) if words[0] == "python" and words[1].endswith(".py")]
DEMO = [words for words in SCRIPTS if any(word.startswith("demo/") for word in words)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder with the scripts, a dataset where the README has it, and photos."""
    folder = tmp_path_factory.mktemp("readme")
    for path in (*ROOT.glob("*.py"), ROOT / "weights/munet", ROOT / "weights/munet-lite"):
        link = folder / path.relative_to(ROOT)
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(path)
    for number in range(6):
        image, mask = draw_eye(number, (60, 80))
        for place in (f"MASD/000{number // 2}/1  ({number}).jpg", f"PHOTOS/{number}.jpg"):
            write_jpeg(folder / ("data" if "MASD" in place else ".") / place, image)
        write_png(folder / f"data/MASD/MASD_GT/000{number // 2}/1({number}).png", mask)
    (folder / "data/MASD/MASD").mkdir()
    for subject in (folder / "data/MASD").glob("0*"):
        shutil.move(subject, folder / "data/MASD/MASD")
    return folder


def test_all_commands_run_one_after_the_other(folder):
    ran = [words for words in SCRIPTS if words not in DEMO]
    assert {words[0] for words in ran} == {
        "augment_datasets.py",
        "train_mobv2_unet.py",
        "predict_test_images.py",
    }
    for words in ran:
        done = run_script(*words, *SHORT.get(words[0], []), cwd=folder, timeout=300)
        assert done.returncode == 0, (words, done.stderr)
    assert len(list((folder / "results/masd/Binarised").glob("*.png"))) == 6
    assert len(list((folder / "results/PHOTOS/Binarised").glob("*.png"))) == 6


def test_both_ways_to_install_are_told():
    assert {"requirements.txt", "requirements/predict.txt"} <= set(re.findall(r"-r (\S+?\.txt)", README))


def test_the_plain_commands_of_the_demo_are_those_of_make_demo():
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    eyes = re.search(r"^DEMO_EYES := (.*)$", makefile, re.MULTILINE)[1]
    recipe = re.search(r"^demo: install\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1].replace(
        "$(DEMO_EYES)", eyes
    )
    made = [words[1:] for words in map(shlex.split, recipe.splitlines()) if words[0] == "$(BIN)/python"]
    assert [[word for word in words if word != "--overwrite"] for words in made] == DEMO
