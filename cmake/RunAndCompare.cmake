# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0

# cmake -D PROGRAM=... -D EXPECTED=FILE -P RunAndCompare.cmake: fails unless the program prints what the file holds.
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ "${EXPECTED}" expected)
if(NOT printed STREQUAL expected)
    message(FATAL_ERROR "${PROGRAM} printed\n${printed}\nand ${EXPECTED} holds\n${expected}")
endif()
