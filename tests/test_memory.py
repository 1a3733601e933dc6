"""Memory: the estimate against what an engine really holds, and errors that say how much was needed."""

import pickle

import numpy as np
import pytest
import torch

from sogaal.config import make_config
from sogaal.engine import Engine
from sogaal.errors import NotEnoughMemoryError, SogaalError, failure_message
from sogaal.memory import available_memory, check_memory, out_of_memory_told

CPU = torch.device("cpu")


def held(engine: Engine) -> int:
    """Bytes of all that the engine's tensors lie in, each once."""
    found: dict[int, int] = {}

    def look(value: object) -> None:
        if isinstance(value, torch.Tensor):
            storage = value.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        elif isinstance(value, tuple | list):
            for one in value:
                look(one)
        elif isinstance(value, dict):
            look(list(value.values()))
        elif type(value).__module__.startswith("sogaal.") and hasattr(value, "__dict__"):
            look(vars(value))

    look(vars(engine))
    return sum(found.values())


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
@pytest.mark.parametrize(("n", "d", "runs"), [(20_000, 30, 1), (2_000, 3, 20), (600, 100, 2)])
def test_estimate_is_never_more_than_what_is_held_nor_far_below(algorithm: str, n: int, d: int, runs: int) -> None:
    config = make_config(algorithm=algorithm, k=3)
    engine = Engine(np.random.default_rng(0).random((n, d), np.float32), [config.replace(seed=s) for s in range(runs)])
    engine.advance(1)
    assert 0.3 * held(engine) < engine.bytes_needed <= held(engine)


def test_a_table_that_cannot_fit_is_refused_before_anything_is_made() -> None:
    X = np.broadcast_to(np.float32(0.5), (10**8, 10**6))  # 400 TB, of which four bytes exist
    with pytest.raises(NotEnoughMemoryError, match=r"needs at least 40\d,\d+\.\d GiB .* on 'cpu', but [\d,.]+ GiB are"):
        Engine(X, [make_config()])


def test_what_is_there_is_not_refused() -> None:
    available = available_memory(CPU)
    assert available is not None
    assert available > 2**24
    check_memory(2**20, CPU)


def test_running_out_says_how_much_was_needed() -> None:
    message = r"at least 3.0 GiB of memory on 'cpu', but it ran out"
    with pytest.raises(NotEnoughMemoryError, match=message) as caught, out_of_memory_told(3 * 2**30, CPU):
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(NotEnoughMemoryError, match="it ran out"), out_of_memory_told(1, CPU):
        np.empty(2**60, dtype=np.uint8)
    assert isinstance(caught.value, MemoryError)
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), SogaalError)
    assert failure_message(caught.value).startswith("Training needs at least 3.0 GiB")


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"), out_of_memory_told(1, CPU):
        torch.zeros(3).view(2, 2)
