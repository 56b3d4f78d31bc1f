#!/bin/sh
# Makes controlpb/ from control.proto. It needs protoc 3.21 or later (Debian: protobuf-compiler); the plug-ins are built here,
# at the versions that go.mod and this line name.
set -eu
cd "$(dirname "$0")"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN=$bin go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
mkdir -p controlpb
PATH=$bin:$PATH protoc --go_out=controlpb --go_opt=paths=source_relative --go_opt=default_api_level=API_OPAQUE \
	--go-grpc_out=controlpb --go-grpc_opt=paths=source_relative control.proto
