"""Another path of `fla.ops.delta_rule.chunk`."""

from .chunk import fused_recurrent_delta_rule
