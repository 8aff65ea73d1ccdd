"""The only place that knows threads: training jobs, pool tasks, newest-request-wins workers.

Everything a caller connects runs on the GUI thread. Workers never touch a widget: they append to a deque
or emit one queued signal, and the receiving object here lives on the GUI thread.
"""

from studio.ui.jobs.latest import Latest
from studio.ui.jobs.tasks import Task, end_pool, run_task
from studio.ui.jobs.training import Runnable, TrainingJob

__all__ = ["Latest", "Runnable", "Task", "TrainingJob", "end_pool", "run_task"]
