{{- define "borgerting.kafkaEnv" -}}
{{- $kafka := .Values.kafka -}}
- {name: BORGERTING_KAFKA__BOOTSTRAP, value: {{ $kafka.bootstrap | quote }}}
- {name: BORGERTING_KAFKA__SECURITY, value: {{ $kafka.security }}}
{{- if hasPrefix "SASL" $kafka.security }}
- {name: BORGERTING_KAFKA__SASL_MECHANISM, value: {{ $kafka.mechanism }}}
- {name: BORGERTING_KAFKA__USERNAME, value: {{ $kafka.username | quote }}}
- name: BORGERTING_KAFKA__PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $kafka.passwordSecret }}, key: password}}
{{- end }}
{{- if $kafka.caSecret }}
- {name: BORGERTING_KAFKA__CA_FILE, value: /etc/borgerting/kafka-ca/ca.crt}
{{- end }}
{{- if $kafka.certificateSecret }}
- {name: BORGERTING_KAFKA__CERTIFICATE_FILE, value: /etc/borgerting/kafka-user/user.crt}
- {name: BORGERTING_KAFKA__KEY_FILE, value: /etc/borgerting/kafka-user/user.key}
{{- end }}
{{- if $kafka.namespace }}
- {name: BORGERTING_KAFKA__NAMESPACE, value: {{ $kafka.namespace | quote }}}
{{- end }}
- {name: BORGERTING_KAFKA__CREATE_TOPICS, value: {{ $kafka.createTopics | quote }}}
- {name: BORGERTING_KAFKA__PARTITIONS, value: {{ $kafka.partitions | quote }}}
- {name: BORGERTING_KAFKA__REPLICATION, value: {{ $kafka.replication | quote }}}
{{- end }}

{{- define "borgerting.signInEnv" -}}
{{- $signIn := .Values.signIn -}}
- {name: BORGERTING_OIDC__ISSUER, value: {{ $signIn.issuer | quote }}}
- {name: BORGERTING_OIDC__AUDIENCE, value: {{ $signIn.audience | quote }}}
- {name: BORGERTING_OIDC__CLIENT_ID, value: {{ $signIn.clientId | quote }}}
{{- if $signIn.clientSecret }}
- name: BORGERTING_OIDC__CLIENT_SECRET
  valueFrom: {secretKeyRef: {name: {{ $signIn.clientSecret }}, key: client-secret}}
{{- end }}
- {name: BORGERTING_OIDC__SCOPES, value: {{ $signIn.scopes | quote }}}
- {name: BORGERTING_OIDC__MUNICIPALITY_CLAIM, value: {{ $signIn.municipalityClaim | quote }}}
- {name: BORGERTING_OIDC__ROLES_CLAIM, value: {{ $signIn.rolesClaim | quote }}}
{{- end }}
