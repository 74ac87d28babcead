/* Tells the service manager how it stands, as sd_notify does; nothing without NOTIFY_SOCKET. */
#pragma once

/* "READY=1", "STOPPING=1". Failures are ignored: a manager that does not listen is its own. */
void notify_manager(const char *state);
