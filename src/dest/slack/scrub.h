/*
 * What looks like a credential of Slack's in text from outside: a destination, or a proxy
 * before it, may send back what it was sent, as it is or as some encoding makes it. Pure; any
 * thread.
 */
#pragma once

#include "carillon/base/base.h"

/*
 * Stars over every token ("xoxb-...", "xapp-...", whatever its letter) and over the secret end
 * of a webhook's address, also where characters are escaped (as in URLs and JSON, or both), and
 * over base64 or hexadecimal digits that have one in them. The length stays.
 */
void slack_scrub(char *bytes, size_t len);
/* Whether there is anything to scrub. */
bool slack_has_secret(struct str text);
