/* For the config_*.c only: the settings as rows one can walk and assign. */
#pragma once

#include "carillon/base/config.h"

enum setting_type { SETTING_STRING, SETTING_INT, SETTING_BOOL };
enum setting_at { SETTING_AT_RELOAD, SETTING_AT_RESTART };

struct setting {
	const char *name;
	enum setting_type type;
	const char *text;   /* the default of a STRING */
	int64_t number;     /* the default of an INT or a BOOL */
	int64_t min, max;   /* of a STRING, lengths in bytes */
	const char *unit;   /* "" for none */
	enum setting_at at; /* when a change takes effect */
	const char *sentence;
	size_t offset; /* in struct config */
};

enum {
#define SETTING(type, name, def, min, max, unit, at, sentence) SETTING_IS_##name,
#include "carillon/base/config.def"
#undef SETTING
	SETTING_COUNT
};

extern const struct setting settings[SETTING_COUNT];

/* The setting of this name, or NULL. */
const struct setting *setting_find(struct str name);
/* Assigns from text; checks type and bounds. The error does not name the setting. */
MUST_USE bool setting_assign(
    struct config *c, const struct setting *s, struct str value, struct err *e);
/* Appends the value of `s` in `c`, as YAML, without the password of a URL. */
void setting_show(struct buf *out, const struct config *c, const struct setting *s);
/* Fails with `name` unknown, suggesting the nearest one. */
bool setting_fail_unknown(struct err *e, struct str name);

enum { SHOWN_MAX = 72 };
/* `s` as an error may show it: cut, with "?" for what is not printable ASCII. */
const char *shown(struct str s, char out[static SHOWN_MAX]);
