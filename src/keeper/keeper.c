#include "carillon/keeper/keeper.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/histogram.h"
#include "carillon/base/log.h"
#include "carillon/base/queue.h"
#include "carillon/registry/vault_key.h"
#include "eraser.h"
#include "job.h"
#include "lists.h"
#include "renewals.h"

enum {
	PUBLISH_EVERY_MS = 15000, /* looks whether a rotation has changed the vault's key */
	SLOW_THREADS = 2,
	SLOW_MAX = 64, /* jobs that wait */
	TURN_MS = 200,
	TAKE_MS = 500,
	REQUEST_MAX = 64 * 1024, /* bytes, and as many times what its tree takes */
};

static const struct {
	struct str name;
	job_run *run;
} methods[] = {
#define METHOD(name, function) {{name, sizeof(name) - 1}, function},
#include "methods.def"
#undef METHOD
};

enum { METHODS = COUNT_OF(methods) };

struct keeper {
	struct keeper_parts parts;
	/* By method, then 0 for an answer or 1 + the problem. */
	atomic_uint_least64_t calls[METHODS][1 + KEEPER_PROBLEMS];
	struct histogram took;
	pthread_mutex_t lock; /* over the settings */
	struct config config;
	struct secret *client_secret; /* NULL: none */
	struct service *service;
	struct queue *slow;
	struct channel_lists *lists;
	struct renewals *renewals;
	struct eraser *eraser;
	uint32_t published; /* version of the public key */
	atomic_bool is_stopping;
	pthread_t thread, workers[SLOW_THREADS];
};

const struct keeper_parts *
keeper_parts_of(const struct keeper *k)
{
	return &k->parts;
}

struct channel_lists *
keeper_lists(struct keeper *k)
{
	return k->lists;
}

struct renewals *
keeper_renewals(struct keeper *k)
{
	return k->renewals;
}

const struct secret *
keeper_client_secret(const struct keeper *k)
{
	return k->client_secret;
}

/* --- jobs --- */

static struct job *
job_new(void)
{
	struct job *j = calloc(1, sizeof(*j));

	must(j != NULL);
	list_init(&j->link);
	j->arena = arena_new(0);
	j->deadline = mono_after(clock_mono(), KEEPER_WAIT_MS);
	carillon__v1__keeper_answer__init(&j->answer);
	return j;
}

static void
job_free(struct job *j)
{
	service_request_free(&j->request);
	arena_free_wiped(j->arena); /* a code was in it, perhaps */
	free(j);
}

static void
count(struct keeper *k, const struct job *j)
{
	int problem = 0;

	for (int i = 0; j->answer.problem != NULL && i < KEEPER_PROBLEMS; i++)
		if (strcmp(j->answer.problem->code,
			keeper_problem_code((enum keeper_problem)i)) == 0)
			problem = 1 + i;
	for (int i = 0; i < METHODS; i++)
		if (str_eq(methods[i].name, j->request.method))
			atomic_fetch_add_explicit(
			    &k->calls[i][problem], 1, memory_order_relaxed);
}

static void
answer(struct keeper *k, struct job *j)
{
	struct err e = {0};

	count(k, j);

	if (j->request.handle != NULL && !service_answer(k->parts.broker, &j->request,
					     record_pack(j->arena, &j->answer), &e))
		log_warn("keeper.answer", L_STRN("method", j->request.method),
		    L_STR("error", e.text));
	job_free(j);
}

bool
keeper_do(struct keeper *k, job_run *run, void *arg)
{
	struct job *j = job_new();

	j->run = run;
	j->arg = arg;
	if (queue_try_put(k->slow, &j->link))
		return true;
	job_free(j);
	return false;
}

/* --- a slow thread --- */

static void
config_copy(struct keeper *k, struct config *out)
{
	pthread_mutex_lock(&k->lock);
	*out = k->config;
	pthread_mutex_unlock(&k->lock);
}

/* The index as of now, not as of when the question left: it may be about what was just put. */
static bool
begin(struct job *j)
{
	struct registry *r = j->worker->registry;
	struct err e = {0};

	registry_set_author(r, j->ask != NULL ? str_of(j->ask->by) : (struct str){0});
	return registry_catch_up(r, 0, &e) || job_failed(j, &e);
}

