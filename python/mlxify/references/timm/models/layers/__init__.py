"""The former home of timm.layers."""

from ...layers import *
