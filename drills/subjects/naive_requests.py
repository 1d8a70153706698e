"""A client as everybody writes it first: `requests`, and a loop that tries again until it works.

It knows how each API logs in and pages, and passes where nothing goes wrong. What it does not know is that
a request without an answer may have worked, that 429 says when to come back, and that some answers never change.
"""

import json
import os
import time

import requests

with open(os.environ["STEADFAST_JOB"]) as file:
    JOB = json.load(file)
API, BASE = JOB["api"], os.environ["STEADFAST_BASE_URL"]
session = requests.Session()


def log_in():
    if API == "knosc":
        user = {"username": os.environ["STEADFAST_USERNAME"], "password": os.environ["STEADFAST_PASSWORD"]}
        session.post(BASE + "/login", json=user).raise_for_status()
    elif API == "thredfi":
        partner = (os.environ["STEADFAST_PARTNER_UUID"], os.environ["STEADFAST_API_KEY"])
        token = session.post(BASE + "/v1/platform/oauth2/token/", auth=partner).json()["access_token"]
        session.headers["Authorization"] = "Bearer " + token
        business = "22222222-2222-4222-8222-222222222222"
        token = session.post(f"{BASE}/v1/platform/{business}/oauth2/token/").json()["access_token"]
        session.headers["Authorization"] = "Bearer " + token
    elif API == "operations1":
        session.headers["Authorization"] = "Bearer " + os.environ["STEADFAST_TOKEN"]
        session.headers["Accept-Version"] = "2025-04-21"
    elif API == "kneo":
        session.headers["Authorization"] = "Bearer " + os.environ["STEADFAST_API_KEY"]


def call(method, path, body=None, params=None):
    for attempt in range(5):
        try:
            headers = {}
            if API == "knosc":
                headers["X-XSRF-TOKEN"] = session.cookies.get("csrf_access_token", path="/")
            reply = session.request(
                method, BASE + path, json=body, params=params, headers=headers, timeout=JOB["timeout_s"]
            )
            if reply.status_code == 401:
                log_in()
                continue
            reply.raise_for_status()
            return reply.json()
        except requests.RequestException as error:
            last = error
            time.sleep(0.5)
    raise last


def rows(page, pointer):
    for name in pointer.strip("/").split("/"):
        page = page[name]
    return page


def read(step):
    paging = {
        "knosc": lambda page: {"page": page, "page_size": 100},
        "thredfi": lambda page: {"page": page, "page_size": 100},
        "operations1": lambda page: {"pageIndex": page - 1, "pageSize": 100},
        "kneo": lambda page: {"offset": 100 * (page - 1), "limit": 100},
    }[API]
    seen, page = 0, 1
    while True:
        some = rows(call("GET", step["path"], params=paging(page)), step["rows_at"])
        seen += len(some)
        page += 1
        if len(some) < 100:
            return {"state": "read", "rows": seen}


def do(step):
    try:
        if step["kind"] == "read":
            return read(step)
        call(step["method"], step["path"], step.get("body"))
        return {"state": "applied"}
    except Exception:
        return {"state": "failed"}


try:
    log_in()
except Exception:
    pass
with open(os.environ["STEADFAST_RESULTS"], "a") as results:
    for step in JOB["steps"]:
        results.write(json.dumps({"id": step["id"], **do(step)}) + "\n")
        results.flush()
