// The content hash that the header of a saved file names and that guards the original.
// takes: bytes; gives: 64 hexadecimal digits (FIPS 180-4); tests: sha256_test.cpp
#pragma once

#include <string>
#include <string_view>

namespace mlxify::store {

std::string sha256(std::string_view bytes);

}  // namespace mlxify::store
