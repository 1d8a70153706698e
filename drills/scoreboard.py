"""Drills every subject in `drills/subjects` and prints the scoreboard of docs/drills.md, as Markdown.

    cargo build
    STEADFAST_PROGRAM=target/debug/steadfast python3 drills/scoreboard.py

The interpreter has to have `requests`; Node 20, bash, curl and jq are needed for the subjects in other languages.
With names of APIs as arguments only those are drilled.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

SUBJECTS = Path(__file__).parent / "subjects"
PROGRAM = os.environ.get("STEADFAST_PROGRAM", "steadfast")
APIS = ["knosc", "thredfi", "operations1", "kneo"]


def commands(api):
    """The subjects that are clients of an API, by name."""
    yield "`steadfast`, our own", [PROGRAM, "subject"]
    yield f"right/{api}.py", [sys.executable, str(SUBJECTS / f"right/{api}.py")]
    if api == "kneo":
        yield "right/kneo.mjs", ["node", str(SUBJECTS / "right/kneo.mjs")]
        yield "right/kneo.sh", ["bash", str(SUBJECTS / "right/kneo.sh")]
    for name in ["naive_requests.py", "naive_urllib3.py", "naive_layers.py", "nothing.py"]:
        yield name, [sys.executable, str(SUBJECTS / name)]


def main():
    print("| API | subject | passed | failed | not graded | fails by (scenarios) |")
    print("|---|---|---|---|---|---|")
    for api in sys.argv[1:] or APIS:
        for name, command in commands(api):
            # Few at a time: a client that is short of computing time meets other days than those of the plan.
            drill = [PROGRAM, "drill", api, "--json", "--quiet", "--jobs", "4", "--", *command]
            ended = subprocess.run(drill, capture_output=True, text=True)
            if ended.returncode not in (0, 1):
                sys.exit(f"{' '.join(drill)}: {ended.stderr}")
            scenarios = json.loads(ended.stdout)["scenarios"]
            verdicts = Counter(one["verdict"] for one in scenarios)
            grades = Counter(mark["grade"] for one in scenarios for mark in one["marks"] if not mark["passed"])
            by = ", ".join(f"{grade} {count}" for grade, count in grades.most_common())
            counts = [verdicts["passed"], verdicts["failed"], verdicts["not_graded"]]
            print(f"| {api} | {name} | {' | '.join(map(str, counts))} | {by} |", flush=True)


main()
