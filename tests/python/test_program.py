"""`steadfast sandbox` as a program: the ready line, several doubles at once, Ctrl-C."""

import pytest
import requests

CREDENTIALS = {
    "knosc": {"username": "ada@example.com", "password": "sandbox-password"},
    "thredfi": {"partner_uuid": "11111111-1111-4111-8111-111111111111", "api_key": "sandbox-partner-key"},
    "operations1": {"tenant": "acme", "token": "sandbox-token"},
    "kneo": {"api_key": "sandbox-admin-key"},
}
BASE_PATHS = {"knosc": "/api", "thredfi": "", "operations1": "/tenants/acme", "kneo": ""}


@pytest.mark.parametrize("api", CREDENTIALS)
def test_the_ready_line_says_where_it_is_and_who_may_log_in(start, api):
    double = start(api)[0]
    host = double.control_url.removesuffix("/__sandbox")
    assert double.base_url == host + BASE_PATHS[api]
    assert (double.api, double.profile, double.credentials) == (api, "guide", CREDENTIALS[api])
    assert double.journal() == []


def test_one_process_serves_several_doubles_each_with_a_world_of_its_own(start):
    sandbox = start(*CREDENTIALS, "--seed", "3")
    assert [double.api for double in sandbox.doubles] == list(CREDENTIALS)
    sandbox[1].break_with(({}, {"kind": "status", "status": 503}))
    asked = [requests.get(double.base_url + "/nothing", timeout=20) for double in sandbox.doubles]
    assert [reply.status_code for reply in asked] == [404, 503, 400, 404]
    assert [len(double.journal()) for double in sandbox.doubles] == [1, 1, 1, 1]


def test_an_interrupt_that_follows_the_ready_line_at_once_is_heard(start):
    for _ in range(5):
        start("knosc").interrupt()


def test_an_interrupt_waits_for_no_client(start):
    sandbox = start("operations1")
    double = sandbox[0]
    # One connection rests, one is in the middle of a reply that would take an hour.
    resting = requests.Session()
    assert resting.get(double.base_url + "/users", timeout=20).status_code == 400
    double.break_with(({}, {"kind": "delay", "ms": 3_600_000, "after": True}))
    with pytest.raises(requests.ReadTimeout):
        resting.get(double.base_url + "/users", timeout=0.1)
    with requests.Session() as waiting:
        double.break_with(({}, {"kind": "dribble", "over_ms": 3_600_000}))
        reply = waiting.get(double.base_url + "/users", timeout=20, stream=True)
        assert reply.status_code == 400
        sandbox.interrupt()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            assert reply.content is None
