"""Many runs over worker processes: the same results as alone, all of them, once, and an end at any time."""

import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sogaal.config import TrainConfig, make_config
from sogaal.errors import ConfigError, DataError
from sogaal.outcomes import history_arrays
from sogaal.planning import Plan
from sogaal.pool import ATTEMPTS, RunOutcome, RunPool
from sogaal.tables import SharedTicket, TravellingTicket
from sogaal.trainer import Trainer
from sogaal.workers import ProcessExecutor
from tests.conftest import ROOT

posix = pytest.mark.skipif(sys.platform == "win32", reason="these signals are those of POSIX systems")
ENDLESS = 100_000


def blob(n: int = 120, d: int = 3, outliers: int = 8, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(0.5, 0.05, (n, d))
    X[:outliers] = rng.random((outliers, d))
    y = np.zeros(n, dtype=np.int8)
    y[:outliers] = 1
    return X.astype(np.float32), y


X, Y = blob()
SHORT = make_config(max_epochs=6, stop_epochs=3, batch_size=50)


def seeds(count: int, **values: object) -> list[TrainConfig]:
    return [SHORT.replace(seed=seed, **values) for seed in range(count)]


@pytest.fixture(scope="module")
def pool() -> Iterator[RunPool]:
    with RunPool(2) as pool:
        yield pool


def until(condition: Callable[[], object], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)


def check_against_alone(outcome: RunOutcome, X: np.ndarray, y: np.ndarray | None) -> None:
    """Everything in an outcome with all parts, bit for bit."""
    alone = Trainer(X, outcome.config, y).fit()
    assert outcome.ok
    assert outcome.history is not None
    assert outcome.summary is not None
    for name, column in history_arrays(alone.history.view()).items():
        np.testing.assert_array_equal(outcome.history[name], column, err_msg=name)
    expected = alone.summary() | {"seconds": None}
    assert outcome.summary | {"seconds": None} == expected
    np.testing.assert_array_equal(outcome.logits_end, alone.scores(at="end"))
    np.testing.assert_array_equal(outcome.weights_end.w1, alone.discriminator_weights("end").w1)
    assert (outcome.logits_stop is None) == (alone.stop_step is None) == (outcome.weights_stop is None)
    if alone.stop_step is not None:
        np.testing.assert_array_equal(outcome.logits_stop, alone.scores(at="stop"))
        np.testing.assert_array_equal(outcome.weights_stop.w1, alone.discriminator_weights("stop").w1)


class TestResults:
    @pytest.mark.parametrize("labels", [Y, None])
    def test_the_same_bits_as_alone(self, pool: RunPool, labels: np.ndarray | None) -> None:
        configs = [
            SHORT.replace(max_epochs=100, stop_epochs=40),
            SHORT.replace(max_epochs=40, stop_epochs=20, algorithm="mo-gaal", k=4, hidden_size=7),
            SHORT.replace(max_epochs=30, whether_stop=0, shuffle="each_epoch", eval_every=7, generator_bias=0.3),
        ]
        outcomes = sorted(
            pool.run(X, configs, labels, keep=("summary", "history", "logits", "weights")), key=lambda o: o.index
        )
        assert [outcome.config for outcome in outcomes] == configs
        for outcome in outcomes:
            check_against_alone(outcome, X, labels)

    @pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
    def test_the_same_bits_on_a_wide_table(self, pool: RunPool, algorithm: str) -> None:
        wide, y = blob(700, 64)
        config = make_config(algorithm=algorithm, k=3, max_epochs=8, stop_epochs=4)
        (outcome,) = pool.run(wide, [config], y, keep=("summary", "history", "logits", "weights"))
        check_against_alone(outcome, wide, y)

    def test_a_table_of_one_column(self, pool: RunPool) -> None:
        (outcome,) = pool.run(X[:, :1], [SHORT], Y, keep=("summary", "history", "logits", "weights"))
        check_against_alone(outcome, X[:, :1], Y)

    def test_every_run_comes_once(self, pool: RunPool) -> None:
        configs = seeds(300)
        outcomes = list(pool.run(X, configs, Y))
        assert sorted(outcome.index for outcome in outcomes) == list(range(300))
        assert all(outcome.ok and outcome.config == configs[outcome.index] for outcome in outcomes)
        assert all(outcome.history is None and outcome.logits_end is None for outcome in outcomes)

    def test_workers_stay(self, pool: RunPool) -> None:
        list(pool.run(X, seeds(4), Y))
        before = pool.pids
        list(pool.run(X, seeds(4), Y))
        assert pool.pids == before
        assert 1 <= len(before) <= 2

    def test_thinned_histories_keep_their_last_row(self, pool: RunPool) -> None:
        (whole,) = pool.run(X, [SHORT.replace(max_epochs=50)], Y, keep=["history"])
        (thin,) = pool.run(X, [SHORT.replace(max_epochs=50)], Y, keep=["history"], history_rows=9)
        assert whole.history is not None
        assert thin.history is not None
        steps = thin.history["step"]
        assert 2 <= len(steps) <= 9
        assert steps[-1] == whole.history["step"][-1] == 100
        for name in ("d_loss", "sub_g_loss", "d_real"):
            np.testing.assert_array_equal(thin.history[name], whole.history[name][steps - 1])
        assert thin.history["auc"][-1] == whole.history["auc"][-1]
        assert len(thin.history["auc"]) <= 9

    def test_a_run_that_diverges_harms_no_other(self, pool: RunPool) -> None:
        wild = X * np.float32(1e25)
        fast = SHORT.replace(max_epochs=100)
        slow = fast.replace(lr_d=1e-9, lr_g=1e-9)
        configs = [slow, fast, slow]
        outcomes = {o.index: o for o in pool.run(wild, configs, Y, keep=("history", "logits"))}
        assert [outcomes[index].ok for index in range(3)] == [True, False, True]
        bad = outcomes[1]
        assert bad.failed is None
        assert bad.diverged is not None
        assert bad.diverged.startswith("Training diverged: ")
        assert bad.logits_end is None
        assert bad.history is not None
        assert np.isfinite(bad.history["d_loss"]).all()

    def test_progress_can_be_told(self, pool: RunPool) -> None:
        runs = pool.run(X, seeds(5), Y)
        assert (runs.total, runs.done, runs.runs_per_second, runs.seconds_left) == (5, 0, 0.0, None)
        for done, _ in enumerate(runs, start=1):
            assert runs.done == done
            assert runs.runs_per_second > 0
        assert runs.seconds_left == 0
        assert not runs.cancelled
        assert list(runs) == []

    def test_outcomes_survive_pickling(self, pool: RunPool) -> None:
        (outcome,) = pool.run(X, [SHORT], Y, keep=("history", "logits", "weights"))
        again = pickle.loads(pickle.dumps(outcome))
        np.testing.assert_array_equal(again.logits_end, outcome.logits_end)


class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "message", "change"),
        [
            ("configs", "configs must hold at least one run, got none", {"configs": []}),
            ("configs", "configs must hold TrainConfigs, got dict at place 1", {"configs": [SHORT, {}]}),
            ("device", "'cuda' at place 0: on a GPU a group", {"configs": [SHORT.replace(device="cuda")]}),
            ("k", "k must be at most the batch size, 50", {"configs": [SHORT.replace(algorithm="mo-gaal", k=51)]}),
            ("keep", "keep may hold .* got 'frames'", {"keep": ["frames"]}),
            ("history_rows", "at least 2, or None, got 1", {"history_rows": 1}),
        ],
    )
    def test_configurations(self, pool: RunPool, field: str, message: str, change: dict[str, object]) -> None:
        with pytest.raises(ConfigError, match=message) as caught:
            pool.run(X, **({"configs": [SHORT], "y": Y} | change))  # type: ignore[arg-type]
        assert caught.value.field == field

    @pytest.mark.parametrize(
        ("table", "labels", "message"),
        [
            (X[0], None, "X must have two dimensions"),
            (X[:0], None, "at least one row"),
            (np.where(X == X[5, 1], np.nan, X), None, "row 5, column 1"),
            ([["a", "b"]], None, "X must be a table of numbers"),
            (X, Y[:-1], "y must have one label for each"),
            (X, np.zeros(len(X), dtype=int), "y must hold both 0"),
        ],
    )
    def test_tables(self, pool: RunPool, table: np.ndarray, labels: np.ndarray | None, message: str) -> None:
        with pytest.raises(DataError, match=message):
            pool.run(table, [SHORT], labels)

    def test_workers(self) -> None:
        with pytest.raises(ConfigError, match="workers must be a whole number of at least 1, got 0") as caught:
            RunPool(0)
        assert caught.value.field == "workers"

    def test_a_closed_pool(self) -> None:
        pool = RunPool(1)
        pool.close()
        pool.close()
        with pytest.raises(RuntimeError, match="takes no more runs"):
            pool.run(X, [SHORT])


