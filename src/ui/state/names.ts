/** What the ids of channels are called: the connections know. */
import type { Connection, Page } from '../api/types';
import { resource } from './resource';

export const CONNECTIONS = '/connections?limit=100';

export function channelName(id: string, given?: string): string {
	if (given) return given;
	for (const connection of resource<Page<Connection>>(CONNECTIONS).data.value?.records ?? []) {
		const found = connection.channels?.find((channel) => channel.id === id);
		if (found?.name) return found.name;
	}
	return id;
}
