# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0

# cmake -D CXX=... -D SOURCE=... -D INCLUDES=... -P refuse.cmake
list(TRANSFORM INCLUDES PREPEND "-I")
set(compile ${CXX} -std=c++20 -Werror=unused-result -fsyntax-only ${INCLUDES} ${SOURCE})

file(STRINGS ${SOURCE} expectations REGEX "^// expect: ")
if(NOT expectations)
    message(FATAL_ERROR "${SOURCE}: no line `// expect: REGEX`")
endif()

execute_process(
    COMMAND ${compile} -DVALID
    RESULT_VARIABLE status
    ERROR_VARIABLE output
)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile with VALID defined:\n${output}")
endif()

execute_process(
    COMMAND ${compile}
    RESULT_VARIABLE status
    ERROR_VARIABLE output
)
if(status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must not compile")
endif()
foreach(expectation IN LISTS expectations)
    string(REGEX REPLACE "^// expect: " "" expectation "${expectation}")
    # Compilers repeat the source: only what they say counts.
    if(NOT output MATCHES "error: [^\n]*${expectation}")
        message(FATAL_ERROR "${SOURCE}: expected an error with `${expectation}`, found:\n${output}")
    endif()
endforeach()
