#include "diagnostics/diagnostic.h"

#include <string_view>

namespace mlxify::diagnostics {

std::string code_name(Code code) { return "MX" + std::to_string(static_cast<int>(code)); }

std::string_view code_title(Code code) {
    switch (code) {
#define MLXIFY_CODE(number, name, title) \
    case Code::name: return title;
#include "diagnostics/codes.def"
#undef MLXIFY_CODE
    }
    return {};
}

}  // namespace mlxify::diagnostics
