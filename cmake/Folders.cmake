# mlxify_add_folder(NAME): the library mlxify_NAME from src/NAME/**/*.cpp, which sees all folders added before it, and its tests.
#
# Not part of the library: *_test.cpp (unit tests), *_bench.cpp (benchmarks), *main.cpp (programs).
# With tests: objects mlxify_NAME_test_objects (for mlxify_tests) and the program mlxify_NAME_tests, which is built on request:
#   cmake --build build/release --target mlxify_syntax_tests && build/release/mlxify_syntax_tests

# Flags of our own code; code of others is a SYSTEM include.
add_library(mlxify_flags INTERFACE)
target_include_directories(mlxify_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_options(mlxify_flags INTERFACE -Wall -Wextra -Wpedantic)
target_compile_definitions(mlxify_flags INTERFACE MLXIFY_VERSION="${PROJECT_VERSION}")
target_link_libraries(mlxify_flags INTERFACE mlxify_dependencies)
if(MLXIFY_WERROR)
  target_compile_options(mlxify_flags INTERFACE -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # What gcc 12's optimiser guesses about std::optional: its value is said to be uninitialised after it was tested.
    target_compile_options(mlxify_flags INTERFACE -Wno-error=maybe-uninitialized)
  endif()
endif()
if(MLXIFY_SANITIZERS)
  add_compile_options(-fsanitize=${MLXIFY_SANITIZERS} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MLXIFY_SANITIZERS})
endif()

# mlxify_compile_together(TARGET SOURCES...): several files are compiled as one, where MLXIFY_UNITY is on: what is read and instantiated
# of the standard library, nlohmann-json and GoogleTest is most of the work. Files that open an enumeration to their namespace stay alone.
function(mlxify_compile_together target)
  if(MLXIFY_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
    foreach(source IN LISTS ARGN)
      file(STRINGS "${source}" opened REGEX "^using enum ")
      if(opened)
        set_source_files_properties("${source}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
      endif()
    endforeach()
  endif()
endfunction()

set_property(GLOBAL PROPERTY MLXIFY_LIBRARIES mlxify_flags)
set_property(GLOBAL PROPERTY MLXIFY_TEST_OBJECTS "")

function(mlxify_add_folder name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|main)\\.cpp$")
  get_property(before GLOBAL PROPERTY MLXIFY_LIBRARIES)

  if(sources)
    add_library(mlxify_${name} STATIC ${sources})
    target_link_libraries(mlxify_${name} PUBLIC ${before})
    mlxify_compile_together(mlxify_${name} ${sources})
  else()
    add_library(mlxify_${name} INTERFACE)
    target_link_libraries(mlxify_${name} INTERFACE ${before})
  endif()
  if(name STREQUAL "syntax")  # the only folder that includes tree-sitter
    if(sources)
      target_link_libraries(mlxify_syntax PRIVATE tree_sitter_python)
    else()
      target_link_libraries(mlxify_syntax INTERFACE tree_sitter_python)
    endif()
  endif()
  set_property(GLOBAL APPEND PROPERTY MLXIFY_LIBRARIES mlxify_${name})

  if(tests AND MLXIFY_TESTS)
    add_library(mlxify_${name}_test_objects OBJECT EXCLUDE_FROM_ALL ${tests})
    target_link_libraries(mlxify_${name}_test_objects PUBLIC mlxify_${name} ${before} GTest::gtest)
    mlxify_compile_together(mlxify_${name}_test_objects ${tests})
    target_compile_definitions(mlxify_${name}_test_objects PRIVATE MLXIFY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    set_property(GLOBAL APPEND PROPERTY MLXIFY_TEST_OBJECTS mlxify_${name}_test_objects)
    add_executable(mlxify_${name}_tests EXCLUDE_FROM_ALL)
    target_link_libraries(mlxify_${name}_tests PRIVATE mlxify_${name}_test_objects mlxify_${name} GTest::gtest_main)
  endif()
endfunction()
