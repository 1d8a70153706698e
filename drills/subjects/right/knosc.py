"""A client of Knosc that is right.

- A log-in that was refused is not tried again. A session that ended is renewed once, and the request sent again.
- The CSRF value is read from the cookies at each send.
- An order whose answer did not come is in doubt. It is looked for in the whole list, once it can no longer
  take effect late and no integration run can be hiding it: an order of ours, written back as it is and
  answered as done, shows that the tables are free. Only one that is then missing is sent again.
- An answer that says `Warning` is a promise, not an effect, and is never sent again.
"""

import os
import time

from exchange import Exchange, NoAnswer, NotDone, NotSent, Refused, ShutOut, attempts
from job import Job, rows_of

# The API's documents disagree on where one logs in and renews.
PATHS = {"guide": ("/login", "/refresh"), "reference": ("/authenticate", "/token-refresh")}
# So long after its last attempt a write may still take effect.
SETTLE_S = 3
PAGE_SIZE = 100


def is_stale(answer):
    code = (answer.body or {}).get("Code", "")
    return answer.status == 401 or (answer.status == 422 and code.startswith("CSRF"))


class Knosc:
    def __init__(self, job):
        self.http = Exchange(job.base_url, job.timeout_s)
        self.login_path, self.renewal_path = PATHS[job.profile]
        self.refused = None

    def call(self, method, path, **rest):
        """One request, in a session. What is sent again here was certainly not carried out."""
        renewed = False
        if "access_token_cookie" not in self.http.session.cookies:
            self.log_in()
        for _ in attempts():
            try:
                answer = self._send(method, path, **rest)
                if is_stale(answer) and not renewed:
                    renewed = True
                    self.renew()
                    answer = self._send(method, path, **rest)
            except NotSent:
                continue
            if answer.status != 429:
                return answer
        raise NotSent

    def log_in(self):
        if self.refused:
            raise ShutOut(self.refused)
        user = {"username": os.environ["STEADFAST_USERNAME"], "password": os.environ["STEADFAST_PASSWORD"]}
        answer = self._until_answered(self.login_path, json=user)
        if "access_token_cookie" not in self.http.session.cookies:
            self.refused = f"the log-in was answered with {answer.status}"
            raise ShutOut(self.refused)

    def renew(self):
        # One of the documents asks for this header.
        csrf = {"X-XSRF-TOKEN": self._cookie("csrf_refresh_token")}
        if not self._until_answered(self.renewal_path, headers=csrf).is_success:
            self.http.session.cookies.clear()
            self.log_in()

    def _until_answered(self, path, **rest):
        """Log-ins and refreshes may be sent again where no answer has come, and only there."""
        for _ in attempts():
            try:
                answer = self.http.send("POST", path, **rest)
            except (NotSent, NoAnswer):
                continue
            if not answer.is_ambiguous and answer.status != 429:
                return answer
        raise ShutOut(f"POST {path} has no answer")

    def _send(self, method, path, **rest):
        if method != "GET":
            rest["headers"] = {"X-XSRF-TOKEN": self._cookie("csrf_access_token")}
        return self.http.send(method, path, **rest)

    def _cookie(self, name):
        return self.http.session.cookies.get(name, "")

    def get(self, path, **query):
        """Reads are sent again until they are answered in full."""
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

    def read(self, path, pointer="/data/rows"):
        """All rows of a list. There is no total: a page that is not full is the last."""
        found, page = {}, 1
        while True:
            rows = rows_of(self.get(path, page=page, page_size=PAGE_SIZE), pointer)
            for row in rows:
                if row["id"] in found:
                    raise NoAnswer(f"{path} shows the same row again: its pages lead nowhere")
                found[row["id"]] = row
            if len(rows) < PAGE_SIZE:
                return list(found.values())
            page += 1


class Clerk:
    """Does the job, and keeps in mind what is in doubt."""

    def __init__(self, job):
        self.job = job
        self.api = Knosc(job)
        # An order of ours that is in effect: its id and what was sent.
        self.witness = None
        self.in_doubt = []

    def run(self):
        for step in self.job.steps:
            try:
                self.read(step) if step["kind"] == "read" else self.write(step)
            except NotDone:
                self.job.tell(step, "failed")
        for _ in range(8):
            if not self.in_doubt or not self.settle():
                return

    def read(self, step):
        try:
            rows = self.api.read(step["path"], step["rows_at"])
            self.job.tell(step, "read", rows=len(rows))
        except NoAnswer:
            self.job.tell(step, "failed")

    def write(self, step, again=False):
        try:
            answer = self.api.call(step["method"], step["path"], json=step["body"])
        except NoAnswer:
            return self.doubt(step)
        # What is refused now may still be there from the first time.
        if answer.is_ambiguous or (again and not answer.is_success):
            self.doubt(step)
        elif not answer.is_success:
            code = (answer.body or {}).get("Code")
            self.job.tell(step, "rejected" if answer.status >= 400 else "failed", code=code)
        elif answer.body.get("notification_type") == "Warning":
            self.job.tell(step, "queued")
        else:
            self.job.tell(step, "applied")
            if step["method"] == "POST":
                self.witness = (answer.body["id"], step["body"])

    def doubt(self, step):
        self.in_doubt.append(step)
        self.job.tell(step, "unknown")

    def settle(self):
        """Finds out what became of the orders in doubt; false if there is no sense in trying again."""
        time.sleep(SETTLE_S)
        try:
            if not self.tables_are_free():
                return self.witness is not None
            orders = {order["PO List Number"]: order for order in self.api.read("/purchase-order")}
        except (NoAnswer, NotDone):
            return False
        in_doubt, self.in_doubt = self.in_doubt, []
        for step in in_doubt:
            here = orders.get(step["natural_key"])
            try:
                if here is None:
                    self.write(step, again=True)
                elif self.is_ours(here, step["body"]):
                    self.job.tell(step, "applied")
            except (NoAnswer, NotDone):
                self.doubt(step)
        return True

    def tables_are_free(self):
        """Writes an order of ours back as it is: answered as done, it shows that no run holds the tables."""
        if self.witness is None:
            return False
        number, body = self.witness
        path = f"/purchase-order/{number}"
        here = self.api.get(path)["data"]["rows"]
        if len(here["details"]) != len(body["details"]):
            return False
        lines = [
            {**line, "id": known["id"], "PO Details Id": known["id"]}
            for line, known in zip(body["details"], here["details"])
        ]
        answer = self.api.call("PUT", path, json={**body, "Purchase Order Id": number, "details": lines})
        return answer.is_success and answer.body.get("notification_type") != "Warning"

    def is_ours(self, row, body):
        here = self.api.get(f"/purchase-order/{row['id']}")["data"]["rows"]
        wanted = [(line["Item Number"], line["PO Details Quantity"]) for line in body["details"]]
        lines = [(line["Item Number"], line["PO Details Quantity"]) for line in here["details"]]
        return here["Supplier Number"] == body["Supplier Number"] and sorted(lines) == sorted(wanted)


if __name__ == "__main__":
    Clerk(Job()).run()
