"""Starts `steadfast sandbox`, speaks to its control routes, and stops it as Ctrl-C does."""

import json
import os
import signal
import subprocess
import tempfile
import time

import requests

PROGRAM = os.environ.get("STEADFAST_PROGRAM", "steadfast")
PATIENCE_S = 20


class Double:
    """One double of a running sandbox: what its ready line says, and its control routes."""

    def __init__(self, ready):
        self.api = ready["api"]
        self.base_url = ready["base_url"]
        self.control_url = ready["control_url"]
        self.profile = ready["profile"]
        self.credentials = ready["credentials"]

    def get(self, path, **query):
        return self._json(requests.get(f"{self.control_url}/{path}", params=query, timeout=PATIENCE_S))

    def post(self, path, body=None):
        return self._json(requests.post(f"{self.control_url}/{path}", json=body or {}, timeout=PATIENCE_S))

    def break_with(self, *faults):
        """Replaces the fault plan. Each fault is a pair: on which requests, do what."""
        self.post("faults", {"seed": 1, "faults": [{"on": on, "do": do} for on, do in faults]})

    def knows(self, kind):
        """Whether a fault of that kind can happen to this API: its double refuses any other."""
        do = {"kind": kind, "status": 503} if "status" in kind else {"kind": kind}
        plan = {"faults": [{"on": {"nth": 1_000_000}, "do": do}]}
        return requests.post(f"{self.control_url}/faults", json=plan, timeout=PATIENCE_S).ok

    def fault_kinds(self):
        """Every kind of fault that any double knows, as a refusal of an unknown one lists them."""
        plan = {"faults": [{"do": {"kind": "no such kind"}}]}
        reply = requests.post(f"{self.control_url}/faults", json=plan, timeout=PATIENCE_S)
        return reply.json()["error"].split("use one of ")[1].split(", ")

    def journal(self, **wanted):
        """The entries that have all of these, such as kind="create", key="P-1"."""
        entries = self.get("journal", since=0)["entries"]
        return [entry for entry in entries if all(entry.get(name) == value for name, value in wanted.items())]

    def audit(self):
        return self.get("audit")

    def state(self):
        return self.get("state")

    def wait_until(self, seen):
        """Asks until `seen()` is true. What it waits for has been set off already."""
        end = time.monotonic() + PATIENCE_S
        while not seen():
            assert time.monotonic() < end, "it does not come to pass"
            time.sleep(0.005)

    def wait_until_it_listens(self):
        def listens():
            try:
                return self.get("clock") is not None
            except requests.ConnectionError:
                return False

        self.wait_until(listens)

    @staticmethod
    def _json(reply):
        assert reply.status_code == 200, reply.text
        return reply.json()


class Sandbox:
    """A process with one double or several."""

    def __init__(self, *arguments):
        # Into a file, so that no full pipe can hold the process up.
        self._log = tempfile.TemporaryFile()
        command = [PROGRAM, "sandbox", *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log
        )
        # The names come first.
        count = next((n for n, word in enumerate(arguments) if word.startswith("-")), len(arguments))
        try:
            self.doubles = [Double(json.loads(self._process.stdout.readline())) for _ in range(count)]
        except ValueError:
            self._process.kill()
            raise AssertionError(f"{command} did not get ready: {self._ended()}") from None

    def __getitem__(self, position):
        return self.doubles[position]

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def stop(self):
        """Interrupts it, and makes sure that it ends at once, says so, and has nothing to complain of."""
        self.interrupt()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"it does not stop: {self._ended()}") from None
        more = self._process.stdout.read().decode()
        status, log = self._ended()
        assert (status, more) == (0, ""), f"{status}, {more!r}, {log}"
        assert "panicked" not in log and "ERROR" not in log, log

    def _ended(self):
        status = self._process.wait()
        self._log.seek(0)
        return status, self._log.read().decode(errors="replace")
