# cmake -DBINARY=FILE -P no_fault_points.cmake: fails where a program holds fault points (dossier/base/fault_point.hpp).
file(STRINGS ${BINARY} found REGEX "DOSSIER_FAULT" LIMIT_COUNT 1)
if(found)
  message(FATAL_ERROR "${BINARY} can be told to kill itself: it was built with DOSSIER_FAULT_POINTS")
endif()
