"""One exchange over HTTP, and what is known after it. Nothing here is sent twice."""

import math
import random
import time
from email.utils import parsedate_to_datetime

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

# A hint that asks for more patience than this ends the call.
PATIENCE_S = 60


class NotDone(Exception):
    """It was certainly not carried out."""


class NotSent(NotDone):
    """There was no connection, or nothing but 429: the API has done nothing."""


class NotBefore(NotDone):
    """The API has told to come back later than anybody waits here."""


class Refused(NotDone):
    """The API has answered, and will not."""


class ShutOut(NotDone):
    """The credentials are not good, or no session is to be had."""


class NoAnswer(Exception):
    """It was sent, or may have been, and no whole answer came back: the API may have carried it out."""


class Answer:
    def __init__(self, reply):
        self.status = reply.status_code
        self.headers = reply.headers
        try:
            self.body = reply.json()
        except ValueError:
            self.body = None
        if not isinstance(self.body, dict):
            self.body = None

    @property
    def is_success(self):
        """Only what can be read is a success: a page in HTML with status 200 is none."""
        return 200 <= self.status < 300 and self.body is not None

    @property
    def is_ambiguous(self):
        """Whether the request may have been carried out all the same."""
        return self.status >= 500 or self.status == 408 or (200 <= self.status < 300 and self.body is None)

    def hint_s(self):
        """The seconds that Retry-After asks for; none if it says nothing that makes sense."""
        text = self.headers.get("Retry-After", "")
        try:
            seconds = float(text)
        except ValueError:
            try:
                now = parsedate_to_datetime(self.headers["Date"])
                seconds = (parsedate_to_datetime(text) - now).total_seconds()
            except (KeyError, TypeError, ValueError):
                return None
        return seconds if math.isfinite(seconds) and seconds >= 0 else None


class Exchange:
    """Sends requests, and holds all of them back as long as the API has asked for."""

    def __init__(self, base_url, timeout_s):
        self.base_url = base_url
        self.timeout_s = timeout_s
        self.session = requests.Session()
        self._not_before = 0.0

    def send(self, method, path, **rest):
        wait_s = self._not_before - time.monotonic()
        if wait_s > PATIENCE_S:
            raise NotBefore
        time.sleep(max(wait_s, 0))
        try:
            # A redirect is no answer of these APIs, and must not take credentials to anybody else.
            reply = self.session.request(
                method,
                self.base_url + path,
                timeout=(5, self.timeout_s),
                allow_redirects=False,
                **rest,
            )
        except requests.ConnectionError as error:
            raise (NotSent if never_connected(error) else NoAnswer) from error
        except requests.RequestException as error:
            raise NoAnswer from error
        answer = Answer(reply)
        hint_s = answer.hint_s()
        if hint_s is not None and answer.status >= 400:
            # A little more than asked for, as the clocks are two.
            self._not_before = time.monotonic() + hint_s + 0.05
        return answer


def never_connected(error):
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def attempts(most=4):
    """Counts attempts, and waits between them: 1, 2, 4 … seconds, less a random part."""
    for number in range(most):
        if number:
            time.sleep(2 ** (number - 1) * random.uniform(0.5, 1))
        yield number
