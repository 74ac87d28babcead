#include "producer_example.h"

#include <stdio.h>

#include "output.h"
#include "server_url.h"

static const struct example {
	const char *name, *credentials, *key, *text;
} examples[] = {
#define EXAMPLE(name, credentials, key, text) {#name, credentials, key, text},
#include "producer_examples.def"
#undef EXAMPLE
};

static const struct example *
find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(examples); i++)
		if (strcmp(examples[i].name, name) == 0)
			return &examples[i];
	return NULL;
}

bool
example_is_known(const char *language, struct err *e)
{
	struct buf all = {0};

	if (find(language) != NULL)
		return true;
	for (size_t i = 0; i < COUNT_OF(examples); i++)
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", examples[i].name);
	(void)fail(
	    e, ERR_INPUT, "--example %s: it is one of %.*s", language, STR_ARG(buf_view(&all)));
	buf_fini(&all);
	return false;
}

struct word {
	struct str name, value;
};

/* The text with each "$NAME" replaced. Values are not looked at again. */
static void
replace(struct buf *out, const char *text, const struct word *words, size_t n)
{
	while (*text != '\0') {
		size_t i = 0;

		while (i < n && strncmp(text, words[i].name.ptr, words[i].name.len) != 0)
			i++;
		if (i == n) {
			buf_putc(out, *text++);
			continue;
		}
		buf_str(out, words[i].value);
		text += words[i].name.len;
	}
}

void
example_print(const char *language, const struct config *config, const struct nats_dir *d,
    const struct producer *p, const char *file)
{
	const struct example *example = find(language);
	struct buf url = {0}, inbox = {0}, subject = {0}, auth = {0}, text = {0};

	server_url(&url, config->nats_url);
	buf_printf(&inbox, "_INBOX.%.*s", STR_ARG(p->workspace));
	buf_printf(&subject, "%s.events.%.*s", d->prefix, STR_ARG(p->workspace));
	/* The last is made of the others. */
	struct word words[] = {
	    {STR("$URL"), buf_view(&url)},
	    {STR("$FILE"), str_of(file)},
	    {STR("$KEY"), p->key},
	    {STR("$INBOX"), buf_view(&inbox)},
	    {STR("$SUBJECT"), buf_view(&subject)},
	    {STR("$AUTH"), {0}},
	};
	replace(&auth, d->is_static ? example->key : example->credentials, words,
	    COUNT_OF(words) - 1);
	words[COUNT_OF(words) - 1].value = buf_view(&auth);
	replace(&text, example->text, words, COUNT_OF(words));
	print_text(&text);
	buf_fini(&url);
	buf_fini(&inbox);
	buf_fini(&subject);
	buf_fini(&auth);
}
