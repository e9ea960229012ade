# The catalogue inside the program: mlxify_embed reads catalogue/**/*.py and prints a .cpp, the library mlxify_embedded_catalogue.
if(EXISTS "${PROJECT_SOURCE_DIR}/src/catalogue/embed_main.cpp")
  get_property(before GLOBAL PROPERTY MLXIFY_LIBRARIES)
  add_executable(mlxify_embed src/catalogue/embed_main.cpp)
  target_link_libraries(mlxify_embed PRIVATE ${before})

  file(GLOB_RECURSE catalogue_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/catalogue/*.py")
  set(embedded "${PROJECT_BINARY_DIR}/generated/embedded_catalogue.cpp")
  add_custom_command(
    OUTPUT "${embedded}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/generated"
    COMMAND mlxify_embed "${PROJECT_SOURCE_DIR}/catalogue" "${embedded}"
    DEPENDS mlxify_embed ${catalogue_files}
    COMMENT "embedding the catalogue"
    VERBATIM)
  add_library(mlxify_embedded_catalogue STATIC "${embedded}")
  target_link_libraries(mlxify_embedded_catalogue PUBLIC ${before})
  set_property(GLOBAL APPEND PROPERTY MLXIFY_LIBRARIES mlxify_embedded_catalogue)
endif()
