"""A day with Knosc: cookies, CSRF values, writes that are queued, and the faults that only Knosc can have."""

import pytest

from apis import APIS, with_each_library
from clients import Refused

API = APIS["knosc"]
CREATE = {"kind": "create", "nth": 1}


@pytest.fixture
def double(start):
    return start("knosc")[0]


def logged_in(double, library):
    client, _ = API.client(library, double)
    client.log_in()
    return client


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code


def jar(client):
    cookies = client.session.cookies if hasattr(client, "session") else client.http.cookies.jar
    return {(cookie.name, cookie.path, cookie.has_nonstandard_attr("HttpOnly")) for cookie in cookies}


@with_each_library
def test_log_in_write_read_back_refresh_and_write_again(double, library):
    client = logged_in(double, library)
    assert jar(client) == {
        ("access_token_cookie", "/", True),
        ("refresh_token_cookie", "/api/refresh", True),
        ("csrf_access_token", "/", False),
        ("csrf_refresh_token", "/api/refresh", False),
    }
    first = client.write("P-1")
    [row] = client.read("P-1")
    assert (row["id"], row["PO List Number"], row["Supplier Number"]) == (first, "P-1", "SUP-1")

    before = client.csrf()
    client.refresh()
    assert client.csrf() not in ("", before)
    assert client.write("P-2") == first + 1
    assert len(client.read("P-2")) == 1
    kinds = [entry["kind"] for entry in double.journal() if entry["kind"] != "read"]
    assert kinds == ["login", "create", "refresh", "create"]
    assert {entry["user"] for entry in double.journal(kind="create")} == {double.credentials["username"]}


@with_each_library
def test_what_is_wrong_is_told_in_codes(double, library):
    client = logged_in(double, library)
    client.write("P-1")
    assert refused(client.write, "P-1") == (400, "PurchaseOrderList.AlreadyExists")
    assert refused(client.create, {"PO List Number": "P-2"}) == (400, "OrderList.NoItems")
    viewer, _ = API.client(library, double)
    viewer.credentials = {**double.credentials, "username": "viewer@example.com"}
    viewer.log_in()
    assert len(viewer.read("P-1")) == 1
    assert refused(viewer.write, "P-2") == (403, "User.NotPrivileged")
    assert [entry.get("code") for entry in double.journal(kind="create")] == [
        None,
        "PurchaseOrderList.AlreadyExists",
        "OrderList.NoItems",
        "User.NotPrivileged",
    ]


@with_each_library
def test_a_wrong_password_is_refused_and_then_locks_the_account(double, library):
    client, _ = API.client(library, double)
    right = client.credentials
    client.credentials = {**right, "password": "wrong"}
    for _ in range(3):
        assert refused(client.log_in) == (401, "User.InvalidCredentials")
    client.credentials = right
    with pytest.raises(Refused) as caught:
        client.log_in()
    assert (caught.value.status, caught.value.code) == (403, "User.Locked")
    assert caught.value.headers["Retry-After"] == "30"
    double.post("clock", {"advance_s": 30})
    client.log_in()
    assert client.write("P-1") is not None


@with_each_library
def test_an_access_token_expires_by_the_clock(double, library):
    client = logged_in(double, library)
    double.post("clock", {"advance_s": 15 * 60})
    assert refused(client.read, "P-1") == (401, "Token.Expired")
    client.refresh()
    assert client.read("P-1") == []


@with_each_library
def test_expire_access(double, library):
    client = logged_in(double, library)
    double.break_with((CREATE, {"kind": "expire_access"}))
    assert refused(client.write, "P-1") == (401, "Token.Expired")
    assert refused(client.read, "P-1") == (401, "Token.Expired")
    client.refresh()
    client.write("P-1")
    assert len(client.read("P-1")) == len(API.held(double, "P-1")) == 1
    creates = double.journal(kind="create")
    assert [(one["status"], one["effect"], one["fault"]) for one in creates] == [
        (401, "none", "expire_access"),
        (200, "applied", None),
    ]
    assert double.audit()["refresh_reuse"] == []


@with_each_library
def test_revoke(double, library):
    client = logged_in(double, library)
    double.break_with((CREATE, {"kind": "revoke"}))
    assert refused(client.write, "P-1") == (401, "Token.Revoked")
    assert refused(client.refresh) == (401, "Token.Revoked")
    client.log_in()
    client.write("P-1")
    assert len(client.read("P-1")) == len(API.held(double, "P-1")) == 1
    assert [(one["status"], one["effect"]) for one in double.journal(key="P-1", kind="create")] == [
        (401, "none"),
        (200, "applied"),
    ]
    assert [one["status"] for one in double.journal(kind="refresh")] == [401]


@with_each_library
def test_rotate_csrf_brings_the_new_value_with_its_reply(double, library):
    client = logged_in(double, library)
    before = client.csrf()
    double.break_with((CREATE, {"kind": "rotate_csrf"}))
    client.write("P-1")
    assert client.csrf() != before
    client.write("P-2")
    assert [len(API.held(double, key)) for key in ("P-1", "P-2")] == [1, 1]
    assert [(one["effect"], one["fault"]) for one in double.journal(kind="create")] == [
        ("applied", "rotate_csrf"),
        ("applied", None),
    ]


@with_each_library
def test_rotate_csrf_in_silence_is_cured_by_a_refresh(double, library):
    client = logged_in(double, library)
    double.break_with((CREATE, {"kind": "rotate_csrf", "silent": True}))
    client.write("P-1")
    assert refused(client.write, "P-2") == (422, "CSRF.Mismatch")
    assert API.held(double, "P-2") == []
    client.refresh()
    client.write("P-2")
    assert len(client.read("P-2")) == 1
    assert [(one["status"], one["effect"]) for one in double.journal(kind="create")] == [
        (200, "applied"),
        (422, "none"),
        (200, "applied"),
    ]


@with_each_library
def test_lock_queues_writes_and_unlock_applies_them(double, library):
    client = logged_in(double, library)
    double.break_with((CREATE, {"kind": "lock"}), ({"kind": "read", "nth": 2}, {"kind": "unlock"}))
    assert client.write("P-1") is None, "a queued write has no id"
    assert client.read("P-1") == []
    assert API.held(double, "P-1") == []
    state = double.state()
    assert (state["locked"], len(state["queue"])) == (True, 1)

    assert len(client.read("P-1")) == len(API.held(double, "P-1")) == 1
    state = double.state()
    assert (state["locked"], state["queue"]) == (False, [])
    [write] = double.journal(kind="create")
    assert (write["status"], write["effect"], write["fault"]) == (200, "queued", "lock")
    [applied] = double.journal(kind="apply")
    assert (applied["of"], applied["of_kind"], applied["effect"]) == (write["n"], "create", "applied")
    assert [one["fault"] for one in double.journal(kind="read")] == [None, "unlock"]
    assert double.audit()["doubled"] == []


@with_each_library
def test_an_integration_run_by_control_route_says_that_the_change_comes_later(double, library):
    client = logged_in(double, library)
    double.post("knosc/integration/start")
    line = {"Item Number": "ITEM-A", "Warehouse Number": "WH-1", "PO Details Quantity": 1}
    order = {"PO List Number": "P-1", "PO List Document Status": "Open", "Supplier Number": "SUP-1"}
    assert client.create({**order, "details": [line]}) == {
        "message": "Changes will be visible after the integration is done.",
        "notification_type": "Warning",
    }
    assert len(double.get("knosc/queue")["queue"]) == 1
    double.post("knosc/integration/finish")
    assert len(client.read("P-1")) == 1
