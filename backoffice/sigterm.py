"""SIGTERM, which by default ends Python on the spot, whatever it has begun."""

import signal
import sys
import threading


def end_properly_on_sigterm() -> None:
    """Lets a command undo and stop what it began; does nothing where somebody else answers to the signal."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # `timeout` sends it twice, and the second would break off the undoing
    sys.exit(128 + number)
