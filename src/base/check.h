// MLXIFY_CHECK: an always-on check for our own bugs. It names file and line and ends the program with exit code 3.
#pragma once

#include <cstdio>
#include <cstdlib>

#define MLXIFY_CHECK(condition)                                                                       \
    do {                                                                                              \
        if (!(condition)) {                                                                           \
            std::fprintf(stderr, "mlxify: internal error at %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            std::_Exit(3);                                                                            \
        }                                                                                             \
    } while (false)
