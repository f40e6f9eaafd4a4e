#!/usr/bin/env bash
# Generates Python stubs into a temporary directory and runs the example against running servers.
#   tests/clients/python/run_example.sh HOST:PORT[,HOST:PORT...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
protos=$(cd "$here/../../../protos" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 HOST:PORT[,HOST:PORT...]" >&2; exit 2; }

stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
protoc -I"$protos" --python_out="$stubs" --grpc_python_out="$stubs" \
  --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" \
  "$protos"/raft/v1/key_value.proto "$protos"/raft/v1/consensus_service.proto
# The distribution's Python: it has the packaged grpc module.
PYTHONPATH=$stubs /usr/bin/python3 "$here/propose_and_read.py" "$1"
