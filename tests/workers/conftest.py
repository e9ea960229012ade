"""One server of each framework for all tests, a session of each for every test that asks for one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from worker_client import WorkerServer, WorkerSession

MODELS = Path(__file__).parent / "models"


def _server(framework: str) -> Iterator[WorkerServer]:
    server = WorkerServer(framework)
    yield server
    assert server.close() == 0


@pytest.fixture(scope="session")
def torch_server() -> Iterator[WorkerServer]:
    yield from _server("torch")


@pytest.fixture(scope="session")
def mlx_server() -> Iterator[WorkerServer]:
    yield from _server("mlx")


@pytest.fixture
def torch_session(torch_server: WorkerServer, tmp_path: Path) -> Iterator[WorkerSession]:
    session = torch_server.open(tmp_path / "torch")
    yield session
    session.close()


@pytest.fixture
def mlx_session(mlx_server: WorkerServer, tmp_path: Path) -> Iterator[WorkerSession]:
    session = mlx_server.open(tmp_path / "mlx")
    yield session
    session.close()


@pytest.fixture
def torch_text() -> str:
    return (MODELS / "mixer_torch.py").read_text()


@pytest.fixture
def mlx_text() -> str:
    return (MODELS / "mixer_mlx.py").read_text()
