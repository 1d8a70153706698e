"""A client of Operations1 that is right.

- Nothing cures a 401: it ends the work, and nothing more is sent.
- The API does not refuse a second order with the same `customOrderId`, so one whose answer did not come is
  looked for, in the whole list and after a while, and sent again only if it is not there.
- A limit is kept to by all requests, not only by the one that met it.
"""

import os
import time

from exchange import Exchange, NoAnswer, NotDone, NotSent, Refused, ShutOut, attempts
from job import Job, rows_of

# So long after its last attempt a write may still take effect.
SETTLE_S = 3


class Operations1:
    def __init__(self, job):
        self.http = Exchange(job.base_url, job.timeout_s)
        self.http.session.headers["Authorization"] = f"Bearer {os.environ['STEADFAST_TOKEN']}"
        self.http.session.headers["Accept-Version"] = "2025-04-21"
        self.is_shut_out = False

    def call(self, method, path, **rest):
        """One request. What is sent again here was certainly not carried out."""
        for _ in attempts():
            if self.is_shut_out:
                raise ShutOut
            try:
                answer = self.http.send(method, path, **rest)
            except NotSent:
                continue
            if answer.status == 401:
                self.is_shut_out = True
                raise ShutOut
            if answer.status != 429:
                return answer
        raise NotSent

    def get(self, path, **query):
        for _ in attempts():
            try:
                answer = self.call("GET", path, params=query)
            except NoAnswer:
                continue
            if not answer.is_ambiguous:
                if not answer.is_success:
                    raise Refused(f"{path} was answered with {answer.status}")
                return answer.body
        raise NoAnswer

    def read(self, path, pointer="/items", **query):
        found, index = {}, 0
        while True:
            page = self.get(path, pageIndex=index, **query)
            rows = rows_of(page, pointer)
            for row in rows:
                if row["id"] in found:
                    raise NoAnswer(f"{path} shows the same row again: its pages lead nowhere")
                found[row["id"]] = row
            index += 1
            if not rows or index * page["pageSize"] >= page["totalItemCount"]:
                return list(found.values())

    def is_there(self, step):
        """Whether what a step creates is in the list, whatever the list does with its filters."""
        if step["path"] == "/users":
            return any(user["name"] == step["natural_key"] for user in self.read("/users"))
        key = step.get("natural_key") or step["body"].get("orderNumber")
        orders = self.read("/orders", customOrderIds=key, orderBy="id")
        return any(order["customId"] == key for order in orders)


def write(api, step):
    """Sends until something is known; gives the state and the code."""
    may_have_worked = False
    for _ in attempts():
        try:
            if may_have_worked and step["method"] == "POST":
                time.sleep(SETTLE_S)
                if api.is_there(step):
                    return "applied", None
        except (NoAnswer, NotDone):
            break
        try:
            answer = api.call(step["method"], step["path"], json=step["body"])
        except NoAnswer:
            may_have_worked = True
            continue
        except NotDone:
            break
        if answer.is_ambiguous:
            may_have_worked = True
        elif answer.is_success:
            return "applied", None
        elif may_have_worked:
            # It is the repeat that was refused.
            break
        else:
            code = (answer.body or {}).get("errorCode")
            return ("rejected" if answer.status >= 400 else "failed"), code
    return ("unknown" if may_have_worked else "failed"), None


def main():
    job = Job()
    api = Operations1(job)
    for step in job.steps:
        if step["kind"] == "write":
            state, code = write(api, step)
            job.tell(step, state, code=code)
            continue
        try:
            job.tell(step, "read", rows=len(api.read(step["path"], step["rows_at"])))
        except (NoAnswer, NotDone):
            job.tell(step, "failed")


if __name__ == "__main__":
    main()
