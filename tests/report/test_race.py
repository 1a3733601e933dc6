"""A race as one picture: what it says, and that it is an SVG of its own."""

from xml.dom import minidom

import pytest

from sogaal import figures
from sogaal.report import RaceLane, race_picture
from tests.figures.runs import frame, history
from tests.figures.test_plane import scene


def lanes(names: list[str], labels: bool = True) -> list[RaceLane]:
    curves = figures.curves_info(history(labels=labels), total_steps=1000, stop_step=400)
    told = ["AUC at stop 0.900 · AUC at end 0.700", "D over-trained"] if labels else []
    return [RaceLane(name, told, figures.plane_info(scene(), frame(seed=n)), curves) for n, name in enumerate(names)]


def words_of(picture: bytes) -> str:
    texts = minidom.parseString(picture).getElementsByTagName("text")
    return "\n".join("".join(node.data for part in t.childNodes for node in (part, *part.childNodes)
                             if node.nodeType == node.TEXT_NODE) for t in texts)  # fmt: skip


@pytest.mark.parametrize("names", [["bias 1e-5", "bias 1"], ["a", "b", "c", "d & <e>"]])
def test_all_set_ups_stand_in_it_with_their_results_and_what_they_share(names: list[str]) -> None:
    picture = race_picture("onecluster · race", lanes(names), {"lr_d": "0.01", "seed": "3"})
    words = words_of(picture)
    for letter, name in zip("ABCD", names, strict=False):
        assert f"{letter}  {name}" in words
    assert words.count("AUC at end 0.700") == words.count("ROC-AUC") == len(names)
    assert "lr_d 0.01, seed 3" in words
    assert "real outliers" in words


def test_it_needs_nothing_else_and_is_the_same_again() -> None:
    picture = race_picture("t", lanes(["a", "b"]), {"seed": "0"})
    assert picture == race_picture("t", lanes(["a", "b"]), {"seed": "0"})
    text = picture.decode()
    assert "var(" not in text
    assert "<script" not in text
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1
    assert text.count("data:image/png") == 2  # D's map in light colours, once for each set-up


def test_without_labels_there_is_no_auc() -> None:
    words = words_of(race_picture("t", lanes(["a", "b"], labels=False), {"seed": "0"}))
    assert "ROC-AUC" not in words
    assert "Losses of D and G" in words


def test_a_long_title_takes_more_lines() -> None:
    title = "a race over many hyperparameters " * 6
    words = words_of(race_picture(title, lanes(["a", "b"]), {"seed": "0"}))
    assert title.split() == " ".join(words.splitlines()[:3]).split()
