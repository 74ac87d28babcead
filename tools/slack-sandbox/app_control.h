/* Changes of the app and of what was granted to it, as members of POST /sandbox/world. */
#pragma once

#include "carillon/base/json.h"
#include "sandbox.h"

/* {"rotation_s":..., "coop":..., ...}; README.md describes it. */
MUST_USE bool app_control_set(struct sandbox *s, const struct json *v, struct err *e);
/* An object with a type: sent as it is; "url_verification" alone asks the endpoint. */
MUST_USE bool app_control_event(
    struct sandbox *s, const struct team *t, const struct json *v, struct err *e);
/* Makes so many channels, "C0MANY000042" called "many-000042". */
MUST_USE bool app_control_many(
    struct sandbox *s, struct team *t, const struct json *v, struct err *e);
/* The app is removed from a team by a person. */
void app_control_uninstall(struct sandbox *s, struct team *t);
