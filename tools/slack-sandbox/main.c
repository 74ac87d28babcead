/* slack-sandbox: a stand-in for Slack's Web API on loopback. See README.md. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "apps.h"
#include "events.h"
#include "sandbox.h"
#include "server.h"

enum option_id {
	OPTION_NONE = 255,
#define OPTION(name, id, argument, help) OPTION_##id,
#include "options.def"
#undef OPTION
};

static const struct option options[] = {
#define OPTION(name, id, argument, help) \
	{(name), sizeof(argument) > 1 ? required_argument : no_argument, NULL, OPTION_##id},
#include "options.def"
#undef OPTION
    {0}};

static const struct {
	const char *name, *argument, *help;
} manual[] = {
#define OPTION(name, id, argument, help) {(name), (argument), (help)},
#include "options.def"
#undef OPTION
};

struct settings {
	struct world *world;
	struct team *team; /* the last one named */
	int port, threads, burst;
	double rate;
	int64_t latency_ms;
	size_t journal_text, journal_mib;
	const char *port_file, *journal_file, *key_marker, *tls_cert, *tls_key;
	bool is_bare, is_help, is_unlimited;
};

static void
print_help(void)
{
	(void)printf("usage: slack-sandbox [options]\n\n"
		     "A stand-in for Slack's Web API on loopback, all in memory.\n\n");
	for (size_t i = 0; i < COUNT_OF(manual); i++) {
		char left[40];
		(void)snprintf(left, sizeof left, "--%s %s", manual[i].name,
		    manual[i].argument ? manual[i].argument : "");
		(void)printf("  %-26s %s\n", left, manual[i].help);
	}
	(void)printf(
	    "\nThe default world: team T0SANDBOX, token xoxb-sandbox-token-1, channels\n"
	    "C0ALERTS (the bot is in), C0GENERAL, G0SECRET (private), C0OLD (archived).\n");
}

static bool
read_number(const char *text, const char *name, int64_t most, int64_t *out, struct err *e)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno || *end || end == text || n < 0 || n > most)
		return fail(
		    e, ERR_INPUT, "--%s: write a number from 0 to %lld", name, (long long)most);
	*out = n;
	return true;
}

/* "id:name"; without a colon the name is the id. */
static void
split(const char *text, struct str *id, struct str *name)
{
	const char *colon = strchrnul(text, ':');
	*id = (struct str){text, (size_t)(colon - text)};
	*name = str_of(*colon ? colon + 1 : text);
}

static struct team *
current_team(struct settings *s)
{
	if (!s->team) {
		world_fill_default(s->world);
		s->team = world_team_at(s->world, 0);
	}
	return s->team;
}

static bool
apply_world(struct settings *s, enum option_id id, const char *text, struct err *e)
{
	struct str key, name;
	split(text, &key, &name);
	if (key.len == 0 || (id != OPTION_TOKEN && key.len > 64))
		return fail(e, ERR_INPUT, "\"%s\": write an id of 1 to 64 bytes", text);
	if (id == OPTION_TEAM) {
		s->team = world_put_team(s->world, key, name);
		return true;
	}
	struct team *team = current_team(s);
	if (id == OPTION_TOKEN) {
		(void)world_put_token(s->world, team, str_of(text), world_default_scopes);
		return true;
	}
	struct channel *c = world_put_channel(s->world, team, key, name);
	c->is_member = true;
	c->is_private = key.ptr[0] == 'G';
	return true;
}

static bool
apply_number(struct settings *s, enum option_id id, const char *text, struct err *e)
{
	static const int64_t most[] = {
	    [OPTION_PORT - OPTION_NONE] = 65535,
	    [OPTION_RATE - OPTION_NONE] = 1000000,
	    [OPTION_BURST - OPTION_NONE] = 1000000,
	    [OPTION_LATENCY - OPTION_NONE] = 3600000,
	    [OPTION_THREADS - OPTION_NONE] = 64,
	    [OPTION_JOURNAL_TEXT - OPTION_NONE] = 1 << 30,
	    [OPTION_JOURNAL_MIB - OPTION_NONE] = 1 << 20,
	};
	int64_t n = 0;
	if (!read_number(
		text, manual[id - OPTION_NONE - 1].name, most[id - OPTION_NONE], &n, e))
		return false;
	switch (id) {
	case OPTION_PORT: s->port = (int)n; break;
	case OPTION_RATE: s->rate = (double)n; break;
	case OPTION_BURST: s->burst = n ? (int)n : 1; break;
	case OPTION_LATENCY: s->latency_ms = n; break;
	case OPTION_THREADS: s->threads = n ? (int)n : 1; break;
	case OPTION_JOURNAL_TEXT: s->journal_text = (size_t)n; break;
	default: s->journal_mib = (size_t)n; break;
	}
	return true;
}

