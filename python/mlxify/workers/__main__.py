"""`python -m mlxify.workers torch|mlx [--in 3] [--out 4]`: a server of one framework."""

from __future__ import annotations

import argparse

from mlxify.workers import isolation, server


def main() -> int:
    parser = argparse.ArgumentParser(prog="mlxify.workers", description="executes models for the verifier of mlxify")
    parser.add_argument("framework", choices=["torch", "mlx"])
    parser.add_argument("--in", dest="requests", type=int, default=3, help="file descriptor of the requests")
    parser.add_argument("--out", dest="answers", type=int, default=4, help="file descriptor of the answers")
    parser.add_argument("--without-namespaces", action="store_true", help="isolate as on a system that allows none")
    arguments = parser.parse_args()
    if arguments.without_namespaces:
        isolation.forgo_namespaces()
    return server.serve(arguments.framework, arguments.requests, arguments.answers)


if __name__ == "__main__":
    raise SystemExit(main())
