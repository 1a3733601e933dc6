import itertools
import math

import pytest

from sogaal.errors import ConfigError
from sogaal.pacing import CATCH_UP_SECONDS, TURN_SECONDS, Pace, SpeedMeter, Turns, TurnSize, checked_speed


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


def work(pace: Pace, clock: Clock, until: float, seconds_per_step: float = 0.0) -> list[tuple[float, int]]:
    """A thread that does what is due and sleeps otherwise: [(when, steps)]."""
    done = []
    while clock.now < until:
        steps = pace.steps_due(clock.now, most=40)
        if not steps:
            clock.now = max(pace.due_at(), clock.now)
            continue
        done.append((clock.now, steps))
        clock.now += steps * seconds_per_step
        pace.note(steps, clock.now)
    return done


def test_turns_are_taken_in_the_order_of_asking() -> None:
    line, woken = Turns(), []
    a, b, c = (line.join(lambda name=name: woken.append(name)) for name in "abc")
    assert [a.request(), b.request(), c.request()] == [True, False, False]
    assert a.request()  # asking again neither loses nor doubles a place
    a.leave()
    assert woken == ["b"]
    assert not a.request()
    assert b.request()
    b.leave()
    c.leave()
    assert woken == ["b", "c", "a"]
    assert a.request()


def test_passing_on_keeps_a_place_at_the_end_of_the_line() -> None:
    line, woken = Turns(), []
    a, b, c = (line.join(lambda name=name: woken.append(name)) for name in "abc")
    a.request()
    a.pass_on()
    assert woken == []  # alone, it goes on
    assert a.request()
    b.request()
    a.pass_on()
    c.request()
    c.pass_on()  # not its turn: nothing happens
    b.pass_on()
    a.leave()
    assert woken == ["b", "a", "c"]
    assert [b.request(), c.request()] == [False, True]


def test_giving_up_a_place_in_the_line_wakes_nobody_and_loses_nobody() -> None:
    line, woken = Turns(), []
    a, b, c = (line.join(lambda name=name: woken.append(name)) for name in "abc")
    for turn in (a, b, c):
        turn.request()
    b.leave()
    b.leave()
    assert woken == []
    a.leave()
    assert woken == ["c"]
    assert c.request()


@pytest.mark.parametrize(("speed", "steps"), [(1.0, 1), (25.0, 1), (0.5, 1), (300.0, 6), (1000.0, 20)])
def test_pace_is_even(speed: float, steps: int) -> None:
    clock = Clock()
    done = work(Pace(speed, clock.now), clock, until=1020.0)
    assert {size for _, size in done} == {steps}
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(done)]
    assert gaps == pytest.approx([steps / speed] * len(gaps), rel=1e-4)
    assert sum(size for _, size in done) == pytest.approx(20 * speed, abs=steps)


def test_first_step_and_the_first_after_a_pause_are_due_at_once_and_nothing_is_caught_up() -> None:
    clock = Clock()
    pace = Pace(1.0, clock.now)
    assert pace.steps_due(clock.now, 40) == 1
    pace.note(1, clock.now)
    assert pace.steps_due(clock.now, 40) == 0
    clock.now += 100
    pace.restart(clock.now)
    assert pace.steps_due(clock.now, 40) == 1
    pace.note(1, clock.now)
    assert pace.due_at() == pytest.approx(clock.now + 1)


def test_thread_that_was_kept_waiting_catches_up_little() -> None:
    clock = Clock()
    pace = Pace(1000.0, clock.now)
    work(pace, clock, until=1001.0)
    clock.now += 60
    done = work(pace, clock, until=clock.now + 1e-6)
    assert sum(steps for _, steps in done) <= 1000 * CATCH_UP_SECONDS + 20


def test_pace_beyond_what_the_machine_can_do_is_full_speed() -> None:
    clock = Clock()
    done = work(Pace(10_000.0, clock.now), clock, until=1010.0, seconds_per_step=0.001)
    assert sum(steps for _, steps in done) == pytest.approx(10_000, rel=0.02)


@pytest.mark.parametrize(("before", "after", "wait"), [(None, 1.0, 1.0), (0.01, 10.0, 0.1), (100.0, 0.5, 2.0)])
def test_change_of_pace_counts_from_the_last_step(before: float | None, after: float, wait: float) -> None:
    clock = Clock()
    pace = Pace(before, clock.now)
    pace.note(pace.steps_due(clock.now, 1), clock.now)
    pace.change(after)
    assert pace.due_at() == pytest.approx(clock.now + wait, abs=0.02)


def test_full_speed_is_always_due() -> None:
    pace = Pace(0.001, 1000.0)
    pace.note(1, 1000.0)
    assert pace.steps_due(1000.0, 40) == 0
    pace.change(None)
    assert pace.steps_due(1000.0, 40) == 40


def test_turn_size_follows_the_time_of_a_step() -> None:
    size = TurnSize()
    assert size.steps == 1
    size.note(1, TURN_SECONDS / 70)
    assert size.steps in (69, 70)
    for _ in range(7):
        size.note(1, TURN_SECONDS / 5)
    size.note(1, 10 * TURN_SECONDS)  # an evaluation, or an interruption
    assert size.steps in (4, 5)
    for _ in range(7):
        size.note(1, 10 * TURN_SECONDS)
    assert size.steps == 1


def test_speed_is_that_of_the_last_second_and_of_the_last_steps_in_slow_motion() -> None:
    meter = SpeedMeter()
    meter.restart(0.0, 0)
    assert meter.steps_per_second == 0
    for tick in range(1, 300):
        meter.note(tick / 100, 5 * tick)
    assert meter.steps_per_second == pytest.approx(500)
    meter.restart(10.0, 1500)
    for second in range(1, 8):
        meter.note(10.0 + 2 * second, 1500 + second)
    assert meter.steps_per_second == pytest.approx(0.5)


@pytest.mark.parametrize("speed", [0, -1.0, math.nan, math.inf, True, "fast", [1]])
def test_bad_speed_is_refused(speed: object) -> None:
    with pytest.raises(ConfigError, match="speed must be a finite number above 0") as caught:
        checked_speed(speed)  # type: ignore[arg-type]
    assert caught.value.field == "speed"
