{{/* What the pods of all processes have. Each takes the dict of _helpers.tpl. */}}

{{- define "hypershard.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.securityContext.runAsUser }}
runAsGroup: {{ .Values.securityContext.runAsGroup }}
fsGroup: {{ .Values.securityContext.fsGroup }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "hypershard.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "hypershard.scheduling" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector | default .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
affinity:
{{- if .values.affinity }}
  {{- toYaml .values.affinity | nindent 2 }}
{{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "hypershard.selector" . | nindent 14 }}
{{- end }}
{{- if .values.spread }}
topologySpreadConstraints:
  {{- range $key, $when := dict "kubernetes.io/hostname" .values.spread.hosts "topology.kubernetes.io/zone" .values.spread.zones }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: {{ $when }}
    labelSelector:
      matchLabels:
        {{- include "hypershard.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{/*
Life is asked of the admin listener alone; readiness of what the process needs for its work. A coordinator's /readyz there is
of the whole cluster: one lost shard would take every coordinator out of the Service, so it is ready once its API answers.
*/}}
{{- define "hypershard.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: admin }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: admin }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  {{- if eq .component "coordinator" }}
  httpGet: { path: /healthz, port: http, scheme: {{ ternary "HTTPS" "HTTP" .root.Values.tls.public.enabled }} }
  {{- else }}
  httpGet: { path: /readyz, port: admin }
  {{- end }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{/* Settings that every process has. */}}
{{- define "hypershard.commonEnv" -}}
{{- $values := .root.Values -}}
- name: HYPERSHARD_ADMIN_LISTEN
  value: "{{ $values.listenHost }}:7790"
- name: HYPERSHARD_LOG_LEVEL
  value: {{ $values.logLevel }}
{{- if $values.insecure }}
- name: HYPERSHARD_INSECURE
  value: "true"
{{- end }}
{{- with $values.tracing }}
{{- if .otlpUrl }}
- name: HYPERSHARD_TRACE_OTLP_URL
  value: {{ .otlpUrl | quote }}
- name: HYPERSHARD_TRACE_SAMPLE_PERCENT
  value: {{ .samplePercent | quote }}
{{- end }}
{{- end }}
{{- if $values.tls.internal.enabled }}
- name: HYPERSHARD_TLS_CERT
  value: /etc/hypershard/tls/tls.crt
- name: HYPERSHARD_TLS_KEY
  value: /etc/hypershard/tls/tls.key
- name: HYPERSHARD_TLS_CA
  value: /etc/hypershard/tls/ca.crt
{{- end }}
{{- end }}

{{/* Settings of those who read and write the object store. */}}
{{- define "hypershard.storeEnv" -}}
- name: HYPERSHARD_STORE
  value: {{ include "hypershard.storeLocation" .root | quote }}
{{- with .root.Values.store.credentials.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom: { secretKeyRef: { name: {{ . }}, key: AWS_ACCESS_KEY_ID } }
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: { secretKeyRef: { name: {{ . }}, key: AWS_SECRET_ACCESS_KEY } }
{{- end }}
{{- end }}

{{- define "hypershard.redisPasswordEnv" -}}
{{- with .root.Values.redis.auth }}
{{- if .existingSecret -}}
- name: REDIS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .key }} } }
{{- end }}
{{- end }}
{{- end }}

{{/* How coordinators and indexers tell each other what is new. */}}
{{- define "hypershard.announceEnv" -}}
{{- if include "hypershard.redisUrl" .root -}}
- name: HYPERSHARD_ANNOUNCE_REDIS_URL
  value: {{ include "hypershard.redisUrl" .root | quote }}
{{- else if include "hypershard.onlyCoordinator" .root -}}
- name: HYPERSHARD_COORDINATORS
  value: {{ include "hypershard.onlyCoordinator" .root | quote }}
{{- end }}
{{- end }}

{{/* Settings of the operator's own, last: one that the chart sets itself stands in the values. */}}
{{- define "hypershard.ownEnv" -}}
{{- $set := .set -}}
{{- range $name, $value := .values.settings }}
{{- if contains (printf "name: %s\n" $name) $set }}
{{- fail (printf "settings: the chart sets %s itself; see values.yaml for the value that stands for it" $name) }}
{{- end }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hypershard.commonMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .root.Values.tls.internal.enabled }}
- name: tls
  mountPath: /etc/hypershard/tls
  readOnly: true
{{- end }}
{{- with .values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hypershard.commonVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .values.tmpSize }}
{{- if .root.Values.tls.internal.enabled }}
- name: tls
  secret:
    secretName: {{ include "hypershard.tlsSecret" (dict "root" .root "name" "internal" "tls" .root.Values.tls.internal) }}
    defaultMode: 0440
{{- end }}
{{- with .values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hypershard.storeMount" -}}
{{- if .root.Values.store.directory.enabled -}}
- name: store
  mountPath: /store
{{- end }}
{{- end }}

{{- define "hypershard.storeVolume" -}}
{{- if .root.Values.store.directory.enabled -}}
- name: store
  persistentVolumeClaim:
    claimName: {{ include "hypershard.storeClaim" .root }}
{{- end }}
{{- end }}

{{/*
The pod of one process. Beside the dict of _helpers.tpl: process (the image's argument), env, ports, mounts, volumes (text of
YAML lists), graceSeconds, nodeSelector (in place of the values').
*/}}
{{- define "hypershard.pod" -}}
{{- $env := printf "%s\n%s\n" (include "hypershard.commonEnv" .) .env -}}
metadata:
  labels:
    {{- include "hypershard.selector" . | nindent 4 }}
    {{- with .values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "hypershard.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  restartPolicy: Always
  terminationGracePeriodSeconds: {{ add .graceSeconds .values.preStopSleepSeconds }}
  securityContext:
    {{- include "hypershard.podSecurity" .root | nindent 4 }}
  {{- include "hypershard.scheduling" . | trim | nindent 2 }}
  containers:
    - name: {{ .component }}
      image: {{ include "hypershard.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [{{ .process }}]
      securityContext:
        {{- include "hypershard.containerSecurity" . | nindent 8 }}
      env:
        {{- $env | trim | nindent 8 }}
        {{- with include "hypershard.ownEnv" (dict "values" .values "set" $env) | trim }}
        {{- . | nindent 8 }}
        {{- end }}
      ports:
        {{- .ports | trim | nindent 8 }}
        - name: admin
          containerPort: 7790
      {{- include "hypershard.probes" . | nindent 6 }}
      {{- if .values.preStopSleepSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ .values.preStopSleepSeconds }}
      {{- end }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        {{- include "hypershard.commonMounts" . | nindent 8 }}
        {{- with .mounts | trim }}
        {{- . | nindent 8 }}
        {{- end }}
    {{- with .values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "hypershard.commonVolumes" . | nindent 4 }}
    {{- with .volumes | trim }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end }}
