"""Another path of `fla.ops.gated_delta_rule.chunk`."""

from .chunk import fused_recurrent_gated_delta_rule, fused_recurrent_gdn
