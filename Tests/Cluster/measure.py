"""Load in the switch machine as the host starts and ends it, and what its clients have gone through."""

import dataclasses
import itertools
import json

from load import STANDING
from machines import FOLDER
from portcullis_testing.waiting import DILATION, eventually

_numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Gap:
    """Requests in a row that failed: from the begin of the first to the begin of the first good one after them."""

    began: float
    ended: float

    @property
    def length(self):
        return self.ended - self.began


def gaps(requests):
    """The gaps in requests (began, ended, error), in the order of their begin; the last one may have no good one after it."""
    found, began = [], None
    for start, end, error in sorted(requests):
        if error:
            began = start if began is None else began
            last = end
        elif began is not None:
            found.append(Gap(began, start))
            began = None
    if began is not None:
        found.append(Gap(began, max(last, start)))
    return found


@dataclasses.dataclass(frozen=True)
class Report:
    """What came of a run of the load."""

    requests: list
    standing: list
    late: list
    ended: float

    @property
    def gaps(self):
        return gaps(self.requests)

    @property
    def longest(self):
        """The longest gap: the one that was meant, where a busy host adds short ones. None where no request failed."""
        return max(self.gaps, key=lambda gap: gap.length, default=None)

    @property
    def interruption(self):
        """Seconds in which requests failed, summed."""
        return sum(gap.length for gap in self.gaps)

    @property
    def failures(self):
        return sum(bool(error) for *_, error in self.requests)

    @property
    def rate(self):
        """Requests begun a second."""
        first, last = self.requests[0][0], self.requests[-1][0]
        return len(self.requests) / (last - first)

    def carried_over(self, moment):
        """Of the standing connections that had moved data before the moment, the share that did so after it, to the end."""
        before = [one for one in self.standing if one["answers"] and one["answers"][0] < moment]
        assert before, "no standing connection moved data before"
        return sum(self._goes_on(one) for one in before) / len(before)

    def _goes_on(self, one):
        return not one["error"] and one["answers"][-1] > self.ended - 5

    def silence(self, moment):
        """How long the standing connections that went on were silent around the moment: the longest and the median one, seconds."""
        lengths = sorted(max((b - a for a, b in zip(one["answers"], one["answers"][1:]) if b > moment - 1), default=0)
                         for one in self.standing if self._goes_on(one))
        return (lengths[-1], lengths[len(lengths) // 2]) if lengths else (0, 0)

    @property
    def lateness(self):
        """How late the clients' own loop was at worst."""
        return max((length for _, length in self.late), default=0)

    def __str__(self):
        listed = ", ".join(f"{gap.length:.2f} s at {gap.began - self.requests[0][0]:.1f}" for gap in self.gaps)
        moment = self.longest.began if self.gaps else self.ended
        return (f"{len(self.requests)} requests, {self.rate:.0f}/s, {self.failures} failed: interruption {self.interruption:.2f} s ({listed}); "
                f"{100 * self.carried_over(moment):.1f} % of standing connections went on, silent for {self.silence(moment)[0]:.1f} s at most; "
                f"the clients' loop was {self.lateness:.2f} s late at most")


class Load:
    """The clients at work while the block runs; `report` afterwards."""

    def __init__(self, switch):
        self.switch = switch
        self.name = f"load{next(_numbers)}"
        self.report = None

    def __enter__(self):
        for kind in ("progress", "json"):
            (self.switch.results / f"{self.name}.{kind}").unlink(missing_ok=True)
        self.process = self.switch.start("/usr/bin/python3", FOLDER / "load.py", self.name)
        self.wait_until_steady()
        return self

    @property
    def progress(self):
        """Of the last second."""
        assert self.process.is_running, f"the load ended: {self.process.text}"
        file = self.switch.results / f"{self.name}.progress"
        return json.loads(file.read_text()) if file.exists() else {"requests": 0, "good": 0, "standing": 0, "now": 0}

    def wait_until_steady(self, standing=STANDING, seconds=5, timeout=120):
        """Until requests have been answered without a failure for so long and so many standing connections are alive."""
        self.since = None

        def steady():
            now = self.progress
            if now["good"] < 1 or now["standing"] < standing:
                self.since = None
            elif self.since is None:
                self.since = now["now"]
            return self.since is not None and now["now"] - self.since >= seconds
        eventually(steady, timeout, f"steady load ({self.progress})")

    def go_on(self, seconds):
        """Lets the load run for that long by its own clock."""
        begin = self.progress["now"]
        eventually(lambda: self.progress["now"] >= begin + seconds, 60 + 4 * seconds, f"{seconds} s of load")

    def recover(self, patience=60):
        """After an interruption: until requests are answered again, and then until all standing connections have gone on, or had the
        patience to: TCP tries again after a time that doubles with each failure."""
        self.go_on(3)
        eventually(lambda: self.progress["good"] == 1, 120, "good requests")
        begin = self.progress["now"]
        eventually(lambda: (now := self.progress)["standing"] == STANDING or now["now"] > begin + patience, 10 * patience, "their patience's end")
        self.go_on(3)

    def __exit__(self, kind, *_):
        self.switch.run("kill", "-TERM", self.progress["process"])
        file = self.switch.results / f"{self.name}.json"
        eventually(file.exists, 60, "the load's results")
        self.process.wait(60 * DILATION)
        found = json.loads(file.read_text())
        # The first packets on a cold network are not what is measured.
        found["requests"] = [request for request in found["requests"] if request[0] >= self.since]
        self.report = Report(**found)
