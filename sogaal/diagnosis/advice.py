"""What to change: values far from the usual ones are the first suspects."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sogaal.config import TrainConfig
from sogaal.diagnosis.course import Course

# The post's set-up reaches the data near step 1,700 and stops at 2,002.
ARRIVED = 1.2


@dataclass(frozen=True)
class Advice:
    """A sentence and the changes of the set-up that it means."""

    text: str
    changes: dict[str, Any]


# Far from the post's and the paper's values (lr_d .01, lr_g 1e-4, momentum .9, bias 1e-5 and 0): three times and more.
# The order is that of our measurements on onecluster: which of them ruins a run most surely.
_TOO_MUCH: tuple[tuple[str, Callable[[TrainConfig], bool], Any, str], ...] = (
    ("generator_bias", lambda c: abs(c.generator_bias) >= 0.3, 1e-5, "Start G near the noise: generator bias 1e-5."),
    ("lr_g", lambda c: c.lr_g >= 1e-3, 1e-4, "Let G learn more slowly: learning rate 1e-4."),
    ("lr_d", lambda c: c.lr_d >= 0.03, 0.01, "Let D learn more slowly: learning rate 0.01."),
    ("momentum", lambda c: c.momentum >= 0.95, 0.9, "Carry less of each update into the next: momentum 0.9."),
)


def scale_first(course: Course) -> Advice | None:
    """Scaling, where the data are not and lie far from G's noise."""
    if course.config_scaling != "none" or course.outside_share <= 0:
        return None
    return Advice("Scale the columns to [0, 1], where G's noise lies.", {"scaling": "minmax"})


def toward_usual(course: Course) -> Advice | None:
    """The first value that is far from the usual one, put back; None if there is none."""
    scaling = scale_first(course)
    if scaling is not None:
        return scaling
    for name, unusual, usual, text in _TOO_MUCH:
        if unusual(course.config):
            return Advice(text, {name: usual})
    return None


def several_generators(course: Course) -> Advice | None:
    """MO-GAAL, where one generator alone plays."""
    if course.config.algorithm == "mo-gaal":
        return None
    return Advice("Try MO-GAAL: ten sub-generators with graded targets do not all gather in one place.",
                  {"algorithm": "mo-gaal", "k": 10})  # fmt: skip


def score_at_stop() -> Advice:
    """D as it was when G stopped."""
    return Advice("Score with D as it was when G stopped.", {"score_at": "stop"})


def stop_after(epochs: int, course: Course) -> Advice:
    """Another moment for G to stop; the run takes the original's length, three times that."""
    epochs = max(1, epochs)
    stop = course.config.stop_epochs
    when = " later" if stop != "auto" and epochs > stop else " earlier"
    changes: dict[str, Any] = {"stop_epochs": epochs, "max_epochs": None}
    if not course.config.whether_stop:
        changes["whether_stop"] = 1
        when = ""
    return Advice(f"Let G stop{when}: after {epochs:,} epochs.", changes)


def both(first: Advice | None, second: Advice) -> Advice:
    """One after the other, where there is a first."""
    if first is None:
        return second
    return Advice(f"{first.text} {second.text}", first.changes | second.changes)


def stop_at_arrival(course: Course) -> Advice | None:
    """Stop soon after the generated points have reached the data; None if they had not, or it is about then."""
    if course.arrival is None or course.arrival > 0.8 * course.game_end:
        return None
    return stop_after(round(ARRIVED * course.arrival / course.evidence.batches), course)


def nothing_known() -> Advice:
    """Where no value is a suspect."""
    return Advice("No single value stands out. Try other seeds first: one run proves little.", {})
