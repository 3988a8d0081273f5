#!/bin/sh
# The load tester takes its key from the environment; a container has it as a file.
set -eu
key=$FRAMEGATE_SECRETS_DIR/framegate_loadtest_api_key
if [ -r "$key" ]; then
    FRAMEGATE_LOADTEST_API_KEY=$(cat "$key")
    export FRAMEGATE_LOADTEST_API_KEY
fi
exec "$@"
