"""Where torch computes: devices that are there, and how many threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sogaal.errors import ConfigError


def check_device(name: str) -> None:
    """Raise :class:`ConfigError` when this machine or this build of torch does not have the device."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[name]:
        usable = ", ".join(repr(device) for device, there in available.items() if there)
        raise ConfigError(f"device must be available here ({usable}), got {name!r}.", field="device")


@contextmanager
def one_thread() -> Iterator[None]:
    """One intra-op thread in the calling thread: faster on these small shapes, and sums keep their order anywhere."""
    threads = torch.get_num_threads()
    if threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
