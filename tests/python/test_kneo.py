"""A day with kneo: runs under idempotency keys, people in between, and a key that is still being worked on."""

import threading

import pytest

from apis import APIS, with_each_library
from clients import Refused

API = APIS["kneo"]
CREATE = {"kind": "create", "nth": 1}


@pytest.fixture
def double(start):
    return start("kneo")[0]


def client_of(double, library, **credentials):
    double.credentials = {**double.credentials, **credentials}
    return API.client(library, double)[0]


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code


@with_each_library
def test_log_in_write_read_back_and_follow_the_run(double, library):
    client = client_of(double, library)
    client.log_in()
    run_id = client.write("summary of March")
    [run] = client.read("summary of March")
    assert (run["run_id"], run["status"]) == (run_id, "completed")
    trace = client.get(f"/runs/{run_id}/trace")["events"]
    assert [event["event_type"] for event in trace][-1] == "run.completed"
    [entry] = double.journal(kind="create")
    assert (entry["status"], entry["effect"], entry["id"]) == (200, "applied", run_id)


@with_each_library
def test_a_person_answers_and_the_run_goes_on(double, library):
    client = client_of(double, library)
    run_id = client.write("ask", metadata={"sandbox": {"outcome": "human"}})
    assert client.get(f"/runs/{run_id}")["status"] == "paused_human_review"
    [task] = client.get("/human-tasks", status="pending", run_id=run_id)["tasks"]
    answer = {"request_id": task["request"]["request_id"], "decision": "approved"}
    done = client.post(f"/human-tasks/{task['id']}/resume", answer)
    assert (done["run_id"], done["status"]) == (run_id, "completed")
    assert client.get("/human-tasks", status="pending")["tasks"] == []


@with_each_library
def test_the_same_key_is_answered_from_what_is_kept(double, library):
    client = client_of(double, library)
    run_id = client.write("once")
    assert client.write("once") == run_id
    assert len(API.held(double, "once")) == 1
    other = {"input": "other", "spec_path": "demo.yaml"}
    assert refused(client.post, "/runs", other, "once") == (409, "idempotency_key_conflict")
    assert [one["effect"] for one in double.journal(key="once")] == ["applied", "none", "none"]


@with_each_library
@pytest.mark.parametrize("profile", ["guide", "reference"])
def test_in_progress(start, library, profile):
    """The newer platform refuses while the first is at work, the older one lets the second wait."""
    double = start("kneo", "--profile", profile)[0]
    client = client_of(double, library)
    double.break_with((CREATE, {"kind": "in_progress"}))
    if profile == "reference":
        with pytest.raises(Refused) as caught:
            client.write("r-1")
        assert caught.value.status == 409 and "idempotency_key_in_progress" in caught.value.text
        assert caught.value.headers["Retry-After"] == "1"
        double.post("clock", {"advance_s": 1})
    run_id = client.write("r-1")
    assert [run["run_id"] for run in API.held(double, "r-1")] == [run_id]
    assert len(client.read("r-1")) == 1
    first = double.journal(key="r-1")[0]
    assert (first["effect"], first["fault"]) == ("applied", "in_progress")
    assert double.audit()["doubled"] == double.audit()["faults_unmet"] == []


@with_each_library
def test_two_with_one_key_at_once_make_one_run(double, library):
    ids = []
    clients = [client_of(double, library) for _ in range(2)]
    slow = {"metadata": {"sandbox": {"duration_ms": 200}}}
    threads = [
        threading.Thread(target=lambda client=client: ids.append(client.write("both", **slow)))
        for client in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 2 and len(set(ids)) == 1
    assert len(API.held(double, "both")) == 1


@with_each_library
def test_credentials_that_will_not_do(double, library):
    viewer = client_of(double, library, api_key="sandbox-viewer-key")
    viewer.log_in()
    with pytest.raises(Refused) as caught:
        viewer.write("r-1")
    assert (caught.value.status, caught.value.code) == (403, "forbidden")
    assert "Missing required scope: runs:write" in caught.value.text
    nobody = client_of(double, library, api_key="wrong")
    with pytest.raises(Refused) as caught:
        nobody.log_in()
    assert (caught.value.status, caught.value.code) == (401, "unauthorized")
    assert caught.value.headers["WWW-Authenticate"] == "Bearer"
    assert double.state()["runs"] == []


@with_each_library
def test_what_is_wrong_is_told_in_codes_and_in_lists(double, library):
    client = client_of(double, library)
    bad = {"input": "x", "spec_path": "bad.yaml"}
    assert refused(client.post, "/runs", bad) == (400, "spec_invalid")
    assert refused(client.post, "/runs", {**bad, "spec_path": "blocked.yaml"}) == (
        403,
        "environment_policy_blocked",
    )
    assert refused(client.get, "/runs/nope") == (404, "not_found")
    with pytest.raises(Refused) as caught:
        client.post("/runs", {})
    assert caught.value.status == 422
    assert '"loc":["body","input"],"msg":"Field required"' in caught.value.text
