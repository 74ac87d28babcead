/*
 * Whether a data file is what LMDB wrote, found out without mapping it: LMDB trusts its pages,
 * so a page that is cut off is a SIGBUS later, and one that is garbage a wild pointer.
 *
 * The walk follows every reference from the roots of one snapshot and looks that each page is
 * inside the file, knows its own number, has a fitting type and keeps its nodes inside itself.
 * It is what mdb_stat would do if it did not trust. Layout: LMDB 0.9, 64 bit, whose numbers are
 * of the machine's own byte order. A file may well be shorter than its last page number says:
 * pages that were taken and given back in one transaction are never written.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_private.h"

enum {
	PAGE_HEADER = 16, /* number 8, pad 2, flags 2, then lower 2 and upper 2, or pages 4 */
	PAGE_BRANCH = 0x01,
	PAGE_LEAF = 0x02,
	PAGE_OVERFLOW = 0x04,
	NODE_HEADER = 8, /* lo 2, hi 2, flags 2, key size 2 */
	NODE_BIG = 0x01, /* the value is the number of an overflow page */
	NODE_SUB = 0x02, /* the value is another tree */
	TREE_SIZE = 48,
	TREE_ROOT = 40, /* offset of the root's page number */
	META_TREES = 24 + PAGE_HEADER,
	META_TXN = META_TREES + 2 * TREE_SIZE + 8,
	DEPTH_MAX = 32,
	SNAPSHOT_TRIES = 100,
};

/* The walk of a larger file takes seconds: it is done only if something looks wrong. */
static const uint64_t CHECK_ALWAYS_BYTES = UINT64_C(1) << 30;

struct walk {
	int fd;
	size_t page_size;
	uint64_t pages; /* in the file, rounded down */
	uint64_t seen;
	char *stack; /* a page for each level */
	char why[96];
};

