"""A crash stops the process, tells of itself in one record, and leaves the crashed frame to a debugger."""

import os
import pathlib
import re
import signal
import time

import pytest

from compiler import PRELOADED
from debugger import report
from played_master import SENT, STACK_OVERFLOW, PlayedMaster
from portcullis_testing.waiting import eventually

KINDS = {"segv": signal.SIGSEGV, "bus": signal.SIGBUS, "fpe": signal.SIGFPE, "ill": signal.SIGILL, "abort": signal.SIGABRT,
         "trap": signal.SIGTRAP, "sys": signal.SIGSYS, "overflow": signal.SIGSEGV, "heap": signal.SIGABRT}


@pytest.fixture(params=["preloaded", "static", "shared"])
def crasher(request, compiler, master):
    """Starts the program that crashes: with the library by LD_PRELOAD, as an archive, or shared."""
    def start(*words, **options):
        linked = None if request.param == "preloaded" else request.param
        program = compiler.program("crasher.c", linked=linked)
        return master.start(program, *words, preload=None if linked else PRELOADED, **options)
    return start


@pytest.fixture
def preloaded(compiler, master):
    return lambda *words, **options: master.start(compiler.program("crasher.c"), *words, preload=PRELOADED, **options)


@pytest.fixture(scope="module", autouse=True)
def paused(compiler, tmp_path_factory):
    """A worker that has crashed at the beginning, and its crash: its time passes while the others are tested."""
    with PlayedMaster(tmp_path_factory.mktemp("paused")) as master:
        master.start(compiler.program("crasher.c"), "segv", preload=PRELOADED)
        yield master, master.crash()


def thread_states(pid):
    return [(task / "stat").read_text().rpartition(") ")[2][0] for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]


def has(frame, variable, value):
    """Whether a frame has an argument or a variable of the value. An argument may have two: answer=answer@entry=42."""
    return re.search(rf"\b{variable}\s*=\s*(?:{variable}@entry\s*=\s*)?{value}", frame)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_crash_is_told_once_and_the_process_waits(crasher, master, kind):
    crasher(kind)
    crash = master.crash()
    assert (crash.pid, crash.thread, crash.signal) == (master.pid, master.pid, KINDS[kind])
    assert (crash.threads, crash.parked) == (1, 0)
    assert crash.pc and crash.register_count in (23, 34)
    assert bool(crash.flags & SENT) == (kind in ("abort", "trap", "sys", "heap"))
    assert bool(crash.flags & STACK_OVERFLOW) == (kind == "overflow")
    if kind == "segv":
        assert crash.address == 16
    assert crash.name == f"crasher-{crash.name[8:]}"
    assert master.ended() is None and not master.has_crash()


@pytest.mark.parametrize("kind", ["segv", "abort", "overflow"])
@pytest.mark.parametrize("how", ["thread", "c11-thread"])
def test_threads_crash_like_the_main_thread(crasher, master, kind, how):
    crasher(kind, how)
    crash = master.crash()
    assert crash.thread != master.pid and crash.signal == KINDS[kind]
    master.wait_until_parked(crash, 1)


def test_a_thread_that_the_library_has_not_seen_beginning_crashes_too(preloaded, master):
    preloaded("segv", "unseen-thread")
    master.wait_until_parked(master.crash(), 1)


@pytest.mark.parametrize("how", ["handler", "blocked"])
def test_signals_that_are_blocked_are_no_way_around(crasher, master, how):
    crasher("segv", how)
    assert master.crash().signal == signal.SIGSEGV


def test_nine_threads_stop_and_gdb_names_the_frame_with_its_variables(crasher, master):
    crasher("segv", "nine")
    crash = master.crash()
    master.wait_until_parked(crash, 8)
    size = len(master.text)
    assert "taken by sigwait" not in master.text
    found = report(master.pid, crash.thread)
    assert found.seconds < 5
    frame = found.frame("crash_here")
    assert has(frame, "answer", "42") and has(frame, "label", '0x.* "gateway"'), frame
    assert re.search(r"crasher\.c:\d+", frame) and has(frame, "point", "{x = 43, y = 44}"), frame
    assert found.text.count("\nThread ") >= 9
    # Nobody goes on after the debugger has left.
    assert len(master.text) == size and master.ended() is None
    assert "R" not in thread_states(master.pid)


@pytest.mark.parametrize("kind", ["abort", "heap", "overflow", "bus"])
def test_gdb_finds_the_crashed_frame_below_the_c_librarys(preloaded, master, kind):
    preloaded(kind)
    crash = master.crash()
    found = report(master.pid, crash.thread)
    assert found.seconds < 5
    # A stack of a hundred thousand frames begins with the one that overflowed.
    frame = found.frame("overflow" if kind == "overflow" else "crash_here")
    assert "crasher.c:" in frame


