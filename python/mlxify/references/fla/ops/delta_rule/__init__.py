"""The delta rule."""

from .chunk import chunk_delta_rule, fused_chunk_delta_rule, fused_recurrent_delta_rule
