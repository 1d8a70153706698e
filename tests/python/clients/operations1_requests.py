"""Operations1 with `requests`: a session whose headers are the token and the version."""

import requests

from clients import Refused

TIMED_OUT = requests.ReadTimeout
DISCONNECTED = requests.ConnectionError
NOT_CONNECTED = requests.ConnectionError
CUT = requests.exceptions.ChunkedEncodingError
NOT_JSON = requests.exceptions.JSONDecodeError


class Client:
    def __init__(self, base_url, credentials, timeout=5):
        self.base_url = base_url
        self.timeout = timeout
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {credentials['token']}"
        self.session.headers["Accept-Version"] = "2025-04-21"

    def set_timeout(self, seconds):
        self.timeout = seconds

    def log_in(self):
        """There is no log-in: the first call shows whether the token is good."""
        self.get("/users", pageSize=1)

    def write(self, key):
        order = {
            "name": f"Order {key}",
            "customOrderId": key,
            "startDate": "2026-03-02T08:00:00.000Z",
            "dueDate": "2026-03-06T17:00:00.000Z",
            "orderDocumentAssignments": [{"documentId": 3}],
        }
        return self.post("/orders", order)["id"]

    def read(self, key):
        return self.get("/orders", customOrderIds=[key])["items"]

    def get(self, path, **query):
        return self._send("GET", path, params=query)

    def post(self, path, body):
        return self._send("POST", path, json=body)

    def patch(self, path, body):
        return self._send("PATCH", path, json=body)

    def delete(self, path):
        return self._send("DELETE", path)

    def _send(self, method, path, **rest):
        url = self.base_url + path
        reply = self.session.request(method, url, timeout=self.timeout, allow_redirects=False, **rest)
        if reply.status_code not in (200, 201):
            try:
                code = reply.json().get("errorCode")
            except ValueError:
                code = None
            raise Refused(reply.status_code, reply.headers, reply.text, code)
        return reply.json()
