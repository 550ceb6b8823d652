{{/* Names and labels. Most helpers take a dict: root ($), component (such as coordinator), values (its part of the values). */}}

{{- define "hypershard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "hypershard.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "hypershard.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "hypershard.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "hypershard.componentName" -}}
{{ include "hypershard.fullname" .root }}-{{ .component }}
{{- end }}

{{- define "hypershard.selector" -}}
app.kubernetes.io/name: {{ include "hypershard.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "hypershard.labels" -}}
{{ include "hypershard.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- end }}

{{- define "hypershard.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "hypershard.serviceAccountName" -}}
{{- if .values.serviceAccount.create }}
{{- .values.serviceAccount.name | default (include "hypershard.componentName" .) }}
{{- else }}
{{- .values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* What only an operator can say, and a process would refuse to start without: said before anything is installed. */}}
{{- define "hypershard.validate" -}}
{{- if not (or .Values.store.url .Values.store.directory.enabled) }}
{{- fail "store: set store.url to s3://bucket/prefix?region=…, or store.directory.enabled for a ReadWriteMany volume" }}
{{- end }}
{{- if and .Values.store.url .Values.store.directory.enabled }}
{{- fail "store: set store.url or store.directory.enabled, not both" }}
{{- end }}
{{- if not .Values.insecure }}
{{- if not .Values.tls.internal.enabled }}
{{- fail "tls.internal.enabled: ports between processes need TLS beyond loopback; enable it, or set insecure: true where nobody else can reach the pods" }}
{{- end }}
{{- if not (include "hypershard.keys" .) }}
{{- fail "access.keys: the public API needs keys beyond loopback; set access.keys.existingSecret or access.keys.inRedis, or insecure: true where everybody who can reach it may do everything" }}
{{- end }}
{{- end }}
{{- if and (eq .Values.membership "redis") (not (include "hypershard.redisUrl" .)) }}
{{- fail "membership: redis needs redis.url or redis.bundled.enabled" }}
{{- end }}
{{- if and .Values.access.keys.inRedis (not (include "hypershard.redisUrl" .)) }}
{{- fail "access.keys.inRedis needs redis.url or redis.bundled.enabled" }}
{{- end }}
{{- if and .Values.access.keys.inRedis .Values.access.keys.existingSecret }}
{{- fail "access.keys: set existingSecret or inRedis, not both" }}
{{- end }}
{{- if and .Values.shardServer.zones .Values.shardServer.zoneFromPodLabel }}
{{- fail "shardServer: set zones or zoneFromPodLabel, not both" }}
{{- end }}
{{- range $name, $tls := .Values.tls }}
{{- if $tls.enabled }}
{{- if not (or $tls.existingSecret $tls.certManager.issuer.name) }}
{{- fail (printf "tls.%s: set existingSecret, or certManager.issuer.name to have cert-manager make one" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where things are. */}}

{{- define "hypershard.redisUrl" -}}
{{- if .Values.redis.url }}
{{- .Values.redis.url }}
{{- else if .Values.redis.bundled.enabled }}
{{- printf "redis://%s%s-redis:6379/0" (ternary ":$(REDIS_PASSWORD)@" "" (ne .Values.redis.auth.existingSecret "")) (include "hypershard.fullname" .) }}
{{- end }}
{{- end }}

{{- define "hypershard.storeLocation" -}}
{{- ternary "/store/hypershard" .Values.store.url .Values.store.directory.enabled }}
{{- end }}

{{- define "hypershard.storeClaim" -}}
{{- .Values.store.directory.existingClaim | default (printf "%s-store" (include "hypershard.fullname" .)) }}
{{- end }}

{{/* Where a coordinator finds its keys; empty for none. */}}
{{- define "hypershard.keys" -}}
{{- with .Values.access.keys }}
{{- if .existingSecret }}/etc/hypershard/keys/{{ .file }}{{ else if .inRedis }}{{ include "hypershard.redisUrl" $ }}{{ end }}
{{- end }}
{{- end }}

{{- define "hypershard.tlsSecret" -}}
{{- .tls.existingSecret | default (printf "%s-%s-tls" (include "hypershard.fullname" .root) .name) }}
{{- end }}

{{/* How coordinators and indexers learn which servers of a kind there are: root, component, port. */}}
{{- define "hypershard.members" -}}
{{- if eq .root.Values.membership "redis" }}
{{- include "hypershard.redisUrl" .root }}
{{- else }}
{{- printf "dns:///%s.%s.svc.%s:%v" (include "hypershard.componentName" .) .root.Release.Namespace .root.Values.clusterDomain .port }}
{{- end }}
{{- end }}

{{/* One coordinator can be named; several of a Deployment cannot, and tell each other by Redis. */}}
{{- define "hypershard.onlyCoordinator" -}}
{{- $one := and (eq (int .Values.coordinator.replicas) 1) (not .Values.coordinator.autoscaling.enabled) }}
{{- if and $one (not (include "hypershard.redisUrl" .)) }}
{{- printf "%s-coordinator-internal:7703" (include "hypershard.fullname" .) }}
{{- end }}
{{- end }}
