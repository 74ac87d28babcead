#include "player_fiber.h"

#include <stdlib.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

enum { STACK_SIZE = 512 * 1024 }; /* bytes; the sanitizers' frames are large */

struct fiber {
	ucontext_t own, back;
	char *stack;
	void (*run)(void *);
	void *arg;
	mono_t until;
	bool has_ended;
	/* For AddressSanitizer, which must know whose stack it looks at. */
	void *fake_own, *fake_back;
	const void *back_stack;
	size_t back_size;
};

static struct fiber *running;

static void
enter_own(struct fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(&f->fake_back, f->stack, STACK_SIZE);
#endif
	must(swapcontext(&f->back, &f->own) == 0);
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(f->fake_back, NULL, NULL);
#endif
}

static void
arrived(struct fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(f->fake_own, &f->back_stack, &f->back_size);
#else
	(void)f;
#endif
}

static void
go_back(struct fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(
	    f->has_ended ? NULL : &f->fake_own, f->back_stack, f->back_size);
#endif
	must(swapcontext(&f->own, &f->back) == 0);
	arrived(f);
}

static void
begin(void)
{
	struct fiber *f = running;

	arrived(f);
	f->run(f->arg);
	f->has_ended = true;
	go_back(f);
}

struct fiber *
fiber_new(void (*run)(void *arg), void *arg)
{
	struct fiber *f = calloc(1, sizeof(*f));

	must(f != NULL);
	f->run = run;
	f->arg = arg;
	f->stack = malloc(STACK_SIZE);
	must(f->stack != NULL && getcontext(&f->own) == 0);
	f->own.uc_stack.ss_sp = f->stack;
	f->own.uc_stack.ss_size = STACK_SIZE;
	makecontext(&f->own, begin, 0);
	return f;
}

void
fiber_free(struct fiber *f)
{
	if (f == NULL)
		return;
	free(f->stack);
	free(f);
}

void
fiber_resume(struct fiber *f, mono_t now)
{
	must(running == NULL);
	if (f->has_ended || !mono_reached(now, f->until))
		return;
	running = f;
	enter_own(f);
	running = NULL;
}

bool
fiber_has_ended(const struct fiber *f)
{
	return f->has_ended;
}

mono_t
fiber_rests_until(const struct fiber *f)
{
	return f->has_ended ? MONO_NEVER : f->until;
}

bool
fiber_rest(mono_t until)
{
	struct fiber *f = running;

	if (f == NULL)
		return false;
	f->until = until;
	go_back(f);
	return true;
}