static void
work(struct worker *w, struct job *j)
{
	mono_t began = clock_mono();
	const int64_t began_us = clock_mono_us();

	j->worker = w;
	config_copy(w->keeper, &w->config);
	if (mono_reached(began, j->deadline) && j->request.handle != NULL) {
		log_warn("keeper.late", L_STRN("method", j->request.method));
		job_free(j);
		return;
	}
	if (begin(j))
		j->run(j);
	job_forget(j);
	if (j->request.handle != NULL)
		histogram_observe(&w->keeper->took, clock_mono_us() - began_us);
	if (j->ask != NULL)
		log_info("keeper.answered", L_STRN("method", j->request.method),
		    L_STR("workspace", j->ask->workspace),
		    L_STR("connection", j->ask->connection),
		    L_STR("problem", j->answer.problem ? j->answer.problem->code : ""),
		    L_INT("ms", clock_mono().ms - began.ms));
	answer(w->keeper, j);
}

static void *
worker_run(void *keeper)
{
	struct keeper *k = keeper;
	struct worker w = {
	    .keeper = k, .registry = registry_new(k->parts.broker, k->parts.store)};
	struct list jobs, *first;

	http_request_init(&w.req);
	list_init(&jobs);
	while (!atomic_load(&k->is_stopping)) {
		if (!queue_wait_one(k->slow, &jobs, TAKE_MS))
			continue;
		while ((first = list_take_first(&jobs)) != NULL)
			work(&w, CONTAINER_OF(first, struct job, link));
	}
	http_request_fini(&w.req);
	buf_fini(&w.answer);
	registry_free(w.registry);
	return NULL;
}

/* --- the public key --- */

static bool
publish_key(struct keeper *k, struct err *e)
{
	return vault_key_publish(
	    k->parts.broker, k->parts.store, k->parts.vault, &k->published, e);
}

/* A rotation under way: boxes are to be made for the new key, before the old one goes. */
static void
publish_again(struct keeper *k)
{
	struct box_key key;
	struct err e;

	vault_box_key(k->parts.vault, &key);
	if (key.version != k->published && !publish_key(k, &e))
		log_warn("keeper.publish", L_STR("error", e.text));
}

/* --- the keeper's thread --- */

static job_run *
method_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (str_eq(methods[i].name, name))
			return methods[i].run;
	return NULL;
}

/* One line of text: it becomes a header of what is written. */
static bool
is_author(struct str by)
{
	for (size_t i = 0; i < by.len; i++)
		if ((unsigned char)by.ptr[i] < ' ' || by.ptr[i] == 0x7f)
			return false;
	return by.len <= STATE_BY_MAX && str_is_text(by);
}

static bool
read_request(struct job *j)
{
	struct str connection;
	void *ask;
	struct err e;

	j->run = method_find(j->request.method);
	if (j->run == NULL)
		return job_problem(j, KEEPER_INVALID_VALUE, "there is no such method");
	if (j->request.bytes.len > REQUEST_MAX ||
	    !record_unpack(&carillon__v1__keeper_request__descriptor, j->arena,
		j->request.bytes, &ask, &e))
		return job_problem(j, KEEPER_INVALID_VALUE, "the request cannot be read");
	j->ask = ask;
	connection = str_of(j->ask->connection);
	if (!id_is_workspace(job_workspace(j)) ||
	    (connection.len > 0 && !id_is_record(connection)) || !is_author(str_of(j->ask->by)))
		return job_problem(
		    j, KEEPER_INVALID_VALUE, "workspace, connection or author is no such id");
	return true;
}

static void
take(struct keeper *k, const struct service_request *request)
{
	struct job *j = job_new();

	j->request = *request;
	if (!read_request(j)) {
		answer(k, j);
	} else if (!queue_try_put(k->slow, &j->link)) {
		job_problem(j, KEEPER_BUSY, "the keeper has %d questions waiting", SLOW_MAX);
		j->answer.problem->retry_after_ms = 1000;
		answer(k, j);
	}
}

static void *
keeper_run(void *keeper)
{
	struct keeper *k = keeper;
	struct service_request request;
	mono_t publish_at = mono_after(clock_mono(), PUBLISH_EVERY_MS);
	struct err e;

	while (!atomic_load(&k->is_stopping)) {
		if (service_next(k->service, TURN_MS, &request, &e))
			take(k, &request);
		if (mono_reached(clock_mono(), publish_at)) {
			publish_again(k);
			publish_at = mono_after(clock_mono(), PUBLISH_EVERY_MS);
		}
		renewals_turn(k->renewals, clock_wall());
		lists_turn(k->lists, clock_mono());
	}
	return NULL;
}

/* --- start and stop --- */

