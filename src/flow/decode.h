/*
 * Stage: protobuf bytes -> event. Pure but for the message's own arenas.
 */
#pragma once

#include "message.h"

/*
 * Fills m->event from the bytes as they came under `workspace` and `type` (both from the
 * subject). On failure m->failure is a sentence for the customer and m->event keeps what could
 * be read (at least workspace, type and an id), so that history can show it.
 */
bool decode(struct message *m, struct str workspace, struct str type, struct str bytes);
