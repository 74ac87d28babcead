/* How people name a channel of Slack. Pure; any thread. */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/id.h"

/*
 * The id in `text`: an id itself ("C0123456789"), a channel's link as Slack copies it, or what
 * a mention is in a message ("<#C0123456789|alerts>"); white space around it is let pass.
 * False: there is none, or more than one.
 */
MUST_USE bool slack_channel_of(struct str text, char out[static CHANNEL_ID_MAX + 1]);
