/* A directory of NATS's accounts for a test, with a vault of its own. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/keeper/producers.h"

#include <cmocka.h>

enum { NOW_S = 1800000000 };

struct fixture {
	char dir[64], path[96], key_file[96];
	struct vault *vault;
	struct arena *arena;
	struct nats_dir nats;
	struct err e;
};

#define OK(call)                                                              \
	do {                                                                  \
		if (!(call))                                                  \
			fail_msg("%s: (%d) %s", #call, f->e.kind, f->e.text); \
	} while (0)

static inline int
fixture_make(void **state, bool is_static)
{
	struct fixture *f = calloc(1, sizeof(*f));

	must(f != NULL);
	snprintf(f->dir, sizeof(f->dir), "/tmp/carillon-keeper-XXXXXX");
	must(mkdtemp(f->dir) != NULL);
	snprintf(f->path, sizeof(f->path), "%s/nats", f->dir);
	snprintf(f->key_file, sizeof(f->key_file), "%s/master-key", f->dir);
	f->arena = arena_new(0);
	OK(vault_init(f->key_file, &f->e));
	OK(vault_open(&f->vault, f->key_file, &f->e));
	OK(nats_dir_create(
	    &f->nats, f->path, "carillon", is_static ? NULL : f->vault, f->arena, &f->e));
	*state = f;
	return 0;
}

static inline int
fixture_up(void **state)
{
	return fixture_make(state, false);
}

static inline int
fixture_static(void **state)
{
	return fixture_make(state, true);
}

static inline int
fixture_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	must(system(command) == 0);
	vault_close(f->vault);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* A file of the directory as text, in the arena. */
static inline struct str
file_text(struct fixture *f, const char *path)
{
	struct buf text = {0};
	FILE *file = fopen(path, "r");
	int c;

	if (file == NULL)
		fail_msg("%s is not there", path);
	while ((c = fgetc(file)) != EOF)
		buf_putc(&text, (char)c);
	fclose(file);
	struct str kept = arena_str(f->arena, buf_view(&text));
	buf_fini(&text);
	return kept;
}

static inline mode_t
file_mode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

/* Mints a credential into `file` of the test's directory; its key. */
static inline struct str
mint(struct fixture *f, const char *workspace, const char *name, int64_t expires_s,
    char file[static 160])
{
	struct producer p = {
	    .workspace = str_of(workspace),
	    .name = str_of(name),
	    .issued_s = NOW_S,
	    .expires_s = expires_s,
	};

	snprintf(file, 160, "%s/%s-%s.creds", f->dir, workspace, name);
	OK(producer_mint(&f->nats, f->vault, &p, file, f->arena, &f->e));
	return p.key;
}
