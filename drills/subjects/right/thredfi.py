"""A client of Thredfi that is right.

- A token that ended is replaced: first the business's, then both. Three sends, and that is all.
- A write whose answer did not come is sent again, since every one carries what makes that safe: an
  `external_id`, of which there is never a second, or an idempotency key, the same for every attempt.
- A duplicate is looked up and compared. Ours, if we sent it before; there already, if it was not us; and a
  conflict, if it says something else.
- Once an attempt may have worked, a refusal of the next one takes nothing back.
"""

import os
import re
import uuid

from exchange import Exchange, NoAnswer, NotDone, NotSent, Refused, ShutOut, attempts
from job import Job, rows_of

PLATFORM = "/v1/platform"


class Thredfi:
    def __init__(self, job):
        self.http = Exchange(job.base_url, job.timeout_s)
        self.partner = None
        self.business = {}
        self.refused = None

    def call(self, method, path, headers=None, **rest):
        """One request under a good token. What is sent again here was certainly not carried out."""
        business = re.match(rf"{PLATFORM}/businesses/([0-9a-f-]+)/", path)
        business = business and business.group(1)
        for _ in attempts():
            try:
                for renew in (None, self.renew_business, self.renew_both):
                    if renew:
                        renew(business)
                    token = self.token(business)
                    auth = {"Authorization": f"Bearer {token}"}
                    answer = self.http.send(method, path, headers={**auth, **(headers or {})}, **rest)
                    if answer.status != 401:
                        break
            except NotSent:
                continue
            if answer.status != 429:
                return answer
        raise NotSent

    def token(self, business):
        if self.partner is None:
            login = (os.environ["STEADFAST_PARTNER_UUID"], os.environ["STEADFAST_API_KEY"])
            self.partner = self._exchange(f"{PLATFORM}/oauth2/token/", auth=login)
        if business is None:
            return self.partner
        if business not in self.business:
            auth = {"Authorization": f"Bearer {self.partner}"}
            self.business[business] = self._exchange(f"{PLATFORM}/{business}/oauth2/token/", headers=auth)
        return self.business[business]

    def renew_business(self, business):
        self.business.pop(business, None)
        try:
            self.token(business)
        except ShutOut:
            # The partner's token has ended with it.
            self.refused = None
            self.renew_both(business)

    def renew_both(self, business):
        self.partner = None
        self.business.clear()
        self.token(business)

    def _exchange(self, path, **rest):
        """Asks for a token. That may be asked again where no answer has come, and only there."""
        if self.refused:
            raise ShutOut(self.refused)
        for _ in attempts():
            try:
                answer = self.http.send("POST", path, **rest)
            except (NotSent, NoAnswer):
                continue
            if not answer.is_ambiguous and answer.status != 429:
                if not answer.is_success:
                    self.refused = f"{path} was answered with {answer.status}"
                    raise ShutOut(self.refused)
                return answer.body["access_token"]
        raise ShutOut(f"{path} has no answer")

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

    def read(self, path, pointer="/results", **query):
        """All rows of a list, by page numbers: what `next` holds is only asked whether there is more."""
        found, page = {}, 1
        while True:
            body = self.get(path, page=page, **query)
            for row in rows_of(body, pointer):
                if row["id"] in found:
                    raise NoAnswer(f"{path} shows the same row again: its pages lead nowhere")
                found[row["id"]] = row
            if body["next"] is None or not rows_of(body, pointer):
                return list(found.values())
            page += 1


def write(api, step):
    """Sends until something is known; gives the state and the code."""
    headers = {"Idempotency-Key": step.get("idempotency_key") or str(uuid.uuid4())} if step["keyed"] else {}
    may_have_worked = False
    for _ in attempts():
        try:
            answer = api.call(step["method"], step["path"], json=step["body"], headers=headers)
        except NoAnswer:
            may_have_worked = True
            continue
        except NotDone:
            break
        if answer.is_ambiguous:
            may_have_worked = True
            continue
        return judge(api, step, answer, may_have_worked)
    return (look(api, step) if may_have_worked else "failed"), None


def judge(api, step, answer, may_have_worked):
    code = (answer.body or {}).get("error_code")
    if answer.status == 201 or (answer.is_success and (step["keyed"] or step["method"] != "POST")):
        return "applied", None
    if answer.is_success or code == "duplicate_external_id":
        # There is one with this external_id. Which one?
        found = answer.body if answer.is_success else find(api, step)
        if found is not None and says(found, step["body"]):
            return ("applied" if may_have_worked else "existing"), None
        return "rejected", code
    if may_have_worked:
        return look(api, step), None
    return ("rejected" if answer.status >= 400 else "failed"), code


def look(api, step):
    """What became of a write that may have worked."""
    found = find(api, step)
    return "applied" if found is not None and says(found, step["body"]) else "unknown"


def find(api, step):
    key = step.get("natural_key")
    if key is None or step["method"] != "POST":
        return None
    try:
        rows = api.read(step["path"], external_id=key)
    except (NoAnswer, NotDone):
        return None
    # A server that passes over the filter shows others, too.
    return next((row for row in rows if row.get("external_id") == key), None)


def says(found, body):
    """Whether a record says what was to be written."""
    for name, wanted in body.items():
        if name == "customer_external_id":
            here = (found.get("customer") or {}).get("external_id")
        elif name == "line_items":
            lines = found.get(name) or []
            if len(lines) != len(wanted) or not all(map(says, lines, wanted)):
                return False
            continue
        else:
            here = found.get(name)
        if here != wanted:
            return False
    return True


def main():
    job = Job()
    api = Thredfi(job)
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
