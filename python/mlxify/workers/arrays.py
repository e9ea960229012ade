"""Arrays outside of a framework: raw bytes with torch's name of their dtype, and safetensors files of them.

The format is little-endian and so simple that no library is needed, which would know one framework and lack bfloat16.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

FLOAT32 = np.float32  # also while numpy's own name stands for float64 (mlx_float64.py)
_FORMAT_OF = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
    "complex64": "C64",
}
FLOATING = frozenset({"float64", "float32", "float16", "bfloat16"})
_DTYPE_OF = {text: dtype for dtype, text in _FORMAT_OF.items()}


@dataclass(frozen=True)
class Raw:
    """An array in memory. `values` is contiguous; bfloat16, which numpy lacks, is kept as its bits in uint16."""

    dtype: str
    values: np.ndarray

    def same(self, other: Raw | None) -> bool:
        """Whether every bit is equal."""
        return (
            other is not None
            and (self.dtype, self.shape) == (other.dtype, other.shape)
            and self.values.tobytes() == other.values.tobytes()
        )

    @staticmethod
    def of(values: np.ndarray) -> Raw:
        """Any numpy array of a dtype that has a name here. Raises TypeError for others."""
        if values.dtype.name == "complex128":
            values = values.astype(np.complex64)
        if values.dtype.name not in _FORMAT_OF:
            raise TypeError(f"arrays of {values.dtype} cannot be passed on")
        return Raw(values.dtype.name, np.ascontiguousarray(values).reshape(values.shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def floating(self) -> bool:
        return self.dtype in FLOATING

    def numbers(self) -> np.ndarray:
        """The values as numbers: bfloat16 widened to float32."""
        if self.dtype == "bfloat16":
            return (self.values.astype(np.uint32) << 16).view(FLOAT32)
        return self.values

    def cast(self, dtype: str) -> Raw:
        """Rounded to nearest even for bfloat16, else as numpy converts."""
        if dtype == self.dtype:
            return self
        values = self.numbers()
        if dtype != "bfloat16":
            return Raw(dtype, values.astype(dtype))
        bits = np.ascontiguousarray(values, dtype=FLOAT32).reshape(values.shape).view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        return Raw(dtype, np.where(np.isnan(values), 0x7FC0, rounded).astype(np.uint16))

    def finite(self) -> bool:
        """Whether no element is NaN or infinite."""
        return self.values.dtype.kind not in "fcu" or bool(np.isfinite(self.numbers()).all())


def write(path: str, arrays: dict[str, Raw], metadata: dict[str, str] | None = None) -> None:
    """Writes a safetensors file as a whole or not at all. Raises OSError."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, raw in arrays.items():
        end = offset + raw.values.nbytes
        header[name] = {"dtype": _FORMAT_OF[raw.dtype], "shape": list(raw.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    draft = path + ".part"
    with open(draft, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for raw in arrays.values():
            file.write(np.ascontiguousarray(raw.values).reshape(-1).view(np.uint8))
    os.replace(draft, path)


def read(path: str) -> tuple[dict[str, Raw], dict[str, str]]:
    """The arrays of a safetensors file, copied, and its metadata. Raises OSError, ValueError for what is none."""
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8:
        raise ValueError(f"{os.path.basename(path)} is no safetensors file")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, about in header.items():
        begin, end = (8 + length + offset for offset in about["data_offsets"])
        dtype = _DTYPE_OF.get(about["dtype"])
        if dtype is None:
            raise ValueError(f"`{name}` has the unknown dtype {about['dtype']}")
        stored = np.dtype(np.uint16) if dtype == "bfloat16" else np.dtype(dtype)
        arrays[name] = Raw(dtype, np.frombuffer(data[begin:end], stored).reshape(about["shape"]).copy())
    return arrays, metadata
