{{/* The brokers and who a service is to them: as said, or as Strimzi makes it. Call with root and service. */}}
{{- define "borgerting.kafka" -}}
{{- $kafka := .root.Values.kafka -}}
{{- $name := .root.Release.Name -}}
{{- if $kafka.strimzi.enabled -}}
bootstrap: {{ $name }}-kafka-bootstrap.{{ .root.Release.Namespace }}.svc:9093
security: SSL
caSecret: {{ $name }}-cluster-ca-cert
certificateSecret: {{ $name }}-kafka-{{ .service }}
createTopics: false
replication: {{ min 3 (int $kafka.strimzi.replicas) }}
{{- else -}}
{{ pick $kafka "bootstrap" "security" "caSecret" "certificateSecret" "createTopics" "replication" | toYaml }}
{{- end }}
{{- end }}

{{- define "borgerting.kafkaEnv" -}}
{{- $said := .root.Values.kafka -}}
{{- $kafka := include "borgerting.kafka" . | fromYaml -}}
- {name: BORGERTING_KAFKA__BOOTSTRAP, value: {{ $kafka.bootstrap | quote }}}
- {name: BORGERTING_KAFKA__SECURITY, value: {{ $kafka.security }}}
{{- if hasPrefix "SASL" $kafka.security }}
- {name: BORGERTING_KAFKA__SASL_MECHANISM, value: {{ $said.mechanism }}}
- {name: BORGERTING_KAFKA__USERNAME, value: {{ $said.username | quote }}}
- {name: BORGERTING_KAFKA__PASSWORD_FILE, value: /etc/borgerting/kafka-password/password}
{{- end }}
{{- if $kafka.caSecret }}
- {name: BORGERTING_KAFKA__CA_FILE, value: /etc/borgerting/kafka-ca/ca.crt}
{{- end }}
{{- if $kafka.certificateSecret }}
- {name: BORGERTING_KAFKA__CERTIFICATE_FILE, value: /etc/borgerting/kafka-user/user.crt}
- {name: BORGERTING_KAFKA__KEY_FILE, value: /etc/borgerting/kafka-user/user.key}
{{- end }}
{{- if $said.namespace }}
- {name: BORGERTING_KAFKA__NAMESPACE, value: {{ $said.namespace | quote }}}
{{- end }}
- {name: BORGERTING_KAFKA__CREATE_TOPICS, value: {{ $kafka.createTopics | quote }}}
- {name: BORGERTING_KAFKA__PARTITIONS, value: {{ $said.partitions | quote }}}
- {name: BORGERTING_KAFKA__REPLICATION, value: {{ $kafka.replication | quote }}}
{{- end }}

{{- define "borgerting.tracingEnv" -}}
{{- with .Values.tracing }}
{{- if .endpoint -}}
- {name: BORGERTING_TELEMETRY__OTLP_ENDPOINT, value: {{ .endpoint | quote }}}
- {name: BORGERTING_TELEMETRY__SAMPLE_RATIO, value: {{ .sampleRatio | quote }}}
{{- if .headersSecret }}
- name: BORGERTING_TELEMETRY__OTLP_HEADERS
  valueFrom: {secretKeyRef: {name: {{ .headersSecret }}, key: headers}}
{{- end }}
{{- if .caSecret }}
- {name: BORGERTING_TELEMETRY__OTLP_CA_FILE, value: /etc/borgerting/collector/ca.crt}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A number as people write it: Go writes a million as 1e+06. */}}
{{- define "borgerting.number" -}}
{{- if kindIs "float64" . -}}{{- regexReplaceAll "\\.?0+$" (printf "%f" .) "" -}}{{- else -}}{{- toString . -}}{{- end -}}
{{- end }}

{{- define "borgerting.limitsEnv" -}}
{{- with .Values.limits -}}
- {name: BORGERTING_LIMITS__READS, value: {{ .reads | quote }}}
- {name: BORGERTING_LIMITS__READS_BURST, value: {{ .readsBurst | quote }}}
- {name: BORGERTING_LIMITS__CHANGES, value: {{ .changes | quote }}}
- {name: BORGERTING_LIMITS__CHANGES_BURST, value: {{ .changesBurst | quote }}}
- {name: BORGERTING_LIMITS__CALLER, value: {{ .caller | quote }}}
- {name: BORGERTING_LIMITS__CALLER_BURST, value: {{ .callerBurst | quote }}}
- {name: BORGERTING_LIMITS__AT_ONCE, value: {{ .atOnce | quote }}}
- {name: BORGERTING_LIMITS__TRUSTED_PROXIES, value: {{ join "," .proxies | quote }}}
{{- end }}
{{- end }}

{{- define "borgerting.signInEnv" -}}
{{- $signIn := .Values.signIn -}}
- {name: BORGERTING_OIDC__ISSUER, value: {{ $signIn.issuer | quote }}}
- {name: BORGERTING_OIDC__AUDIENCE, value: {{ $signIn.audience | quote }}}
- {name: BORGERTING_OIDC__CLIENT_ID, value: {{ $signIn.clientId | quote }}}
{{- if $signIn.clientSecret }}
- {name: BORGERTING_OIDC__CLIENT_SECRET_FILE, value: /etc/borgerting/sign-in/client-secret}
{{- end }}
- {name: BORGERTING_OIDC__SCOPES, value: {{ $signIn.scopes | quote }}}
- {name: BORGERTING_OIDC__MUNICIPALITY_CLAIM, value: {{ $signIn.municipalityClaim | quote }}}
- {name: BORGERTING_OIDC__ROLES_CLAIM, value: {{ $signIn.rolesClaim | quote }}}
{{- end }}
