"""What waits for viewers is counted as it comes, and has an end."""

import pytest

from televise.errors import LimitReached
from televise.model import refusals
from televise.web.connections.backlog import Backlog
from televise.web.limits import Admission


class Slow:
    """A connection for which so many bytes wait."""

    def __init__(self, unsent: int) -> None:
        self.unsent = unsent
        self.is_there = True

    def abort(self) -> None:
        self.is_there = False


def full(backlog: Backlog, *sizes: int) -> list[Slow]:
    connections = [Slow(size) for size in sizes]
    for each in connections:
        backlog.enter(each)
    return connections


def there(connections: list[Slow]) -> list[bool]:
    return [each.is_there for each in connections]


def test_who_has_taken_all_or_is_gone_is_not_counted() -> None:
    backlog = Backlog(100)
    first, second = full(backlog, 60, 30)
    assert backlog.bytes == 90
    backlog.leave(first)
    backlog.leave(first)
    assert backlog.bytes == 30
    backlog.leave(second)
    assert backlog.bytes == 0


def test_where_it_is_too_much_who_is_full_for_longest_goes() -> None:
    before = refusals.counts["megabytes"]
    backlog = Backlog(100)
    connections = full(backlog, 10, 90, 50)
    assert (backlog.bytes, there(connections)) == (150, [True] * 3), "a moment is no harm"
    backlog.look()
    assert (backlog.bytes, there(connections)) == (50, [False, False, True])
    assert refusals.counts["megabytes"] == before + 2


def test_twice_as_much_is_ended_at_once() -> None:
    backlog = Backlog(100)
    connections = full(backlog, 90, 90, 30)
    assert (backlog.bytes, there(connections)) == (30, [False, False, True])


def test_who_becomes_full_again_is_behind_the_others() -> None:
    backlog = Backlog(100)
    first, second = full(backlog, 80, 80)
    backlog.leave(first)
    backlog.enter(first)
    backlog.look()
    assert there([first, second]) == [True, False]


def test_what_they_are_written_later_is_counted_when_it_is_looked() -> None:
    backlog = Backlog(100)
    (only,) = full(backlog, 10)
    only.unsent = 70
    backlog.look()
    assert (backlog.bytes, only.is_there) == (70, True)
    only.unsent = 101
    backlog.look()
    assert (backlog.bytes, only.is_there) == (0, False)


def test_more_viewers_are_refused_until_there_is_room() -> None:
    backlog, admission = Backlog(100), Admission(10, 10, 10)
    admission.has_room = lambda: not backlog.is_too_much
    full(backlog, 101)
    with pytest.raises(LimitReached, match="too much waits for viewers already: try again later"):
        admission.enter("::1")
    backlog.look()
    admission.enter("::1")
    assert admission.count == 1


def test_one_that_becomes_fuller_is_counted_once() -> None:
    backlog = Backlog(100)
    (first, second) = full(backlog, 10, 10)
    first.unsent = 70
    backlog.enter(first)
    assert backlog.bytes == 80
    backlog.most = 75
    backlog.look()
    assert there([first, second]) == [False, True], "it is where it was"


def test_who_never_said_that_it_is_full_is_found_when_it_is_looked() -> None:
    backlog, silent = Backlog(100), Slow(60)
    backlog.look([silent])
    backlog.look([silent])
    assert backlog.bytes == 60
    silent.unsent = 0
    backlog.look([silent])
    assert backlog.bytes == 0
