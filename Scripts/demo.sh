#!/usr/bin/env bash
# Starts a control plane of its own, serves the sample model, asks it, and says how to go on.
#   Scripts/demo.sh PATH-TO-APUS
set -euo pipefail
cd "$(dirname "$0")/.."
apus=$(realpath "$1")
export APUS_DATA_DIR="$PWD/.build/demo"
export KUBECONFIG="$APUS_DATA_DIR/kubeconfig"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

is_running() { [ -f "$APUS_DATA_DIR/demo.pid" ] && kill -0 "$(cat "$APUS_DATA_DIR/demo.pid")" 2>/dev/null; }

if is_running; then
  say "The demo's control plane still runs (pid $(cat "$APUS_DATA_DIR/demo.pid")): using it."
else
  say "Starting a control plane: apus up --data-dir .build/demo (free ports)"
  mkdir -p "$APUS_DATA_DIR"
  rm -f "$APUS_DATA_DIR/endpoints.json"
  "$apus" up --data-dir "$APUS_DATA_DIR" --api-port 0 --gateway-port 0 --samples samples \
    >"$APUS_DATA_DIR/demo.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$APUS_DATA_DIR/demo.pid"
  disown "$pid"
  for _ in $(seq 200); do
    [ -f "$APUS_DATA_DIR/endpoints.json" ] && break
    kill -0 "$pid" 2>/dev/null || { cat "$APUS_DATA_DIR/demo.log" >&2; exit 1; }
    sleep 0.05
  done
  [ -f "$APUS_DATA_DIR/endpoints.json" ] || { cat "$APUS_DATA_DIR/demo.log" >&2; exit 1; }
fi
"$apus" endpoints

say "apus apply -f samples/sklearn-iris.yaml"
"$apus" apply -f samples/sklearn-iris.yaml
"$apus" wait sklearn-iris --timeout 60s
"$apus" get isvc

say "Asking for two flowers: apus predict sklearn-iris -d @samples/iris-input.json"
cat samples/iris-input.json
"$apus" predict sklearn-iris -d @samples/iris-input.json

url=$("$apus" get isvc sklearn-iris -o jsonpath='{.status.url}')
cat <<END

Still running: the control plane (pid $(cat "$APUS_DATA_DIR/demo.pid")), its state in .build/demo.
Stop it with:   kill $(cat "$APUS_DATA_DIR/demo.pid")

Go on with:
  export KUBECONFIG=$KUBECONFIG APUS_DATA_DIR=$APUS_DATA_DIR
  curl $url/v1/models/sklearn-iris:predict -d @samples/iris-input.json
  kubectl get isvc,pods                 # or: $1 get isvc
  kubectl describe isvc sklearn-iris
  $1 logs sklearn-iris
  $1 delete -f samples/sklearn-iris.yaml
END
