# Compiler, warnings, sanitizers. Everything hangs on the interface target qc_options.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} found; 12 or newer is needed (apt-get install g++-12)")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "clang ${CMAKE_CXX_COMPILER_VERSION} found; 14 or newer is needed (apt-get install clang)")
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

# -O2: -O3 costs build time and gains nothing measurable here.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

set(QC_SANITIZE "" CACHE STRING "address,undefined or thread")
option(QC_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(QC_FUZZ_SECONDS 30 CACHE STRING "How long a test of the label fuzz runs its target")

find_program(QC_CCACHE ccache)
if(QC_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${QC_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QC_CCACHE})
endif()

add_library(qc_options INTERFACE)
target_include_directories(qc_options INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
  $<INSTALL_INTERFACE:include/quancheng>)
# No -Werror for plugins built against an installed tree: other compilers have other warnings.
target_compile_options(qc_options INTERFACE -Wall -Wextra $<BUILD_INTERFACE:-Werror> -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wno-missing-field-initializers $<$<CONFIG:Debug>:-Og -g>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives inside std::string and std::variant at -O2 (GCC bugs 105329, 105562).
  target_compile_options(qc_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized
    -Wno-dangling-pointer -Wno-stringop-overflow)
endif()
if(QC_SANITIZE)
  target_compile_options(qc_options INTERFACE -fsanitize=${QC_SANITIZE} -fno-omit-frame-pointer -g1)
  target_link_options(qc_options INTERFACE -fsanitize=${QC_SANITIZE})
  if(QC_SANITIZE MATCHES "undefined")
    target_compile_options(qc_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
if(QC_FUZZ)
  # Debug for its assertions; optimised, since found faults are counted in executions.
  target_compile_options(qc_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=undefined -O1 -gline-tables-only)
  target_link_options(qc_options INTERFACE -fsanitize=address,undefined)
endif()
find_program(QC_LLD ld.lld)
if(QC_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT QC_SANITIZE)
  target_link_options(qc_options INTERFACE $<BUILD_INTERFACE:-fuse-ld=lld>)
endif()
