"""What an integration does, by Slack's official client for Python: sandbox_client.py API_URL READER_TOKEN

Prints one JSON object of what it saw, which sandbox-python.test.mjs checks.
"""
import json
import sys

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.attachments import BlockAttachment
from slack_sdk.models.blocks import Block, DividerBlock, HeaderBlock

slack = WebClient(token=sys.argv[2], base_url=sys.argv[1], retry_handlers=[])
CHANNEL = "C2PYTHON"


def refusal(method, **arguments):
    """The answer that the client raises."""
    try:
        method(**arguments)
    except SlackApiError as error:
        return error.response.data
    return None


def main():
    seen = {"team": slack.auth_test()["team_id"]}
    posted = slack.chat_postMessage(
        channel=CHANNEL, text="High: api", blocks=[HeaderBlock(text="High")],
        attachments=[BlockAttachment(color="#d92d20", blocks=[DividerBlock()])],
        metadata={"event_type": "alert", "event_payload": {"id": "a"}})
    ts = posted["ts"]
    seen["message"] = posted["message"]
    # The client's own models read what was answered, and find nothing wrong with it.
    for block in Block.parse_all(posted["message"]["blocks"]):
        block.validate_json()

    reply = slack.chat_postMessage(channel=CHANNEL, text="still", thread_ts=ts)
    seen["thread_ts_is_the_parent"] = reply["message"]["thread_ts"] == ts
    seen["updated"] = slack.chat_update(channel=CHANNEL, ts=ts, text="Resolved", parse="none", attachments=[])["text"]

    history = slack.conversations_history(channel=CHANNEL, include_all_metadata=True)
    seen["history"] = [[m["text"], m.get("metadata"), m.get("reply_count")] for m in history["messages"]]
    pages = slack.conversations_replies(channel=CHANNEL, ts=ts, limit=1)
    seen["replies"] = [m["text"] for page in pages for m in page["messages"]]

    slack.chat_delete(channel=CHANNEL, ts=ts)
    late = slack.chat_postMessage(channel=CHANNEL, text="late", thread_ts=ts)
    seen["late_thread_ts"] = late["message"].get("thread_ts")

    seen["invalid_attachments"] = refusal(
        slack.chat_postMessage, channel=CHANNEL, text="t",
        attachments=[{"color": "#d92d20", "blocks": [
            {"type": "divider"}, {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}]}])
    seen["thread_not_found"] = refusal(slack.conversations_replies, channel=CHANNEL, ts="1700000000.000001")["error"]
    seen["channels"] = [c["name"] for page in slack.conversations_list(limit=2) for c in page["channels"]]
    print(json.dumps(seen))


main()
