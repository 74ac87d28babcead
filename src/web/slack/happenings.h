/*
 * What an event of Slack's changes: connections that lost their token, channels that were
 * renamed, archived, or that the app was invited to. Each may come twice, and in any order.
 */
#pragma once

#include "web/request.h"

/* HAPPENING of one event: which account, and the event itself. */
struct happening {
	struct request *request;
	struct str app, team;
	const struct json *event;
};

/* Applies it to every connection of the account. ERR_TEMP: to be told again. An event that
 * nobody waits for is done. */
MUST_USE bool happening_apply(struct request *q, const struct happening *h, struct err *e);
