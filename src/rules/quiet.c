#include "carillon/rules/quiet.h"

#include "carillon/base/zone.h"

enum {
	TEXT_SHOWN_MAX = 40, /* bytes of what a person wrote that an error repeats */
	SEVERITIES_MAX = 64, /* that are looked through for a suggestion */
};

struct quiet {
	const struct zone *zone;
	int from_min, to_min; /* of the day */
	int unless_rank;      /* -1: nothing goes through */
};

static int
two_digits(const char *s, int end)
{
	int n = 0;

	for (int i = 0; i < 2; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n < end ? n : -1;
}

/* "07:30" and nothing else. */
static bool
take_time_of_day(struct findings *f, const char *text, int *out_min)
{
	if (text[0] == '\0')
		return findings_at(f, FINDING_MISSING, NULL,
		    "it is missing; quiet hours need a time of day such as 22:00");
	if (strlen(text) == 5 && text[2] == ':') {
		int hours = two_digits(text, 24), minutes = two_digits(text + 3, 60);

		*out_min = hours * 60 + minutes;
		if (hours >= 0 && minutes >= 0)
			return true;
	}
	return findings_at(f, FINDING_BAD_FORM, NULL,
	    "\"%.*s\" is not a time of day (00:00 to 23:59)",
	    (int)str_utf8_cut(str_of(text), TEXT_SHOWN_MAX), text);
}

static bool
take_severity(
    struct findings *f, struct str name, const struct severity_order *order, int *out_rank)
{
	struct str names[SEVERITIES_MAX];
	size_t n = 0;

	*out_rank = -1;
	if (name.len == 0)
		return true;
	*out_rank = severity_rank(order, name);
	if (*out_rank >= 0)
		return true;
	for (int rank = 0; rank < severity_count(order) && n < SEVERITIES_MAX; rank++)
		names[n++] = severity_name(order, rank);
	return findings_unknown(f, NULL,
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "there is no severity", name, names, n});
}

static bool
take_zone(struct findings *f, struct str name, const struct zone **out)
{
	char meant[ZONE_NAME_MAX + 1];
	struct str near;
	struct err e;

	if (name.len == 0)
		return findings_at(f, FINDING_MISSING, NULL,
		    "it is missing; quiet hours need one, such as \"Europe/Berlin\"");
	*out = zone_shared(name, &e);
	if (*out != NULL)
		return true;
	if (e.kind != ERR_INPUT || !zone_nearest(name, meant))
		return findings_at(f, FINDING_UNKNOWN_WORD, NULL, "%s", e.text);
	near = str_of(meant);
	return findings_unknown(f, NULL,
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "there is no time zone", name, &near, 1});
}

/* Begins a member, by whose name people know it too. */
static void
enter(struct findings *f, struct finding_part *part, struct str member)
{
	findings_enter(f, part, (struct pointer){.name = member}, member);
}

static bool
take_times(struct quiet *q, const Carillon__V1__QuietHours *rec, struct findings *f)
{
	struct finding_part part;
	bool ok;

	enter(f, &part, STR("from"));
	ok = take_time_of_day(f, rec->from, &q->from_min);
	findings_leave(f);
	enter(f, &part, STR("to"));
	ok = take_time_of_day(f, rec->to, &q->to_min) && ok;
	if (ok && q->from_min == q->to_min)
		ok = findings_at(f, FINDING_NOT_TOGETHER, NULL,
		    "it is \"%s\", as \"from\" is; to send nothing at all, make the rule "
		    "inactive",
		    rec->to);
	findings_leave(f);
	return ok;
}

static bool
take_all(struct quiet *q, const Carillon__V1__QuietHours *rec,
    const struct severity_order *order, struct findings *f)
{
	bool ok = take_times(q, rec, f);
	struct finding_part part;

	enter(f, &part, STR("unless_severity"));
	ok = take_severity(f, str_of(rec->unless_severity), order, &q->unless_rank) && ok;
	findings_leave(f);
	enter(f, &part, STR("time_zone"));
	ok = take_zone(f, str_of(rec->time_zone), &q->zone) && ok;
	findings_leave(f);
	return ok;
}

bool
quiet_compile(struct arena *a, const Carillon__V1__QuietHours *rec,
    const struct severity_order *order, struct quiet **out, struct findings *findings)
{
	struct quiet q = {0};

	*out = NULL;
	if (!rec ||
	    !(rec->time_zone[0] || rec->from[0] || rec->to[0] || rec->unless_severity[0]))
		return true;
	if (!take_all(&q, rec, order, findings))
		return false;
	*out = ARENA_NEW(a, struct quiet);
	**out = q;
	return true;
}

/* When the zone's clock first shows that minute, `days` after `today`. */
static wall_t
instant_of(const struct quiet *q, const struct civil *today, int days, int minute)
{
	struct civil c = {
	    .year = today->year,
	    .month = today->month,
	    .day = today->day + days,
	    .hour = minute / 60,
	    .minute = minute % 60,
	};

	return zone_wall(q->zone, &c);
}

/*
 * Yesterday's window may last until today. Tomorrow's may have begun: clocks that are put back
 * across midnight show tomorrow first, then today again.
 */
bool
quiet_holds(const struct quiet *q, int severity_rank, wall_t now, wall_t *until)
{
	if (!q || (q->unless_rank >= 0 && severity_rank >= q->unless_rank))
		return false;
	struct civil today = zone_civil(q->zone, now);
	int over_midnight = q->to_min < q->from_min;
	wall_t end = now;

	for (int day = -1; day <= 1; day++) {
		wall_t from = instant_of(q, &today, day, q->from_min);
		wall_t to = instant_of(q, &today, day + over_midnight, q->to_min);

		/* Where a whole day was skipped, one window begins as the last one ends. */
		if (from.ms <= end.ms && end.ms < to.ms)
			end = to;
	}
	if (end.ms == now.ms)
		return false;
	*until = end;
	return true;
}
