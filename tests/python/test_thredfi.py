"""A day with Thredfi: two tiers of tokens, invoices, payments with keys, and tokens that end early."""

import pytest

from apis import APIS, with_each_library
from clients import Refused

API = APIS["thredfi"]
CREATE = {"kind": "create", "nth": 1}
PAYMENT = {
    "customer_id": "33333333-3333-4333-8333-000000000001",
    "total_amount_cents": 500,
    "payment_date": "2026-03-02",
    "allocations": [{"invoice_id": "44444444-4444-4444-8444-000000000001", "amount_cents": 500}],
}


@pytest.fixture
def double(start):
    return start("thredfi")[0]


def logged_in(double, library):
    client, module = API.client(library, double)
    client.log_in()
    return client, module


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code


@with_each_library
def test_log_in_write_read_back_refresh_and_write_again(double, library):
    client, _ = logged_in(double, library)
    first = client.write("i-1")
    [invoice] = client.read("i-1")
    assert (invoice["id"], invoice["status"]) == (first, "SENT")
    assert client.get(f"/invoices/{first}/")["total_cents"] == invoice["outstanding_amount_cents"]

    client.refresh()
    second = client.write("i-2")
    assert second != first and len(client.read("i-2")) == 1
    assert refused(client.write, "i-1") == (409, "duplicate_external_id")
    creates = double.journal(kind="create")
    assert [(one["key"], one["status"], one["effect"]) for one in creates] == [
        ("i-1", 201, "applied"),
        ("i-2", 201, "applied"),
        ("i-1", 409, "none"),
    ]


@with_each_library
def test_tokens_expire_by_the_clock_and_both_tiers_can_be_had_anew(double, library):
    client, _ = logged_in(double, library)
    double.post("clock", {"advance_s": 3600})
    with pytest.raises(Refused) as caught:
        client.read("i-1")
    assert (caught.value.status, caught.value.code) == (401, "invalid_token")
    assert caught.value.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert refused(client.refresh) == (401, "invalid_token"), "the partner's token is as old"
    client.log_in()
    assert client.read("i-1") == []


@with_each_library
def test_a_wrong_key_is_refused(double, library):
    double.credentials = {**double.credentials, "api_key": "wrong"}
    client, _ = API.client(library, double)
    with pytest.raises(Refused) as caught:
        client.log_in()
    assert (caught.value.status, caught.value.code) == (401, "invalid_token")
    assert caught.value.headers["WWW-Authenticate"] == 'Basic realm="api"'


@with_each_library
def test_a_payment_that_got_no_answer_is_sent_again_under_its_key(double, library):
    client, module = logged_in(double, library)
    double.break_with((CREATE, {"kind": "commit_then_reset"}))
    with pytest.raises(module.DISCONNECTED):
        client.pay(PAYMENT, "k-1")
    payment = client.pay(PAYMENT, "k-1")
    assert (payment["status"], payment["applied_amount_cents"]) == ("completed", 500)
    assert refused(client.pay, {**PAYMENT, "total_amount_cents": 600}, "k-1") == (
        409,
        "idempotency_key_conflict",
    )
    paid = client.get("/invoices/payments/", customer_id=PAYMENT["customer_id"])["results"]
    assert [one["id"] for one in paid if one["idempotency_key"] == "k-1"] == [payment["id"]]
    first, replay, conflict = double.journal(key="k-1")
    assert [first["status"], replay["status"], conflict["status"]] == [None, 200, 409]
    assert [first["effect"], replay["effect"], conflict["effect"]] == ["applied", "none", "none"]
    assert double.audit()["doubled"] == []


@with_each_library
def test_pages_lead_on_to_the_host_that_was_asked(double, library):
    client, _ = logged_in(double, library)
    page = client.get("/invoices/", page_size=25, status="unpaid")
    seen = [invoice["id"] for invoice in page["results"]]
    while page["next"]:
        page = client.follow(page)
        seen += [invoice["id"] for invoice in page["results"]]
    assert len(seen) == len(set(seen)) == page["count"] == 60
    asked = [sorted(entry["query"].split("&")) for entry in double.journal(kind="read")]
    assert asked[-1] == ["page=3", "page_size=25", "status=unpaid"]


@with_each_library
@pytest.mark.parametrize(
    ("kind", "by"), [("expire_access", "refresh"), ("revoke", "log_in")]
)
def test_a_token_that_ends_early_is_replaced(double, library, kind, by):
    client, _ = logged_in(double, library)
    double.break_with((CREATE, {"kind": kind}))
    assert refused(client.write, "i-1") == (401, "invalid_token")
    assert refused(client.read, "i-1") == (401, "invalid_token")
    getattr(client, by)()
    client.write("i-1")
    assert len(client.read("i-1")) == len(API.held(double, "i-1")) == 1
    assert [(one["status"], one["effect"], one["fault"]) for one in double.journal(kind="create")] == [
        (401, "none", kind),
        (201, "applied", None),
    ]
    assert double.audit()["faults_unmet"] == []


@with_each_library
def test_what_is_wrong_is_told_by_field(double, library):
    client, _ = logged_in(double, library)
    with pytest.raises(Refused) as caught:
        client.post("/invoices/", {})
    assert (caught.value.status, caught.value.code) == (400, "validation_error")
    for name in ("external_id", "sent_at", "line_items"):
        assert f'"{name}":["This field is required."]' in caught.value.text
    nowhere = "/invoices/00000000-0000-4000-8000-000000000000/"
    assert refused(client.get, nowhere) == (404, "invoice_not_found")
