import os

import pytest

from sandbox import Sandbox

# A proxy in the environment is no way to a double on loopback.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


@pytest.fixture
def start():
    """Starts `steadfast sandbox …`. Each is stopped when the test ends, and has to stop cleanly."""
    running = []

    def start(*arguments):
        running.append(Sandbox(*arguments))
        return running[-1]

    yield start
    for sandbox in running:
        sandbox.stop()


def pytest_runtest_logreport(report):
    if report.skipped and os.environ.get("STEADFAST_PYTHON_REQUIRED"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
