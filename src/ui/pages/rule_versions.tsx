import { inWorkspace, segment, send } from '../api/client';
import type { Page, Rule, Version } from '../api/types';
import { Button } from '../parts/button';
import { Name, Time } from '../parts/small';
import { Empty, Loaded, Title } from '../parts/states';
import { authorOf, memberText } from '../rule/conflict';
import { same } from '../rule/filter_form';
import { MEMBERS } from '../state/merge';
import { resource, useResource } from '../state/resource';
import { at, go } from '../state/route';
import { can } from '../state/session';
import { toast } from '../state/toasts';
import { has, t } from '../words/words';

interface Change { member: string; before: string; after: string }

/** What a version changed: as the server says, else by comparing it with the one before. */
function changesOf(version: Version, before: Version | undefined): Change[] {
	if (version.changes) return version.changes.map((one) => ({ member: one.member, before: memberText(one.member, one.before), after: memberText(one.member, one.after) }));
	if (!version.record || !before?.record) return [];
	return MEMBERS.filter((member) => !same(version.record![member], before.record![member]))
		.map((member) => ({ member, before: memberText(member, before.record![member]), after: memberText(member, version.record![member]) }));
}

const memberName = (member: string): string => {
	const key = `member.${member}`;
	return has(key) ? t(key) : member;
};

export function RuleVersions({ id }: { id: string }) {
	const versions = useResource<Page<Version>>(`/rules/${segment(id)}/versions`, ['rule']);
	async function restore(version: Version): Promise<void> {
		const one = resource<Rule>(`/rules/${segment(id)}`);
		await one.load();
		await send('POST', inWorkspace(`/rules/${segment(id)}/revert`), { revision: version.revision }, { etag: one.etag });
		await one.load();
		toast(t('versions.restored'));
		go(`/rules/${segment(id)}`);
	}
	return (
		<>
			<div class="head"><Title back={{ href: at('rules', id), label: t('versions.rule') }}>{t('rule.versions')}</Title></div>
			<Loaded from={versions} rows={5}>{(page) => (page.records.length === 0 ? <Empty text={t('versions.empty')} /> : (
				<ol class="stack tight">{page.records.map((version, i) => {
					const changes = changesOf(version, page.records[i + 1]);
					return (
						<li key={version.revision} class="card version">
							<div class="grow"><p><Name>{authorOf(version.by) || t('conflict.somebody')}</Name> · <span class="soft"><Time at={version.at} /></span></p>
								<ul class="small">{changes.slice(0, 6).map((change) => <li key={change.member} class="cut-2"><span class="soft">{memberName(change.member)}: </span><bdi>{change.before}</bdi> → <bdi>{change.after}</bdi></li>)}
									{changes.length === 0 && <li class="soft">{t(i === page.records.length - 1 ? 'versions.first' : 'versions.no_difference')}</li>}</ul></div>
							{i === 0 ? <span class="soft small">{t('versions.now')}</span> : can('edit') && !version.deleted && <Button onClick={() => restore(version)}>{t('versions.restore')}</Button>}
						</li>
					);
				})}</ol>
			))}</Loaded>
		</>
	);
}
