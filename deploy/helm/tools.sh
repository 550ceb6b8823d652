#!/usr/bin/env bash
# Builds from Go modules what `npm run test:chart` checks the chart with, into .cache/chart-tools: helm, kubeconform, etcd,
# kube-apiserver, the API specification of Kubernetes and the resource definitions of cert-manager, the Prometheus operator
# and the Gateway API. It needs Go 1.24 or later; on two cores the API server takes some twenty minutes the first time.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/.cache/chart-tools
kubernetes=1.34.4
staging=0.${kubernetes#1.}
etcd=3.6.8
mkdir -p "$tools/bin" "$tools/definitions"
export GOBIN=$tools/bin GOFLAGS='-mod=mod -trimpath'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

have() { [ -x "$tools/bin/$1" ] || command -v "$1" > /dev/null; }
folder_of() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

have helm || go install helm.sh/helm/v3/cmd/helm@v3.22.0
have kubeconform || go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0

cp -f "$(folder_of "k8s.io/kubernetes@v$kubernetes")/api/openapi-spec/swagger.json" "$tools/kubernetes.json"
cert_manager=$(folder_of github.com/cert-manager/cert-manager@v1.21.2)/deploy/crds
prometheus=$(folder_of github.com/prometheus-operator/prometheus-operator@v0.85.0)/example/prometheus-operator-crd
gateway=$(folder_of sigs.k8s.io/gateway-api@v1.3.0)/config/crd/standard
cp -f "$cert_manager"/cert-manager.io_certificates.yaml "$tools/definitions/"
cp -f "$prometheus"/monitoring.coreos.com_{podmonitors,prometheusrules,servicemonitors}.yaml "$tools/definitions/"
cp -f "$gateway"/gateway.networking.k8s.io_{httproutes,grpcroutes}.yaml "$tools/definitions/"
chmod u+w "$tools"/kubernetes.json "$tools"/definitions/*

# Both modules have replace directives, which bind the main module alone: they are built as dependencies of one that says
# the same.
have etcd || (
  mkdir "$work/etcd" && cd "$work/etcd"
  printf 'module local/etcd\n\ngo 1.24.0\n\nrequire go.etcd.io/etcd/server/v3 v%s\n' "$etcd" > go.mod
  printf 'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n' > main.go
  go build -o "$tools/bin/etcd" .
)
have kube-apiserver || (
  mkdir "$work/kube" && cd "$work/kube"
  module=$(folder_of "k8s.io/kubernetes@v$kubernetes")/go.mod
  {
    printf 'module local/kube\n\ngo 1.24.0\n\ngodebug default=go1.24\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$kubernetes"
    sed -n "s#^\tk8s.io/\([a-z-]*\) => ./staging.*#\tk8s.io/\1 => k8s.io/\1 v$staging#p" "$module"
    printf ')\n'
  } > go.mod
  printf 'package main\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver/app"\n\nfunc main() {}\n' > main.go
  go mod tidy
  version=k8s.io/component-base/version
  go build -ldflags "-X $version.gitVersion=v$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=34" \
    -o "$tools/bin/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
)
echo "built in $tools"
