# The pages of docs/codes inside the program, for `mlxify explain`: a table of name and text, added to the library mlxify_cli.
file(GLOB code_pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/codes/MX*.md")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${code_pages})

set(rows "")
foreach(page IN LISTS code_pages)
  get_filename_component(code "${page}" NAME_WE)
  file(READ "${page}" text)
  string(APPEND rows "    {\"${code}\", R\"=page=(${text})=page=\"},\n")
endforeach()
set(embedded_pages "${PROJECT_BINARY_DIR}/generated/embedded_pages.cpp")
file(WRITE "${embedded_pages}.new"
  "#include \"cli/pages.h\"\n\nnamespace mlxify::cli {\nnamespace {\n"
  "constexpr Page kPages[] = {\n${rows}};\n}  // namespace\n\n"
  "std::span<const Page> pages() { return kPages; }\n\n}  // namespace mlxify::cli\n")
# Only a text that differs is written, so that configuring again compiles nothing.
file(COPY_FILE "${embedded_pages}.new" "${embedded_pages}" ONLY_IF_DIFFERENT)
file(REMOVE "${embedded_pages}.new")
if(TARGET mlxify_cli)
  get_target_property(cli_type mlxify_cli TYPE)
  if(NOT cli_type STREQUAL "INTERFACE_LIBRARY")
    target_sources(mlxify_cli PRIVATE "${embedded_pages}")
  endif()
endif()
