# Puts configuration files into the binary, so that it works from any directory; a file on disk wins over its copy here.
# The room reads them through `embedded_files()` in its private header "embedded.hpp". YAML is parsed here and not at each
# start. The tool is built without what rooms are compiled with: it runs in the build and counts into no profile.
add_executable(dossier_embedding EXCLUDE_FROM_ALL
  ${CMAKE_SOURCE_DIR}/src/embed/main.cpp ${CMAKE_SOURCE_DIR}/src/explain/knowledge_tree.cpp)
target_include_directories(dossier_embedding PRIVATE ${CMAKE_SOURCE_DIR}/src/explain)
target_link_libraries(dossier_embedding PRIVATE yaml-cpp)
target_compile_options(dossier_embedding PRIVATE -Wall -Wextra)

function(dossier_embed room)
  set(files "")
  foreach(pattern IN LISTS ARGN)
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${pattern})
    list(APPEND files ${found})
  endforeach()
  set(output ${CMAKE_BINARY_DIR}/embedded_${room}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND dossier_embedding ${output} ${room} ${CMAKE_SOURCE_DIR} ${files}
    DEPENDS ${files} dossier_embedding VERBATIM)
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(dossier_${room} PRIVATE ${output})
endfunction()
