"""The commands of README.md and docs/sandbox.md do what the pages say, typed as they stand there."""

import json
import shutil
import subprocess

import pytest

from apis import APIS
from clients import Refused
from pages import blocks

pytestmark = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="bash or curl is not there"
)


class Shell:
    """Runs what a page says against the doubles of this test, in a folder of its own."""

    def __init__(self, doubles, folder):
        # The pages give the doubles the ports from 8700 on, in the order of their list.
        self.addresses = {8700 + place: double.control_url.split("/")[2] for place, double in doubles.items()}
        self.folder = folder

    def run(self, script):
        for port, address in self.addresses.items():
            script = script.replace(f"127.0.0.1:{port}", address)
        assert "127.0.0.1:87" not in script, "a double that is not running"
        # A refusal counts as a failure, which plain curl would only print.
        script = 'curl() { command curl --fail-with-body --noproxy "*" "$@"; }\nset -eo pipefail\n' + script
        return subprocess.run(["bash", "-c", script], cwd=self.folder, capture_output=True, text=True, timeout=60)

    def passes(self, script):
        ended = self.run(script)
        assert ended.returncode == 0, f"{script}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout


def objects(text):
    """The JSON objects that stand in a text one after the other."""
    found, decoder = [], json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def test_a_new_user_follows_the_readme(start, tmp_path):
    [(_, begin), (_, use), (_, breaks)] = blocks("README.md", "## A double of your own")
    [command] = [line for line in begin.splitlines() if line.startswith("steadfast ")]
    words = command.split()
    assert words[:2] == ["steadfast", "sandbox"] and words[3:] == ["--listen", "127.0.0.1:8700"]
    double = start(words[2])[0]
    shell = Shell({0: double}, tmp_path)
    [first] = objects(shell.passes(use))
    assert first["status"] == "completed"

    fault, second, journal, again = breaks.splitlines()
    shell.passes(fault)
    define = use.removesuffix("run first\n")
    cut = shell.run(define + second)
    # 56 if the reset is met while receiving, 52 if nothing has come.
    assert cut.returncode in (52, 56) and cut.stdout == "", cut
    [entries] = objects(shell.passes(journal))
    kept = entries["entries"][-1]
    assert (kept["key"], kept["status"], kept["effect"]) == ("second", None, "applied")
    [found] = objects(shell.passes(define + again))
    assert found["run_id"] == kept["id"]


def test_every_double_is_used_with_curl(start, tmp_path):
    doubles = start(*APIS).doubles
    shell = Shell(dict(enumerate(doubles)), tmp_path)
    knosc, thredfi, others = [text for _, text in blocks("docs/sandbox.md", "## With curl")]
    login, orders, created = objects(shell.passes(knosc))
    assert login == {"login": True} and orders["data"]["rows"]
    assert created["notification_type"] == "Success"
    page, invoice, paid = objects(shell.passes(thredfi))
    assert (len(page["results"]), invoice["external_id"]) == (2, "i-1")
    assert paid["payment"]["status"] == "completed"
    users, runs = objects(shell.passes(others))
    assert users["items"] and runs["runs"] == []
    effects = [[one["key"] for one in double.journal(effect="applied", kind="create")] for double in doubles]
    assert effects == [["P-1"], ["i-1", "k-1"], [], []]


def test_faults_are_scripted_as_the_page_says(start, tmp_path):
    double = start("thredfi")[0]
    shell = Shell({1: double}, tmp_path)
    found = blocks("docs/sandbox.md", "## Breaking it")
    [plan] = [text for language, text in found if language == "json"]
    [running] = [text for _, text in found if text.startswith("C=")]
    [python] = [text for language, text in found if language == "python"]
    _, storm, plan_now, calm, clock, reset = objects(shell.passes(running))
    assert plan_now["plan"] == storm["plan"] and len(plan_now["counts"]) == len(storm["plan"]["faults"])
    assert (calm["counts"], clock["advanced_ms"], reset) == ([], 3_600_000, {"reset": True})
    meet_in_python(double, python)
    [script] = [text for language, text in found if language == "js"]
    told = meet_in_javascript(double, script)
    assert [fault["fault"] for fault in told["faults_unmet"]] == ["commit_then_reset"]

    [listing] = [text for _, text in blocks("docs/sandbox.md", "## What truly arrived") if "curl" in text]
    [journal] = objects(shell.passes(f"C={double.control_url}\n{listing}"))
    assert [entry["n"] for entry in journal["entries"]] == list(range(1, len(double.journal()) + 1))
    # The plan in the page is one that a file may hold.
    (tmp_path / "plan.json").write_text(plan, encoding="utf-8")
    [with_file, with_preset] = [
        line.split()[2:] for _, text in found for line in text.splitlines() if line.startswith("steadfast ")
    ]
    with_file[-1] = str(tmp_path / with_file[-1])
    assert len(start(*with_file)[0].get("faults")["counts"]) == 2
    assert len(start(*with_preset)[0].get("faults")["counts"]) > 5


UNDER_TEST = "… the client under test …"


def meet_in_python(double, script):
    client, _ = APIS["thredfi"].client("requests", double)
    client.log_in()

    def use_the_client():
        with pytest.raises(Refused) as caught:
            client.write("i-1")
        assert caught.value.status == 504

    script = script.replace(f"# {UNDER_TEST}", "use_the_client()")
    assert "use_the_client" in script
    exec(script, {"control_url": double.control_url, "use_the_client": use_the_client})
    assert double.get("faults")["counts"] == []
    assert [entry["status"] for entry in double.journal(kind="create")] == [504]


def meet_in_javascript(double, script):
    if not shutil.which("node"):
        pytest.skip("node is not there")
    assert UNDER_TEST in script
    script = f"const control_url = '{double.control_url}';\n{script}\n"
    script += "console.log(JSON.stringify({ doubled, faults_unmet }));"
    command = ["node", "--input-type=module", "--eval", script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
