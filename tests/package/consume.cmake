# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0

# cmake -D WAY=... -D SOURCE=... -D WORK=... -D WEIR=... -D CXX=... -D GENERATOR=... -D VERSION=... -P consume.cmake
set(build "${WORK}/${WAY}")
set(moved "${WORK}/moved")
file(REMOVE_RECURSE "${build}")

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Nothing of our own build may leak into a consumer's.
set(configure ${CMAKE_COMMAND} -S ${SOURCE} -B ${build} -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${CXX} -D WAY=${WAY})

# A consumer that asks for `version` is told that the package has another.
function(refuses version)
    execute_process(
        COMMAND ${configure} -D CMAKE_PREFIX_PATH=${moved} -D WANTED=${version}
        RESULT_VARIABLE status
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output
    )
    if(status EQUAL 0)
        message(FATAL_ERROR "weir ${VERSION} satisfied a consumer that wants ${version}")
    endif()
    if(NOT output MATCHES "compatible" OR NOT output MATCHES "version: ${VERSION}")
        message(FATAL_ERROR "expected a refusal that names version ${VERSION}, found:\n${output}")
    endif()
endfunction()

string(REPLACE "." ";" parts ${VERSION})
list(GET parts 0 major)
list(GET parts 1 minor)
math(EXPR next_major "${major} + 1")
math(EXPR next_minor "${minor} + 1")

if(WAY STREQUAL "install")
    file(REMOVE_RECURSE "${moved}")
    run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${build})
    file(GLOB_RECURSE arch_files "${build}/lib*/*")
    if(arch_files)
        message(FATAL_ERROR "a header-only library installed ${arch_files}")
    endif()
    file(GLOB_RECURSE packaging "${build}/share/*")
    foreach(file IN LISTS packaging)
        file(READ "${file}" text)
        foreach(path IN ITEMS "${WEIR}" "${BUILD}" "${build}")
            string(FIND "${text}" "${path}" found)
            if(NOT found EQUAL -1)
                message(FATAL_ERROR "${file} names ${path}")
            endif()
        endforeach()
    endforeach()
    file(RENAME "${build}" "${moved}")
    return()
elseif(WAY STREQUAL "other_minors_refused")
    refuses(${major}.${next_minor})
    if(minor GREATER 0)
        refuses(${major}.0)
    endif()
    return()
elseif(WAY STREQUAL "next_major_refused")
    refuses(${next_major}.0)
    return()
elseif(WAY STREQUAL "find_package")
    run(${configure} -D CMAKE_PREFIX_PATH=${moved} -D WANTED=${major}.${minor})
elseif(WAY STREQUAL "exact_version")
    run(${configure} -D CMAKE_PREFIX_PATH=${moved} -D "WANTED=${VERSION};EXACT")
elseif(WAY STREQUAL "add_subdirectory")
    run(${configure} -D WEIR=${WEIR})
elseif(WAY STREQUAL "pkg_config")
    set(ENV{PKG_CONFIG_PATH} "${moved}/share/pkgconfig")
    run(${configure} -D WANTED=${VERSION})
else()
    message(FATAL_ERROR "unknown way ${WAY}")
endif()
run(${CMAKE_COMMAND} --build ${build})
run(${build}/consumer ${VERSION})
