/*
 * The command line: `carillon VERB ...`. Parses, opens what the verb needs, runs it, says what
 * went wrong. The contract is verbs.def and options.def of src/cli; `carillon help` prints it.
 */
#pragma once

enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_CONFLICT = 4,
};

/* Runs one command; returns what the process exits with. Call once, from the main thread. */
int cli_run(int argc, char **argv);