class TestCancelling:
    def test_in_the_middle_of_long_runs(self, pool: RunPool) -> None:
        runs = pool.run(X, [SHORT.replace(max_epochs=ENDLESS), *seeds(3), SHORT.replace(max_epochs=ENDLESS)], Y)
        started = next(runs)
        assert started.index in (1, 2, 3)
        begun = time.monotonic()
        runs.cancel()
        rest = list(runs)
        assert runs.cancelled
        assert {outcome.index for outcome in rest} < {1, 2, 3}
        # The workers are free again, and nobody had to be killed for it.
        assert len(list(pool.run(X, seeds(2), Y))) == 2
        assert time.monotonic() - begun < 30  # alone it would be many minutes

    def test_a_forgotten_iterator_cancels(self, pool: RunPool) -> None:
        for _ in pool.run(X, [SHORT.replace(max_epochs=ENDLESS), *seeds(3)], Y):
            break
        runs = pool.run(X, [SHORT.replace(max_epochs=ENDLESS)], Y)
        batch = runs._batch
        del runs
        assert batch.cancelled
        assert len(list(pool.run(X, seeds(3), Y))) == 3

    def test_the_block_of_an_iterator_cancels(self, pool: RunPool) -> None:
        with pool.run(X, [SHORT.replace(max_epochs=ENDLESS)], Y) as runs:
            pass
        assert list(runs) == []
        assert runs.cancelled

    def test_all_at_once_from_another_thread(self, pool: RunPool) -> None:
        many = [pool.run(X, [SHORT.replace(max_epochs=ENDLESS)], Y) for _ in range(3)]
        threading.Timer(0.1, pool.cancel).start()
        assert [list(runs) for runs in many] == [[], [], []]

    def test_the_memory_of_the_table_is_given_back(self, pool: RunPool) -> None:
        finished, stopped = pool.run(X, [SHORT], Y), pool.run(X, [SHORT.replace(max_epochs=ENDLESS)], Y)
        list(finished)
        stopped.cancel()
        list(stopped)
        for runs in (finished, stopped):
            with pytest.raises(FileNotFoundError), runs._batch._table.ticket.open():
                pass


