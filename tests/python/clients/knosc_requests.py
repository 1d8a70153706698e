"""Knosc with `requests`: a session that keeps the cookies, and the CSRF cookie sent back as a header."""

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
        self.credentials = credentials
        self.timeout = timeout
        self.session = requests.Session()

    def set_timeout(self, seconds):
        self.timeout = seconds

    def log_in(self):
        self._send("POST", "/login", json=self.credentials)
        assert "access_token_cookie" in self.session.cookies

    def refresh(self):
        self._send("POST", "/refresh")

    def csrf(self):
        return self.session.cookies.get("csrf_access_token", path="/")

    def create(self, order):
        return self._send("POST", "/purchase-order", json=order, headers={"X-XSRF-TOKEN": self.csrf()})

    def write(self, key):
        return self.create(order(key)).get("id")

    def read(self, key):
        rows, page = [], 1
        while True:
            reply = self._send("GET", "/purchase-order", params={"page": page, "page_size": 500})
            some = reply["data"]["rows"]
            rows += [row for row in some if row["PO List Number"] == key]
            if len(some) < 500:
                return rows
            page += 1

    def _send(self, method, path, **rest):
        reply = self.session.request(
            method, self.base_url + path, timeout=self.timeout, allow_redirects=False, **rest
        )
        if reply.status_code != 200:
            try:
                code = reply.json().get("Code")
            except ValueError:
                code = None
            raise Refused(reply.status_code, reply.headers, reply.text, code)
        return reply.json()


def order(key):
    line = {"Item Number": "ITEM-A", "Warehouse Number": "WH-1", "PO Details Quantity": 5}
    return {
        "PO List Number": key,
        "PO List Document Status": "Open",
        "Supplier Number": "SUP-1",
        "details": [line],
    }
