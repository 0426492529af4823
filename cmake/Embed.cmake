# Puts configuration files into the binary, so that it works from any directory; a file on disk wins over its copy here.
# The room reads them through `embedded_files()` in its private header "embedded.hpp".
function(dossier_embed room)
  set(files "")
  foreach(pattern IN LISTS ARGN)
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${pattern})
    list(APPEND files ${found})
  endforeach()
  set(output ${CMAKE_BINARY_DIR}/embedded_${room}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DROOT=${CMAKE_SOURCE_DIR} -DROOM=${room} -DOUTPUT=${output}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_script.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_script.cmake VERBATIM)
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(dossier_${room} PRIVATE ${output})
endfunction()
