"""A day with Operations1: a token and a version, orders under keys of ours, and a limit on requests."""

import pytest

from apis import APIS, with_each_library
from clients import Refused

API = APIS["operations1"]
CREATE = {"kind": "create", "nth": 1}


@pytest.fixture
def double(start):
    return start("operations1")[0]


def logged_in(double, library, **credentials):
    double.credentials = {**double.credentials, **credentials}
    client, module = API.client(library, double)
    return client, module


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code


@with_each_library
def test_log_in_write_read_back_change_and_archive(double, library):
    client, _ = logged_in(double, library)
    client.log_in()
    order_id = client.write("ERP-1")
    [order] = client.read("ERP-1")
    assert (order["id"], order["customId"], order["archived"]) == (order_id, "ERP-1", False)
    place = f"/orders/{order_id}"
    assert client.patch(place, {"priority": 9})["priority"] == 9
    assert client.delete(place)["archived"] is True
    assert client.read("ERP-1") == []
    assert client.get(place)["archived"] is True
    effects = [(one["kind"], one["effect"]) for one in double.journal() if one["kind"] != "read"]
    assert effects == [("create", "applied"), ("replace", "applied"), ("delete", "applied")]


@with_each_library
def test_credentials_that_will_not_do(start, library):
    for token, read, write in [
        ("sandbox-token-readonly", None, (403, "PG2")),
        ("sandbox-token-none", (403, "PG2"), (403, "PG2")),
        ("wrong", (401, "PG1"), (401, "PG1")),
    ]:
        double = start("operations1")[0]
        client, _ = logged_in(double, library, token=token)
        if read is None:
            assert client.read("ERP-1") == []
        else:
            assert refused(client.log_in) == read
        assert refused(client.write, "ERP-1") == write
        assert API.held(double, "ERP-1") == []


@with_each_library
def test_a_blind_repeat_makes_a_twin_and_the_audit_tells(double, library):
    client, module = logged_in(double, library)
    double.break_with((CREATE, {"kind": "commit_then_reset"}))
    with pytest.raises(module.DISCONNECTED):
        client.write("ERP-1")
    assert len(client.read("ERP-1")) == 1, "whoever looks finds it"
    client.write("ERP-1")
    assert len(client.read("ERP-1")) == 2
    assert double.audit()["doubled"] == [{"resource": "orders", "key": "ERP-1", "effects": 2}]


@with_each_library
def test_the_limit_is_told_in_seconds_and_time_lifts_it(double, library):
    client, _ = logged_in(double, library)
    double.post("clock", {"advance_s": 10})
    for _ in range(100):
        client.log_in()
    with pytest.raises(Refused) as caught:
        client.write("ERP-1")
    assert (caught.value.status, caught.value.code) == (429, "PG7")
    seconds = int(caught.value.headers["Retry-After"])
    double.post("clock", {"advance_s": seconds})
    client.write("ERP-1")
    assert len(API.held(double, "ERP-1")) == 1
    assert double.audit()["early"] == []


@with_each_library
def test_what_is_wrong_is_told_in_codes(double, library):
    client, _ = logged_in(double, library)
    assert refused(client.post, "/orders", {"name": ""}) == (400, "PG6")
    assert refused(client.post, "/order-connectors/1/execute", {}) == (422, "OC1")
    assert refused(client.get, "/orders/999") == (404, "PG5")
    assert refused(client.delete, "/reports") == (405, "PG9")
