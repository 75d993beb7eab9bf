"""An eye keeps its number while it moves, blinks and comes back."""

from munet.finder.eyes import Eye
from munet.inference.tracking import FORGOTTEN, EyeTracker


def eyes(*places):
    return [Eye(x, 50.0, 20.0, 8.0, 0.0, 0.9, 1.0, 0.5) for x in places]


def test_numbers_follow_eyes_that_move_past_each_other_slowly():
    tracker = EyeTracker()
    assert tracker(eyes(20, 80)) == [1, 2]
    for step in range(1, 6):
        assert tracker(eyes(20 + 6 * step, 80 + 6 * step)) == [1, 2]
    assert tracker(eyes(110, 50)) == [2, 1]  # in whatever order they are found


def test_an_eye_that_is_lost_for_a_moment_keeps_its_number_and_is_forgotten_later():
    tracker = EyeTracker()
    tracker(eyes(20, 80))
    for _ in range(5):
        assert tracker(eyes(20)) == [1]
    assert tracker(eyes(20, 82)) == [1, 2]
    for _ in range(FORGOTTEN + 1):
        tracker([])
    assert tracker(eyes(20)) == [3]


def test_a_new_eye_takes_no_number_of_another():
    tracker = EyeTracker()
    tracker(eyes(20))
    assert tracker(eyes(22, 24)) == [1, 2]