static bool
read_client_secret(struct keeper *k, struct err *e)
{
	const char *path = k->config.slack_client_secret_file;
	struct stat st;
	int fd;
	bool ok;

	if (path[0] == '\0')
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		if (fd >= 0)
			close(fd);
		return fail(e, ERR_SETUP, "slack_client_secret_file: cannot be read");
	}
	k->client_secret = secret_new(SECRET_MAX / 2);
	ok = (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 ||
	     fail(e, ERR_SETUP, "slack_client_secret_file: others may read it: chmod 600");
	ok = ok && secret_read_fd(k->client_secret, fd, e);
	close(fd);
	return ok;
}

static void
keeper_free(struct keeper *k)
{
	struct list left, *first;

	list_init(&left);
	queue_take_all(k->slow, &left);
	while ((first = list_take_first(&left)) != NULL) {
		struct job *j = CONTAINER_OF(first, struct job, link);

		free(j->arg);
		job_free(j);
	}
	service_close(k->service);
	renewals_free(k->renewals);
	lists_free(k->lists);
	queue_free(k->slow);
	secret_free(k->client_secret);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

static void
start_thread(pthread_t *thread, void *(*run)(void *), struct keeper *k, const char *name)
{
	must(pthread_create(thread, NULL, run, k) == 0);
	(void)pthread_setname_np(*thread, name);
}

bool
keeper_start(struct keeper **out, const struct keeper_parts *parts, struct err *e)
{
	struct keeper *k = calloc(1, sizeof(*k));

	must(k != NULL);
	k->parts = *parts;
	k->config = *parts->config;
	must(pthread_mutex_init(&k->lock, NULL) == 0);
	k->slow = queue_new(SLOW_MAX);
	k->lists = lists_new(k, parts->config->data_dir);
	k->renewals = renewals_new(k);
	if (!read_client_secret(k, e) || !publish_key(k, e) ||
	    !service_open(&k->service, parts->broker, KEEPER_SERVICE, e)) {
		keeper_free(k);
		return fail_within(e, "keeper");
	}
	for (int i = 0; i < SLOW_THREADS; i++)
		start_thread(&k->workers[i], worker_run, k, "keeper-slow");
	start_thread(&k->thread, keeper_run, k, "keeper");
	k->eraser = eraser_start(&k->parts);
	*out = k;
	return true;
}

void
keeper_reload(struct keeper *k, const struct config *c)
{
	pthread_mutex_lock(&k->lock);
	k->config = *c;
	pthread_mutex_unlock(&k->lock);
}

void
keeper_quiesce(struct keeper *k)
{
	atomic_store(&k->is_stopping, true);
}

void
keeper_stop(struct keeper *k)
{
	if (k == NULL)
		return;
	keeper_quiesce(k);
	eraser_stop(k->eraser);
	pthread_join(k->thread, NULL);
	for (int i = 0; i < SLOW_THREADS; i++)
		pthread_join(k->workers[i], NULL);
	keeper_free(k);
}

/* --- figures --- */

void
keeper_metrics(struct keeper *k, struct metrics_page *p)
{
	struct histogram_view took;

	for (int i = 0; i < METHODS; i++)
		for (int n = 0; n <= KEEPER_PROBLEMS; n++) {
			const uint64_t calls = atomic_load(&k->calls[i][n]);
			const char *result =
			    n == 0 ? "ok" : keeper_problem_code((enum keeper_problem)(n - 1));

			if (calls > 0 || n == 0)
				metric_put(p, &metrics[METRIC_IS_KEEPER_CALLS],
				    METRIC_LABELS(methods[i].name.ptr, result), calls);
		}
	histogram_look(&k->took, &took);
	metric_put_histogram(p, &metrics[METRIC_IS_KEEPER_SECONDS], NULL, &took);
}

_Static_assert(COUNT_OF(methods) <= (size_t)MICRO_ENDPOINTS_MAX, "each method is an endpoint");

size_t
keeper_endpoints(
    struct keeper *k, struct micro_endpoint out[MICRO_ENDPOINTS_MAX], struct arena *a)
{
	for (int i = 0; i < METHODS; i++) {
		out[i] = (struct micro_endpoint){
		    .name = methods[i].name,
		    .subject = arena_printf(a, "%s.%s.%s", broker_prefix(k->parts.broker),
			KEEPER_SERVICE, methods[i].name.ptr),
		    .queue = STR(KEEPER_SERVICE),
		};
		for (int n = 0; n <= KEEPER_PROBLEMS; n++)
			out[i].requests += atomic_load(&k->calls[i][n]);
		out[i].errors = out[i].requests - atomic_load(&k->calls[i][0]);
	}
	return METHODS;
}
