"""Thredfi with `httpx`: an authentication flow for each of the two tiers."""

import json

import httpx

from clients import Refused

TIMED_OUT = httpx.ReadTimeout
DISCONNECTED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
NOT_CONNECTED = httpx.ConnectError
CUT = httpx.RemoteProtocolError
NOT_JSON = json.JSONDecodeError

BUSINESS = "22222222-2222-4222-8222-222222222222"


class Token(httpx.Auth):
    def __init__(self, reply):
        self.header = f"{reply['token_type']} {reply['access_token']}"

    def auth_flow(self, request):
        request.headers["Authorization"] = self.header
        yield request


class Client:
    def __init__(self, base_url, credentials, timeout=5):
        self.credentials = credentials
        self.http = httpx.Client(base_url=base_url + "/v1/platform/", timeout=timeout)
        self.partner_auth = self.business_auth = None

    def set_timeout(self, seconds):
        self.http.timeout = seconds

    def log_in(self):
        basic = httpx.BasicAuth(self.credentials["partner_uuid"], self.credentials["api_key"])
        body = {"grant_type": "client_credentials", "client_id": self.credentials["partner_uuid"]}
        self.partner_auth = Token(_body(self.http.post("oauth2/token/", auth=basic, json=body)))
        self.refresh()

    def refresh(self):
        self.business_auth = Token(_body(self.http.post(f"{BUSINESS}/oauth2/token/", auth=self.partner_auth)))

    def write(self, key):
        line = {"quantity": 1, "unit_price_cents": 5000, "description": "Grüße"}
        invoice = {"external_id": key, "sent_at": "2026-03-01T08:30:00Z", "due_at": "2026-03-31"}
        customer = {"customer_id": "33333333-3333-4333-8333-000000000002"}
        return self.post("/invoices/", {**invoice, **customer, "line_items": [line]})["id"]

    def read(self, key):
        return self.get("/invoices/", external_id=key)["results"]

    def pay(self, payment, key):
        return self.post("/invoices/payments/", payment, headers={"Idempotency-Key": key})["payment"]

    def get(self, path, **query):
        url = f"businesses/{BUSINESS}{path}"
        return _body(self.http.get(url, auth=self.business_auth, params=query))

    def post(self, path, body=None, **rest):
        url = f"businesses/{BUSINESS}{path}"
        return _body(self.http.post(url, auth=self.business_auth, json=body, **rest))

    def follow(self, page):
        return _body(self.http.get(page["next"], auth=self.business_auth))


def _body(response):
    if not response.is_success:
        code = None
        if response.headers.get("Content-Type") == "application/json":
            code = response.json().get("error_code")
        raise Refused(response.status_code, response.headers, response.text, code)
    return response.json()
