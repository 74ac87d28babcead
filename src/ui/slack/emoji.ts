/** The emoji that alerts are made of; any other is shown by its name. */
const TABLE =
	'white_check_mark✅ heavy_check_mark✔️ x❌ warning⚠️ rotating_light🚨 fire🔥 red_circle🔴 large_green_circle🟢 large_yellow_circle🟡 ' +
	'large_orange_circle🟠 large_blue_circle🔵 white_circle⚪ black_circle⚫ bell🔔 no_bell🔕 tada🎉 rocket🚀 bug🐛 construction🚧 lock🔒 unlock🔓 ' +
	'key🔑 hourglass⌛ hourglass_flowing_sand⏳ alarm_clock⏰ stopwatch⏱️ calendar📅 chart_with_upwards_trend📈 chart_with_downwards_trend📉 ' +
	'bar_chart📊 moneybag💰 credit_card💳 email📧 envelope✉️ inbox_tray📥 outbox_tray📤 package📦 truck🚚 phone☎️ ' +
	'computer💻 floppy_disk💾 bulb💡 wrench🔧 hammer🔨 gear⚙️ link🔗 pushpin📌 ' +
	'pencil📝 memo📝 mag🔍 star⭐ sparkles✨ zap⚡ boom💥 sunny☀️ cloud☁️ ' +
	'earth_africa🌍 heart❤️ green_heart💚 blue_heart💙 broken_heart💔 100💯 +1👍 -1👎 ' +
	'thumbsup👍 thumbsdown👎 ok_hand👌 clap👏 wave👋 raised_hands🙌 pray🙏 muscle💪 point_right👉 point_left👈 point_up☝️ point_down👇 eyes👀 ' +
	'smile😄 grinning😀 joy😂 wink😉 blush😊 thinking_face🤔 neutral_face😐 cry😢 sob😭 scream😱 skull💀 robot_face🤖 ' +
	'no_entry⛔ no_entry_sign🚫 octagonal_sign🛑 question❓ exclamation❗ information_source❗️ arrow_up⬆️ arrow_down⬇️ ' +
	'arrow_right➡️ arrow_left⬅️ arrow_upper_right↗️ arrow_lower_right↘️ repeat🔁 recycle♻️ new🆕 mega📣 loudspeaker📢 ' +
	'speech_balloon💬 busts_in_silhouette👥 bust_in_silhouette👤 shield🛡️ ambulance🚑 office🏢 house🏠 trophy🏆 gift🎁 coffee☕';

const found = new Map(TABLE.split(' ').map((entry) => {
	const [, name, character] = /^([a-z0-9_+-]+?)([^a-z0-9_+-].*)$/.exec(entry) ?? [];
	return [name ?? '', character ?? ''] as const;
}));
found.set('information_source', 'ℹ️');
found.set('100', '💯');

export const emojiOf = (name: string): string | undefined => found.get(name);
