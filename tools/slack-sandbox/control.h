/* A request of the control interface. It is handled with the sandbox's lock held. */
#pragma once

#include "http.h"
#include "sandbox.h"

struct control {
	struct sandbox *sandbox;
	struct request *request;
	struct reply *reply;
	struct str rest; /* of the path, after the route's */
	struct json_writer out;
};

/* A number of the query. */
uint64_t control_argument(const struct control *c, const char *name, uint64_t otherwise);

/* What was asked, and the messages as they now are: control_read.c. */
void control_journal(struct control *c);
void control_journal_clear(struct control *c);
void control_journal_text(struct control *c);
void control_messages(struct control *c);
