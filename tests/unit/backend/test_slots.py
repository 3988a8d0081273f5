"""So much at a time, and no more."""

import pytest

from backend.errors import Overloaded
from backend.web.slots import Slots


def test_the_one_who_is_too_many_is_told_and_takes_nothing() -> None:
    slots = Slots(2, "Full: try again.")
    with slots, slots:
        for _ in range(3):
            with pytest.raises(Overloaded, match=r"^Full: try again\.$"):
                slots.check_room()
            with pytest.raises(Overloaded), slots:
                raise AssertionError("there was no slot")
    with slots, slots, pytest.raises(Overloaded):
        slots.check_room()


def test_a_slot_comes_back_whatever_happens_in_it() -> None:
    slots = Slots(1, "Full.")
    for _ in range(3):
        with pytest.raises(ValueError, match=r"^ours$"), slots:
            raise ValueError("ours")
    slots.check_room()


def test_to_look_for_room_takes_none() -> None:
    slots = Slots(1, "Full.")
    slots.check_room()
    slots.check_room()
    with slots:
        pass