class TestThreads:
    def test_several_tables_at_once(self, pool: RunPool) -> None:
        tables = [blob(100 + 10 * i, 2 + i, seed=i) for i in range(4)]
        found: dict[int, list[RunOutcome]] = {}

        def work(number: int) -> None:
            table, y = tables[number]
            found[number] = list(pool.run(table, seeds(6), y, keep=("summary", "history", "logits", "weights")))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, (table, y) in enumerate(tables):
            assert sorted(outcome.index for outcome in found[number]) == list(range(6))
            check_against_alone(found[number][0], table, y)


@posix
class TestLostWorkers:
    def test_their_runs_are_done_again_and_none_twice(self, pool: RunPool) -> None:
        configs = [SHORT.replace(max_epochs=1000, seed=seed, eval_every=100) for seed in range(6)]
        runs = pool.run(X, configs, Y, keep=("summary", "history", "logits", "weights"))
        outcomes = [next(runs)]
        for pid in pool.pids:
            os.kill(pid, signal.SIGKILL)
        outcomes += runs
        assert sorted(outcome.index for outcome in outcomes) == list(range(6))
        check_against_alone(outcomes[-1], X, Y)

    def test_a_run_that_loses_worker_after_worker_is_given_up(self) -> None:
        # Workers that import nothing in advance are up at once; that they lose their run meanwhile is the same.
        executor = ProcessExecutor(1)
        pool = RunPool(1, executor=executor)
        runs = pool.run(X, [SHORT.replace(max_epochs=ENDLESS)], Y)
        killed: set[int] = set()
        while len(killed) < ATTEMPTS:
            until(lambda: set(executor.pids) - killed)
            (pid,) = set(executor.pids) - killed
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        (lost,) = runs
        assert lost.failed is not None
        assert "Given up after 3 attempts" in lost.failed
        assert "was ended by SIGKILL" in lost.failed
        assert (lost.ok, lost.summary, lost.diverged) == (False, None, None)
        executor.kill()


