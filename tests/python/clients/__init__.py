"""Clients as one would write them from the documents of each API: one with `requests`, one with `httpx`.

They share nothing but the exception below. None sends anything twice by itself, so a test sees
what each request met. All have the same verbs, so that one test can be run with any of them:

    log_in()      whatever the API wants before the first call
    refresh()     new credentials for used-up ones
    write(key)    creates one record under that natural key; gives its id
    read(key)     the records with that key, as the API lists them
    set_timeout(seconds)

and the exceptions of their library that stand for one mishap each:

    TIMED_OUT        no reply in time
    DISCONNECTED     the connection broke before a reply
    NOT_CONNECTED    nobody listens
    CUT              the reply broke off
    NOT_JSON         the reply is no JSON
"""


class Refused(Exception):
    """The API answered, and not with success."""

    def __init__(self, status, headers, text, code=None):
        super().__init__(f"{status} {code}: {text[:200]}")
        self.status = status
        self.headers = headers
        self.text = text
        self.code = code