static uint16_t
get16(const char *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static uint32_t
get32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static uint64_t
get64(const char *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static bool
walk_fail(struct walk *w, uint64_t page, const char *what)
{
	snprintf(w->why, sizeof(w->why), "page %llu %s", (unsigned long long)page, what);
	return false;
}

static bool
walk_read(struct walk *w, uint64_t page, char *into, size_t size)
{
	if (page >= w->pages)
		return walk_fail(w, page, "is cut off");
	if (++w->seen > 2 * w->pages + 2 * SNAPSHOT_TRIES)
		return walk_fail(w, page, "is in a circle");
	const ssize_t got = pread(w->fd, into, size, (off_t)(page * w->page_size));
	if (got != (ssize_t)size)
		return walk_fail(w, page, "cannot be read");
	return get64(into) == page || walk_fail(w, page, "is not what was written");
}

static bool
walk_overflow(struct walk *w, uint64_t page, uint32_t bytes)
{
	char head[PAGE_HEADER];

	if (!walk_read(w, page, head, sizeof(head)))
		return false;
	const uint64_t pages = get32(head + 12);
	if (!(get16(head + 10) & PAGE_OVERFLOW) || pages * w->page_size < bytes + PAGE_HEADER)
		return walk_fail(w, page, "is not the long value it should be");
	return page + pages <= w->pages || walk_fail(w, page, "is cut off in its middle");
}

static bool walk_tree(struct walk *w, uint64_t root, int depth);

static bool
walk_leaf_node(struct walk *w, uint64_t page, const char *node, size_t room, int depth)
{
	const uint32_t bytes = get16(node) | (uint32_t)get16(node + 2) << 16;
	const unsigned flags = get16(node + 4);
	const size_t head = NODE_HEADER + get16(node + 6);
	const size_t stored = flags & NODE_BIG ? sizeof(uint64_t) : bytes;

	if (head + stored > room || (flags & NODE_SUB && bytes != TREE_SIZE))
		return walk_fail(w, page, "is torn");
	if (flags & NODE_BIG)
		return walk_overflow(w, get64(node + head), bytes);
	if (flags & NODE_SUB)
		return walk_tree(w, get64(node + head + TREE_ROOT), depth + 1);
	return true;
}

static bool
walk_branch_node(struct walk *w, uint64_t page, const char *node, size_t room, int depth)
{
	const uint64_t child =
	    get16(node) | (uint64_t)get16(node + 2) << 16 | (uint64_t)get16(node + 4) << 32;

	if (NODE_HEADER + (size_t)get16(node + 6) > room)
		return walk_fail(w, page, "is torn");
	return walk_tree(w, child, depth + 1);
}

static bool
walk_nodes(struct walk *w, uint64_t page, const char *bytes, int depth)
{
	const unsigned flags = get16(bytes + 10);
	const size_t lower = get16(bytes + 12), upper = get16(bytes + 14);

	if (lower < PAGE_HEADER || lower > upper || upper > w->page_size)
		return walk_fail(w, page, "is torn");
	for (size_t i = PAGE_HEADER; i + 2 <= lower; i += 2) {
		const size_t at = get16(bytes + i);
		if (at < upper || at + NODE_HEADER > w->page_size)
			return walk_fail(w, page, "is torn");
		const size_t room = w->page_size - at;
		const bool ok = flags & PAGE_LEAF
		                    ? walk_leaf_node(w, page, bytes + at, room, depth)
		                    : walk_branch_node(w, page, bytes + at, room, depth);
		if (!ok)
			return false;
	}
	return true;
}

static bool
walk_tree(struct walk *w, uint64_t root, int depth)
{
	if (root == UINT64_MAX) /* an empty tree */
		return true;
	if (depth >= DEPTH_MAX)
		return walk_fail(w, root, "is too deep");
	char *bytes = w->stack + (size_t)depth * w->page_size;
	if (!walk_read(w, root, bytes, w->page_size))
		return false;
	if (!(get16(bytes + 10) & (PAGE_BRANCH | PAGE_LEAF)))
		return walk_fail(w, root, "is not what was written");
	return walk_nodes(w, root, bytes, depth);
}

/* The roots (free pages, then tables) of the snapshot `id`, which a reader holds. */
static bool
find_roots(struct walk *w, uint64_t id, uint64_t roots[static 2])
{
	char *bytes = w->stack;

	for (uint64_t page = 0; page < 2; page++) {
		if (!walk_read(w, page, bytes, w->page_size))
			return false;
		if (get64(bytes + META_TXN) != id)
			continue;
		roots[0] = get64(bytes + META_TREES + TREE_ROOT);
		roots[1] = get64(bytes + META_TREES + TREE_SIZE + TREE_ROOT);
		return true;
	}
	return false;
}

/* False, with `why` empty, when another process has meanwhile written over the snapshot's
 * roots.
 */
static bool
walk_snapshot(struct walk *w, uint64_t id)
{
	uint64_t roots[2];

	if (!find_roots(w, id, roots))
		return false;
	return walk_tree(w, roots[0], 0) && walk_tree(w, roots[1], 0);
}

static bool
walk_file(struct env *env, struct walk *w, struct err *e)
{
	bool ok = false;

	w->stack = malloc(DEPTH_MAX * w->page_size);
	must(w->stack);
	for (int tries = 0; !ok && !w->why[0] && tries < SNAPSHOT_TRIES; tries++) {
		MDB_txn *txn;
		const int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);
		if (rc) {
			free(w->stack);
			/* a map made larger: another process writes, and has looked before */
			return rc == MDB_MAP_RESIZED || env_fail(env, e, rc);
		}
		ok = walk_snapshot(w, mdb_txn_id(txn));
		mdb_txn_abort(txn);
	}
	free(w->stack);
	if (!ok && !w->why[0])
		walk_fail(w, 0, "has no transaction");
	return ok || env_fail_corrupt(env, e, w->why);
}

bool
env_check(struct env *env, struct err *e)
{
	struct walk w = {0};
	MDB_envinfo info;
	MDB_stat stat;
	struct stat file;

	must(mdb_env_info(env->mdb, &info) == 0 && mdb_env_stat(env->mdb, &stat) == 0);
	must(mdb_env_get_fd(env->mdb, &w.fd) == 0);
	if (fstat(w.fd, &file) != 0)
		return env_fail(env, e, errno);
	w.page_size = stat.ms_psize;
	w.pages = (uint64_t)file.st_size / w.page_size;
	if (w.pages > info.me_last_pgno && !env->looks_at_all &&
	    (env->read_only || (uint64_t)file.st_size > CHECK_ALWAYS_BYTES))
		return true;
	if (!walk_file(env, &w, e))
		return false;
	const off_t whole = (off_t)((info.me_last_pgno + 1) * w.page_size);
	if (file.st_size < whole && !env->read_only) /* so that the next one need not walk */
		(void)posix_fallocate(w.fd, file.st_size, whole - file.st_size);
	return true;
}
