"""kneo with `requests`: a bearer key, a request id for each call, an idempotency key for each POST."""

import uuid

import requests

from clients import Refused

TIMED_OUT = requests.ReadTimeout
DISCONNECTED = requests.ConnectionError
NOT_CONNECTED = requests.ConnectionError
CUT = requests.exceptions.ChunkedEncodingError
NOT_JSON = requests.exceptions.JSONDecodeError


class Client:
    def __init__(self, base_url, credentials, timeout=5):
        self.base_url = base_url + "/v1"
        self.timeout = timeout
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {credentials['api_key']}"

    def set_timeout(self, seconds):
        self.timeout = seconds

    def log_in(self):
        """There is no log-in: the first call shows whether the key is good."""
        self.get("/runs", limit=1)

    def write(self, key, **more):
        run = {"input": key, "spec_path": "demo.yaml", **more}
        return self.post("/runs", run, idempotency_key=key)["run_id"]

    def read(self, key):
        return [run for run in self.get("/runs", limit=1000)["runs"] if run["input_text"] == key]

    def get(self, path, **query):
        return self._send("GET", path, {}, params=query)

    def post(self, path, body=None, idempotency_key=None):
        keyed = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self._send("POST", path, keyed, json=body)

    def _send(self, method, path, headers, **rest):
        headers["X-Request-ID"] = str(uuid.uuid4())
        url = self.base_url + path
        reply = self.session.request(
            method, url, headers=headers, timeout=self.timeout, allow_redirects=False, **rest
        )
        assert reply.headers["X-Request-ID"] == headers["X-Request-ID"]
        if reply.status_code != 200:
            try:
                code = reply.json().get("error")
            except ValueError:
                code = None
            raise Refused(reply.status_code, reply.headers, reply.text, code)
        return reply.json()