def test_an_exception_that_nobody_catches(compiler, master):
    master.start(compiler.program("thrower.cpp"), preload=PRELOADED)
    crash = master.crash()
    assert crash.signal == signal.SIGABRT and crash.thread != master.pid
    frame = report(master.pid, crash.thread).frame("open_session")
    assert has(frame, "port", "5001") and has(frame, "retries", "10002") and has(frame, "device", '"tracker"'), frame


def test_eight_threads_that_crash_together_are_one_crash(crasher, master):
    crasher("segv", "together")
    crash = master.crash()
    eventually(lambda: "R" not in thread_states(master.pid), what="all threads stopped")
    assert master.ended() is None and not master.has_crash() and crash.threads <= 9


def test_five_hundred_threads_stop(preloaded, master):
    preloaded("segv", "many-threads")
    master.wait_until_parked(master.crash(), 500)


def test_without_a_reader_there_is_no_pause(preloaded, master):
    preloaded("segv", "thread")
    os.close(master.crashes)
    master.crashes = os.open("/dev/null", os.O_RDONLY)
    assert master.wait(20) == -signal.SIGSEGV


def test_without_the_variable_the_library_does_nothing(compiler, master):
    program = compiler.program("crasher.c")
    master.start("/usr/bin/env", "-u", "PORTCULLIS_CRASH_FD", f"LD_PRELOAD={PRELOADED}", program, "segv")
    assert master.wait(20) == -signal.SIGSEGV and not master.has_crash()


def test_a_handler_of_the_program_that_recovers_has_precedence(crasher, master):
    crasher("segv", "recover")
    master.wait_for_text("recovered\nstaying\n")
    assert not master.has_crash()


def test_a_crash_logger_that_raises_the_signal_again_gets_the_pause(crasher, master):
    crasher("segv", "logger")
    assert master.crash().signal == signal.SIGSEGV
    assert "own handler\n" in master.text
    assert has(report(master.pid, master.pid).frame("crash_here"), "answer", "42")


@pytest.mark.parametrize("kind,how", [("segv", "logger-once"), ("abort", "logger-that-returns")])
def test_crash_loggers_that_leave_the_end_to_the_system_get_the_pause(crasher, master, kind, how):
    crasher(kind, how)
    assert master.crash().signal == KINDS[kind]
    assert master.text.count("own handler\n") == 1
    assert has(report(master.pid, master.pid).frame("crash_here"), "answer", "42")


def test_children_crash_by_themselves(crasher, master):
    crasher("segv", "fork")
    master.wait_for_text("child ended by 11\nstaying\n")
    assert not master.has_crash()


def test_programs_that_a_worker_starts_crash_by_themselves(crasher, master):
    crasher("segv", "child-program")
    master.wait_for_text("child ended by 11\nstaying\n")
    assert not master.has_crash()


def test_a_program_that_the_worker_becomes_by_exec_is_the_worker(crasher, master):
    crasher("segv", "exec")
    assert master.crash().pid == master.pid


def test_a_shell_that_becomes_the_program(compiler, master):
    program = compiler.program("crasher.c")
    master.start("/bin/sh", "-c", 'true; exec "$0" segv', program, preload=PRELOADED)
    assert master.crash().pid == master.pid


def test_a_full_table_of_descriptors_hinders_nothing(preloaded, master):
    preloaded("segv", "full-table")
    master.wait_until_parked(master.crash(), 1)


def test_a_descriptor_that_belongs_to_a_file_by_now_is_not_written_to(preloaded, master, tmp_path):
    preloaded("segv", "reused-descriptor", tmp_path / "file")
    assert master.wait(20) == -signal.SIGSEGV
    assert (tmp_path / "file").read_bytes() == b""


def test_signal_stacks_go_with_their_threads(crasher, master):
    crasher("none", "threads-that-end")
    master.wait_for_text("mappings\nstaying\n")
    assert int(master.text.split(" mappings")[0].split("\n")[-1]) < 200


def test_a_signal_from_outside_names_its_sender(preloaded, master):
    preloaded("segv", "recover")
    master.wait_for_text("staying\n")
    master.signal(signal.SIGABRT)
    crash = master.crash()
    assert crash.flags & SENT and crash.sender == os.getpid() and crash.address == 0


def test_the_pause_ends_after_thirty_seconds_by_the_signal(paused):
    master, crash = paused
    assert master.wait() == -signal.SIGSEGV
    assert time.time() - crash.at / 1e9 >= 30


def test_programs_that_know_nothing_of_it(master):
    script = "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); ctypes.string_at(1)"
    master.start("/usr/bin/python3", "-c", script, preload=PRELOADED)
    crash = master.crash()
    assert crash.signal == signal.SIGSEGV and crash.address in (0, 1)
    master.wait_until_parked(crash, 1)
