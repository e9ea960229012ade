"""Verbs that look into a run: probe, reach, trace. Each imports the file anew, constructs the model anew and calls that."""

from __future__ import annotations

import sys
from typing import Any

from mlxify.workers import arrays, instrument, probe, reach, trace, wire
from mlxify.workers.model import Json, Model


def probed(model: Model, request: Json) -> Json:
    """`facts`: [begin, end, fact] per expression that was evaluated; `failed`: the error that ended the run early, if any."""
    source, _ = model.loaded()
    code, rewriter = model.compiled("probe", lambda of: instrument.compile_rewritten(of, probe.Rewriter))

    def name_of(of: Any) -> str:
        own = getattr(of, "__module__", None) == source.name
        return of.__qualname__ if own else model.framework.public_name(of)

    recorder = probe.Recorder(model.framework, name_of)
    answer = _run(model, request, code, {probe.PROBE: recorder.probe})
    facts = [[*rewriter.spans[number], fact] for number, fact in sorted(recorder.facts.items())]
    return {**answer, "facts": sorted(facts, key=lambda fact: (fact[0], -fact[1]))}


def reached(model: Model, request: Json) -> Json:
    """`lines` that ran from the import to the result, and `executable`: all that could."""
    source, _ = model.loaded()
    code, executable = model.compiled("reach", reach.compile_with_lines)
    with reach.lines_of(source.path) as ran:
        answer = _run(model, request, code, {})
    return {**answer, "lines": sorted(ran & executable), "executable": sorted(executable)}


def traced(model: Model, request: Json) -> Json:
    """`trace`: values of assigned names during the call, in order; their arrays in `out`."""
    code, rewriter = model.compiled("trace", lambda of: instrument.compile_rewritten(of, trace.Rewriter))
    recorder = trace.Recorder(model.framework, rewriter.statements, request.get("spans") or [])
    answer = _run(model, request, code, {trace.RECORD: recorder.record, trace.RETURN: recorder.returned}, recorder)
    arrays.write(request["out"], recorder.arrays)
    return {**answer, "trace": recorder.entries, "truncated": recorder.truncated}


def _run(model: Model, request: Json, code: Any, given: Json, recorder: trace.Recorder | None = None) -> Json:
    """Runs to the end or to an exception of the model's, which then is `failed`: what was seen before is still true."""
    model.constructed()
    try:
        with instrument.deep_recursion():
            for stage, _, _ in instrument.run_again(model, request, code, given):
                if recorder is not None:
                    recorder.active = stage == "constructed"
    except Exception as error:
        tracer = sys.gettrace()
        sys.settrace(None)
        failure = wire.error_of(error, model.loaded()[0].path)
        sys.settrace(tracer)
        return {"failed": failure}
    return {}


VERBS = {"probe": probed, "reach": reached, "trace": traced}
