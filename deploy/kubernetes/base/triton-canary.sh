#!/bin/sh
# Does the model score a grey picture? `ready`: it must. `alive`: a full queue is no reason to die.
set -eu
size=371712 # 352 x 352 pixels of three bytes
head='{"inputs":[{"name":"image","shape":[1,352,352,3],"datatype":"UINT8","parameters":{"binary_data_size":'$size'}}],"outputs":[{"name":"score"}]}'
status=$({ printf '%s' "$head"; head -c "$size" /dev/zero; } | curl --silent --noproxy '*' \
    --max-time 4 --output /dev/null --write-out '%{http_code}' --data-binary @- \
    --header 'Content-Type: application/octet-stream' --header 'Expect:' \
    --header "Inference-Header-Content-Length: ${#head}" \
    "http://127.0.0.1:$FRAMEGATE_TRITON_HTTP_PORT/v2/models/$FRAMEGATE_QUALITY_MODEL/infer") || true
echo "the model answered ${status:-nothing}"
case $1-$status in
ready-200 | alive-200 | alive-503) ;;
*) exit 1 ;;
esac
