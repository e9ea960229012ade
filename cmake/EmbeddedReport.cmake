# The parts of the HTML report inside the program: src/report/page/*, added to the library mlxify_report.
set(parts "")
foreach(extension IN ITEMS html css js)
  set(part "${PROJECT_SOURCE_DIR}/src/report/page/page.${extension}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${part}")
  file(READ "${part}" text)
  string(APPEND parts "    R\"=part=(${text})=part=\",\n")
endforeach()
set(embedded_report "${PROJECT_BINARY_DIR}/generated/embedded_report.cpp")
file(WRITE "${embedded_report}.new"
  "#include \"report/html.h\"\n\nnamespace mlxify::report {\n\n"
  "const PageParts& page_parts() {\n    static constexpr PageParts parts{\n${parts}    };\n    return parts;\n}\n\n"
  "}  // namespace mlxify::report\n")
# Only a text that differs is written, so that configuring again compiles nothing.
file(COPY_FILE "${embedded_report}.new" "${embedded_report}" ONLY_IF_DIFFERENT)
file(REMOVE "${embedded_report}.new")
target_sources(mlxify_report PRIVATE "${embedded_report}")
