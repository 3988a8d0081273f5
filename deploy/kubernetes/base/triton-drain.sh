#!/bin/sh
# Before the server is told to stop. Unloaded models finish what they have and refuse the rest
# unread, which gateways then send elsewhere; told to stop at once, the server would go on over open
# connections and cut them off at its exit timeout.
set -eu
token=$(cat "$FRAMEGATE_SECRETS_DIR/framegate_triton_control_token")
for model in "$FRAMEGATE_QUALITY_MODEL" capture_quality; do
    # By a file, not an argument: others may read those.
    printf 'header = "triton-control: %s"\n' "$token" | curl --silent --noproxy '*' --max-time 5 \
        --config - --output /dev/null --request POST \
        "http://127.0.0.1:$FRAMEGATE_TRITON_HTTP_PORT/v2/repository/models/$model/unload" || true
done
