"""The lab's figures: shared axes, bands over seeds, where seeds end, and the map."""

import numpy as np
import pytest

from sogaal import figures
from sogaal.figures.spec import pack
from sogaal.planes import feature_plane
from tests.figures.runs import frame, history, table


def scene() -> figures.Scene:
    X, y = table()
    return figures.make_scene(X, y, feature_plane(X, 0, 1, ("a", "b")))


def columns(steps: int = 100, seed: int = 0, labels: bool = True) -> dict[str, np.ndarray]:
    view = history(steps, seed=seed, labels=labels)
    found = {name: getattr(view, name) for name in ("d_loss", "g_loss", "auc", "eval_step")}
    return {"step": np.arange(1, steps + 1), **found}


class TestRace:
    def test_curves_get_one_ruler(self) -> None:
        views = [history(100, seed=1), history(300, seed=2)]
        infos = [figures.curves_info(view, total_steps=view.steps) for view in views]
        first, second = figures.aligned_curves(infos)
        assert first.losses.total_steps == second.losses.total_steps == 300
        assert first.losses.top == second.losses.top == max(info.losses.top for info in infos)
        assert first.auc is not None
        assert second.auc is not None
        assert first.auc.low == second.auc.low
        assert first.losses.d is infos[0].losses.d
        assert figures.aligned_curves([]) == []

    def test_one_view_holds_all_and_comes_closer_once_they_have_come(self) -> None:
        near, far = frame(), frame(frame().generated + 2)
        both = figures.shared_view([scene(), scene()], [near, far])
        for one in (near, far):
            assert both.holds(one.generated).mean() > 0.95
        # A little closer does not move it, much closer does.
        little = figures.shared_view([scene(), scene()], [near, frame(frame().generated + 1.8)], both)
        assert little == both
        close = figures.shared_view([scene(), scene()], [near, near], both)
        assert close.side < both.side / 1.7
        assert close.holds(near.generated).mean() > 0.95

    def test_nothing_generated_shows_the_data(self) -> None:
        assert figures.shared_view([scene()], [None]) == scene().view


class TestBands:
    def test_levels_are_quantiles_over_the_seeds(self) -> None:
        members = [columns(seed=seed) for seed in range(5)]
        info = figures.bands_info([("a", members)], end=100)
        band = info.panels["d_loss"][0]
        assert band.members == 5
        values = np.stack([one["d_loss"] for one in members])
        np.testing.assert_allclose(band.levels, np.quantile(values, [0, 0.25, 0.5, 0.75, 1], axis=0), rtol=1e-5)
        assert list(info.panels["auc"][0].x) == list(members[0]["eval_step"])

    def test_without_labels_there_is_no_auc(self) -> None:
        info = figures.bands_info([("a", [columns(labels=False)])], end=100)
        assert set(info.panels) == {"d_loss", "g_loss"}
        assert figures.bands_caption(info) == "One seed so far, so there is no spread yet."

    def test_runs_that_ended_early_are_left_out(self) -> None:
        info = figures.bands_info([("a", [columns(100), columns(40), columns(100)]), ("none yet", [])], end=100)
        (band,) = info.panels["d_loss"]
        assert band.members == 2

    @pytest.mark.parametrize("dark", [False, True])
    def test_the_figure_is_valid_and_travels(self, dark: bool) -> None:
        info = figures.bands_info([("a", [columns()] * 2), ("b", [columns(seed=3)])], end=100, stop=50)
        figure = figures.bands_figure(info, dark=dark)
        shown = [trace.name for trace in figure.data if trace.showlegend]
        assert shown == ["<b>A</b>  a (2 seeds)", "<b>B</b>  b (1 seed)"]
        assert pack(figures.bands_spec(info, dark=dark))[0]


class TestStrip:
    def test_a_dot_for_each_seed_over_its_box(self) -> None:
        values = [0.9, 0.3, 0.8, 0.31, 0.5, 0.6]
        row = figures.StripRow("a", values, range(6), range(10, 16), reference=(0.25, 0.5, 0.8))
        info = figures.strip_info([row, figures.StripRow("empty", [], [], [])], mark=(0.28, "a mark"))
        np.testing.assert_allclose(info.quantiles[0], np.quantile(values, [0, 0.25, 0.5, 0.75, 1]), rtol=1e-6)
        assert np.isnan(info.quantiles[1]).all()
        assert info.low <= 0.2
        figure = figures.strip_figure(info)
        dots = figure.data[2]
        assert list(dots.customdata) == list(range(10, 16))
        assert (np.abs(dots.y) < 0.5).all()
        assert len(set(dots.y[np.argsort(dots.x)][:5])) == 5  # neighbours stand in different lines
        assert "measured before" in figures.strip_caption(info)
        for name in ("left", "right"):
            ends = (0.2, 0.3, 0.4) if name == "left" else (0.9, 0.97, 0.995)
            row = figures.StripRow("a", [0.5, 0.9], [0, 1], [0, 1], ends)
            words = figures.strip_spec(figures.strip_info([row]))["layout"]["annotations"][-1]
            assert (words["xanchor"], words["x"]) == (name, ends[0] if name == "left" else ends[2])
        assert pack(figures.strip_spec(info, dark=True))[0]
        assert "click to open" in dots.hovertemplate
        assert "click" not in figures.strip_spec(info, click="")["data"][2]["hovertemplate"]


class TestMap:
    def cells(self) -> list[figures.MapCell | None]:
        return [
            figures.MapCell(0.123, 2, "failure", "low"),
            None,
            figures.MapCell(1.0, 1, "good", "perfect"),
            figures.MapCell(0.9999, 1, "good", "nearly"),
            figures.MapCell(None, 3, "failure", "diverged"),
            figures.MapCell(0.5, 1, "note", "guess"),
        ]

    def test_cells_stand_row_after_row(self) -> None:
        info = figures.phase_map_info(self.cells(), ("x", ["0", "1", "2"]), ("y", ["a", "b"]))
        assert info.text == [[".12", "", "1"], [".99", "–", ".50"]]
        np.testing.assert_array_equal(np.isnan(info.z), [[False, True, False], [False, True, False]])
        assert info.done == 5
        figure = figures.phase_map_figure(info)
        np.testing.assert_array_equal(figure.data[0].customdata, [[0, 1, 2], [3, 4, 5]])
        assert figure.data[0].hovertext[1][0] == "nearly"

    def test_findings_are_numbers_on_the_colour_of_their_severity(self) -> None:
        info = figures.phase_map_info(self.cells(), ("x", ["0", "1", "2"]), ("y", ["a", "b"]), by="kind")
        assert info.text == [["2", "", "1"], ["1", "3", "1"]]
        np.testing.assert_array_equal(info.z, [[0, np.nan, 3], [3, 0, 2]])
        for dark in (False, True):
            assert figures.phase_map_figure(info, dark=dark).data[0].zmax == 3.5

    def test_a_wrong_number_of_cells(self) -> None:
        with pytest.raises(ValueError, match="cells must be 2 x 2, got 6"):
            figures.phase_map_info(self.cells(), ("x", ["0", "1"]), ("y", ["a", "b"]))

    def test_it_travels_with_gaps(self) -> None:
        info = figures.phase_map_info(self.cells(), ("x", ["0", "1", "2"]), ("y", ["a", "b"]))
        assert b"bdata" in pack(figures.phase_map_spec(info))[0]
