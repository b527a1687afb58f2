# One target per folder. Arrows point down only; tests/law checks the includes.

# qc_library(<name> SOURCES … [PUBLIC …] [PRIVATE …]): a static library of one room.
function(qc_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE qc_options ${ARG_PRIVATE})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
    $<INSTALL_INTERFACE:include/quancheng>)
endfunction()

# qc_program(<name> SOURCES … LIBS …)
function(qc_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE qc_options ${ARG_LIBS})
endfunction()

# qc_test(<name> SOURCES … LIBS … [LABELS …] [TIMEOUT s]): a GoogleTest program, one ctest entry.
# With the label "sanitize" it is also built and run under asan-ubsan, with "threads" under tsan.
function(qc_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE qc_options ${ARG_LIBS} qc_test_paths GTest::gtest GTest::gmock
    GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
  set(wanted sanitize)
  if(QC_SANITIZE STREQUAL "thread")
    set(wanted threads)
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp history_size=7")
  endif()
  if(wanted IN_LIST ARG_LABELS)
    set_property(GLOBAL APPEND PROPERTY QC_SANITIZE_TESTS ${name})
  endif()
endfunction()

# qc_fuzz(<name> SOURCES … LIBS … SEEDS <folder>): a libFuzzer target, built with -DQC_FUZZ=ON only,
# and a test of the label "fuzz" that runs it for QC_FUZZ_SECONDS. What it finds to be new is kept
# in corpus/<name> of the build folder, for the next run to start from.
function(qc_fuzz name)
  cmake_parse_arguments(ARG "" "SEEDS" "SOURCES;LIBS" ${ARGN})
  if(QC_FUZZ)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE qc_options ${ARG_LIBS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
    set(corpus ${CMAKE_BINARY_DIR}/corpus/${name})
    file(MAKE_DIRECTORY ${corpus})
    if(ARG_SEEDS)
      set(ARG_SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SEEDS})
    endif()
    add_test(NAME ${name} COMMAND ${name} -max_total_time=${QC_FUZZ_SECONDS} -timeout=20
      -artifact_prefix=${corpus}. -print_final_stats=1 ${corpus} ${ARG_SEEDS})
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 0)
    set_property(GLOBAL APPEND PROPERTY QC_FUZZ_TARGETS ${name})
  endif()
endfunction()
