"""Knosc with `httpx`: the client keeps the cookies, an event hook adds the CSRF header to each write."""

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
        self.credentials = credentials
        self.http = httpx.Client(
            base_url=base_url,
            timeout=timeout,
            event_hooks={"request": [self._add_csrf], "response": [_check]},
        )

    def _add_csrf(self, request):
        token = self.http.cookies.get("csrf_access_token", path="/")
        if request.method not in ("GET", "HEAD") and token:
            request.headers["X-XSRF-TOKEN"] = token

    def set_timeout(self, seconds):
        self.http.timeout = seconds

    def log_in(self):
        login = self.http.post("login", json=self.credentials)
        assert login.json() == {"login": True} and self.http.cookies.get("access_token_cookie")

    def refresh(self):
        assert self.http.post("refresh").json() == {"refresh": True}

    def csrf(self):
        return self.http.cookies.get("csrf_access_token", path="/")

    def create(self, order):
        return self.http.post("purchase-order", json=order).json()

    def write(self, key):
        line = {"Item Number": "ITEM-A", "Warehouse Number": "WH-2", "PO Details Quantity": 2.5}
        order = {
            "PO List Number": key,
            "PO List Document Status": "Open",
            "PO List Order Date": "2026-03-01",
            "Supplier Number": "SUP-1",
            "details": [{**line, "PO Details Ship Date": "2026-03-09", "Ship From Number": "SF-1"}],
        }
        return self.create(order).get("id")

    def read(self, key):
        wanted = json.dumps([{"category": "PO List Number", "value": key}])
        reply = self.http.get("purchase-order", params={"filter": wanted})
        return reply.json()["data"]["rows"]


def _check(response):
    if response.status_code != 200:
        response.read()
        try:
            code = response.json().get("Code")
        except ValueError:
            code = None
        raise Refused(response.status_code, response.headers, response.text, code)
