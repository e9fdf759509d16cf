"""Runs promises in the order in which they are written, and counts."""

import sys
import traceback

from cloudflare import APIStatusError

_promises = []


def promise(function):
    _promises.append(function)
    return function


def refused(status, code, call, containing=""):
    """Asserts that `call` is refused with this HTTP status and first error code; answers the whole body."""
    try:
        call()
    except APIStatusError as error:
        first = error.body["errors"][0]
        assert (error.status_code, first["code"]) == (status, code), f"{error.status_code} {error.body}"
        assert isinstance(first["code"], int) and error.body["success"] is False and error.body["result"] is None
        assert containing.lower() in first["message"].lower(), first["message"]
        return error.body
    raise AssertionError(f"accepted, where {status}/{code} was expected")


def run():
    failed = 0
    for function in _promises:
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok      {name}")
        except Exception:
            failed += 1
            print(f"FAILED  {name}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(_promises) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
