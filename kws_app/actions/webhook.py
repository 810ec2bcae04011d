"""A web hook: an HTTP POST of JSON to the user's address. Redirects are not followed.

Runs in the calling thread. It uses no proxy and no cookies, and reads only the status of the answer.
"""

import http.client
import json
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from kws_app.actions.choices import WebhookChoice, url_fault
from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.translation import _

LIMIT_S = 5.0  # time limit for the whole call


class Webhook:
    """A call of a web hook. Call `run` once, in any thread. `end`, from another thread, ends it early."""

    def __init__(self, choice: WebhookChoice, event: DetectionEvent, limit_s: float = LIMIT_S) -> None:
        """raises ActionError, in one sentence, if the address cannot be used"""
        if fault := url_fault(choice.url):
            raise ActionError(fault)
        parts = urlsplit(choice.url)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._secure else 80)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.name = _("The web hook at {host}", host=self._host)
        self._body = json.dumps(event.to_json()).encode()
        self._limit_s = limit_s
        self._connection = self._new_connection()
        self._ended = False

    def _new_connection(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._limit_s, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._limit_s)

    def run(self) -> None:
        """Send the event. raises ActionError, in one sentence, unless the answer reports success"""
        limit = threading.Timer(self._limit_s, self.end)
        limit.daemon = True
        limit.start()
        try:
            status, reason, location = self._post()
        except TimeoutError as error:
            raise self._late() from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._ended:  # `end` has closed the socket
                raise self._late() from error
            raise ActionError(
                _("{name} cannot be reached ({error}).", name=self.name, error=str(error) or type(error).__name__)
            ) from error
        finally:
            limit.cancel()
            self._connection.close()
        if 300 <= status < 400 and location:
            raise ActionError(
                _(
                    "{name} redirects to another address: if you trust {address!r}, enter that address.",
                    name=self.name,
                    address=location[:200],
                )
            )
        if not 200 <= status < 300:
            answer = f"{status} {reason[:80]}".rstrip()
            raise ActionError(_("{name} answered {answer}.", name=self.name, answer=answer))

    def end(self) -> None:
        """Close the connection: the waiting call ends with an error."""
        self._ended = True
        connection = self._connection.sock
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _post(self) -> tuple[int, str, str]:
        if self._ended:
            raise TimeoutError
        headers = {"Content-Type": "application/json", "User-Agent": "kws-app", "Connection": "close"}
        self._connection.request("POST", self._target, self._body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.reason or "", answer.getheader("Location") or ""

    def _late(self) -> ActionError:
        return ActionError(_("{name} did not answer within {limit:g} s.", name=self.name, limit=self._limit_s))
