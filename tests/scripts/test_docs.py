"""What the pages name exists: scripts, flags, make targets, requirements, files, links and headings."""

import re
import shlex

import pytest
from support import ROOT

PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *(ROOT / folder / "README.md" for folder in ("data", "weights", "results")),
]
WIDTH = 110
_FENCE = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def sources():
    """The text of all Python files that may define a flag."""
    files = [*ROOT.glob("*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("munet/**/*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.fixture(params=PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def page(request):
    return request.param


def commands(text):
    """The commands of a text that run a script, in code blocks and within sentences, as lists of words."""
    found = re.findall(r"(?<!\w)python (\w+\.py\b[^`\n]*)", text.replace("\\\n", ""))
    return [shlex.split(line, comments=True) for line in found]


def anchors(path):
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_scripts_and_their_flags_exist(page, sources):
    for words in commands(page.read_text(encoding="utf-8")):
        assert (ROOT / words[0]).is_file(), words
        for flag in (word.partition("=")[0] for word in words[1:] if word.startswith("--")):
            # Some are made from the fields of a dataclass.
            field = rf"\b{flag[2:].replace('-', '_')}: "
            assert f'"{flag}"' in sources or re.search(field, sources), (flag, words)


def test_links_lead_somewhere(page):
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def test_files_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:munet|tests|docs|examples|requirements|\.ci)/[\w./-]*)`", text)
    for name in [*named, *re.findall(r"-r (\S+?\.txt)", text)]:
        assert (ROOT / name).exists(), name
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)`", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_prose_is_not_wider_than_code(page):
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    prose = [line for line in text.splitlines() if not line.startswith(("|", "!["))]
    assert not [line for line in prose if len(line) > WIDTH]


def test_the_readme_only_points_the_way():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130
