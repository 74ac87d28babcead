/*
 * The vocabulary every file starts from: strings with a length, errors, the two kinds of time,
 * and assertions that stay in. Plain values; any thread. Includes nothing of ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "carillon/base/banned.h"

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(array)   (sizeof(array) / sizeof((array)[0]))

/* The struct of `type` whose `member` is at `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Aborts, in every build, when something only we can do wrong was done. */
#define must(cond) ((cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__, __func__))
_Noreturn void must_failed(const char *cond, const char *file, int line, const char *func);

/* Bytes somebody else owns. Not NUL-terminated. {NULL, 0} is the empty string. */
struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal)   ((struct str){literal, sizeof(literal) - 1})
#define STR_ARG(s)     (int)(s).len, (s).ptr /* for "%.*s" */
#define STR_PTR_LEN(s) (s).ptr, (s).len

static inline struct str
str_of(const char *cstr)
{
	return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_starts_with(struct str s, struct str prefix);
/* <0, 0, >0 as memcmp, a prefix being less. */
int str_cmp(struct str a, struct str b);
/* Copies into `dst` of `size` bytes, cut if need be, always NUL-terminated. True if it fitted.
 */
bool str_copy(char *dst, size_t size, struct str s);
/* Without the white space, of ASCII, at both ends. */
struct str str_trimmed(struct str s);
/* A number as only digits write it, at most 19 of them: more may not fit. */
MUST_USE bool str_digits(struct str s, uint64_t *out);
/* The value of a hexadecimal digit, capital or small; -1: it is none. */
int hex_digit(char c);
/* Length of the longest prefix of at most `max` bytes that does not split a UTF-8 character. */
size_t str_utf8_cut(struct str s, size_t max);
/* Whether `s` is well-formed UTF-8 without NUL. */
bool str_is_text(struct str s);

/* What went wrong. `kind` is for code, `text` for people: lower case, naming the thing. */
enum err_kind {
	ERR_NONE,
	ERR_INPUT,     /* what was asked or sent is wrong; repeating it cannot help */
	ERR_TEMP,      /* may work later */
	ERR_CONFLICT,  /* somebody else changed it in between */
	ERR_NOT_FOUND, /* no such thing */
	ERR_DENIED,    /* a credential or a permission is missing or wrong */
	ERR_FULL,      /* a limit or a disk is full */
	ERR_CORRUPT,   /* stored bytes are not what was stored */
	ERR_SETUP,     /* the environment differs from what is needed: a person must act */
};

/* "not_found", for programs: never renamed. */
const char *err_kind_name(enum err_kind kind);

struct err {
	enum err_kind kind;
	char text[480];
};

/* Fills `e` (which may be NULL) and returns false. */
bool fail(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
/* Puts "context: " before the text of `e` and returns false, keeping the kind. */
bool fail_within(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Milliseconds of a clock that never jumps: what waiting is measured in. */
typedef struct {
	int64_t ms;
} mono_t;

/* Milliseconds since 1970, UTC: what people are told. May jump. */
typedef struct {
	int64_t ms;
} wall_t;

#define MONO_NEVER ((mono_t){INT64_MAX})

static inline mono_t
mono_after(mono_t t, int64_t ms)
{
	return (mono_t){t.ms + ms};
}

static inline bool
mono_reached(mono_t now, mono_t when)
{
	return now.ms >= when.ms;
}

static inline mono_t
mono_earlier(mono_t a, mono_t b)
{
	return a.ms <= b.ms ? a : b;
}
