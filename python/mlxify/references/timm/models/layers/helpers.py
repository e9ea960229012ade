"""Small functions about sizes, where timm kept them before timm.layers."""

from ...layers import make_divisible, to_2tuple, to_3tuple

__all__ = ["make_divisible", "to_2tuple", "to_3tuple"]
