#include "flow/settings.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { CHANGES = 2000, LOOKERS = 3 };

static void
a_view_takes_what_is_new_once(void **state)
{
	static struct settings_view view;
	static struct config config;
	struct settings *s;

	(void)state;
	config_defaults(&config);
	config.drain_s = 1;
	s = settings_new(&config);
	assert_true(settings_take(s, &view));
	assert_int_equal(view.config.drain_s, 1);
	assert_false(settings_take(s, &view));
	config.drain_s = 2;
	settings_change(s, &config);
	assert_int_equal(view.config.drain_s, 1);
	assert_true(settings_take(s, &view));
	assert_int_equal(view.config.drain_s, 2);
	assert_false(settings_take(s, &view));
	settings_free(s);
}

/* Two settings always say the same, so half a change would be seen. */
static void
say(struct config *c, int n)
{
	c->drain_s = n;
	snprintf(c->history_url, sizeof(c->history_url), "%d", n);
}

static void *
look(void *settings)
{
	struct settings_view *view = calloc(1, sizeof(*view));
	uintptr_t torn = 0;
	char text[16];

	must(view != NULL);
	while (view->config.drain_s < CHANGES) {
		if (!settings_take(settings, view))
			continue;
		snprintf(text, sizeof(text), "%d", (int)view->config.drain_s);
		torn += strcmp(text, view->config.history_url) != 0;
	}
	free(view);
	return (void *)torn;
}

static void
nobody_sees_half_a_change(void **state)
{
	static struct config config;
	pthread_t lookers[LOOKERS];
	struct settings *s;

	(void)state;
	config_defaults(&config);
	say(&config, 0);
	s = settings_new(&config);
	for (int i = 0; i < LOOKERS; i++)
		assert_int_equal(pthread_create(&lookers[i], NULL, look, s), 0);
	for (int n = 1; n <= CHANGES; n++) {
		say(&config, n);
		settings_change(s, &config);
	}
	for (int i = 0; i < LOOKERS; i++) {
		void *torn;

		assert_int_equal(pthread_join(lookers[i], &torn), 0);
		assert_null(torn);
	}
	settings_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_view_takes_what_is_new_once),
	    cmocka_unit_test(nobody_sees_half_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
