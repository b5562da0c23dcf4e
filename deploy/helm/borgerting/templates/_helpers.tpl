{{/* Which services there are, and whom each asks by gRPC: the arrows of the suite. */}}
{{- define "borgerting.asks" -}}
deliberation: sortition
followup: deliberation
sortition: ""
volunteer: followup
{{- end }}

{{- define "borgerting.selector" -}}
app.kubernetes.io/name: borgerting
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "borgerting.labels" -}}
{{ include "borgerting.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: borgerting
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "borgerting.image" -}}
{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "borgerting.keysSecret" -}}
{{ .Values.keys.secret | default (printf "%s-keys" .Release.Name) }}
{{- end }}

{{/* The restricted pod security standard, and no file of the image can be changed. */}}
{{- define "borgerting.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
# Mounted secrets belong to it, and nobody else may read them.
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "borgerting.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* What every pod of ours has in common: not one of them talks to Kubernetes. */}}
{{- define "borgerting.pod" -}}
automountServiceAccountToken: false
# Kubernetes would add BORGERTING_…_PORT for Services of that name, and the suite refuses settings it does not know.
enableServiceLinks: false
securityContext: {{- include "borgerting.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecret }}
imagePullSecrets: [{name: {{ . }}}]
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where the service's address, or with "owner" the owner's, is kept. */}}
{{- define "borgerting.databaseKey" -}}
{{- if .root.Values.databases.cloudnativepg.enabled -}}
{name: {{ .root.Release.Name }}-database-{{ .service }}{{ ternary "-owner" "" .owner }}, key: url}
{{- else -}}
{name: {{ ternary .root.Values.databases.ownerSecret .root.Values.databases.secret .owner }}, key: {{ .service }}}
{{- end }}
{{- end }}

{{- define "borgerting.databaseEnv" -}}
- name: BORGERTING_{{ upper .service }}__DATABASE_URL
  valueFrom: {secretKeyRef: {{ include "borgerting.databaseKey" (merge (dict "owner" false) .) }}}
{{- end }}

{{/* Files with the logins' passwords, one per service, for password_file; nothing where addresses hold them. Call with
root and services. */}}
{{- define "borgerting.databasePasswords" -}}
{{- $databases := .root.Values.databases -}}
{{- $release := .root.Release.Name -}}
{{- if or $databases.cloudnativepg.enabled $databases.passwordSecret -}}
- name: database-passwords
  projected:
    defaultMode: 0440
    sources:
      {{- range .services }}
      {{- if $databases.cloudnativepg.enabled }}
      - secret: {name: {{ $release }}-database-{{ . }}, items: [{key: passwords, path: {{ . }}}]}
      {{- else }}
      - secret: {name: {{ $databases.passwordSecret }}, items: [{key: {{ . }}, path: {{ . }}}]}
      {{- end }}
      {{- end }}
{{- end }}
{{- end }}

{{/* The secret with who signs PostgreSQL's certificate, or nothing. */}}
{{- define "borgerting.databaseCa" -}}
{{- if .Values.databases.cloudnativepg.enabled }}{{ .Release.Name }}-postgresql-ca{{ else }}{{ .Values.databases.caSecret }}{{ end }}
{{- end }}

{{- define "borgerting.egressDatabases" -}}
{{- if .Values.databases.cloudnativepg.enabled -}}
- to: [{podSelector: {matchLabels: {cnpg.io/cluster: {{ .Release.Name }}-postgresql}}}]
  ports: [{protocol: TCP, port: 5432}]
{{- else }}
{{- include "borgerting.egress" .Values.network.databases }}
{{- end }}
{{- end }}

{{- define "borgerting.egressKafka" -}}
{{- if .Values.kafka.strimzi.enabled -}}
- to: [{podSelector: {matchLabels: {strimzi.io/cluster: {{ .Release.Name }}, strimzi.io/name: {{ .Release.Name }}-kafka}}}]
  ports: [{protocol: TCP, port: 9093}]
{{- else }}
{{- include "borgerting.egress" .Values.network.kafka }}
{{- end }}
{{- end }}

{{/* A database that comes with the release is not there before it: then the first migration runs beside the pods,
which start once it is done. */}}
{{- define "borgerting.migrateHook" -}}
{{- if not (and .root.Values.databases.cloudnativepg.enabled .root.Release.IsInstall) -}}
annotations:
  helm.sh/hook: pre-install,pre-upgrade
  helm.sh/hook-weight: {{ .weight | quote }}
  # One that failed stays, with its log, until the next try.
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
{{- end }}

{{/* Peers of an egress rule: a rule per port, since a CIDR has its own. */}}
{{- define "borgerting.egress" -}}
{{- range . }}
- to: [{ipBlock: {cidr: {{ .cidr }}}}]
  ports: [{protocol: TCP, port: {{ .port }}}]
{{- end }}
{{- end }}

{{- define "borgerting.egressNames" -}}
- to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
  ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end }}