static bool
apply(struct settings *s, enum option_id id, const char *text, struct err *e)
{
	switch (id) {
	case OPTION_TEAM:
	case OPTION_TOKEN:
	case OPTION_CHANNEL: return apply_world(s, id, text, e);
	case OPTION_PORT_FILE: s->port_file = text; return true;
	case OPTION_JOURNAL_FILE: s->journal_file = text; return true;
	case OPTION_KEY_MARKER: s->key_marker = text; return true;
	case OPTION_TLS_CERT: s->tls_cert = text; return true;
	case OPTION_TLS_KEY: s->tls_key = text; return true;
	case OPTION_NO_RATE_LIMIT: s->is_unlimited = true; return true;
	case OPTION_BARE: s->is_bare = true; return true;
	case OPTION_HELP: s->is_help = true; return true;
	default: return apply_number(s, id, text, e);
	}
}

static bool
read_options(struct settings *s, int argc, char **argv, struct err *e)
{
	int id;
	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == '?')
			return fail(e, ERR_INPUT, "see --help");
		if (!apply(s, (enum option_id)id, optarg, e))
			return false;
	}
	if (optind < argc)
		return fail(e, ERR_INPUT, "%s: options only, see --help", argv[optind]);
	if (!s->tls_cert != !s->tls_key)
		return fail(e, ERR_INPUT, "--tls-cert and --tls-key go together");
	(void)current_team(s);
	return true;
}

/* A waiting client costs a descriptor, and there may be thousands. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Whole or not at all: a reader that waits for the file finds the number in it. */
static bool
write_port_file(const char *path, int port, struct err *e)
{
	char draft[4096];
	(void)snprintf(draft, sizeof draft, "%s.new", path);
	FILE *f = fopen(draft, "we");
	if (!f)
		return fail(e, ERR_SETUP, "--port-file: %s: %s", draft, strerror(errno));
	(void)fprintf(f, "%d\n", port);
	if (fclose(f) != 0 || rename(draft, path) != 0)
		return fail(e, ERR_SETUP, "--port-file: %s: %s", path, strerror(errno));
	return true;
}

static bool
serve(struct sandbox *s, const struct settings *settings, struct err *e)
{
	sigset_t stop;
	int received;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &stop, NULL);
	const struct server_settings how = {.port = settings->port,
	    .threads = settings->threads,
	    .tls_cert = settings->tls_cert,
	    .tls_key = settings->tls_key};
	struct server *server = server_start(s, &how, e);
	if (!server)
		return false;
	bool ok = !settings->port_file ||
	          write_port_file(settings->port_file, server_port(server), e);
	if (ok) {
		(void)printf("slack-sandbox listening on http%s://127.0.0.1:%d\n",
		    settings->tls_cert ? "s" : "", server_port(server));
		(void)fflush(stdout);
		(void)sigwait(&stop, &received);
	}
	server_stop(server);
	return ok;
}

static bool
run(const struct settings *settings, struct err *e)
{
	struct sandbox s = {.world = settings->world,
	    .key_marker = str_of(settings->key_marker),
	    .latency_ms = settings->latency_ms,
	    .is_bare = settings->is_bare};
	s.journal = journal_new(
	    settings->journal_text, settings->journal_mib << 20, settings->journal_file);
	if (!s.journal)
		return fail(e, ERR_SETUP, "--journal-file: %s: %s", settings->journal_file,
		    strerror(errno));
	s.faults = faults_new();
	s.apps = apps_new();
	s.events = events_new();
	s.utc = zone_utc();
	s.rates = rates_new();
	rates_set_channel(s.rates, settings->rate, settings->burst);
	if (settings->is_unlimited)
		rates_lift(s.rates);
	(void)pthread_mutex_init(&s.lock, NULL);
	raise_descriptor_limit();
	(void)signal(SIGPIPE, SIG_IGN);
	bool ok = serve(&s, settings, e);
	(void)pthread_mutex_destroy(&s.lock);
	events_free(s.events);
	apps_free(s.apps);
	faults_free(s.faults);
	rates_free(s.rates);
	zone_free(s.utc);
	journal_free(s.journal);
	return ok;
}

int
main(int argc, char **argv)
{
	struct err e = {0};
	struct settings s = {.world = world_new(),
	    .threads = 2,
	    .rate = 1,
	    .burst = 5,
	    .journal_text = 65536,
	    .journal_mib = 256,
	    .key_marker = "ref:"};
	bool ok = read_options(&s, argc, argv, &e);
	if (ok && s.is_help)
		print_help();
	else if (ok)
		ok = run(&s, &e);
	if (!ok)
		(void)fprintf(stderr, "slack-sandbox: %s\n", e.text);
	world_free(s.world);
	return ok ? 0 : 1;
}
