// Keeps the author's line breaks and comments when a call is rewritten argument by argument.
//
//   torch.cat(            mx.concatenate(
//       (a, b),     ->        (a, b),
//       dim=-1,               axis=-1,
//   )                     )
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mlxify::rewrite {

// The new text of a gap between two arguments, with the white space and comments of the old one; nullopt if the two do not
// have the same number of tokens (a trailing comma aside).
std::optional<std::string> merge_layout(std::string_view old_gap, std::string_view new_gap, bool last);

}  // namespace mlxify::rewrite
