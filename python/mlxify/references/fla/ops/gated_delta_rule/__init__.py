"""The gated delta rule."""

from .chunk import (
    chunk_gated_delta_rule,
    chunk_gdn,
    fused_recurrent_gated_delta_rule,
    fused_recurrent_gdn,
)
from .naive import naive_chunk_gated_delta_rule, naive_recurrent_gated_delta_rule
