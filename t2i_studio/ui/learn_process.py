"""The process that works on a learning run: one of its own, so that pages stay quick and a crash takes nothing along.

All it tells goes through the run's row; what it prints goes to a file in the run's folder. However it ends, the row
stays as that process left it.
"""

import contextlib
import os
import subprocess
import sys
import threading

import psutil

from t2i_studio.errors import StudioError
from t2i_studio.learning.runs import folder_of
from t2i_studio.settings import ROOT, Settings
from t2i_studio.ui.studio import Studio

LOG = "log.txt"
NICER = 10
"""How far it steps back behind whoever looks at the pages."""
_Key = tuple[str, int]
_started: dict[_Key, subprocess.Popen[bytes]] = {}
_guard = threading.Lock()


def start(studio: Studio, run_id: int) -> None:
    """Take a new, interrupted, cancelled or failed run on, in the background.

    Raises StudioError learning.claimed (this studio's process for it is alive), learning.cannot_write.
    """
    folder, key = folder_of(studio.db, run_id), _key(studio, run_id)
    with _guard:
        if key in _started and _started[key].poll() is None:
            raise StudioError("learning.claimed", id=run_id)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / LOG).open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "t2i_studio", "finetune", "resume", str(run_id)],
                    env=environment(studio.settings) | _threads(studio.settings),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        except OSError as error:
            reason = error.strerror or str(error)
            raise StudioError("learning.cannot_write", path=folder, reason=reason) from error
        _started[key] = process
    with contextlib.suppress(OSError, AttributeError):  # Windows has no such thing
        os.setpriority(os.PRIO_PROCESS, process.pid, NICER)
    threading.Thread(target=process.wait, name=f"learning run {run_id}", daemon=True).start()


def environment(settings: Settings) -> dict[str, str]:
    """That of a process with the same settings, wherever each was set."""
    names = {name: f"T2I_{name.upper()}" for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in names.values()}
    told = {names[name]: value for name, value in settings if value is not None}
    told["T2I_HOME"] = settings.home.absolute()
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {name: str(value) for name, value in told.items()} | {"PYTHONPATH": os.pathsep.join(paths)}


def _threads(settings: Settings) -> dict[str, str]:
    """A core is left to the studio, and who waits for another thread sleeps: two programs whose threads spin on the
    same cores slow each other down about tenfold.
    """
    cores = psutil.cpu_count(logical=False) or 1
    number = str(settings.threads or max(1, cores - 1))
    return {"T2I_THREADS": number, "OMP_NUM_THREADS": number, "OMP_WAIT_POLICY": "passive"}


def is_alive(studio: Studio, run_id: int) -> bool:
    """Whether a process that this studio started for the run still goes."""
    process = _started.get(_key(studio, run_id))
    return process is not None and process.poll() is None


def has_died(studio: Studio, run_id: int) -> bool:
    """Whether this studio started a process for the run that goes no more."""
    process = _started.get(_key(studio, run_id))
    return process is not None and process.poll() is not None


def finish(studio: Studio, run_id: int) -> None:
    """Wait no longer for a process whose run has ended: all there is to keep is kept."""
    process = _started.get(_key(studio, run_id))
    if process is not None and process.poll() is None:
        process.terminate()
        process.wait()


def stop(studio: Studio) -> None:
    """End the processes of a studio that is being closed; their runs are interrupted, and can be resumed."""
    with _guard:
        mine = [key for key in _started if key[0] == _key(studio, 0)[0]]
        processes = [_started.pop(key) for key in mine]
    for process in processes:
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


def _key(studio: Studio, run_id: int) -> _Key:
    return str(studio.db.engine.url), run_id
