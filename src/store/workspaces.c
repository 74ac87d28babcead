#include "carillon/store/workspaces.h"

#include "store_private.h"

/* A key begins with the workspace's id and a NUL. */
static bool
read_workspace(struct str key, char out[static WORKSPACE_ID_MAX + 1])
{
	const char *end = memchr(key.ptr, '\0', key.len);
	size_t n = end != NULL ? (size_t)(end - key.ptr) : WORKSPACE_ID_MAX + 1;

	return n <= WORKSPACE_ID_MAX &&
	       str_copy(out, WORKSPACE_ID_MAX + 1, (struct str){key.ptr, n});
}

bool
history_next_workspace(struct txn *t, struct str after, char out[static WORKSPACE_ID_MAX + 1])
{
	const struct key all = key_empty();
	struct key start = all;
	struct scan s;
	bool found;

	if (after.len > 0) {
		const struct key of = key_of_workspace(after);

		start = key_after(&of);
	}
	scan_forward(&s, t, TABLE_BY_WORKSPACE, &all, &start);
	found = scan_next(&s) && read_workspace(s.key, out);
	scan_end(&s);
	return found;
}
