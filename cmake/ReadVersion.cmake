# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0

# Sets `output` to MAJOR.MINOR.PATCH as version.hpp has them.
function(weir_read_version header output)
    file(READ "${header}" text)
    set(parts)
    foreach(part IN ITEMS MAJOR MINOR PATCH)
        if(NOT text MATCHES "#define WEIR_VERSION_${part} ([0-9]+)")
            message(FATAL_ERROR "${header}: WEIR_VERSION_${part} not found")
        endif()
        list(APPEND parts "${CMAKE_MATCH_1}")
    endforeach()
    list(JOIN parts "." version)
    set(${output} "${version}" PARENT_SCOPE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
endfunction()
