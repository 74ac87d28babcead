#include "nats_attacks.h"

bool
nats_attacks(struct command *c, const char *dir, struct err *e)
{
	(void)c;
	(void)dir;
	return fail(e, ERR_SETUP, "not yet");
}
