#!/usr/bin/env bash
# Builds efficient_fiqa's model.plan for the GPU of this machine, in Triton's own container.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'TEXT'
usage: scripts/build_engine.sh [--version N] [--opt-batch N] [--max-batch N] [--fp32]

Makes triton_models/efficient_fiqa/VERSION/model.plan from the model.onnx beside it, with TensorRT's
trtexec inside the Triton image of deploy/triton.Dockerfile. An engine fits one kind of GPU and one
TensorRT: build it where it is served, and again after a change of either.

  --version N    the imported version (default: the newest)
  --opt-batch N  the batch size that it is fastest for (default: 4)
  --max-batch N  the largest batch; not below max_batch_size of the configuration (default: 16)
  --fp32         keep full precision (default: FP16)

Import the weights first, in fp32:
  .venv-torch/bin/python -m scripts.import_efficient_fiqa --file PATH
Then serve the engine with FRAMEGATE_TRITON_CONFIG=tensorrt.
FRAMEGATE_TRITON_IMAGE names another image.
TEXT
}

fail() {
    echo "$1" >&2
    exit "${2:-1}"
}

check_number() {
    [[ ${2:-} =~ ^[1-9][0-9]{0,3}$ ]] || fail "$1 needs a whole number from 1 on. See --help." 2
}

version='' opt_batch=4 max_batch=16 precision=(--fp16)
while (($#)); do
    case $1 in
    --version)
        check_number "$@"
        version=$2
        shift
        ;;
    --opt-batch)
        check_number "$@"
        opt_batch=$2
        shift
        ;;
    --max-batch)
        check_number "$@"
        max_batch=$2
        shift
        ;;
    --fp32) precision=() ;;
    -h | --help)
        usage
        exit
        ;;
    *) fail "$1 is not understood. See --help." 2 ;;
    esac
    shift
done
((opt_batch <= max_batch)) || fail "--opt-batch must not be above --max-batch." 2

model=triton_models/efficient_fiqa
if [[ -z $version ]]; then
    version=$(find "$model" -mindepth 1 -maxdepth 1 -name '[1-9]*' -printf '%f\n' 2>/dev/null |
        sort -n | tail -n 1) || true
fi
folder=$PWD/$model/$version
[[ -n $version && -f $folder/model.onnx ]] ||
    fail "There is no imported version of efficient_fiqa. Import the weights first: see --help."
command -v docker >/dev/null ||
    fail "docker is missing. Install it with the NVIDIA Container Toolkit, or serve without an engine: FRAMEGATE_TRITON_CONFIG=onnxruntime-gpu."
command -v nvidia-smi >/dev/null && nvidia-smi --list-gpus 2>/dev/null | grep -q GPU ||
    fail "No NVIDIA GPU is seen here (nvidia-smi). Build the engine on the machine that serves it."

image=${FRAMEGATE_TRITON_IMAGE:-$(sed -n 's/^ARG TRITON_IMAGE=//p' deploy/triton.Dockerfile)}
echo "Building model.plan of version $version for: $(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)"
echo "Image $image. This takes minutes."
# Under another name until it is complete: Triton must never find half an engine.
trap 'rm -f "$folder/model.plan.part"' EXIT
# shellcheck disable=SC2016 # the path is looked up inside the container
docker run --rm --gpus all --user "$(id -u):$(id -g)" --volume "$folder:/model" \
    --entrypoint /bin/sh "$image" -c \
    'exec "$(command -v trtexec || echo /usr/src/tensorrt/bin/trtexec)" "$@"' trtexec \
    --onnx=/model/model.onnx --saveEngine=/model/model.plan.part \
    --minShapes=image:1x352x352x3 \
    --optShapes="image:${opt_batch}x352x352x3" \
    --maxShapes="image:${max_batch}x352x352x3" \
    "${precision[@]}" ||
    fail "trtexec failed; what it said is above. Check that the container sees the GPU: docker run --rm --gpus all $image nvidia-smi"
mv "$folder/model.plan.part" "$folder/model.plan"
echo "Wrote $model/$version/model.plan. Serve it with FRAMEGATE_TRITON_CONFIG=tensorrt."
