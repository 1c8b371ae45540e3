"""What somebody who watches a rollout sees, and how the command ends. ADMIN is played by a script."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import termios
import threading
import time

import pytest

from portcullis_testing.completion import completed
from portcullis_testing.processes import Process, result
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from scripted_rollout import ScriptedRollout, instance, rollout

START = rollout(instance(1, "draining", waitsFor="gw1, gw2 to confirm"), instance(2, "waiting"))
DONE = rollout(instance(1, "done"), instance(2, "done"), state="finished")


@pytest.fixture
def admin():
    admin = ScriptedRollout(START)
    yield admin
    with contextlib.suppress(OSError):
        admin.go()


def start(admin, *words, **options):
    return Process(binary("portcullis"), *words, environment={"PORTCULLIS_ADMIN_URL": admin.url}, **options)


def command(admin, *words):
    return result(binary("portcullis"), *words, env={"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": admin.url})


ENDS = [
    (DONE, "finished", 0), (rollout(instance(1, "done"), state="reverted"), "reverted", 5),
    (rollout(instance(1, "done"), state="aborted"), "somebody else", 5),
    (rollout(instance(1, "done", back=True), state="failed", reason="pgw.1: its tests have failed"), "its tests", 3),
    (rollout(instance(1, "waiting"), state="paused", reason="gw2 has not confirmed"), "rollouts resume 7", 4),
    (rollout(instance(1, "stuck"), state="failed", reason="pgw.1: it does not start"), "stuck", 6),
]


@pytest.mark.parametrize(("end", "text", "status"), ENDS)
def test_each_end_has_its_own_exit_status_and_says_what_to_do(admin, end, text, status):
    admin.tell(end)
    done = command(admin, "rollouts", "watch", "7")
    assert done.returncode == status and text in done.stdout + done.stderr
    # Only what was asked for is a result.
    assert bool(done.stdout) == (status == 0)


@pytest.mark.parametrize(("order", "state"), [("abort", "aborted"), ("revert", "reverted")])
def test_an_order_ends_well_when_what_it_asked_for_has_come(admin, order, state):
    admin.tell(rollout(instance(1, "done", back=True), instance(2, "waiting"), state=state))
    done = command(admin, "rollouts", order, "7")
    assert done.returncode == 0 and state in done.stdout
    assert admin.orders == [(f"/v1/rollouts/7/{order}", None)]


def test_an_order_that_somebody_else_crosses_ends_otherwise(admin):
    watch = start(admin, "rollouts", "revert", "7")
    watch.wait_for("draining")
    admin.tell(rollout(instance(1, "done"), instance(2, "waiting"), state="aborted"))
    assert watch.wait() == 5 and "ended by somebody else: it is aborted" in watch.text


def test_abort_lets_go_of_what_is_stuck_after_the_end(admin):
    admin.tell(rollout(instance(1, "done"), state="failed", reason="pgw.1: it does not start"))
    done = command(admin, "rollouts", "abort", "7")
    assert (done.returncode, done.stdout) == (0, "rollout 7: pgw to 1.6.0, failed: pgw.1: it does not start, 1 of 1 done\n")


def test_an_order_need_not_be_watched_and_resume_names_gateways(admin):
    done = command(admin, "rollouts", "resume", "7", "--without-gateway", "gw2", "--without-gateway", "gw3", "--no-wait")
    assert (done.returncode, done.stdout) == (0, "rollout 7: pgw to 1.6.0, running, 0 of 2 done\n")
    assert admin.orders == [("/v1/rollouts/7/resume", {"withoutGateways": ["gw2", "gw3"]})]
    assert command(admin, "rollouts", "pause", "7").returncode == 0
    assert admin.polls == 0
    done = command(admin, "rollouts", "resume", "7", "--without-gateway", "gw4", "--no-wait")
    assert done.returncode == 1 and "ADMIN knows no gateway gw4" in done.stderr and len(admin.orders) == 2


def test_upgrade_asks_for_what_was_said(admin):
    admin.tell(DONE)
    words = ["--service", "pgw.1", "--service", "pgw.2", "--location", "tcn", "--batch", "25%", "--canary", "1",
             "--promote", "manual", "--bake", "30s", "--deadline", "10m", "--without-gateway", "gw2"]
    assert command(admin, "upgrade", "pgw", "--to", "1.6.0", *words).returncode == 0
    assert command(admin, "upgrade", "pgw", "--to", "1.6.0", "--dry-run").returncode == 2
    assert admin.orders == [
        ("/v1/rollouts", {
            "type": "pgw", "version": "1.6.0", "services": ["pgw.1", "pgw.2"], "location": "tcn", "batch": "25%",
            "canaries": 1, "promoteByHand": True, "bake": 30, "deadline": 600, "withoutGateways": ["gw2"]}),
        ("/v1/rollouts?dry_run=true", {"type": "pgw", "version": "1.6.0", "services": [], "withoutGateways": []})]
    for wrong in (["--bake", "2"], ["--batch", "0%"], ["--deadline", "5s"], ["--canary", "-1"], ["--promote", "never"], ["--service", "pgw"]):
        assert command(admin, "upgrade", "pgw", "--to", "1.6.0", *wrong).returncode == 64, wrong
    assert len(admin.orders) == 2


def test_without_a_terminal_each_stage_is_a_line_and_comes_once(admin):
    watch = start(admin, "upgrade", "pgw", "--to", "1.6.0")
    watch.wait_for("pgw.1 on app1: draining")
    admin.tell(rollout(instance(1, "draining", waitsFor="gw2 to confirm"), instance(2, "waiting")))
    admin.tell(rollout(instance(1, "starting"), instance(2, "waiting")))
    watch.wait_for("pgw.1 on app1: starting")
    admin.tell(rollout(instance(1, "starting", back=True, problem="it ended"), instance(2, "waiting"), ending="failed"))
    watch.wait_for("going back")
    admin.tell(rollout(instance(1, "done", back=True, problem="it ended"), instance(2, "waiting"), state="failed",
                       reason="pgw.1: it ended"))
    assert watch.wait() == 3
    assert watch.text.splitlines() == [
        "rollout 7: pgw to 1.6.0, 2 instances", "pgw.1 on app1: draining", "pgw.1 on app1: starting",
        "pgw.1 on app1: starting, going back: it ended", "pgw.1 on app1: done, back at 1.5.0",
        "Error: rollout 7 has failed: pgw.1: it ended",
        "No instance runs 1.6.0. `portcullis rollouts show 7` has each instance."]
    assert "\x1b" not in watch.text


def test_programs_get_an_object_for_each_stage_and_the_rollout_at_the_end(admin, tmp_path):
    with open(tmp_path / "output", "w+b") as output:
        watch = start(admin, "upgrade", "pgw", "--to", "1.6.0", "-o", "json", stdout=output)
        eventually(lambda: (tmp_path / "output").read_text())
        admin.tell(rollout(instance(1, "done"), instance(2, "baking", seconds=3)))
        eventually(lambda: "baking" in (tmp_path / "output").read_text())
        admin.tell(DONE)
        assert watch.wait() == 0
    *events, end = [json.loads(line) for line in (tmp_path / "output").read_text().splitlines()]
    assert [(event["service"], event["stage"]) for event in events] == [
        ("pgw.1", "draining"), ("pgw.1", "done"), ("pgw.2", "baking"), ("pgw.2", "done")]
    assert all(event["rollout"] == "7" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["at"]) for event in events)
    assert end == DONE


def test_a_restart_of_admin_is_told_once_and_survived(admin):
    watch = start(admin, "rollouts", "watch", "7")
    watch.wait_for("draining")
    admin.go()
    watch.wait_for("waiting for it")
    time.sleep(2.5)
    admin.come()
    watch.wait_for("ADMIN answers again")
    admin.tell(DONE)
    assert watch.wait() == 0
    assert watch.text.count("waiting for it") == watch.text.count("answers again") == 1


def test_ctrl_c_ends_the_watching_and_says_how_to_go_on(admin):
    watch = start(admin, "upgrade", "pgw", "--to", "1.6.0")
    watch.wait_for("draining")
    assert watch.stop(10, signal.SIGINT) == -signal.SIGINT
    assert "`portcullis rollouts watch 7`" in watch.text and "`portcullis rollouts abort 7`" in watch.text
    assert [path for path, _ in admin.orders] == ["/v1/rollouts"]


class Terminal:
    """A command at a terminal, and the text that stands there: a small emulator of what the command uses."""

    def __init__(self, admin, *words, columns=60, term="xterm"):
        self.end, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.columns, self.bytes = columns, b""
        self.process = Process(binary("portcullis"), *words, stdin=slave, stdout=slave, stderr=slave,
                               environment={"PORTCULLIS_ADMIN_URL": admin.url, "TERM": term})
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.end, 65536):
                self.bytes += data

    @property
    def screen(self):
        lines, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[\d*[A-Z]|\r|\n|[^\x1b\r\n]+", self.bytes.decode(errors="replace")):
            if part == "\r":
                column = 0
            elif part == "\n":
                row, column = row + 1, column
                lines += [""] * (row + 1 - len(lines))
            elif part.startswith("\x1b"):
                count = int(part[2:-1] or 1)
                assert part[-1] in "AJ", part
                if part[-1] == "A":
                    row -= count
                    assert row >= 0, "above the screen"
                else:
                    lines[row:] = [lines[row][:column]]
            else:
                assert column + len(part) < self.columns, f"it reaches the last column: {part!r}"
                lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part):]
                column += len(part)
        return [line.rstrip() for line in lines]


def test_a_terminal_shows_who_is_at_work_and_a_bar_drawn_in_place(admin):
    terminal = Terminal(admin, "rollouts", "watch", "7")
    eventually(lambda: "pgw.1  draining" in "\n".join(terminal.screen))
    # The time goes by without ADMIN's help.
    eventually(lambda: any("draining  2 s  gw1, gw2 to confirm" in line for line in terminal.screen), 10)
    admin.tell(rollout(instance(1, "done"), instance(2, "baking"), instance(3, "testing"), instance(4, "waiting")))
    eventually(lambda: any("testing" in line for line in terminal.screen))
    shown = terminal.screen
    assert len(shown) == 3 and shown[0].startswith("  pgw.2  baking") and shown[1].startswith("  pgw.3  testing")
    assert re.fullmatch(r"pgw to 1\.6\.0, rollout 7  \[=+> +\] 1 of 4", shown[2])
    admin.tell(rollout(instance(1, "done"), instance(2, "starting", back=True, problem="it ended by itself"),
                       instance(3, "testing"), instance(4, "waiting"), ending="failed"))
    eventually(lambda: terminal.screen[0] == "pgw.2 on app2: starting, going back: it ended by itself")
    admin.tell(rollout(instance(1, "done"), state="finished"))
    assert terminal.process.wait() == 0
    eventually(lambda: terminal.screen[1:] == ["rollout 7 has finished: pgw.1 has 1.6.0", ""])


def test_a_narrow_terminal_gets_lines_that_fit(admin):
    admin.tell(rollout(*(instance(number, "draining", waitsFor="gw1, gw2, gw3, gw4 to confirm") for number in range(1, 40))))
    terminal = Terminal(admin, "rollouts", "watch", "7", columns=25)
    eventually(lambda: any("and 17 more" in line for line in terminal.screen))
    assert len(terminal.screen) == 24
    assert terminal.process.stop(10, signal.SIGINT) == -signal.SIGINT
    eventually(lambda: b"The rollout goes on" in terminal.bytes)


def test_a_dumb_terminal_gets_lines_without_control_sequences(admin):
    terminal = Terminal(admin, "rollouts", "watch", "7", term="dumb", columns=300)
    eventually(lambda: b"pgw.1 on app1: draining" in terminal.bytes)
    admin.tell(DONE)
    assert terminal.process.wait() == 0
    assert b"\x1b" not in terminal.bytes


def test_numbers_of_rollouts_are_completed(admin, tmp_path):
    assert completed(tmp_path, admin.url, "rollouts", "watch", "") == ["7"]
