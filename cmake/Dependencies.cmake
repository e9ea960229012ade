# Libraries of the distribution (`make setup` installs them: apt or Homebrew), behind one target: mlxify_dependencies.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_path(MLXIFY_TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)

add_library(mlxify_dependencies INTERFACE)
# Neither fmt nor toml++ may be a shared library: the program of the wheel must run where they are not installed.
if(fmt_VERSION VERSION_GREATER_EQUAL 9 AND fmt_VERSION VERSION_LESS 10)
  get_target_property(fmt_include fmt::fmt-header-only INTERFACE_INCLUDE_DIRECTORIES)
  add_library(mlxify_fmt STATIC "${CMAKE_CURRENT_LIST_DIR}/fmt_library.cpp")
  target_include_directories(mlxify_fmt SYSTEM PUBLIC "${fmt_include}")
else()
  add_library(mlxify_fmt INTERFACE)
  target_link_libraries(mlxify_fmt INTERFACE fmt::fmt-header-only)
endif()
target_link_libraries(mlxify_dependencies INTERFACE mlxify_fmt CLI11::CLI11
                                                    nlohmann_json::nlohmann_json Threads::Threads)
target_include_directories(mlxify_dependencies SYSTEM INTERFACE "${MLXIFY_TOMLPLUSPLUS_INCLUDE}")

if(MLXIFY_TESTS)
  find_package(GTest REQUIRED)
endif()
if(MLXIFY_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
