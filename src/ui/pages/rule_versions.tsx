import { inWorkspace, segment, send } from '../api/client';
import type { Page, Rule, Version } from '../api/types';
import { Button } from '../parts/button';
import { Name, Time } from '../parts/small';
import { Empty, Loaded, Title } from '../parts/states';
import { authorOf, memberText } from '../rule/conflict';
import { MEMBERS } from '../state/merge';
import { resource, useResource } from '../state/resource';
import { at, go } from '../state/route';
import { can } from '../state/session';
import { toast } from '../state/toasts';
import { has, t } from '../words/words';

/** Of what a version changed, that which a customer set. */
const changesOf = (version: Version): Version['changes'] => version.changes.filter((one) => (MEMBERS as readonly string[]).includes(one.member));

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
					const changes = changesOf(version);
					return (
						<li key={version.revision} class="card version">
							<div class="grow"><p><Name>{authorOf(version.by) || t('conflict.somebody')}</Name> · <span class="soft"><Time at={version.at} /></span></p>
								<ul class="small">{changes.slice(0, 6).map((change) => <li key={change.member} class="cut-2"><span class="soft">{memberName(change.member)}: </span><bdi>{memberText(change.member, change.was)}</bdi> → <bdi>{memberText(change.member, change.is)}</bdi></li>)}
									{changes.length === 0 && <li class="soft">{t(version.what === 'created' ? 'versions.first' : 'versions.no_difference')}</li>}</ul></div>
							{i === 0 ? <span class="soft small">{t('versions.now')}</span> : can('edit') && version.what !== 'deleted' && <Button onClick={() => restore(version)}>{t('versions.restore')}</Button>}
						</li>
					);
				})}</ol>
			))}</Loaded>
		</>
	);
}
