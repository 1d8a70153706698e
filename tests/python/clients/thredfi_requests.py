"""Thredfi with `requests`: Basic for the partner's token, that for the business's, and a slash at the end of every path."""

import requests

from clients import Refused

TIMED_OUT = requests.ReadTimeout
DISCONNECTED = requests.ConnectionError
NOT_CONNECTED = requests.ConnectionError
CUT = requests.exceptions.ChunkedEncodingError
NOT_JSON = requests.exceptions.JSONDecodeError

BUSINESS = "22222222-2222-4222-8222-222222222222"


class Bearer(requests.auth.AuthBase):
    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Client:
    def __init__(self, base_url, credentials, timeout=5):
        self.platform = base_url + "/v1/platform"
        self.business = f"{self.platform}/businesses/{BUSINESS}"
        self.partner = (credentials["partner_uuid"], credentials["api_key"])
        self.timeout = timeout
        self.session = requests.Session()
        self.partner_auth = self.business_auth = None

    def set_timeout(self, seconds):
        self.timeout = seconds

    def log_in(self):
        token = self._send(
            "POST",
            self.platform + "/oauth2/token/",
            auth=self.partner,
            data={"grant_type": "client_credentials"},
        )
        assert token["token_type"] == "Bearer"
        self.partner_auth = Bearer(token["access_token"])
        self.refresh()

    def refresh(self):
        token = self._send("POST", f"{self.platform}/{BUSINESS}/oauth2/token/", auth=self.partner_auth)
        assert token["business_id"] == BUSINESS
        self.business_auth = Bearer(token["access_token"])

    def write(self, key):
        invoice = {
            "external_id": key,
            "sent_at": "2026-03-01",
            "customer_external_id": "CUST-1",
            "line_items": [{"quantity": 2, "unit_price": 9900}],
        }
        return self.post("/invoices/", invoice)["id"]

    def read(self, key):
        return self.get("/invoices/", external_id=key)["results"]

    def pay(self, payment, key):
        return self.post("/invoices/payments/", payment, headers={"Idempotency-Key": key})["payment"]

    def get(self, path, **query):
        return self._send("GET", self.business + path, auth=self.business_auth, params=query)

    def post(self, path, body=None, **rest):
        return self._send("POST", self.business + path, auth=self.business_auth, json=body, **rest)

    def follow(self, page):
        """The page after this one, by the address in it."""
        return self._send("GET", page["next"], auth=self.business_auth)

    def _send(self, method, url, **rest):
        reply = self.session.request(method, url, timeout=self.timeout, allow_redirects=False, **rest)
        if reply.status_code not in (200, 201):
            try:
                code = reply.json().get("error_code")
            except ValueError:
                code = None
            raise Refused(reply.status_code, reply.headers, reply.text, code)
        return reply.json()
