"""A session: one model in one process. Reads requests, runs their verbs, answers; whatever the model raises is an answer too."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

from mlxify.workers import (
    comparison_verbs,
    framework,
    keeper,
    model_verbs,
    observation_verbs,
    wire,
)
from mlxify.workers.model import Model

Verb = Callable[[Model, dict[str, Any]], dict[str, Any]]

VERBS: dict[str, Verb] = {**model_verbs.VERBS, **comparison_verbs.VERBS, **observation_verbs.VERBS}


def main_of(served: framework.Framework) -> keeper.Main:
    """What a session's process runs."""
    gc.collect()
    gc.freeze()  # the framework's objects are shared with all sessions: collections must not touch, thus copy, them

    def main(requests: int, answers: int, isolation: dict[str, Any]) -> None:
        _serve(served, requests, answers, isolation)

    return main


def _serve(served: framework.Framework, requests: int, answers: int, isolation: dict[str, Any]) -> None:
    """Until the requests end. The first request brings the token; only `reply` holds it."""
    read, whoami, leave = os.read, os.getpid, os._exit  # before a model can replace them
    process = whoami()
    lines = wire.Lines()
    model = Model(served)
    reply: Callable[[Any, dict[str, Any]], None] | None = None

    def replier(token: str) -> Callable[[Any, dict[str, Any]], None]:
        def answer(id: Any, body: dict[str, Any]) -> None:
            if whoami() != process:
                leave(0)  # a fork of the model's code came back here
            wire.write_all(answers, wire.encode({"id": id, "token": token, **body}))

        return answer

    while data := read(requests, 1 << 16):
        for line in lines.feed(data):
            request = wire.decode(line)
            del line
            id, verb = request.pop("id", None), request.pop("verb", None)
            if reply is None:
                reply = replier(request.pop("token"))
                reply(id, {"ok": True, "isolation": isolation})
                continue
            request.pop("token", None)
            body = _perform(model, verb, request)
            try:
                reply(id, body)
            except ValueError as error:  # no JSON: a number of the model's that is not finite
                reply(id, {"ok": False, "error": wire.error("protocol", str(error))})


def _perform(model: Model, verb: Any, request: dict[str, Any]) -> dict[str, Any]:
    act = VERBS.get(verb)
    if act is None:
        return {"ok": False, "error": wire.error("protocol", f"there is no verb `{verb}`")}
    try:
        return {"ok": True, **act(model, request)}
    except BaseException as exception:  # also sys.exit and KeyboardInterrupt: nothing of the model's ends the loop
        path = model.source.path if model.source is not None else None
        failure = {"ok": False, "error": wire.error_of(exception, path)}
    finally:
        sys.settrace(None)
    sys.last_value = None  # tracebacks hold arrays
    return failure
