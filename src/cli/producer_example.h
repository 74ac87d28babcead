/* A producer of ten lines in the language that somebody asks for. */
#pragma once

#include "carillon/keeper/producers.h"

#include "command.h"

/* False with a sentence that names those there are. */
MUST_USE bool example_is_known(const char *language, struct err *e);
/* Prints it to standard output: for this server, this workspace and this credential. */
void example_print(const char *language, const struct config *config, const struct nats_dir *d,
    const struct producer *p, const char *file);
