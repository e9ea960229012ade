"""Comparisons of torch's version with another: `torch.__version__` is a string in MLX, too, and versions stay what they are."""

from mlxify.catalogue import *

keep("packaging.version.parse", "packaging.version.Version", "packaging.version.InvalidVersion", "pkg_resources.parse_version")
