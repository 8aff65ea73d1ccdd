"""Threads: training jobs, pool tasks, newest-request-wins; activities and notifications fed by them."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

from studio.core.control import Control
from studio.core.errors import BadInput, Cancelled
from studio.core.events import Finished, Message, Progress
from studio.ui.activity import Tasks
from studio.ui.jobs import Latest, TrainingJob, run_task
from studio.ui.notify import Notifier


class FakeRun:
    """A run of `steps` events; obeys stop; may fail at the end; may burn the processor between events."""

    def __init__(self, steps: int, seconds: float = 0.0, error: Exception | None = None, busy: bool = False) -> None:
        self.id = "fake"
        self._steps, self._seconds, self._error, self._busy = steps, seconds, error, busy
        self.thread = ""

    def events(self, control: Control):
        self.thread = threading.current_thread().name
        for step in range(self._steps):
            if control.stopped:
                yield Finished(step, "stopped", 0.0)
                return
            end = time.perf_counter() + self._seconds
            while self._busy and time.perf_counter() < end:
                sum(range(200))
            if not self._busy:
                time.sleep(self._seconds)
            yield Progress(step, 0, self._steps, 1.0, 1.0, 3.0)
        if self._error is not None:
            raise self._error
        yield Finished(self._steps, "done", 0.0)


def test_every_event_arrives_in_order_on_the_gui_thread(context, qtbot):
    job, seen, threads = TrainingJob(context), [], set()
    job.events_arrived.connect(lambda events: (seen.extend(events), threads.add(threading.current_thread().name)))
    run = FakeRun(500)
    with qtbot.waitSignal(job.finished, timeout=5000):
        job.start(run)
    assert [e.step for e in seen] == list(range(501))
    assert threads == {threading.main_thread().name}
    assert run.thread != threading.main_thread().name
    assert job.status == "done"
    assert not job.running
    assert context.jobs == []
    assert context.tasks.active == ()


def test_events_come_in_bundles_at_most_thirty_times_a_second(context, qtbot):
    job, bundles = TrainingJob(context), []
    job.events_arrived.connect(bundles.append)
    with qtbot.waitSignal(job.finished, timeout=5000):
        job.start(FakeRun(400, 0.001))
    assert 1 < len(bundles) <= 40
    assert sum(map(len, bundles)) == 401


def test_a_running_job_shows_its_progress_and_cancel_stops_it(context, qtbot):
    job = TrainingJob(context)
    job.start(FakeRun(10_000, 0.002), "training vae")
    qtbot.waitUntil(lambda: context.tasks.active[0].done > 10)
    [activity] = context.tasks.active
    assert context.jobs == [job]
    assert activity.title == "training vae"
    assert activity.total == 10_000
    assert activity.seconds_left == 3.0
    with qtbot.waitSignal(job.finished, timeout=5000):
        activity.cancel()
        assert activity.cancelling
    assert job.status == "stopped"


def test_a_failing_run_is_told_with_its_details(context, qtbot):
    job, seen = TrainingJob(context), []
    job.events_arrived.connect(seen.extend)
    with qtbot.waitSignals([job.failed, job.finished], timeout=5000):
        job.start(FakeRun(3, error=BadInput("The disk is full.", "Free some space.")))
    assert (seen[-1].status, seen[-1].error, seen[-1].what_to_do) == ("failed", "The disk is full.", "Free some space.")
    [told] = context.notify.history
    assert (told.severity, told.text, told.what_to_do) == ("error", "The disk is full.", "Free some space.")
    assert "Traceback" in told.details


def test_the_switch_interval_comes_back_after_the_last_job(context, qtbot):
    before = sys.getswitchinterval()
    jobs = [TrainingJob(context), TrainingJob(context)]
    jobs[0].start(FakeRun(40, 0.002))
    jobs[1].start(FakeRun(100, 0.002))
    assert sys.getswitchinterval() < before
    with qtbot.waitSignals([j.finished for j in jobs], timeout=5000):
        pass
    assert sys.getswitchinterval() == before


def test_wait_delivers_what_is_left(context, qtbot):
    job, seen, ended = TrainingJob(context), [], []
    job.events_arrived.connect(seen.extend)
    job.finished.connect(lambda: ended.append(True))
    job.start(FakeRun(50, 0.001))
    assert job.wait(5000)
    assert len(seen) == 51
    assert ended == [True]
    qtbot.wait(60)
    assert ended == [True]


def test_a_destroyed_job_never_destroys_its_running_thread(context, qtbot):
    owner = QObject()
    job = TrainingJob(context, owner)
    job.start(FakeRun(200, 0.002))
    control = job.control
    owner.deleteLater()
    del owner, job
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    control.stop()
    qtbot.waitUntil(lambda: context.tasks.active == () and context.jobs == [])  # or the process has aborted


def test_the_gui_timer_goes_on_while_a_worker_burns_the_processor(context, qtbot):
    gaps, last = [], [0.0]

    def tick() -> None:
        now = time.perf_counter()
        if last[0]:
            gaps.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(5)
    job = TrainingJob(context)
    with qtbot.waitSignal(job.finished, timeout=10_000):
        job.start(FakeRun(100, 0.01, busy=True))
    timer.stop()
    # The promise (33 ms) is measured by the benchmark; here only that the worker does not hold the window up.
    assert sorted(gaps)[len(gaps) // 2] < 0.05
    assert len(gaps) > 20


def count(n: int, progress) -> str:
    for i in range(n):
        progress(i, n, f"item {i}")
        time.sleep(0.002)
    return threading.current_thread().name


def test_a_task_returns_its_result_on_the_gui_thread(context, qtbot):
    done, told = [], []
    run_task(
        count,
        30,
        context=context,
        title="counting",
        on_done=lambda name: done.append((name, threading.current_thread().name)),
        on_progress=lambda *p: told.append(p),
    )
    assert [a.title for a in context.tasks.active] == ["counting"]
    qtbot.waitUntil(lambda: bool(done))
    worker, receiver = done[0]
    assert worker != receiver == threading.main_thread().name
    assert told[0] == (0, 30, "item 0")
    assert context.tasks.active == ()


def test_a_cancelled_task_ends_without_result_or_error(context, qtbot):
    done = []
    run_task(count, 10_000, context=context, title="counting", on_done=done.append)
    [activity] = context.tasks.active
    activity.cancel()
    qtbot.waitUntil(lambda: context.tasks.active == ())
    assert done == []
    assert context.notify.history == []


def test_errors_of_a_task_go_to_its_handler_or_to_the_notifications(context, qtbot):
    def fail() -> None:
        raise BadInput("broken.zip is damaged.", "Make it anew.")

    caught = []
    run_task(fail, context=context, title="reading", on_error=caught.append)
    qtbot.waitUntil(lambda: bool(caught))
    assert context.notify.history == []
    run_task(fail, context=context, title="reading")
    qtbot.waitUntil(lambda: bool(context.notify.history))
    assert context.notify.history[0].text == "broken.zip is damaged."


def test_callbacks_of_a_destroyed_owner_are_dropped(context, qtbot):
    owner, done = QObject(), []
    run_task(count, 20, context=context, owner=owner, title="counting", on_done=done.append)
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qtbot.waitUntil(lambda: context.tasks.active == ())
    assert done == []


def test_only_the_newest_request_is_answered_after_the_present_one(qapp, qtbot):
    latest, seen, gate = Latest(), [], threading.Event()
    latest.arrived.connect(seen.append)
    latest.submit(lambda: (gate.wait(5), 0)[1])
    for i in range(1, 50):
        latest.submit(lambda i=i: i)
    with qtbot.waitSignal(latest.idle, timeout=5000):
        gate.set()
    assert seen[-1] == 49
    assert seen == sorted(seen)
    assert len(seen) <= 3
    assert latest.close()


def test_dropped_requests_never_arrive_and_errors_are_told(qapp, qtbot):
    latest, seen, errors = Latest(), [], []
    latest.arrived.connect(seen.append)
    latest.failed.connect(errors.append)
    latest.submit(lambda: (time.sleep(0.05), "old")[1])
    latest.drop()
    latest.submit(lambda: 1 / 0)
    with qtbot.waitSignal(latest.idle, timeout=5000):
        pass
    assert seen == []
    assert [type(e) for e in errors] == [ZeroDivisionError]
    assert latest.close()


def test_latest_ends_with_its_parent(qapp, qtbot):
    parent = QObject()
    latest = Latest(parent)
    with qtbot.waitSignal(latest.arrived):
        latest.submit(lambda: 1)
    del latest
    parent.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qtbot.waitUntil(lambda: not any(t.name == "latest" for t in threading.enumerate()))


def test_time_left_is_judged_from_the_pace(qapp, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("studio.ui.activity.time.monotonic", lambda: now[0])
    tasks = Tasks()
    activity = tasks.begin("reading")
    now[0] += 10
    activity.progress(25, 100)
    assert activity.seconds_left == pytest.approx(30)
    activity.progress(5, 0)
    assert activity.fraction is None
    assert activity.seconds_left is None
    tasks.end(activity)
    tasks.end(activity)
    assert tasks.active == ()


def test_cancelled_is_no_news_and_a_fault_shows_its_trace(qapp):
    notifier = Notifier()
    notifier.exception(Cancelled())
    assert notifier.history == []
    try:
        {}["missing"]
    except KeyError as error:
        notifier.exception(error, doing="Looking up")
    [told] = notifier.history
    assert told.severity == "error"
    assert told.text.startswith("Looking up failed")
    assert "Traceback" in told.details
    assert "Traceback" not in told.text


def test_messages_of_a_run_keep_their_order(context, qtbot):
    class Talking:
        id = "talking"

        def events(self, control):
            for i in range(5):
                yield Message(i, "info", f"m{i}")
            yield Finished(5, "done", 0.0)

    job, seen = TrainingJob(context), []
    job.events_arrived.connect(seen.extend)
    with qtbot.waitSignal(job.finished):
        job.start(Talking())
    assert [e.text for e in seen[:-1]] == ["m0", "m1", "m2", "m3", "m4"]
