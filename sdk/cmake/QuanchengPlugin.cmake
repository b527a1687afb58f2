# qc_plugin(<target> ID <id> DESCRIPTION <plugin.json> SOURCES …
#           [MAPPING <mapping.json>] [OUTPUT_DIR <dir>] [DEFINITIONS …]):
# <dir>/<id>/<id>.so (default ${CMAKE_BINARY_DIR}/plugins) with one exported symbol and no dependency
# but libc and libm, and a manifest.json beside it whose digest is that of the library just linked.
#
# Why each option: with default visibility g++ makes STB_GNU_UNIQUE symbols, so that two versions of
# one plugin would share statics even under RTLD_LOCAL; a shared libstdc++ or libcrypto would tie the
# plugin to the host's version of it.

find_library(QC_STATIC_CRYPTO libcrypto.a)
find_library(QC_STATIC_CRYPTOPP NAMES libcryptopp.a libcrypto++.a)
find_library(QC_STATIC_SQLITE libsqlite3.a)
if(NOT QC_STATIC_CRYPTO OR NOT QC_STATIC_CRYPTOPP OR NOT QC_STATIC_SQLITE)
  message(FATAL_ERROR "Static libcrypto, libcryptopp and libsqlite3 are needed for plugins "
    "(Debian packages: libssl-dev libcrypto++-dev libsqlite3-dev)")
endif()

# The flags alone, for libraries that do not use the authoring layer (a plugin in C, test plugins).
# SHARED_RUNTIME: for a plugin that is linked to C++ libraries of the system, which bring the shared
# libstdc++ with them: two of them in one process could not pass each other's exceptions.
function(qc_plugin_link_options target)
  cmake_parse_arguments(ARG "SHARED_RUNTIME" "" "" ${ARGN})
  set(exports ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map)
  target_compile_options(${target} PRIVATE -fvisibility=hidden
    $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>
    -ffunction-sections -fdata-sections)
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${exports}" LINKER:--gc-sections)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${exports})
  if(NOT QC_SANITIZE)
    # A sanitizer's runtime is the host's: undefined references to it are meant to stay.
    if(NOT ARG_SHARED_RUNTIME)
      target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
    endif()
    target_link_options(${target} PRIVATE
      LINKER:--exclude-libs,ALL LINKER:-z,defs LINKER:-z,relro LINKER:-z,now)
  endif()
endfunction()

# <file>.so out of sources and the authoring layer, without a description: what qc_plugin() and the
# stock library are made of.
function(qc_plugin_library target)
  cmake_parse_arguments(ARG "SHARED_RUNTIME" "NAME;OUTPUT_DIR" "SOURCES;DEFINITIONS;SYSTEM_LIBS"
    ${ARGN})
  add_library(${target} MODULE ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${ARG_NAME} SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY ${ARG_OUTPUT_DIR})
  target_compile_definitions(${target} PRIVATE ${ARG_DEFINITIONS})
  set(runtime "")
  if(ARG_SHARED_RUNTIME)
    set(runtime SHARED_RUNTIME)
  endif()
  qc_plugin_link_options(${target} ${runtime})
  target_link_libraries(${target} PRIVATE qc_options ${ARG_SYSTEM_LIBS})
  if(QC_SANITIZE)
    target_link_libraries(${target} PRIVATE qc_plugin_entry)
  else()
    target_link_libraries(${target} PRIVATE nlohmann_json::nlohmann_json
      $<TARGET_FILE:qc_plugin_entry> $<TARGET_FILE:qc_plugin_layer> $<TARGET_FILE:qc_proof>
      $<TARGET_FILE:qc_crypto> $<TARGET_FILE:qc_base> ${QC_STATIC_CRYPTO} ${QC_STATIC_CRYPTOPP} ${QC_STATIC_SQLITE} m)
    add_dependencies(${target} qc_plugin_entry qc_plugin_layer qc_proof qc_crypto qc_base)
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS $<TARGET_FILE:qc_plugin_entry>
      $<TARGET_FILE:qc_plugin_layer> $<TARGET_FILE:qc_proof> $<TARGET_FILE:qc_crypto> $<TARGET_FILE:qc_base>)
  endif()
