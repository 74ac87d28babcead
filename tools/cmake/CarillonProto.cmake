# carillon_proto(NAME files...): compiles proto/carillon/v1/*.proto with protobuf-c into the build
# tree, as the library carillon_NAME. Generated code is not ours to warn about.
function(carillon_proto name)
	find_program(PROTOC protoc REQUIRED)
	find_program(PROTOC_GEN_C NAMES protoc-gen-c protoc-c REQUIRED)
	set(out ${CMAKE_BINARY_DIR}/proto)
	file(MAKE_DIRECTORY ${out})
	# The well-known types are in libprotobuf-dev; protoc cannot find them by itself in a chroot.
	find_path(WELL_KNOWN google/protobuf/timestamp.proto PATHS /usr/include /usr/local/include REQUIRED)
	set(generated)
	foreach(file IN LISTS ARGN)
		set(stem ${out}/carillon/v1/${file}.pb-c)
		add_custom_command(OUTPUT ${stem}.c ${stem}.h
			COMMAND ${PROTOC} -I${CMAKE_SOURCE_DIR}/proto -I${WELL_KNOWN} --c_out=${out}
				${CMAKE_SOURCE_DIR}/proto/carillon/v1/${file}.proto
			DEPENDS ${CMAKE_SOURCE_DIR}/proto/carillon/v1/${file}.proto VERBATIM)
		list(APPEND generated ${stem}.c ${stem}.h)
	endforeach()
	# protobuf-c does not ship the generated well-known types.
	set(stamp ${out}/google/protobuf/timestamp.pb-c)
	add_custom_command(OUTPUT ${stamp}.c ${stamp}.h
		COMMAND ${PROTOC} -I${WELL_KNOWN} --c_out=${out} google/protobuf/timestamp.proto VERBATIM)
	list(APPEND generated ${stamp}.c ${stamp}.h)
	add_library(carillon_${name} STATIC ${generated})
	target_compile_options(carillon_${name} PRIVATE -w -O2)
	target_include_directories(carillon_${name} SYSTEM PUBLIC ${out})
	target_link_libraries(carillon_${name} PUBLIC PkgConfig::PROTOBUFC)
endfunction()
