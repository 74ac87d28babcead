/* What differs between the settings in force and those that were read anew. */
#include "carillon/base/config.h"

#include "base/config_table.h"

static size_t
size_of(const struct setting *s)
{
	switch (s->type) {
	case SETTING_STRING: return CONFIG_STRING_MAX;
	case SETTING_INT: return sizeof(int64_t);
	case SETTING_BOOL: return sizeof(bool);
	}
	return 0;
}

static bool
is_same(const struct config *a, const struct config *b, const struct setting *s)
{
	const char *at_a = (const char *)a + s->offset, *at_b = (const char *)b + s->offset;

	/* Behind the end of a shorter text there may be the rest of a longer one. */
	if (s->type == SETTING_STRING)
		return strcmp(at_a, at_b) == 0;
	return memcmp(at_a, at_b, size_of(s)) == 0;
}

void
config_each_change(
    const struct config *from, const struct config *to, config_change_fn *each, void *arg)
{
	struct buf was = {0}, is = {0};

	for (const struct setting *s = settings; s < settings + SETTING_COUNT; s++) {
		if (is_same(from, to, s))
			continue;
		buf_clear(&was);
		buf_clear(&is);
		setting_show(&was, from, s);
		setting_show(&is, to, s);
		each(s->name, s->at == SETTING_AT_RELOAD, was.ptr, is.ptr, arg);
	}
	buf_fini(&was);
	buf_fini(&is);
}

void
config_take_reloadable(struct config *c, const struct config *from)
{
	for (const struct setting *s = settings; s < settings + SETTING_COUNT; s++)
		if (s->at == SETTING_AT_RELOAD)
			memcpy(
			    (char *)c + s->offset, (const char *)from + s->offset, size_of(s));
}
