"""Checks that somebody asks for: each in a process of its own, one at a time."""

from __future__ import annotations

import os
import subprocess
import threading

from api.config.settings import Settings
from api.serve.parent import module_command

__all__ = ["RequestedChecks"]


class RequestedChecks:
    """Starts the checks that a web process is asked for; what one finds is stored by the check."""

    def __init__(self, settings: Settings) -> None:
        # Which ledger it is; all else the process reads as this one did.
        self._environment = {
            "LEDGER_DATABASE_URL": settings.database_url,
            "LEDGER_PERSONAL_DATA": "on" if settings.personal_data else "off",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self, kind: str) -> bool:
        """Start a check of a kind; False while another one runs."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return False
            command = module_command("api.serve.checker", os.getpid(), kind)
            self._process = subprocess.Popen(command, env={**os.environ, **self._environment})
            return True

    def wait(self, seconds: float) -> None:
        """Wait for the end of the check that runs, if any; for tests."""
        if self._process is not None:
            self._process.wait(seconds)
