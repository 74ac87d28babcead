#include "carillon/vault/vault.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vault/secret_private.h"

/*
 * A slab that grows a region at a time and never shrinks. Only the bytes live in the locked
 * pages; lengths and the free list do not, so that a forked child, which finds the pages
 * zeroed, can still use the slab.
 */
enum {
	SLOT_SIZE = 1024,  /* bytes; SECRET_MAX and a NUL fit */
	REGION_SLOTS = 64, /* one region is 64 KiB, the whole RLIMIT_MEMLOCK of older systems */
	REGION_SIZE = SLOT_SIZE * REGION_SLOTS,
};

struct secret {
	char *bytes; /* SLOT_SIZE of them, all zero from `len` on */
	size_t len, cap;
	struct secret *next_free;
};

struct region {
	struct region *next;
	struct secret slots[REGION_SLOTS];
};

static struct {
	pthread_mutex_t lock;
	struct region *regions;
	struct secret *free;
	char why_unlocked[200]; /* empty while every region could be locked */
} slab = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
remember_why_unlocked(int error)
{
	struct rlimit limit = {0};
	getrlimit(RLIMIT_MEMLOCK, &limit);
	snprintf(slab.why_unlocked, sizeof(slab.why_unlocked),
	    "mlock: %s; RLIMIT_MEMLOCK is %llu KiB, raise it (LimitMEMLOCK= of the "
	    "systemd unit, "
	    "or ulimit -l)",
	    strerror(error), (unsigned long long)limit.rlim_cur / 1024);
}

/* Credentials that may be swapped are better than no service: a failed lock is only remembered.
 */
static char *
pages_map(void)
{
	char *pages =
	    mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pages != MAP_FAILED);
	if (mlock(pages, REGION_SIZE) != 0 && !slab.why_unlocked[0])
		remember_why_unlocked(errno);
	must(madvise(pages, REGION_SIZE, MADV_DONTDUMP) == 0);
#ifdef MADV_WIPEONFORK
	/* Linux before 4.14 refuses it; the parent's secrets are then only as safe as the
	 * child. */
	(void)madvise(pages, REGION_SIZE, MADV_WIPEONFORK);
#endif
	return pages;
}

/* The caller holds the lock. */
static void
slab_grow(void)
{
	struct region *region = calloc(1, sizeof(*region));
	must(region != NULL);
	char *pages = pages_map();
	for (int i = REGION_SLOTS - 1; i >= 0; i--) {
		struct secret *s = &region->slots[i];
		s->bytes = pages + (size_t)i * SLOT_SIZE;
		s->next_free = slab.free;
		slab.free = s;
	}
	region->next = slab.regions;
	slab.regions = region;
}

struct secret *
secret_new(size_t cap)
{
	must(cap <= SECRET_MAX);
	pthread_mutex_lock(&slab.lock);
	if (!slab.free)
		slab_grow();
	struct secret *s = slab.free;
	slab.free = s->next_free;
	pthread_mutex_unlock(&slab.lock);
	s->next_free = NULL;
	s->cap = cap;
	s->len = 0;
	return s;
}

void
secret_free(struct secret *s)
{
	if (!s)
		return;
	secret_clear(s);
	s->cap = 0;
	pthread_mutex_lock(&slab.lock);
	s->next_free = slab.free;
	slab.free = s;
	pthread_mutex_unlock(&slab.lock);
}

void
secret_clear(struct secret *s)
{
	explicit_bzero(s->bytes, SLOT_SIZE);
	registers_wipe();
	s->len = 0;
}

void *
secret_extend(struct secret *s, size_t len)
{
	if (len > s->cap - s->len)
		return NULL;
	void *at = s->bytes + s->len;
	s->len += len;
	return at;
}

bool
secret_append(struct secret *s, const void *bytes, size_t len)
{
	void *at = secret_extend(s, len);
	if (!at)
		return false;
	if (len > 0)
		memcpy(at, bytes, len);
	registers_wipe();
	return true;
}

/* One byte a read: what follows the newline is not ours to take, and must not be in a buffer.
 */
bool
secret_read_fd(struct secret *s, int fd, struct err *e)
{
	for (;;) {
		char *next =
		    s->bytes + s->len; /* at most the slot's last byte, kept for the NUL */
		ssize_t got = read(fd, next, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(e, ERR_SETUP, "reading a secret: %s", strerror(errno));
		bool ended = got == 0 || *next == '\n';
		if (ended || s->len == s->cap)
			*next = '\0';
		if (ended)
			return true;
		if (s->len == s->cap)
			return fail(
			    e, ERR_INPUT, "reading a secret: longer than %zu bytes", s->cap);
		s->len++;
	}
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void
secret_trim(struct secret *s)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t len = s->len, from = 0;

	if (len >= 3 && memcmp(s->bytes, mark, 3) == 0)
		from = 3;
	while (len > from && is_space(s->bytes[len - 1]))
		len--;
	while (from < len && is_space(s->bytes[from]))
		from++;
	memmove(s->bytes, s->bytes + from, len - from);
	explicit_bzero(s->bytes + len - from, s->len - (len - from));
	registers_wipe();
	s->len = len - from;
}

const char *
secret_bytes(const struct secret *s)
{
	return s->bytes;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

bool
secret_memory_is_locked(const char **why)
{
	pthread_mutex_lock(&slab.lock);
	if (!slab.regions)
		slab_grow();
	bool locked = !slab.why_unlocked[0];
	pthread_mutex_unlock(&slab.lock);
	if (why)
		*why = locked ? "" : slab.why_unlocked;
	return locked;
}
