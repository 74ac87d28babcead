/*
 * The words for what a reader mends.
 */
#include "carillon/base/json.h"
#include "carillon/base/records.h"

#define FLAW(NAME, name, sentence)                                                             \
	_Static_assert(                                                                        \
	    (int)JSON_FLAW_##NAME + 1 == (int)CARILLON__V1__PAYLOAD_FLAW__PAYLOAD_FLAW_##NAME, \
	    "json_flaws.def is not in the order of history.proto");
#include "carillon/base/json_flaws.def"
#undef FLAW

static const char *const sentences[] = {
#define FLAW(NAME, name, sentence) sentence,
#include "carillon/base/json_flaws.def"
#undef FLAW
};

const char *
json_flaw_sentence(enum json_flaw flaw)
{
	must((size_t)flaw < COUNT_OF(sentences));
	return sentences[flaw];
}
