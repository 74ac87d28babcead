/*
 * Functions that have ruined better programs. Using one is a compile error; what to use instead
 * stands beside it.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Some are macros where libc is fortified, and a macro cannot be poisoned quietly. */
#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef gets
#undef alloca
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets /* buf.h, str_copy, snprintf */
#pragma GCC poison atoi atol atoll                            /* config.h, json.h   */
#pragma GCC poison localtime gmtime ctime asctime             /* clock.h */
#pragma GCC poison alloca                                     /* arena.h */
