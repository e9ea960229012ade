# Libraries of the distribution (`make setup` installs them: apt or Homebrew), behind one target: mlxify_dependencies.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_path(MLXIFY_TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)

add_library(mlxify_dependencies INTERFACE)
# fmt and toml++ are used header-only: the program of the wheel must run where neither is installed.
target_link_libraries(mlxify_dependencies INTERFACE fmt::fmt-header-only CLI11::CLI11
                                                    nlohmann_json::nlohmann_json Threads::Threads)
target_include_directories(mlxify_dependencies SYSTEM INTERFACE "${MLXIFY_TOMLPLUSPLUS_INCLUDE}")

if(MLXIFY_TESTS)
  find_package(GTest REQUIRED)
endif()
if(MLXIFY_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
