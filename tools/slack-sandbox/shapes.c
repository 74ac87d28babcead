#include "shapes.h"

#include "constant.h"

enum { CLOSED = false, OPEN = true, OPTIONAL = false, REQUIRED = true };

static const struct shape shapes[] = {
#define SHAPE(id, type, places, kind) {CONSTANT_STR(type), SHAPE_##id, (places), (kind)},
#define PROP(shape, name, rule, need, most, detail)
#include "shapes.def"
#undef SHAPE
#undef PROP
};

static const struct prop props[] = {
#define SHAPE(id, type, places, kind)
#define PROP(shape, name, rule, need, most, detail) \
	{SHAPE_##shape, CONSTANT_STR(name), RULE_##rule, (need), (most), (detail)},
#include "shapes.def"
#undef SHAPE
#undef PROP
};

static const struct str words[] = {
#define WORDS(id, list) CONSTANT_STR(list),
#include "words.def"
#undef WORDS
};

const struct shape *
shape_find(struct str type, enum place place)
{
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		if ((shapes[i].places & place) && str_eq(shapes[i].type, type))
			return &shapes[i];
	return NULL;
}

const struct shape *
shape_at(enum shape_id id)
{
	return &shapes[id];
}

const struct prop *
prop_find(const struct shape *s, struct str name)
{
	for (size_t i = 0; i < COUNT_OF(props); i++)
		if (props[i].shape == s->id && str_eq(props[i].name, name))
			return &props[i];
	return NULL;
}

const struct prop *
prop_at(size_t n)
{
	return n < COUNT_OF(props) ? &props[n] : NULL;
}

struct str
words_of(enum words id)
{
	return words[id];
}

bool
words_have(enum words id, struct str word)
{
	const char *at = words[id].ptr, *end = at + words[id].len;
	while (at < end) {
		const char *bar = memchr(at, '|', (size_t)(end - at));
		const char *stop = bar ? bar : end;
		if (str_eq((struct str){at, (size_t)(stop - at)}, word))
			return true;
		at = stop + 1;
	}
	return false;
}
