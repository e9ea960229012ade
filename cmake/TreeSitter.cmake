# tree-sitter and its Python grammar as one static C library: tree_sitter_python.
# The sources come from the source distributions on the package index (tools/fetch_tree_sitter.py), never from this repository.
set(MLXIFY_TREE_SITTER_DIR "${PROJECT_SOURCE_DIR}/.cache/tree-sitter" CACHE PATH "unpacked sources of tree-sitter")

if(NOT EXISTS "${MLXIFY_TREE_SITTER_DIR}/ready")
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tools/fetch_tree_sitter.py" "${MLXIFY_TREE_SITTER_DIR}"
    COMMAND_ERROR_IS_FATAL ANY)
endif()

set(core "${MLXIFY_TREE_SITTER_DIR}/core")
set(grammar "${MLXIFY_TREE_SITTER_DIR}/python")
# lib.c includes the other files of the core.
add_library(tree_sitter_python STATIC "${core}/src/lib.c" "${grammar}/src/parser.c" "${grammar}/src/scanner.c")
target_include_directories(tree_sitter_python SYSTEM PUBLIC "${core}/include")
# The grammar asks for "tree_sitter/parser.h" and friends; they are the core's own headers under that name.
target_include_directories(tree_sitter_python PRIVATE "${core}/src" "${grammar}/include")
target_compile_definitions(tree_sitter_python PRIVATE _POSIX_C_SOURCE=200112L _DEFAULT_SOURCE _DARWIN_C_SOURCE)
target_compile_options(tree_sitter_python PRIVATE -w)
set_target_properties(tree_sitter_python PROPERTIES C_STANDARD 11 POSITION_INDEPENDENT_CODE ON)
