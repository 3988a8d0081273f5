#!/bin/sh
# The arguments that `python -m triton_runtime` gives the embedded server, for the container's.
set -eu
# Model control needs this header: the variable, else the secret's file, else a random one, so nobody's.
token=${FRAMEGATE_TRITON_CONTROL_TOKEN:-}
secret=${FRAMEGATE_SECRETS_DIR:-/run/secrets}/framegate_triton_control_token
if [ -z "$token" ] && [ -r "$secret" ]; then token=$(cat "$secret"); fi
token=${token:-$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')}
models=${FRAMEGATE_MODELS:-/models}
# Those of the model zoo, where they are mounted.
zoo=${FRAMEGATE_ZOO_MODELS:-/zoo}
[ -d "$zoo" ] || zoo=
# The measures of a picture come from capture_quality where the model that scores has none.
load="--load-model=$FRAMEGATE_QUALITY_MODEL"
if ! grep -qs 'key: "measures"' "$models/$FRAMEGATE_QUALITY_MODEL/config.pbtxt"; then
    load="$load --load-model=capture_quality"
fi
# Where spans of traced requests go, if anywhere.
traces=${FRAMEGATE_TRITON_TRACES_URL:-}
restricted="model-repository,shared-memory,logging,trace:triton-control=$token"
exec tritonserver \
    --model-repository="$models" \
    ${zoo:+--model-repository="$zoo"} \
    --model-control-mode=explicit \
    $load \
    --model-config-name="$FRAMEGATE_TRITON_CONFIG" \
    --strict-readiness=false \
    --disable-auto-complete-config \
    --exit-timeout-secs=5 \
    --http-port="$FRAMEGATE_TRITON_HTTP_PORT" \
    --grpc-port="$FRAMEGATE_TRITON_GRPC_PORT" \
    --metrics-port="$FRAMEGATE_TRITON_METRICS_PORT" \
    --http-restricted-api="$restricted" \
    --grpc-restricted-protocol="$restricted" \
    ${traces:+--trace-config=mode=opentelemetry} \
    ${traces:+--trace-config=opentelemetry,url="$traces"} \
    ${traces:+--trace-config=opentelemetry,bsp_schedule_delay=1000} \
    ${traces:+--trace-config=level=TIMESTAMPS} \
    ${traces:+--trace-config=rate=0}