class TestOtherExecutors:
    def test_threads_do(self) -> None:
        with ThreadPoolExecutor(2) as executor:
            with RunPool(2, executor=executor) as pool:
                outcomes = list(pool.run(X, seeds(20), Y, keep=("summary", "history", "logits", "weights")))
                assert pool.pids == []
            assert executor.submit(int, "3").result() == 3  # its owner's to shut down
        assert sorted(outcome.index for outcome in outcomes) == list(range(20))
        check_against_alone(outcomes[-1], X, Y)

    def test_the_table_goes_again_where_it_is_missing(self) -> None:
        sent: list[bool] = []

        class Forgetful(ThreadPoolExecutor):
            """Workers that come and go: every third task lands where no table has come yet."""

            def submit(self, fn, /, ticket, *args):  # type: ignore[no-untyped-def, override]
                sent.append(ticket.X is not None)
                if len(sent) % 3 == 0 and ticket.X is None:
                    ticket = TravellingTicket("another")
                return super().submit(fn, ticket, *args)

        with Forgetful(2) as executor:
            outcomes = list(RunPool(1, executor=executor).run(X, [SHORT.replace(max_epochs=60)] * 30, Y))
        assert sorted(outcome.index for outcome in outcomes) == list(range(30))
        assert all(outcome.ok for outcome in outcomes)
        assert sent[:2] == [True, True]
        assert False in sent

    def test_an_executor_that_was_shut_down(self) -> None:
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
        runs = RunPool(1, executor=executor).run(X, [SHORT], Y)
        with pytest.raises(RuntimeError, match="after shutdown"):
            next(runs)
        assert list(runs) == []


class TestPlan:
    """The order of the runs and their division into tasks, played through with made-up seconds."""

    @staticmethod
    def play(costs: list[int], workers: int) -> tuple[list[list[int]], float]:
        """Tasks in the order in which they were handed out, and when the last worker ends."""
        plan = Plan([make_config(max_epochs=cost, batch_size=100) for cost in costs], 100, workers)
        tasks, free = [], [0.0] * workers
        while task := plan.next_task():
            tasks.append(task)
            at = free.index(min(free))
            for index in task:
                seconds = costs[index] / 1000
                free[at] += seconds
                config = make_config(max_epochs=costs[index])
                plan.note(RunOutcome(index, config, seconds=seconds, summary={}))
        return tasks, max(free)

    def test_every_run_once_whatever_their_costs(self) -> None:
        rng = random.Random(3)
        for _ in range(20):
            costs = [rng.choice([1, 10, 100, 5000]) for _ in range(rng.randint(1, 60))]
            tasks, _ = self.play(costs, rng.randint(1, 8))
            assert sorted(index for task in tasks for index in task) == list(range(len(costs)))

    def test_short_runs_go_together_and_the_first_and_last_ones_apart(self) -> None:
        tasks, end = self.play([1] * 4000, 2)
        assert len(tasks[0]) == 1
        assert max(map(len, tasks)) > 100
        assert len(tasks[-1]) == 1
        assert end < 1.02 * 4000 / 1000 / 2

    def test_longer_runs_go_one_by_one_in_their_order(self) -> None:
        tasks, _ = self.play([2000] * 30, 2)
        assert tasks == [[index] for index in range(30)]

    def test_a_long_run_at_the_end_does_not_make_all_wait(self) -> None:
        tasks, end = self.play([100] * 40 + [4000], 2)
        assert end <= 4.2
        assert tasks[0] == [0]
        assert [40] in tasks[:3]

    def test_runs_to_be_done_again_come_first_and_alone(self) -> None:
        plan = Plan([make_config(max_epochs=1)] * 50, 100, 1)
        first = plan.next_task()
        plan.note(RunOutcome(first[0], make_config(), seconds=1e-5, summary={}))
        plan.again([7, 8])
        assert [plan.next_task(), plan.next_task()] == [[7], [8]]


