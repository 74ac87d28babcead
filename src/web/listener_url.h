/* Where a listener really listens: its setting may ask for any free port. */
#pragma once

struct MHD_Daemon;

enum { LISTENER_URL_MAX = 300 };
/* "http://127.0.0.1:8080", of a setting such as 127.0.0.1:0. */
void listener_url(char out[static LISTENER_URL_MAX], struct MHD_Daemon *d, const char *setting);
