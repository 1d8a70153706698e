"""Operations1 with `httpx`: headers in lower case, lists as repeated keys."""

import json

import httpx

from clients import Refused

TIMED_OUT = httpx.ReadTimeout
DISCONNECTED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
NOT_CONNECTED = httpx.ConnectError
CUT = httpx.RemoteProtocolError
NOT_JSON = json.JSONDecodeError


class Client:
    def __init__(self, base_url, credentials, timeout=5):
        headers = {
            "authorization": f"Bearer {credentials['token']}",
            "accept-version": "2025-04-21",
            "accept": "application/json",
        }
        self.http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout)

    def set_timeout(self, seconds):
        self.http.timeout = seconds

    def log_in(self):
        self.get("/users", pageIndex=0, pageSize=10)

    def write(self, key):
        order = {
            "name": key,
            "customOrderId": key,
            "startDate": "2026-03-02T08:00:00.000Z",
            "dueDate": "2026-03-06T17:00:00.000Z",
            "priority": 6,
            "assignedUserIds": [11, 12],
            "variables": {"batch": "7", "note": None},
            "orderDocumentAssignments": [{"documentId": 1}, {"documentId": 2, "useLatestDocument": False}],
        }
        return self.post("/orders", order)["id"]

    def read(self, key):
        """All pages, as one reads them who does not trust filters."""
        found, index = [], 0
        while True:
            page = self.get("/orders", pageIndex=index, pageSize=50, orderBy="id", direction="ASC")
            found += [order for order in page["items"] if order["customId"] == key]
            index += 1
            if not page["items"] or index * 50 >= page["totalItemCount"]:
                return found

    def get(self, path, **query):
        return _body(self.http.get(path, params=query))

    def post(self, path, body):
        return _body(self.http.post(path, json=body))

    def patch(self, path, body):
        return _body(self.http.patch(path, json=body))

    def delete(self, path):
        return _body(self.http.delete(path))


def _body(response):
    if not response.is_success:
        try:
            code = response.json().get("errorCode")
        except ValueError:
            code = None
        raise Refused(response.status_code, response.headers, response.text, code)
    return response.json()
