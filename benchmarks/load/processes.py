"""Processor time and memory of a program with its children, from /proc (Linux)."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for process in found:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, children.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, ended ones too."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICK


def peak_mib(pid: int) -> float:
    """The most memory that each process of the tree ever held, added up."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process}/status").read_text()
            if "VmHWM:" in status:  # a process that has just ended has none
                total += int(status.partition("VmHWM:")[2].split(None, 1)[0])
    return total / 1024


def machine_busy_seconds() -> float:
    """Processor time that was used on the whole machine since its start."""
    user, nice, system, _, _, irq, soft, *_ = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, irq, soft))) / TICK
