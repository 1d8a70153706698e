"""A client of kneo that is right.

- Every POST has an idempotency key, made before the first attempt and the same for all of them. So whatever may
  have worked is sent again under it, and never takes effect twice.
- A 500 is not sent again, as the guide has it: then it is not known whether there is a run.
- Nothing cures a 401: it ends the work, and nothing more is sent.
"""

import os
import uuid

from exchange import Exchange, NoAnswer, NotDone, NotSent, Refused, ShutOut, attempts
from job import Job, rows_of


class Kneo:
    def __init__(self, job):
        self.http = Exchange(job.base_url, job.timeout_s)
        self.http.session.headers["Authorization"] = f"Bearer {os.environ['STEADFAST_API_KEY']}"
        self.is_shut_out = False

    def call(self, method, path, headers=None, **rest):
        """One request. What is sent again here was certainly not carried out."""
        headers = {"X-Request-ID": str(uuid.uuid4()), **(headers or {})}
        for _ in attempts():
            if self.is_shut_out:
                raise ShutOut
            try:
                answer = self.http.send(method, path, headers=headers, **rest)
            except NotSent:
                continue
            if answer.status == 401:
                self.is_shut_out = True
                raise ShutOut
            if answer.status != 429 and code_of(answer) != "idempotency_key_in_progress":
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

    def read(self, path, pointer):
        found, offset = {}, 0
        while True:
            page = self.get(path, offset=offset)
            rows = rows_of(page, pointer)
            for row in rows:
                if row["run_id"] in found:
                    raise NoAnswer(f"{path} shows the same row again: its pages lead nowhere")
                found[row["run_id"]] = row
            offset += len(rows)
            if not rows or offset >= page["total"]:
                return list(found.values())


def code_of(answer):
    """The code stands at the top or, in the newer version, within `detail`; with a list of flaws there is none."""
    body = answer.body or {}
    if isinstance(body.get("detail"), dict):
        body = body["detail"]
    return body.get("error")


def write(api, step):
    """Sends until something is known; gives the state and the code."""
    key = {"Idempotency-Key": step.get("idempotency_key") or str(uuid.uuid4())}
    may_have_worked = False
    for _ in attempts():
        try:
            answer = api.call(step["method"], step["path"], json=step.get("body"), headers=key)
        except NoAnswer:
            may_have_worked = True
            continue
        except NotDone:
            break
        if answer.is_ambiguous:
            may_have_worked = True
            if answer.status == 500:
                break
        elif answer.is_success:
            return "applied", None
        elif may_have_worked:
            # It is the repeat that was refused.
            break
        else:
            return ("rejected" if answer.status >= 400 else "failed"), code_of(answer)
    return ("unknown" if may_have_worked else "failed"), None


def main():
    job = Job()
    api = Kneo(job)
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
