/** The emoji that alerts are made of; any other is shown by its name. */
const TABLE =
	'white_check_mark✅ heavy_check_mark✔️ x❌ warning⚠️ rotating_light🚨 fire🔥 red_circle🔴 large_green_circle🟢 large_yellow_circle🟡 ' +
	'large_orange_circle🟠 large_blue_circle🔵 white_circle⚪ black_circle⚫ bell🔔 no_bell🔕 tada🎉 rocket🚀 bug🐛 construction🚧 lock🔒 ' +
	'key🔑 hourglass⌛ alarm_clock⏰ calendar📅 chart_with_upwards_trend📈 chart_with_downwards_trend📉 bar_chart📊 moneybag💰 credit_card💳 ' +
	'email📧 package📦 computer💻 bulb💡 wrench🔧 gear⚙️ link🔗 pushpin📌 memo📝 mag🔍 star⭐ sparkles✨ zap⚡ boom💥 heart❤️ +1👍 -1👎 ' +
	'thumbsup👍 thumbsdown👎 clap👏 wave👋 raised_hands🙌 pray🙏 eyes👀 smile😄 joy😂 thinking_face🤔 cry😢 scream😱 skull💀 robot_face🤖 ' +
	'no_entry⛔ no_entry_sign🚫 octagonal_sign🛑 question❓ exclamation❗ arrow_up⬆️ arrow_down⬇️ arrow_right➡️ arrow_left⬅️ repeat🔁 recycle♻️ ' +
	'new🆕 mega📣 loudspeaker📢 speech_balloon💬 shield🛡️ ambulance🚑 trophy🏆';

const found = new Map(TABLE.split(' ').map((entry) => {
	const [, name, character] = /^([a-z0-9_+-]+?)([^a-z0-9_+-].*)$/.exec(entry) ?? [];
	return [name ?? '', character ?? ''] as const;
}));
found.set('information_source', 'ℹ️');
found.set('100', '💯');

export const emojiOf = (name: string): string | undefined => found.get(name);
