"""The exceptions of the library, all under one base class.

Each also inherits the built-in exception that fits, so that `except ValueError` works as people expect. All of them
survive pickling, because a worker process has to hand them to its parent.
"""


class SogaalError(Exception):
    """Base of every error that `sogaal` raises on purpose."""


class DataError(SogaalError, ValueError):
    """A table that cannot be used; the message names the file, the column or row, the rule and the value."""


class ConfigError(SogaalError, ValueError):
    """A parameter that cannot be used.

    `field` is the parameter's name, so that a form can put the message beside its field; None where the message is
    about no single parameter.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DivergedError(SogaalError, ArithmeticError):
    """A training whose numbers left the finite range.

    `step` counts training steps from 1; `quantity` names what became NaN or infinite, for instance "d_loss".
    """

    def __init__(self, message: str, step: int, quantity: str) -> None:
        super().__init__(message, step, quantity)
        self.step = step
        self.quantity = quantity

    def __str__(self) -> str:
        return str(self.args[0])


class NotEnoughMemoryError(SogaalError, MemoryError):
    """A training that needs more memory than there is; the message says how much."""


class ModelError(SogaalError, ValueError):
    """A saved model that cannot be read."""


class RunError(SogaalError, ValueError):
    """A saved run that is not there, cannot be read, or cannot be written."""


class DeviationWarning(UserWarning):
    """New rows are not as a model's training data were, and were brought to them; the message says how."""


def failure_message(error: Exception) -> str:
    """One line for people on why a run failed."""
    text = " ".join(str(error).split())
    if isinstance(error, SogaalError):
        return text
    # PyTorch has its own ways to say that memory is short; its exception is told by name, for nothing here loads it.
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    kind = "Out of memory" if named or "can't allocate memory" in text else type(error).__name__
    return f"{kind}: {text}"[:300] if text else f"{kind}."
