"""Settings that the deep-learning libraries read when they are first imported. Imports none of them."""

import ctypes
import logging
import os

QUIET = ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_DISABLE_PROGRESS_BARS")


def prepare_process() -> None:
    """Quiet, private, repeatable; and threads that wait asleep.

    A thread of OpenMP that waits spinning makes a picture ten times slower as soon as another program wants
    the processor (measured on two cores beside busy programs: 10 to 40 s a variant spinning, 2 s asleep).
    """
    for name in QUIET:
        os.environ[name] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = os.environ["DIFFUSERS_VERBOSITY"] = "error"
    for name in ("torchao", "torch.utils._pytree"):  # the one names every GPU library that a machine lacks
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def give_memory_back() -> None:
    """Return what the allocator keeps of freed memory to the system, where it can be asked to (glibc).

    Each thread frees into an arena of its own, and glibc returns only an arena's top by itself: between
    pictures the same work then holds some 40 MB more or less. Takes 2 to 6 ms.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows knows no CDLL(None)
        return
    trim(0)