endfunction()

function(qc_plugin target)
  cmake_parse_arguments(ARG "" "ID;DESCRIPTION;MAPPING;OUTPUT_DIR" "SOURCES;DEFINITIONS" ${ARGN})
  if(NOT ARG_OUTPUT_DIR)
    set(ARG_OUTPUT_DIR ${CMAKE_BINARY_DIR}/plugins)
  endif()
  get_filename_component(description ${ARG_DESCRIPTION} ABSOLUTE)
  set(mapping "")
  if(ARG_MAPPING)
    get_filename_component(mapping ${ARG_MAPPING} ABSOLUTE)
  endif()
  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${target}_description.cpp)
  add_custom_command(OUTPUT ${embedded}
    COMMAND qc_plugin_pack embed ${description} ${embedded} ${mapping}
    DEPENDS qc_plugin_pack ${description} ${mapping} VERBATIM)
  qc_plugin_library(${target} NAME ${ARG_ID} OUTPUT_DIR ${ARG_OUTPUT_DIR}/${ARG_ID}
    SOURCES ${ARG_SOURCES} ${embedded} DEFINITIONS ${ARG_DEFINITIONS})
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND qc_plugin_pack manifest ${description} $<TARGET_FILE:${target}> ${ARG_ID}.so
      ${ARG_OUTPUT_DIR}/${ARG_ID}/manifest.json
    VERBATIM)
  # As files, not as a target: the manifest holds the digest of these very bytes.
  install(FILES $<TARGET_FILE:${target}> ${ARG_OUTPUT_DIR}/${ARG_ID}/manifest.json
    DESTINATION lib/quancheng/plugins/${ARG_ID})
endfunction()

# qc_mapped_plugin(<target> ID <id> DESCRIPTION <plugin.json> MAPPING <mapping.json>
#                  [DICTIONARY <dictionary.json>] [STOCK mapped|mapped_http|mapped_mysql] [OUTPUT_DIR <dir>]):
# the same package without a line of code: a stock library with both texts written into it.
function(qc_mapped_plugin target)
  cmake_parse_arguments(ARG "" "ID;DESCRIPTION;MAPPING;DICTIONARY;STOCK;OUTPUT_DIR" "" ${ARGN})
  if(NOT ARG_STOCK)
    set(ARG_STOCK mapped)
  endif()
  if(NOT ARG_OUTPUT_DIR)
    set(ARG_OUTPUT_DIR ${CMAKE_BINARY_DIR}/plugins)
  endif()
  set(texts "")
  foreach(text IN ITEMS ${ARG_DESCRIPTION} ${ARG_MAPPING} ${ARG_DICTIONARY})
    get_filename_component(text ${text} ABSOLUTE)
    list(APPEND texts ${text})
  endforeach()
  set(package ${ARG_OUTPUT_DIR}/${ARG_ID})
  add_custom_command(OUTPUT ${package}/${ARG_ID}.so ${package}/manifest.json
    COMMAND qc_plugin_pack mapped ${QC_STOCK_DIR}/${ARG_STOCK}.so ${package} ${texts}
    DEPENDS qc_plugin_pack ${QC_STOCK_DIR}/${ARG_STOCK}.so ${texts} VERBATIM)
  add_custom_target(${target} ALL DEPENDS ${package}/${ARG_ID}.so)
  if(TARGET qc_stock_${ARG_STOCK})
    add_dependencies(${target} qc_stock_${ARG_STOCK})
  endif()
  install(FILES ${package}/${ARG_ID}.so ${package}/manifest.json
    DESTINATION lib/quancheng/plugins/${ARG_ID})
endfunction()
