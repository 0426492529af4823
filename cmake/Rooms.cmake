# A room is one static library. It sees the headers of the rooms it names (and what their headers need), and no others:
# each room's headers are reached through a directory of its own, so a dependency that points upward doesn't compile.
set(DOSSIER_ROOMS_SEEN "" CACHE INTERNAL "")

# All but the preset dev compile the sources of a room as one, and so does scripts/test in a fresh checkout: the headers of
# Asio and Beast are then read, and what they are templates of is made, once instead of once a file. Who changes one file at
# a time is better off without. File-local names must differ within what is compiled together: the compiler tells, of an
# overload that another file's takes the calls of by -Wunused-function alone.
option(DOSSIER_UNITY "Compile the sources of a target together" OFF)

# @param ARGN prefixes of file names whose sources are compiled apart from the others: platforms have much the same names
function(dossier_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${DOSSIER_UNITY} UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(file ${source} NAME)
    set(group others)
    foreach(prefix IN LISTS ARGN)
      if(file MATCHES "^(${prefix})[_.]")
        string(MAKE_C_IDENTIFIER "${prefix}" group)
      endif()
    endforeach()
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endfunction()

function(dossier_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;APART" ${ARGN})
  foreach(dependency IN LISTS ROOM_DEPENDS)
    if(NOT dependency IN_LIST DOSSIER_ROOMS_SEEN)
      message(FATAL_ERROR "room '${name}' may only depend on rooms declared before it, not on '${dependency}'")
    endif()
  endforeach()
  set(view ${CMAKE_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${view}/dossier)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/include/dossier/${name} ${view}/dossier/${name} SYMBOLIC)

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    set(sources ${CMAKE_BINARY_DIR}/pch.cpp)
  endif()
  add_library(dossier_${name} STATIC ${sources})
  target_include_directories(dossier_${name} PUBLIC ${view} PRIVATE ${CMAKE_SOURCE_DIR}/src/${name})
  list(TRANSFORM ROOM_DEPENDS PREPEND dossier_)
  target_link_libraries(dossier_${name} PUBLIC dossier_common ${ROOM_DEPENDS} PRIVATE ${ROOM_LIBRARIES})
  target_precompile_headers(dossier_${name} REUSE_FROM dossier_pch)
  if(DOSSIER_FUZZ)
    # What -fsanitize=fuzzer-no-link means, less its mark on the language: the precompiled header serves all alike.
    target_compile_options(dossier_${name} PRIVATE
      -fsanitize-coverage=inline-8bit-counters,indirect-calls,trace-cmp,pc-table)
  endif()
  dossier_unity(dossier_${name} ${ROOM_APART})
  set(DOSSIER_ROOMS_SEEN "${DOSSIER_ROOMS_SEEN};${name}" CACHE INTERNAL "")
endfunction()
