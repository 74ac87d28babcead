/* Keys as records. */
#include "registry_private.h"

bool
registry_put_key(struct registry *r, struct str workspace, const key_record *k,
    uint64_t expected, struct findings *f, struct err *e)
{
	return registry_is_sound(r, workspace, STATE_KEY, k, f, e) &&
	       (str_eq(workspace, KEYS_WORKSPACE) || registry_has_workspace(r, workspace, e)) &&
	       (expected != 0 || registry_has_room(r, workspace, STATE_KEY, KEYS_MAX, e)) &&
	       registry_put_record(r, workspace, STATE_KEY, k, expected, e);
}
