# Not of a build with sanitizers, whose program is not for a system.
if(CARILLON_SANITIZE OR CARILLON_FUZZ)
	return()
endif()
# What `cmake --install` puts into a system, and the package for Debian that has the same:
# `cpack -G DEB` in the folder of the build. The manual page, the completion and the example of
# the settings are printed by the program itself, from its tables.
include(GNUInstallDirs)

set(made ${CMAKE_BINARY_DIR}/package)
file(MAKE_DIRECTORY ${made})
# carillon_made(FILE page...): what `carillon docs page` prints.
function(carillon_made file)
	add_custom_command(OUTPUT ${made}/${file}
		COMMAND ${CMAKE_COMMAND} -E env CARILLON_CONFIG= $<TARGET_FILE:carillon> docs ${ARGN} > ${made}/${file}
		DEPENDS carillon VERBATIM)
endfunction()
carillon_made(carillon.1 man)
carillon_made(carillon.bash completion)
carillon_made(carillon.yaml example)
add_custom_target(package_files ALL DEPENDS ${made}/carillon.1 ${made}/carillon.bash ${made}/carillon.yaml)

set(from ${CMAKE_SOURCE_DIR}/tools/package)
set(CARILLON_UNIT_DIR lib/systemd/system)
install(TARGETS carillon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${made}/carillon.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/carillon.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME carillon)
install(FILES ${made}/carillon.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/carillon)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/proto/ DESTINATION ${CMAKE_INSTALL_DATADIR}/carillon/proto FILES_MATCHING PATTERN "*.proto")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/example DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES ${from}/sysusers.conf DESTINATION lib/sysusers.d RENAME carillon.conf)
install(FILES ${from}/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME carillon.conf)
# A unit names the program by its whole path, which is known when it is installed.
foreach(unit carillon carillon-web)
	install(CODE "
		file(READ ${from}/${unit}.service text)
		string(REPLACE /usr/bin/carillon \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/carillon text \"\${text}\")
		file(WRITE ${made}/${unit}.service \"\${text}\")")
	install(FILES ${made}/${unit}.service DESTINATION ${CARILLON_UNIT_DIR})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME carillon)
set(CPACK_PACKAGE_VENDOR Carillon)
set(CPACK_PACKAGE_CONTACT "Carillon <carillon@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What makes the users and directories, without systemd as well.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS nats-server)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${from}/postinst ${from}/prerm ${from}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
