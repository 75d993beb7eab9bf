import pytest

from munet.core.errors import MunetError
from munet.data.attributes import group_columns, not_told, read_table, subjects
from munet.data.names import from_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "1_2n_Lr_3",
            {"subject": "1", "phone": "iPhone 6s", "light": "natural", "eye": "L", "gaze": "right"},
        ),
        (
            "7/7_1p_Ru_bad",
            {"subject": "7", "phone": "Xperia Z5 Compact", "light": "poor", "eye": "R", "gaze": "up"},
        ),
        ("12L_s_4", {"subject": "12", "eye": "L", "gaze": "straight"}),
        ("S0003/S0003_R_d_07", {"subject": "S0003", "eye": "R", "gaze": "down"}),
        ("anna/day2/photo", {"subject": "anna", "session": "anna/day2"}),
        ("photo", {"subject": "photo"}),
        (
            "1/1_2n_Lr_3_flip",
            {"subject": "1", "phone": "iPhone 6s", "light": "natural", "eye": "R", "gaze": "left"},
        ),
        ("12L_s_4_flip_flip", {"subject": "12", "eye": "L", "gaze": "straight"}),
        ("S0003/S0003_R_d_07_copy12", {"subject": "S0003"}),
    ],
)
def test_names_tell_attributes(name, expected):
    assert from_name(name) == expected


def test_groups_split_the_photos():
    names = [f"{subject}_1{light}_L{gaze}_1" for subject in (1, 2) for light in "ni" for gaze in "lr"]
    columns = group_columns(names)
    assert set(columns) == {"subject", "light", "gaze"}  # one phone and one eye part nothing
    assert columns["light"] == ["natural", "natural", "indoor", "indoor"] * 2
    assert list(group_columns(names, by=["eye"])) == ["eye"]
    with pytest.raises(MunetError, match=r"tells its tone; known are: subject, phone, light, eye, gaze"):
        group_columns(names, by=["tone"])


def test_a_table_adds_columns_and_numbers_are_cut_into_quarters(tmp_path):
    lines = [f"images/a/p{i}.jpg,{'dark' if i % 2 else 'light'},{i / 10}" for i in range(40)]
    (tmp_path / "labels.csv").write_text("image,tone,age\n" + "\n".join(lines))
    table = read_table(tmp_path / "labels.csv")
    names = [f"a/p{i}" for i in range(40)] + ["unknown"]
    columns = group_columns(names, table)
    assert columns["tone"][:3] == ["light", "dark", "light"]
    assert columns["tone"][-1] is None
    assert len({columns["age"][i] for i in (0, 1, 2)}) == 1
    sizes = [columns["age"].count(group) for group in sorted(set(columns["age"]) - {None})]
    assert sizes == [10, 10, 10, 10]


def test_names_with_dots_and_decimal_commas_are_read(tmp_path):
    (tmp_path / "labels.csv").write_text(
        "image;age\n" + "".join(f"p{i}.left;{i},5\np{i}.eye.DNG;{i},5\n" for i in range(8))
    )
    table = read_table(tmp_path / "labels.csv")
    names = [f"p{i}.{end}" for i in range(8) for end in ("left", "eye")]
    assert set(table) == set(names)
    assert len(set(group_columns(names, table)["age"])) == 4
    thousands = {f"p{i}": {"distance": text} for i, text in enumerate(("900", "950", "1,024", "1,100"))}
    assert group_columns(list(thousands), thousands, ["distance"])["distance"] == [
        "900",
        "950",
        "1,024",
        "1,100",
    ]


def test_a_table_tells_whose_photos_are():
    table = {"a": {"subject": "anna"}, "b": {"subject": "anna"}, "1_1n_Ll_1": {"subject": ""}}
    assert subjects(["a", "b", "1_1n_Ll_1", "c"], table) == ["anna", "anna", "1", "c"]


def test_what_most_have_nothing_of_is_parted_from_the_rest():
    table = {f"p{i}": {"arcus": "0.0" if i < 6 else str(i / 10), "phone": str(i % 2)} for i in range(8)}
    columns = group_columns(list(table), table)
    assert columns["arcus"] == ["0"] * 6 + ["above 0"] * 2
    assert columns["phone"] == ["0", "1"] * 4


@pytest.mark.parametrize("text", ["", "tone,age\n1,2\n", "\x00"])
def test_a_table_without_names_is_refused(tmp_path, text):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(MunetError, match=r"labels.csv"):
        read_table(tmp_path / "labels.csv")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_spreadsheets_of_every_kind_are_read(tmp_path, mark):
    rows = [
        ("image", "tone", "age"),
        ("a.jpg", "dark", "1.5"),
        ("b.jpg", "light", "inf"),
        ("c.jpg", "", "nan"),
        ("d.jpg", "light", "2.5"),
    ]
    (tmp_path / "labels.csv").write_text("\n".join(mark.join(row) for row in rows), encoding="utf-8-sig")
    table = read_table(tmp_path / "labels.csv")
    columns = group_columns(["a", "b", "c", "d", "e"], table)
    assert columns["tone"] == ["dark", "light", None, "light", None]
    assert [value is None for value in columns["age"]] == [False, True, True, False, True]
    assert not_told(["a", "b", "c", "d", "e"], table) == 1


def test_a_photo_of_two_rows_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("image,tone\na.jpg,dark\nb.jpg,dark\na.png,light\n")
    with pytest.raises(MunetError, match=r"labels.csv: a has more than one row"):
        read_table(tmp_path / "labels.csv")


def test_people_named_by_numbers_stay_people():
    names = [f"{subject}/photo{number}" for subject in range(1, 21) for number in range(2)]
    assert group_columns(names)["subject"] == [name.split("/")[0] for name in names]


def test_a_bare_name_in_a_table_is_of_one_photo_or_of_none():
    table = {"1": {"tone": "dark"}, "2": {"tone": "light"}}
    names = ["p1/1", "p2/1", "p2/2", "p3/2x"]
    assert not_told(names, table) == 3
    assert group_columns(names, table, by=["tone"])["tone"] == [None, None, "light", None]
