"""One run in several processes: each trains on its share of every batch, gradients are averaged.

Lightning Fabric connects the processes. The first one of the first machine writes checkpoints and sends its
events here; this process records them like those of any other run.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core import events as ev
from studio.core.control import Control
from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.runs.request import Request
    from studio.runs.run import Run


def train_together(run: Run, control: Control) -> Iterator[ev.Event]:
    """Train in `devices` processes of this machine (of `nodes` machines); yield the first one's events.

    On several machines start the same command on each, with NODE_RANK, MASTER_ADDR and MASTER_PORT set.
    """
    request = run.request
    context = multiprocessing.get_context("spawn")
    events: Any = context.Queue()
    stop = context.Event()
    port = int(os.environ.get("MASTER_PORT", "0")) or _free_port()
    arguments = (str(run.store.workspace), run.id, request, port, events, stop)
    processes = [
        context.Process(target=_work, args=(rank, *arguments), daemon=True, name=f"train-{rank}")
        for rank in range(request.devices)
    ]
    for process in processes:
        process.start()
    try:
        yield from _events_of(processes, events, stop, control)
    finally:
        stop.set()
        for process in processes:
            process.join(10)
            if process.is_alive():
                process.kill()


def _events_of(processes: Any, events: Any, stop: Any, control: Control) -> Iterator[ev.Event]:
    """Yield events until the last; a process that dies without one is a failure."""
    while True:
        if control.stopped:
            stop.set()
        try:
            event = events.get(timeout=0.2)
        except queue.Empty:
            if any(p.exitcode not in (None, 0) for p in processes):
                raise StudioError("A training process ended unexpectedly.", "Resume the run; see the log.") from None
            if all(p.exitcode == 0 for p in processes) and events.empty():
                return
            continue
        yield event
        if isinstance(event, ev.Finished):
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _work(rank: int, workspace: str, run_id: str, request: Request, port: int, events: Any, stop: Any) -> None:
    """Body of one process."""
    os.environ.update(LOCAL_RANK=str(rank), MASTER_PORT=str(port))
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("NODE_RANK", "0")
    import torch
    from lightning_fabric import Fabric

    from studio.core.compute import Compute, Policy
    from studio.core.policy import device_name
    from studio.core.store import Store
    from studio.data.open import open_data
    from studio.runs.loop import engine_of
    from studio.runs.request import resolved_of

    device = device_name(request.device)
    threads = max(1, (os.cpu_count() or 1) // request.devices)
    torch.set_num_threads(threads)
    fabric = Fabric(
        accelerator=device.partition(":")[0], devices=request.devices, num_nodes=request.nodes, strategy="ddp"
    )
    fabric.launch()
    record = Store(Path(workspace)).run(run_id)
    resolved = resolved_of(record, {})
    precision = "bf16" if request.precision == "bf16" else "fp32"
    policy = Policy(device=device, precision=precision, threads=threads, devices=request.devices, nodes=request.nodes)
    policy = replace(policy, reason=f"{device} in {precision}, {fabric.world_size} processes with averaged gradients.")
    data = open_data(resolved.data, resolved.data_options, workspace=Path(workspace), kind=resolved.recipe.accepts)
    control = _StopFrom(stop)
    engine, _ = engine_of(record, resolved, data, policy, control, Compute(policy, fabric))
    for event in engine.run():
        if fabric.is_global_zero:
            events.put(event)


class _StopFrom(Control):
    """A control whose stop is an event of the parent process."""

    def __init__(self, stop: Any) -> None:
        super().__init__()
        self._stop = stop

    @property
    def stopped(self) -> bool:
        """Whether the parent asked to stop."""
        return bool(self._stop.is_set())
