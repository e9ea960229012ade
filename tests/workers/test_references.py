"""What a file imports of a library that is served from references."""

from __future__ import annotations

import importlib.util

import pytest
from worker_client import WorkerError, WorkerSession

TEXT = """
import torch
from timm.models.resnet import resnet26d
from timm.models.vision_transformer import VisionTransformer, Block
try:
    from timm.models.nowhere import thing
except ImportError:
    thing = None
class Net(VisionTransformer):
    pass
def f(x): return x + (thing is None)
def g(x): return resnet26d(x)
"""


@pytest.mark.skipif(importlib.util.find_spec("timm") is not None, reason="timm itself is installed")
def test_what_no_reference_has_raises_when_it_is_called(torch_session: WorkerSession) -> None:
    torch_session.load(TEXT)
    torch_session.ask("construct", expression="f", seed=0)
    spec = {"args": [{"shape": [2], "dtype": "float32"}]}
    torch_session.ask("inputs", spec=spec, seed=0, out=torch_session.path("inputs"))
    torch_session.ask("call", spec=spec, arrays=torch_session.path("inputs"), out=torch_session.path("out"))
    torch_session.ask("construct", expression="g", seed=0)
    with pytest.raises(WorkerError, match=r"mlxify has no reference of `timm\.models\.resnet\.resnet26d`"):
        torch_session.ask("call", spec=spec, arrays=torch_session.path("inputs"), out=torch_session.path("out"))
