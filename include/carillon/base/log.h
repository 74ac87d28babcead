/*
 * One event a line, logfmt on standard error: time, level, a fixed verb, then keys.
 *
 *     log_warn("lane.shut", L_STR("lane", key), L_INT("for_ms", wait));
 *
 * Any thread; one write(2) a line. There is no field type for a secret, on purpose.
 *
 * What repeats is limited, but for debug: 20 lines a minute of a verb and a workspace, 200 of a
 * verb. The next line that is written has "unwritten", the number of those before it that were
 * not; where none follows, a line "log.unwritten" tells it.
 */
#pragma once

#include "carillon/base/base.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_NONE, /* of log_set_level only: no line is written */
};

struct log_field {
	const char *key;
	enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_BOOL } kind;
	struct str str;
	int64_t num;
};

#define L_STR(k, v)                                                 \
	{                                                           \
		.key = (k), .kind = LOG_FIELD_STR, .str = str_of(v) \
	}
#define L_STRN(k, v)                                          \
	{                                                     \
		.key = (k), .kind = LOG_FIELD_STR, .str = (v) \
	}
#define L_INT(k, v)                                                    \
	{                                                              \
		.key = (k), .kind = LOG_FIELD_INT, .num = (int64_t)(v) \
	}
#define L_BOOL(k, v)                                           \
	{                                                      \
		.key = (k), .kind = LOG_FIELD_BOOL, .num = (v) \
	}

void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);
/* The verb is dotted and fixed: people grep for it. */
void log_line(enum log_level level, const char *verb, const struct log_field *fields, size_t n);

#define LOG_AT(level, verb, ...)                                             \
	do {                                                                 \
		if (log_is_on(level)) {                                      \
			const struct log_field log_f_[] = {__VA_ARGS__};     \
			log_line((level), (verb), log_f_, COUNT_OF(log_f_)); \
		}                                                            \
	} while (0)
#define log_debug(verb, ...) LOG_AT(LOG_LEVEL_DEBUG, verb, __VA_ARGS__)
#define log_info(verb, ...)  LOG_AT(LOG_LEVEL_INFO, verb, __VA_ARGS__)
#define log_warn(verb, ...)  LOG_AT(LOG_LEVEL_WARN, verb, __VA_ARGS__)
#define log_error(verb, ...) LOG_AT(LOG_LEVEL_ERROR, verb, __VA_ARGS__)
