/* What the kernel tells of this process, for the page of figures. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/metrics.h"

static int64_t
microseconds(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_usec;
}

static void
put_processor(struct metrics_page *p)
{
	struct rusage r;

	if (getrusage(RUSAGE_SELF, &r) == 0)
		metric_put_us(p, &metrics[METRIC_IS_CPU], NULL,
		    microseconds(&r.ru_utime) + microseconds(&r.ru_stime));
}

static void
put_memory(struct metrics_page *p)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t size, resident, shared;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return;
	if (fscanf(f, "%" SCNu64 " %" SCNu64 " %" SCNu64, &size, &resident, &shared) == 3) {
		metric_put(p, &metrics[METRIC_IS_RESIDENT], NULL, resident * page);
		metric_put(p, &metrics[METRIC_IS_ANONYMOUS], NULL,
		    (resident > shared ? resident - shared : 0) * page);
	}
	fclose(f);
}

static void
put_files(struct metrics_page *p)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t n = 0;

	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(d);
	metric_put(p, &metrics[METRIC_IS_OPEN_FILES], NULL, n - 1); /* but the one that looks */
}

/* The kernel counts it in ticks since the machine's start, as its 22nd field; what stands
 * before, the program's name in brackets, may have blanks in it. */
static bool
read_start_ticks(uint64_t *ticks)
{
	enum { FIELDS_BETWEEN = 19 };
	char line[1024];
	FILE *f = fopen("/proc/self/stat", "re");
	const char *at;

	if (f == NULL)
		return false;
	at = fgets(line, sizeof(line), f) != NULL ? strrchr(line, ')') : NULL;
	for (int i = 0; at != NULL && i <= FIELDS_BETWEEN; i++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		*ticks = strtoull(at, NULL, 10);
	fclose(f);
	return at != NULL;
}

static void
put_start(struct metrics_page *p)
{
	const int64_t per_second = sysconf(_SC_CLK_TCK);
	int64_t up_ms, started_ms;
	struct timespec up;
	uint64_t ticks;

	if (!read_start_ticks(&ticks) || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
		return;
	up_ms = (int64_t)up.tv_sec * 1000 + up.tv_nsec / 1000000;
	started_ms = clock_wall().ms - up_ms + (int64_t)ticks * 1000 / per_second;
	metric_put_us(p, &metrics[METRIC_IS_START], NULL, started_ms * 1000);
}

void
metrics_put_process(struct metrics_page *p, const char *version)
{
	metric_put(p, &metrics[METRIC_IS_BUILD], METRIC_LABELS(version), 1);
	put_processor(p);
	put_memory(p);
	put_files(p);
	put_start(p);
}
