# A room is one static library. It sees the headers of the rooms it names (and what their headers need), and no others:
# each room's headers are reached through a directory of its own, so a dependency that points upward doesn't compile.
set(DOSSIER_ROOMS_SEEN "" CACHE INTERNAL "")

# All but the preset dev compile several sources of a room as one, and so does scripts/test in a fresh checkout: the
# headers of Asio and Beast are then read once instead of once a file, which takes a third of the time. Who changes one
# file at a time is better off without. File-local names must differ within a room for that; the compiler tells.
option(DOSSIER_UNITY "Compile the sources of a target together" OFF)
function(dossier_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${DOSSIER_UNITY} UNITY_BUILD_BATCH_SIZE 10)
endfunction()

function(dossier_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
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
  dossier_unity(dossier_${name})
  set(DOSSIER_ROOMS_SEEN "${DOSSIER_ROOMS_SEEN};${name}" CACHE INTERNAL "")
endfunction()
