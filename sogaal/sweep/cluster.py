"""A Dask cluster as the workers of a pool.

What is sent there are plain functions of `sogaal` with plain arguments, so the workers need the same `sogaal` and
nothing else; the table goes to each of them about once. A worker that is lost costs nothing but time: the scheduler, or
else the pool, has its runs done again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sogaal.errors import ConfigError, SogaalError
from sogaal.pool import RunPool

CONNECT_SECONDS = 15
# Dask warns of arguments from 10 MB on; a table that comes once may be larger.
LARGE_BYTES = "4 GiB"


class ClusterError(SogaalError, RuntimeError):
    """A Dask cluster that does not answer, or has no workers."""


@contextmanager
def cluster_pool(address: str) -> Iterator[RunPool]:
    """A pool over all workers of the Dask cluster whose scheduler has this ``address``, such as tcp://host:8786.

    Raises :class:`ConfigError` where Dask is not installed or for an address that is none, :class:`ClusterError` where
    nobody answers or there are no workers.
    """
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "dask must be installed for a cluster: pip install 'sogaal[cluster]', here and at the workers.",
            field="dask",
        ) from None
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE_BYTES}):
        try:
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ClusterError(f"--dask: nobody answers at {address!r} as a Dask scheduler: {reason}") from None
        with client:
            threads = sum(client.nthreads().values())
            if not threads:
                raise ClusterError(
                    f"--dask: the cluster at {address!r} has no workers; start some: dask worker {address}"
                )
            # Not pure: a task that is sent again is to be done again.
            with client.get_executor(pure=False) as executor, RunPool(threads, executor=executor) as pool:
                yield pool
