"""A client with the retries that come ready-made: `urllib3.Retry` under `requests`, for every method and status.

It keeps to `Retry-After` and backs off, which is more than most do. But the retries know nothing of what a write
has done: one whose answer is lost is sent again and takes effect twice, and what comes back is believed.
"""

import json
import os

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

with open(os.environ["STEADFAST_JOB"]) as file:
    JOB = json.load(file)
API, BASE = JOB["api"], os.environ["STEADFAST_BASE_URL"]

session = requests.Session()
retry = Retry(
    total=5,
    backoff_factor=0.5,
    status_forcelist=[429, 500, 502, 503, 504],
    allowed_methods=None,
)
session.mount("http://", HTTPAdapter(max_retries=retry))


def token(path, **auth):
    return "Bearer " + session.post(BASE + path, **auth).json()["access_token"]


def log_in():
    env = os.environ
    if API == "knosc":
        user = {"username": env["STEADFAST_USERNAME"], "password": env["STEADFAST_PASSWORD"]}
        session.post(BASE + "/login", json=user).raise_for_status()
    elif API == "thredfi":
        auth = (env["STEADFAST_PARTNER_UUID"], env["STEADFAST_API_KEY"])
        session.headers["Authorization"] = token("/v1/platform/oauth2/token/", auth=auth)
        business = "22222222-2222-4222-8222-222222222222"
        session.headers["Authorization"] = token(f"/v1/platform/{business}/oauth2/token/")
    elif API == "operations1":
        session.headers["Authorization"] = "Bearer " + env["STEADFAST_TOKEN"]
        session.headers["Accept-Version"] = "2025-04-21"
    elif API == "kneo":
        session.headers["Authorization"] = "Bearer " + env["STEADFAST_API_KEY"]


def call(method, path, **rest):
    if API == "knosc":
        rest["headers"] = {"X-XSRF-TOKEN": session.cookies.get("csrf_access_token", path="/")}
    reply = session.request(method, BASE + path, timeout=JOB["timeout_s"], **rest)
    if reply.status_code == 401:
        log_in()
        reply = session.request(method, BASE + path, timeout=JOB["timeout_s"], **rest)
    return reply


def read(step):
    seen, page = 0, 0
    while True:
        paging = {
            "knosc": {"page": page + 1, "page_size": 100},
            "thredfi": {"page": page + 1, "page_size": 100},
            "operations1": {"pageIndex": page, "pageSize": 100},
            "kneo": {"offset": page * 100, "limit": 100},
        }[API]
        reply = call("GET", step["path"], params=paging)
        reply.raise_for_status()
        some = reply.json()
        for name in step["rows_at"].strip("/").split("/"):
            some = some[name]
        seen, page = seen + len(some), page + 1
        if len(some) < 100:
            return {"state": "read", "rows": seen}


def write(step):
    reply = call(step["method"], step["path"], json=step.get("body"))
    if reply.ok:
        return {"state": "applied"}
    body = reply.json()
    code = body.get("Code") or body.get("error_code") or body.get("errorCode") or body.get("error")
    return {"state": "rejected", "code": code}


def do(step):
    try:
        return read(step) if step["kind"] == "read" else write(step)
    except Exception:
        return {"state": "failed"}


def main():
    try:
        log_in()
    except Exception:
        pass
    with open(os.environ["STEADFAST_RESULTS"], "a") as results:
        for step in JOB["steps"]:
            results.write(json.dumps({"id": step["id"], **do(step)}) + "\n")
            results.flush()


if __name__ == "__main__":
    main()
