# find_package(Tocsin): the target Tocsin::runtime, and what its static libraries are linked with.
include(CMakeFindDependencyMacro)
find_dependency(fmt)
find_dependency(PkgConfig)
find_dependency(Threads)
pkg_check_modules(UTF8PROC REQUIRED QUIET IMPORTED_TARGET libutf8proc)
pkg_check_modules(XXHASH REQUIRED QUIET IMPORTED_TARGET libxxhash)
pkg_check_modules(HYPERSCAN REQUIRED QUIET IMPORTED_TARGET libhs)
include("${CMAKE_CURRENT_LIST_DIR}/TocsinTargets.cmake")
