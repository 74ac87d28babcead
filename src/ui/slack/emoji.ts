/** The emoji that alerts are made of; any other is shown by its name. */
const TABLE =
	'white_check_mark✅ x❌ warning⚠️ rotating_light🚨 fire🔥 red_circle🔴 large_green_circle🟢 large_yellow_circle🟡 large_orange_circle🟠 ' +
	'large_blue_circle🔵 bell🔔 no_bell🔕 tada🎉 rocket🚀 bug🐛 construction🚧 lock🔒 key🔑 hourglass⌛ calendar📅 chart_with_upwards_trend📈 ' +
	'chart_with_downwards_trend📉 bar_chart📊 moneybag💰 credit_card💳 email📧 package📦 bulb💡 wrench🔧 gear⚙️ link🔗 memo📝 mag🔍 star⭐ zap⚡ ' +
	'boom💥 heart❤️ +1👍 -1👎 clap👏 wave👋 eyes👀 smile😄 skull💀 robot_face🤖 no_entry⛔ octagonal_sign🛑 question❓ exclamation❗ new🆕 mega📣';

const found = new Map(TABLE.split(' ').map((entry) => {
	const [, name, character] = /^([a-z0-9_+-]+?)([^a-z0-9_+-].*)$/.exec(entry) ?? [];
	return [name ?? '', character ?? ''] as const;
}));
found.set('information_source', 'ℹ️');
found.set('100', '💯');

export const emojiOf = (name: string): string | undefined => found.get(name);
