"""kneo with `httpx`: the key in a header of its own."""

import json
import uuid

import httpx

from clients import Refused

TIMED_OUT = httpx.ReadTimeout
DISCONNECTED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
NOT_CONNECTED = httpx.ConnectError
CUT = httpx.RemoteProtocolError
NOT_JSON = json.JSONDecodeError


class Client:
    def __init__(self, base_url, credentials, timeout=5):
        headers = {"X-Kneo-Api-Key": credentials["api_key"]}
        self.http = httpx.Client(base_url=f"{base_url}/v1", headers=headers, timeout=timeout)

    def set_timeout(self, seconds):
        self.http.timeout = seconds

    def log_in(self):
        self.get("/runs", limit=1)

    def write(self, key, **more):
        spec = {"name": "inline", "agent": {"tools": []}}
        return self.post("/runs", {"input": key, "spec": spec, **more}, idempotency_key=key)["run_id"]

    def read(self, key):
        found, offset = [], 0
        while True:
            page = self.get("/runs", limit=50, offset=offset, sort_by="updated_at", sort_order="asc")
            found += [run for run in page["runs"] if run["input_text"] == key]
            offset += page["count"]
            if not page["runs"] or offset >= page["total"]:
                return found

    def get(self, path, **query):
        return _body(self.http.get(path, params=query, headers={"X-Request-ID": uuid.uuid4().hex}))

    def post(self, path, body=None, idempotency_key=None):
        headers = {
            "X-Request-ID": uuid.uuid4().hex,
            "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
        }
        return _body(self.http.post(path, json=body, headers=headers))


def _body(response):
    assert response.headers["X-Request-ID"] == response.request.headers["X-Request-ID"]
    if not response.is_success:
        try:
            code = response.json().get("error")
        except ValueError:
            code = None
        raise Refused(response.status_code, response.headers, response.text, code)
    return response.json()
