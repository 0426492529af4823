# Everything comes from Debian 12; scripts/setup installs it.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(PostgreSQL 15 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(simdjson REQUIRED)
find_package(pugixml REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)

# Debian's packages of these carry no CMake files that work for us.
function(dossier_system_library target library header)
  find_library(${target}_LIBRARY NAMES ${library} REQUIRED)
  find_path(${target}_INCLUDE NAMES ${header} REQUIRED)
  add_library(${target} INTERFACE IMPORTED)
  target_link_libraries(${target} INTERFACE ${${target}_LIBRARY})
endfunction()
if(NOT TARGET re2::re2)
  dossier_system_library(re2::re2 re2 re2/re2.h)
endif()
dossier_system_library(cmark-gfm cmark-gfm cmark-gfm.h)
dossier_system_library(vectorscan hs hs/hs.h)
dossier_system_library(lz4 lz4 lz4.h)
find_library(CMARK_GFM_EXTENSIONS cmark-gfm-extensions REQUIRED)
target_link_libraries(cmark-gfm INTERFACE ${CMARK_GFM_EXTENSIONS})
find_path(VALIJSON_INCLUDE valijson/validator.hpp REQUIRED)
add_library(valijson INTERFACE IMPORTED)
if(DOSSIER_TESTS)
  find_package(GTest REQUIRED)
endif()

# What every room compiles with; the precompiled header is made with exactly this.
add_library(dossier_common INTERFACE)
target_link_libraries(dossier_common INTERFACE
  Threads::Threads Boost::headers nlohmann_json::nlohmann_json spdlog::spdlog fmt::fmt)
target_compile_definitions(dossier_common INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE JSON_DIAGNOSTICS=0)
target_compile_options(dossier_common INTERFACE
  -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wextra-semi
  -Wno-missing-field-initializers
  $<$<NOT:$<BOOL:${DOSSIER_UNITY}>>:-Wshadow> # together, files would shadow each other's constants
  $<$<BOOL:${DOSSIER_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Xclang -fno-pch-timestamp>
  $<$<CONFIG:Debug>:-g1> $<$<CONFIG:Release>:-g0>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(dossier_common INTERFACE -fuse-ld=lld-19)
endif()
if(DOSSIER_SANITIZE)
  target_compile_options(dossier_common INTERFACE
    -fsanitize=${DOSSIER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(dossier_common INTERFACE -fsanitize=${DOSSIER_SANITIZE})
endif()

if(NOT DOSSIER_PROFILE STREQUAL "off")
  # Where functions are called from files compiled together, the file's name says where; without its directory, so
  # that a profile made in one directory serves in another.
  target_compile_options(dossier_common INTERFACE "SHELL:-mllvm -static-func-full-module-prefix=false")
endif()
if(DOSSIER_PROFILE STREQUAL "make")
  target_compile_options(dossier_common INTERFACE -fprofile-generate)
  target_link_options(dossier_common INTERFACE -fprofile-generate)
elseif(DOSSIER_PROFILE STREQUAL "use")
  set(packed ${CMAKE_SOURCE_DIR}/cmake/release.profdata.tar.xz)
  file(ARCHIVE_EXTRACT INPUT ${packed} DESTINATION ${CMAKE_BINARY_DIR}/profile)
  target_compile_options(dossier_common INTERFACE
    -fprofile-use=${CMAKE_BINARY_DIR}/profile/release.profdata
    -fsplit-machine-functions
    -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin) # it may be older than the code
  target_link_options(dossier_common INTERFACE -Wl,-z,keep-text-section-prefix)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${packed})
endif()

file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp.in "// carries the precompiled header\n")
configure_file(${CMAKE_BINARY_DIR}/pch.cpp.in ${CMAKE_BINARY_DIR}/pch.cpp COPYONLY)
add_library(dossier_pch STATIC ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(dossier_pch PUBLIC dossier_common)
target_precompile_headers(dossier_pch PRIVATE
  <algorithm> <array> <chrono> <cstdint> <expected> <functional> <map> <memory> <mutex> <optional> <string>
  <string_view> <tuple> <unordered_map> <utility> <variant> <vector>
  <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/post.hpp>
  <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp> <fmt/format.h> <nlohmann/json.hpp>)