# The forked process unwinds its copies of the block, the iterator and the pool, and ends as scripts do.
FORK = """
import os, sys, warnings
import numpy as np
from sogaal.config import make_config
from sogaal.pool import RunPool
warnings.simplefilter("ignore", DeprecationWarning)
X = np.random.default_rng(0).random((200, 2), dtype=np.float32)
configs = [make_config(max_epochs=2000, stop_epochs=900, seed=seed) for seed in range(4)]
with RunPool(1) as pool:
    with pool.run(X, configs) as runs:
        count = int(next(runs).ok)
        child = os.fork()
        if child == 0:
            for use in (lambda: next(runs), lambda: pool.run(X, configs)):
                try:
                    use()
                    os._exit(3)
                except RuntimeError as error:
                    if "forked" not in str(error):
                        os._exit(4)
            sys.exit(5)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        pids = pool.pids
        count += sum(outcome.ok for outcome in runs)
        print(status, count, pids == pool.pids)
"""


@posix
def test_a_forked_process_harms_no_run_and_is_told() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FORK], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ran.stdout == "5 4 True\n", ran.stderr


# A script without a guard. Workers share its standard error: reading that to its end waits for the last of them, and
# for Python's resource tracker.
SCRIPT = """
import time
import numpy as np
from sogaal.config import make_config
from sogaal.pool import RunPool
pool = RunPool(1)
X = np.random.default_rng(0).random((200, 2), dtype=np.float32)
runs = pool.run(X, [make_config(max_epochs=2), make_config(max_epochs=100_000), make_config(max_epochs=100_000)])
other = pool.run(X, [make_config(max_epochs=100_000)])
print(runs._batch._table.ticket.name, other._batch._table.ticket.name, next(runs).summary["steps"], flush=True)
try:
    next(runs)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@posix
def test_a_script_is_interrupted_and_ends_with_runs_under_way(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    *names, steps = process.stdout.readline().split()
    assert steps == "2"
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, said, errors) == (0, "interrupted\n", "")
    for name in names:
        gone = SharedTicket(name, 200, 2, False)
        with pytest.raises(FileNotFoundError), gone.open():
            pass


class TestFeed:
    def test_runs_come_one_by_one_and_end_as_alone(self, pool: RunPool) -> None:
        configs = seeds(6)
        with pool.feed(X, Y, keep=("summary", "logits")) as feed:
            found = {}
            for config in configs:
                assert feed.submit(config) == config.seed
                if feed.outstanding == 3:
                    outcome = feed.take()
                    assert outcome is not None
                    found[outcome.index] = outcome
            while (outcome := feed.take()) is not None:
                found[outcome.index] = outcome
        assert feed.outstanding == 0
        for config in configs:
            alone = Trainer(X, config, Y).fit()
            assert found[config.seed].config == config
            assert found[config.seed].logits_end.tobytes() == alone.scores(at="end").tobytes()

    def test_a_bad_run_is_refused_and_the_feed_goes_on(self, pool: RunPool) -> None:
        with pool.feed(X, Y) as feed:
            with pytest.raises(ConfigError, match="device must be 'cpu'"):
                feed.submit(SHORT.replace(device="cuda"))
            assert feed.take() is None  # nothing was taken on
            feed.submit(SHORT)
            outcome = feed.take()
            assert outcome is not None
            assert outcome.ok

    @posix
    def test_a_killed_worker_loses_no_run_and_counts_none_twice(self) -> None:
        with RunPool(1) as own, own.feed(X, Y) as feed:
            long = SHORT.replace(max_epochs=2000)
            for seed in range(3):
                feed.submit(long.replace(seed=seed))
            until(lambda: own.pids)
            os.kill(own.pids[0], signal.SIGKILL)
            came = [feed.take() for _ in range(3)]
            assert sorted(outcome.index for outcome in came if outcome is not None and outcome.ok) == [0, 1, 2]
            assert feed.take() is None

    def test_cancelled_it_gives_no_more(self, pool: RunPool) -> None:
        with pool.feed(X, Y) as feed:
            feed.submit(SHORT.replace(max_epochs=ENDLESS))
            feed.cancel()
            assert feed.take() is None
            assert feed.cancelled

    def test_the_table_goes_to_others_workers_once_and_not_with_every_run(self) -> None:
        sent = []

        class Counting(ThreadPoolExecutor):
            def submit(self, fn, ticket, *rest):
                sent.append(ticket.X is not None)
                return super().submit(fn, pickle.loads(pickle.dumps(ticket)), *rest)

        with Counting(2) as executor, RunPool(2, executor=executor) as others, others.feed(X, Y) as feed:
            for config in seeds(20):
                feed.submit(config)
            while (outcome := feed.take()) is not None:
                assert outcome.ok
        assert len(sent) == 20
        assert sum(sent) <= 4  # as often as there are places for a task
