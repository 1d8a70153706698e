"""The subjects under `drills/subjects`: the right ones pass, the naive ones fail by what they do wrong."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pages import ROOT, blocks
from sandbox import PROGRAM

SUBJECTS = ROOT / "drills/subjects"
INTERPRETERS = {".py": sys.executable, ".mjs": "node", ".sh": "bash"}
NEEDS = {".py": [], ".mjs": ["node"], ".sh": ["bash", "curl", "jq"]}
APIS = ["knosc", "thredfi", "operations1", "kneo"]

# Which scenarios to run, and by what a subject fails each; by nothing, if it passes.
RIGHT = {
    ("knosc", "right/knosc.py"): ["calm", "token-expires", "reset-after-commit"],
    ("thredfi", "right/thredfi.py"): ["calm", "token-expires", "keyed-write-lost", "there-already"],
    ("operations1", "right/operations1.py"): ["calm", "reset-after-commit", "rate-limit-seconds"],
    ("kneo", "right/kneo.py"): ["calm", "reset-after-commit", "rate-limit-seconds"],
    ("kneo", "right/kneo.mjs"): ["calm", "reset-after-commit", "rate-limit-seconds", "validation"],
    ("kneo", "right/kneo.sh"): ["calm", "reset-after-commit", "validation"],
}
NAIVE = {
    ("knosc", "naive_requests.py"): {
        "calm": [],
        "reset-after-commit": ["doubled", "retried"],
        "rate-limit-seconds": ["early"],
        "redirect": ["secrets", "false"],
        "wrong-password": ["logins", "renewals"],
    },
    ("thredfi", "naive_requests.py"): {"calm": [], "keyed-write-lost": ["doubled"], "validation": ["retried"]},
    ("operations1", "naive_requests.py"): {"calm": [], "reset-after-commit": ["doubled", "retried"]},
    ("kneo", "naive_requests.py"): {"calm": [], "reset-after-commit": ["doubled"]},
    ("knosc", "naive_urllib3.py"): {
        "calm": [],
        "reset-after-commit": ["doubled", "retried"],
        "rate-limit-seconds": [],
        "token-expires": ["unfinished"],
    },
    ("thredfi", "naive_urllib3.py"): {"calm": [], "keyed-write-lost": ["doubled"], "html-with-200": ["false"]},
    ("operations1", "naive_urllib3.py"): {"calm": [], "reset-after-commit": ["doubled", "retried"]},
    ("kneo", "naive_urllib3.py"): {"calm": [], "reset-after-commit": ["doubled"]},
    ("knosc", "naive_layers.py"): {"calm": [], "bad-gateway-502": ["retried"]},
}


def drill(api, subject, scenarios):
    """Drills a subject, or any other client at a path."""
    chosen = [word for scenario in scenarios for word in ("--scenario", scenario)]
    command = [INTERPRETERS[Path(subject).suffix], str(SUBJECTS / subject)]
    ended = subprocess.run(
        [PROGRAM, "drill", api, *chosen, "--json", "--quiet", "--", *command], capture_output=True, text=True
    )
    assert ended.returncode in (0, 1), ended.stderr
    return {one["scenario"]: one for one in json.loads(ended.stdout)["scenarios"]}


@pytest.fixture(scope="module")
def drilled():
    """All of them side by side: most of the time of a drill is waited."""
    wanted = {**RIGHT, **NAIVE, **{(api, "nothing.py"): [] for api in APIS}}
    with ThreadPoolExecutor(8) as pool:
        running = {subject: pool.submit(drill, *subject, scenarios) for subject, scenarios in wanted.items()}
        yield lambda *subject: running[subject].result()


def skip_without(suffix):
    for tool in NEEDS[suffix]:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not there")


def failed_by(graded):
    return [mark["grade"] for mark in graded["marks"] if not mark["passed"]]


@pytest.mark.parametrize(("api", "subject"), RIGHT, ids=map(" ".join, RIGHT))
def test_one_that_is_right_passes(drilled, api, subject):
    skip_without(Path(subject).suffix)
    graded = drilled(api, subject)
    assert {name: one["verdict"] for name, one in graded.items()} == dict.fromkeys(
        RIGHT[api, subject], "passed"
    ), [(one["marks"], one["unmet"], one["output"]) for one in graded.values() if one["verdict"] != "passed"]


@pytest.mark.parametrize(("api", "subject"), NAIVE, ids=map(" ".join, NAIVE))
def test_a_naive_one_fails_by_its_faults(drilled, api, subject):
    graded = drilled(api, subject)
    for scenario, grades in NAIVE[api, subject].items():
        verdict = "failed" if grades else "passed"
        assert graded[scenario]["verdict"] == verdict, graded[scenario]
        assert set(grades) <= set(failed_by(graded[scenario])), scenario


@pytest.mark.parametrize("api", APIS)
def test_one_that_does_nothing_passes_nothing(drilled, api):
    graded = drilled(api, "nothing.py")
    assert len(graded) > 30
    assert [name for name, one in graded.items() if one["verdict"] == "passed"] == []


@pytest.mark.parametrize(("suffix", "language"), [(".py", "python"), (".mjs", "javascript"), (".sh", "sh")])
def test_the_first_clients_of_the_page_work_and_are_told_what_they_lack(tmp_path, suffix, language):
    skip_without(suffix)
    [text] = [text for found, text in blocks("docs/drills.md", "## In five minutes") if found == language]
    client = tmp_path / f"my_client{suffix}"
    client.write_text(text, encoding="utf-8")
    graded = drill("kneo", client, ["calm", "reset-after-commit"])
    assert graded["calm"]["verdict"] == "passed", graded["calm"]
    assert failed_by(graded["reset-after-commit"]) == ["unfinished"]
