# Installs the build, builds samples/embedded against it as a stranger would, and compares what that
# prints. BUILD, SAMPLE, WORK, GENERATOR, MAKE_PROGRAM, COMPILER, LAUNCHER and FLAGS are given.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/prefix)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${status}\n${out}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component library)

# What one of the headers includes has been installed, too.
set(include ${prefix}/include/tocsin)
file(GLOB_RECURSE headers RELATIVE ${include} ${include}/*.h)
list(LENGTH headers count)
if(count LESS 10)
  message(FATAL_ERROR "${count} headers are installed in ${include}")
endif()
foreach(header ${headers})
  file(STRINGS ${include}/${header} lines REGEX "^#include \"")
  foreach(line ${lines})
    string(REGEX REPLACE "^#include \"(.*)\"$" "\\1" target ${line})
    if(NOT EXISTS ${include}/${target})
      message(FATAL_ERROR "${header} includes ${target}, which is not installed")
    endif()
  endforeach()
endforeach()

run(${CMAKE_COMMAND} -S ${SAMPLE} -B ${WORK}/build -G ${GENERATOR}
  -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM} -DCMAKE_CXX_COMPILER=${COMPILER}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_CXX_FLAGS=${FLAGS}
  -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK}/build)

execute_process(COMMAND ${WORK}/build/embedded RESULT_VARIABLE status OUTPUT_VARIABLE out)
file(READ ${SAMPLE}/expected.txt expected)
if(NOT status EQUAL 0 OR NOT out STREQUAL expected)
  message(FATAL_ERROR "status ${status}, expected\n${expected}found\n${out}")
endif()
file(REMOVE_RECURSE ${WORK})
