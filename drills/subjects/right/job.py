"""The job of a drill, and the file for its results."""

import json
import os
import time


class Job:
    def __init__(self):
        self.began = time.monotonic()
        with open(os.environ["STEADFAST_JOB"], encoding="utf-8") as file:
            self.__dict__.update(json.load(file))
        self.base_url = os.environ["STEADFAST_BASE_URL"]
        self._results = open(os.environ["STEADFAST_RESULTS"], "a", encoding="utf-8")

    def tell(self, step, state, **more):
        """Writes down what is believed of a step. A later line about it replaces an earlier one."""
        line = {"id": step["id"], "state": state, **{name: value for name, value in more.items() if value}}
        if state == "read":
            line["rows"] = more["rows"]
        self._results.write(json.dumps(line) + "\n")
        self._results.flush()


def rows_of(page, pointer):
    """The rows of a page, at a JSON pointer."""
    for name in pointer.strip("/").split("/"):
        page = page[name]
    return page
