/*
 * The command line: `carillon VERB ...`. Parses, opens what the verb needs, runs it, says what
 * went wrong. The contract is verbs.def and options.def of src/cli, and exit_codes.def here;
 * `carillon help` prints it.
 */
#pragma once

enum {
#define EXIT_CODE(NAME, number, means) EXIT_##NAME = number,
#include "carillon/cli/exit_codes.def"
#undef EXIT_CODE
};

/* Runs one command; returns what the process exits with. Call once, from the main thread. */
int cli_run(int argc, char **argv);
