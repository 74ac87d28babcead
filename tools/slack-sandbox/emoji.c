#include "emoji.h"

#include "constant.h"

static const struct {
	struct str name, character;
} emoji[] = {
#define EMOJI(name, character) {CONSTANT_STR(name), CONSTANT_STR(character)},
#include "emoji.def"
#undef EMOJI
};

struct str
emoji_find(struct str name)
{
	size_t low = 0, high = COUNT_OF(emoji);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_cmp(emoji[middle].name, name);
		if (order == 0)
			return emoji[middle].character;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (struct str){NULL, 0};
}
