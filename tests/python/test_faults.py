"""Every fault that any API can have, met by every client: what it meets, what is there, what is on record."""

from dataclasses import dataclass, field

import pytest

from apis import APIS, with_each_client
from clients import Refused

KEY = "P-1"
# How long a client waits where a fault is to outlast its patience.
SHORT_S = 0.15
LONG_MS = 600


@dataclass(frozen=True)
class Fault:
    do: dict
    # What the client meets: None for success, an exception's name in its module, or a status.
    meets: object = None
    # Headers of the reply.
    tells: dict = field(default_factory=dict)
    # The journal's entry of the request; `created` is the API's own status for that.
    status: object = None
    sent: str = "whole"
    effect: str = "none"
    # How many records there are once everything has settled.
    records: int = 0
    impatient: bool = False
    # The effect comes with an entry of its own.
    late: bool = False


GENERAL = {
    "status": Fault(
        {"kind": "status", "status": 503, "headers": {"Retry-After": "2"}, "body": "html"},
        meets=503,
        tells={"Retry-After": "2", "Content-Type": "text/html"},
        status=503,
    ),
    "status-json": Fault({"kind": "status", "status": 500, "body": "json"}, meets=500, status=500),
    "status-empty": Fault({"kind": "status", "status": 502, "body": "empty"}, meets=502, status=502),
    "status-truncated": Fault(
        {"kind": "status", "status": 500, "body": "truncated"}, meets="CUT", status=500, sent="cut"
    ),
    "delay": Fault(
        {"kind": "delay", "ms": LONG_MS},
        meets="TIMED_OUT",
        impatient=True,
        status="created",
        effect="applied",
        records=1,
    ),
    "delay-after": Fault(
        {"kind": "delay", "ms": LONG_MS, "after": True},
        meets="TIMED_OUT",
        impatient=True,
        status="created",
        effect="applied",
        records=1,
    ),
    "dribble": Fault({"kind": "dribble", "over_ms": 50}, status="created", effect="applied", records=1),
    "refuse": Fault({"kind": "refuse", "for_ms": 300}, meets="DISCONNECTED", sent="nothing"),
    "reset_before_read": Fault({"kind": "reset_before_read"}, meets="DISCONNECTED", sent="nothing"),
    "reset_before_commit": Fault({"kind": "reset_before_commit"}, meets="DISCONNECTED", sent="nothing"),
    "commit_then_reset": Fault(
        {"kind": "commit_then_reset"}, meets="DISCONNECTED", sent="nothing", effect="applied", records=1
    ),
    "commit_then_status": Fault(
        {"kind": "commit_then_status", "status": 504, "body": "html"},
        meets=504,
        status=504,
        effect="applied",
        records=1,
    ),
    "late_commit": Fault(
        {"kind": "late_commit", "after_ms": 100}, meets="DISCONNECTED", sent="nothing", late=True, records=1
    ),
    "late_commit-status": Fault(
        {"kind": "late_commit", "after_ms": 100, "status": 504, "body": "empty"},
        meets=504,
        status=504,
        late=True,
        records=1,
    ),
    "truncate_body": Fault(
        {"kind": "truncate_body"}, meets="CUT", status="created", sent="cut", effect="applied", records=1
    ),
    "malformed_body": Fault(
        {"kind": "malformed_body"},
        meets="NOT_JSON",
        status="created",
        sent="malformed",
        effect="applied",
        records=1,
    ),
    "rate_limit": Fault(
        {"kind": "rate_limit", "retry_after": 3}, meets=429, tells={"Retry-After": "3"}, status=429
    ),
}


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
def test_every_kind_that_a_double_knows_is_tried_here_or_with_its_api(start, api):
    double = start(api.name)[0]
    known = {kind for kind in double.fault_kinds() if double.knows(kind)}
    assert known == {fault.do["kind"] for fault in GENERAL.values()} | api.own_faults


@pytest.mark.parametrize("fault", GENERAL.values(), ids=GENERAL)
@with_each_client
def test_a_write_meets_it(start, api, library, fault):
    double = start(api.name)[0]
    client, module = api.client(library, double)
    client.log_in()
    double.break_with(({"kind": "create", "nth": 1}, fault.do))
    if fault.impatient:
        client.set_timeout(SHORT_S)
    meet(api, double, client, module, fault)
    client.set_timeout(5)

    if fault.late:
        assert api.held(double, KEY) == [], "it takes effect after the reply was given up"
        double.wait_until(lambda: double.state()["late_commits"] == 0)
    double.wait_until(lambda: double.journal(kind="create"))
    requests = double.journal(kind="create")
    assert len(requests) == 1, "no client sent it twice"
    entry = requests[0]
    assert (entry["fault"], entry["rule"]) == (fault.do["kind"], 0)
    assert (entry["resource"], entry["key"]) == (api.resource, KEY)
    status = api.created if fault.status == "created" else fault.status
    assert (entry["status"], entry["sent"], entry["effect"]) == (status, fault.sent, fault.effect)
    late = double.journal(kind="apply", of=entry["n"])
    assert [(one["effect"], one["key"]) for one in late] == ([("applied", KEY)] if fault.late else [])

    # The double's truth, and what the API shows of it.
    assert len(api.held(double, KEY)) == fault.records
    assert len(client.read(KEY)) == fault.records
    audit = double.audit()
    assert (audit["doubled"], audit["faults_unmet"]) == ([], [])
    # It was this one request only.
    other = client.write("P-2")
    assert other is not None and len(client.read("P-2")) == 1


def meet(api, double, client, module, fault):
    """Writes, and makes sure that the client sees the fault as its API's documents and its library say."""
    if fault.meets is None:
        assert client.write(KEY) is not None
    elif isinstance(fault.meets, str):
        with pytest.raises(getattr(module, fault.meets)):
            client.write(KEY)
    else:
        with pytest.raises(Refused) as refused:
            client.write(KEY)
        assert refused.value.status == fault.meets
        if fault.do.get("body") == "json":
            assert refused.value.code == api.server_error
        for name, value in fault.tells.items():
            assert refused.value.headers[name] == value
    if fault.do["kind"] == "refuse":
        with pytest.raises(module.NOT_CONNECTED):
            client.read(KEY)
        double.wait_until_it_listens()
