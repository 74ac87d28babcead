#include "listener_url.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

void
listener_url(char out[static LISTENER_URL_MAX], struct MHD_Daemon *d, const char *setting)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
	const char *colon = strrchr(setting, ':');

	snprintf(out, LISTENER_URL_MAX, "http://%.*s:%d", (int)(colon - setting), setting,
	    info != NULL ? info->port : 0);
}
