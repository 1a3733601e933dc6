"""The address: the same set-up for whoever gets it, the same run for whoever reloads, and words for what is wrong."""

import pytest

from pages import _server, _setup
from sogaal.config import FIELDS, make_config
from sogaal.data import load_dataset
from tests.pages.session import Session

CHANGES = {
    "algorithm": "mo-gaal",
    "k": 4,
    "auto_seeds": 5,
    "stop_epochs": 17,
    "whether_stop": 0,
    "max_epochs": 40,
    "score_at": "stop",
    "lr_d": 0.0123456789,
    "lr_g": 3e-7,
    "momentum": 0.85,
    "decay": 1e-5,
    "dampening": 0.1,
    "batch_size": 77,
    "shuffle": "none",
    "hidden_size": 9,
    "generator_bias": -0.25,
    "discriminator_bias": 0.0,
    "discriminator_init": "variance_scaling",
    "eval_every": 3,
    "seed": 2**32 - 1,
}


def form(session: Session) -> dict[str, object]:
    return {name: session.field(name) for name in (*_setup.FORM_FIELDS, "dataset", "preset", "scaling")}


def test_every_field_travels() -> None:
    assert set(CHANGES) == set(_setup.FORM_FIELDS)
    assert set(FIELDS) == {*_setup.FORM_FIELDS, "device"}
    first = Session()
    for name, value in CHANGES.items():
        first.at.session_state[f"set_{name}"] = value
    first.at.session_state["set_scaling"] = "robust"
    first.at.session_state["set_dataset"] = "spiral"
    first.look()
    second = Session(**first.address)
    assert form(second) == form(first) == {**CHANGES, "dataset": "spiral", "preset": "post", "scaling": "robust"}
    assert second.address == first.address
    assert (second.errors, second.warnings) == ([], [])


def test_what_equals_the_preset_stays_out_of_the_address() -> None:
    session = Session(preset="paper", stop_epochs="1000", lr_d="0.01")
    assert session.address == {"data": "onecluster", "preset": "paper", "seed": "0"}


def test_emptiness_travels_too() -> None:
    session = Session(hidden_size="none", max_epochs="")
    assert session.field("hidden_size") is None
    assert session.field("max_epochs") is None
    assert session.warnings == []


BAD = [
    ("data", "nonsense", "onecluster"),
    ("data", "../../etc/passwd", "onecluster"),
    ("data", "upload-0123456789abcdef", "onecluster"),
    ("preset", "nonsense", "post"),
    ("scaling", "z-score", "minmax"),
    ("stop_epochs", "many", 1000),
    ("stop_epochs", "2.5", 1000),
    ("stop_epochs", "0", 1000),
    ("stop_epochs", "9" * 5000, 1000),
    ("max_epochs", "-1", None),
    ("lr_d", "0", 0.01),
    ("lr_d", "nan", 0.01),
    ("lr_g", "inf", 0.0001),
    ("lr_g", "1e400", 0.0001),
    ("momentum", "1", 0.9),
    ("algorithm", "gan", "so-gaal"),
    ("whether_stop", "True", 1),
    ("discriminator_init", "<script>", "xavier_uniform"),
    ("seed", str(2**32), 0),
    ("seed", "", 0),
]


@pytest.mark.parametrize(("name", "value", "default"), BAD)
def test_a_bad_value_is_named_and_replaced(name: str, value: str, default: object) -> None:
    session = Session(**{name: value})
    assert session.field({"data": "dataset"}.get(name, name)) == default
    assert len(session.warnings) == 1
    problems = session.warnings[0].splitlines()
    assert len(problems) == 1
    assert "address" in problems[0]
    assert len(problems[0]) < 600
    if not value.startswith("upload-"):
        assert name in problems[0]
    assert session.errors == []
    assert session.enabled() == {"Train", "Step"}
    assert session.address == {"data": "onecluster", "preset": "post", "seed": "0"}


def test_bad_values_are_named_one_by_one_and_the_good_ones_taken() -> None:
    session = Session(data="moons", lr_d="0", lr_g="0.002", k="1000", stop_epochs="12")
    assert session.field("dataset") == "moons"
    assert (session.field("lr_g"), session.field("stop_epochs")) == (0.002, 12)
    assert (session.field("lr_d"), session.field("k")) == (0.01, 10)
    assert len(session.warnings[0].splitlines()) == 2
    assert "lr_d must be" in session.warnings[0]
    assert "k must be" in session.warnings[0]


def test_what_nobody_knows_is_dropped() -> None:
    session = Session(utm_source="mail", device="cuda")
    assert session.warnings == []
    assert session.address == {"data": "onecluster", "preset": "post", "seed": "0"}


def test_a_reloaded_page_finds_its_run_and_its_form() -> None:
    before = Session()
    job = before.start(stop_epochs=100_000, lr_d=0.02)
    before.type("momentum", 0.5)
    after = Session(**before.address)
    assert after.job is job
    assert after.state == "running"
    assert (after.field("lr_d"), after.field("momentum")) == (0.02, 0.5)
    assert after.address == before.address
    assert after.warnings == []


def test_a_run_alone_brings_its_set_up() -> None:
    job = _server.registry().submit(load_dataset("ring"), make_config("paper", stop_epochs=3, seed=5), "robust")
    session = Session(run=job.id)
    assert session.job is job
    assert (session.field("dataset"), session.field("scaling")) == ("ring", "robust")
    assert (session.field("stop_epochs"), session.field("seed")) == (3, 5)
    assert session.field("discriminator_init") == "variance_scaling"
    assert not session.says("The form differs")


@pytest.mark.parametrize("run", ["0123456789ab", "../x", "", "x" * 3000])
def test_a_run_that_is_gone_is_said_and_its_set_up_is_there(run: str) -> None:
    session = Session(data="ring", stop_epochs="40", run=run)
    assert len(session.warnings) == 1
    assert "neither in memory nor among the saved runs" in session.warnings[0]
    assert len(session.warnings[0]) < 300
    assert (session.field("dataset"), session.field("stop_epochs")) == ("ring", 40)
    assert session.state == ""
    assert "run" not in session.address
    session.start(stop_epochs=2)
    session.finish()
    assert session.state == "completed"
    assert session.warnings == []


def test_a_run_that_the_server_forgets_meanwhile_is_shown_from_its_folder() -> None:
    session = Session()
    job = session.start(stop_epochs=2)
    session.finish()
    registry = _server.registry()
    for seed in range(registry.max_finished):
        registry.submit(job.dataset, job.config.replace(seed=seed)).wait()
    assert registry.get(job.id) is None
    session.look()
    assert session.state == "completed"
    assert session.enabled() == {"Train", "Step", "Reset"}
    assert session.address["run"] == job.id
    assert session.warnings == []


def test_a_run_that_is_deleted_meanwhile_is_said() -> None:
    session = Session()
    job = session.start(stop_epochs=2)
    session.finish()
    _server.store().trash([job.id])
    for seed in range(_server.registry().max_finished):
        _server.registry().submit(job.dataset, job.config.replace(seed=seed)).wait()
    session.look()
    assert any("neither in memory nor among the saved runs" in warning for warning in session.warnings)
    assert session.enabled() == {"Train", "Step"}
    assert "run" not in session.address


def test_an_address_can_be_a_share_of_a_set_up_only() -> None:
    session = Session(data="highdim")
    assert session.field("dataset") == "highdim"
    assert session.says("**highdim**")
