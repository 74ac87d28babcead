#include "carillon/base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct metric COUNTED = {"x_total", METRIC_COUNTER, "a,b", "serve", "what x is"};
static const struct metric TIMED = {"t_seconds", METRIC_HISTOGRAM, "", "serve", "how long"};

static void
a_metric_is_explained_once_and_its_labels_are_escaped(void **state)
{
	struct buf out = {0};
	struct metrics_page p = {.out = &out};

	(void)state;
	metric_put(&p, &COUNTED, METRIC_LABELS("one", "say \"\\\n\""), 7);
	metric_put(&p, &COUNTED, METRIC_LABELS("two", ""), UINT64_MAX);
	assert_string_equal(out.ptr, "# HELP x_total what x is\n"
				     "# TYPE x_total counter\n"
				     "x_total{a=\"one\",b=\"say \\\"\\\\ \\\"\"} 7\n"
				     "x_total{a=\"two\",b=\"\"} 18446744073709551615\n");
	buf_fini(&out);
}

static void
a_histogram_counts_upwards_to_all_and_says_seconds(void **state)
{
	static struct histogram h;
	struct histogram_view v;
	struct buf out = {0};
	struct metrics_page p = {.out = &out};

	(void)state;
	histogram_look(&h, &v);
	metric_put_histogram(&p, &TIMED, NULL, &v);
	assert_int_equal(out.len, 0); /* nothing was observed */
	histogram_observe(&h, 250);
	histogram_observe(&h, 2000000);
	histogram_look(&h, &v);
	metric_put_histogram(&p, &TIMED, NULL, &v);
	assert_non_null(strstr(out.ptr, "# TYPE t_seconds histogram\n"
					"t_seconds_bucket{le=\"0.0001\"} 0\n"
					"t_seconds_bucket{le=\"0.00025\"} 1\n"));
	assert_non_null(strstr(out.ptr, "t_seconds_bucket{le=\"1\"} 1\n"
					"t_seconds_bucket{le=\"2.5\"} 2\n"));
	assert_non_null(strstr(out.ptr, "t_seconds_bucket{le=\"+Inf\"} 2\n"
					"t_seconds_sum 2.000250\n"
					"t_seconds_count 2\n"));
	buf_fini(&out);
}

static void
the_same_samples_are_one_json_object(void **state)
{
	struct buf out = {0};
	struct json_writer w;
	struct metrics_page p = {.json = &w};

	(void)state;
	jw_init(&w, &out);
	jw_object(&w);
	metric_put(&p, &COUNTED, METRIC_LABELS("one", "two"), 7);
	metric_put_us(&p, &metrics[METRIC_IS_CPU], NULL, 1500000);
	jw_object_end(&w);
	assert_string_equal(out.ptr, "{\"x_total{a=\\\"one\\\",b=\\\"two\\\"}\":7,"
				     "\"process_cpu_seconds_total\":1.500000}");
	buf_fini(&out);
}

static void
a_process_tells_of_itself(void **state)
{
	static const char *const told[] = {"carillon_build_info{version=\"1.2.3\"} 1\n",
	    "\nprocess_cpu_seconds_total ", "\nprocess_resident_memory_bytes ",
	    "\nprocess_open_fds ", "\nprocess_start_time_seconds 1",
	    "\ncarillon_disk_free_bytes "};
	struct buf out = {0};
	struct metrics_page p = {.out = &out};

	(void)state;
	metrics_put_process(&p, "1.2.3");
	metrics_put_disk(&p, "/");
	for (size_t i = 0; i < COUNT_OF(told); i++)
		assert_non_null(strstr(out.ptr, told[i]));
	buf_fini(&out);
}

/* Who wrote a row by hand may have misnamed it; a counter's name ends in _total by convention.
 */
static void
the_table_is_as_prometheus_wants_it(void **state)
{
	(void)state;
	for (int i = 0; i < METRICS; i++) {
		const char *name = metrics[i].name;
		const size_t len = strlen(name);
		const bool ends_in_total = len > 6 && strcmp(name + len - 6, "_total") == 0;

		assert_int_equal(ends_in_total, metrics[i].type == METRIC_COUNTER);
		assert_null(strstr(metrics[i].labels, "workspace"));
		for (int other = 0; other < i; other++)
			assert_string_not_equal(name, metrics[other].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_metric_is_explained_once_and_its_labels_are_escaped),
	    cmocka_unit_test(a_histogram_counts_upwards_to_all_and_says_seconds),
	    cmocka_unit_test(the_same_samples_are_one_json_object),
	    cmocka_unit_test(a_process_tells_of_itself),
	    cmocka_unit_test(the_table_is_as_prometheus_wants_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
