/* Starts: the crypto library, the process's own protection, then the command line. */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>

#include "carillon/cli/cli.h"
#include "carillon/vault/vault.h"

int
main(int argc, char **argv)
{
	if (sodium_init() < 0) {
		fputs("carillon: libsodium found no source of random numbers\n", stderr);
		return EXIT_FAILED;
	}
	process_harden();
	/* A peer that hangs up is an error of one write, not the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	return cli_run(argc, argv);
}
