"""Writes torch_operators.tsv: for each operator of PyTorch's database that has an entry, how its samples fare.

Run as `python tests/conformance/torch_operators.py`. Columns: operator and variant, samples that agree in values (and of
those in gradients), that the catalogue refuses, at which MLX raises, and at which the two differ.
"""

import itertools
import sys
import warnings
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / part) for part in ("tests/catalogue", "python", "")]

import torch  # noqa: E402
from function_parity import Call, Entry, check_gradients, run  # noqa: E402
from test_torch_operators import OPERATORS, unusual  # noqa: E402
from torch.testing._internal.opinfo.core import OpInfo  # noqa: E402

COLUMNS = ("agree", "gradients", "refused", "raised", "differ")
SAMPLES = 60


def fate(operator: OpInfo, entry: Entry, call: Call) -> list[str]:
    """The columns that a sample counts in."""
    try:
        if run(entry, call, gradients=False) == "refused":
            return ["refused"]
    except AssertionError:
        return ["differ"]
    except Exception:
        return ["raised"]
    try:
        agrees = operator.supports_autograd and check_gradients(entry, call)
    except Exception:
        agrees = False
    return ["agree", "gradients"] if agrees else ["agree"]


def row(operator: OpInfo, entry: Entry) -> str:
    counts: Counter[str] = Counter()
    for sample in itertools.islice(operator.sample_inputs("cpu", torch.float32), SAMPLES):
        call = Call((sample.input, *sample.args), dict(sample.kwargs))
        if not unusual(call):
            counts.update(fate(operator, entry, call))
    name = f"{operator.name} {operator.variant_test_name}".strip()
    return "\t".join([name, *(str(counts[column]) for column in COLUMNS)])


def main() -> None:
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    rows = [row(operator, entry) for operator, entry in OPERATORS]
    (HERE / "torch_operators.tsv").write_text("\n".join(["\t".join(("operator", *COLUMNS)), *rows]) + "\n")


if __name__ == "__main__":
    main()
