# Warnings and hardening for our own code, on the interface target carillon_flags. That a warning
# ends the build is a matter of the presets, CMAKE_COMPILE_WARNING_AS_ERROR: a compiler that warns
# of more than ours is no reason to build nothing.
add_library(carillon_flags INTERFACE)
target_compile_definitions(carillon_flags INTERFACE _GNU_SOURCE CARILLON_VERSION="${PROJECT_VERSION}")
target_include_directories(carillon_flags INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_options(carillon_flags INTERFACE
	-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes
	-Wmissing-prototypes -fno-omit-frame-pointer -fstack-protector-strong)
# Fields that a designated initialiser leaves out are zero, on purpose.
target_compile_options(carillon_flags INTERFACE -Wno-missing-field-initializers)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	# A guess that changes with what gcc inlines, and is wrong where the length was checked.
	target_compile_options(carillon_flags INTERFACE -Wno-format-truncation)
	# A list's head is on the stack where its nodes are not, and its nodes point to it while it lives.
	target_compile_options(carillon_flags INTERFACE -Wno-dangling-pointer)
endif()
# A released program is optimised across files, if it has the property CARILLON_LINK_TIME: a
# sixth fewer instructions for each event. The tests link the same objects without, and quickly.
# CARILLON_LINK_TIME=OFF is for whoever builds it all day long.
option(CARILLON_LINK_TIME "Optimise the released programs across files" ON)
# What is released bears more than what is built all day: every object's size is checked where the
# compiler can know it at run time, no stack jumps over its guard page, calls and jumps land where
# they may (on processors that look), and what nobody set is zero.
set(hardening -D_FORTIFY_SOURCE=2)
if(CARILLON_LINK_TIME AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
	set(hardening -D_FORTIFY_SOURCE=3 -fstack-clash-protection -ftrivial-auto-var-init=zero)
	if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
		list(APPEND hardening -fcf-protection=full)
	endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT CARILLON_SANITIZE)
	target_compile_options(carillon_flags INTERFACE -O2 -g -U_FORTIFY_SOURCE ${hardening})
endif()
if(CARILLON_LINK_TIME AND CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT CARILLON_SANITIZE AND
	CMAKE_C_COMPILER_ID STREQUAL "GNU")
	target_compile_options(carillon_flags INTERFACE -flto=auto -ffat-lto-objects)
	set(link_time $<BOOL:$<TARGET_PROPERTY:CARILLON_LINK_TIME>>)
	target_link_options(carillon_flags INTERFACE $<IF:${link_time},-flto=auto;-O2,-fno-lto>)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_link_options(carillon_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

if(CARILLON_SANITIZE)
	add_compile_options(-fsanitize=${CARILLON_SANITIZE} -fno-sanitize-recover=all -g -O1)
	add_link_options(-fsanitize=${CARILLON_SANITIZE})
endif()
if(CARILLON_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# carillon_layer(NAME deps...): the library of src/NAME and the folders in it. An empty directory
# is an interface.
function(carillon_layer name)
	file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
	set(kind PUBLIC)
	if(sources)
		add_library(carillon_${name} STATIC ${sources})
		target_link_libraries(carillon_${name} PRIVATE carillon_flags)
	else()
		add_library(carillon_${name} INTERFACE)
		set(kind INTERFACE)
	endif()
	foreach(dep IN LISTS ARGN)
		if(TARGET carillon_${dep})
			target_link_libraries(carillon_${name} ${kind} carillon_${dep})
		else()
			target_link_libraries(carillon_${name} ${kind} ${dep})
		endif()
	endforeach()
endfunction()
