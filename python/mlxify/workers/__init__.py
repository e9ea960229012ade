"""Workers: Python processes that execute models for the verifier, one framework each.

`server` imports a framework once and forks a session per model; `session` answers the verbs of
docs/internals/worker-protocol.md. What differs between the frameworks lies behind `framework.Framework`; no process ever
imports both. Workers report and never judge: tolerances and verdicts are the compiler's.
"""
