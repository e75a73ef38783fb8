{{/* What every pod of the chart has in common: the restricted profile, and where it may run. Takes a list: the root, and whether it gets an API token. */}}
{{- define "streamjob-operator.pod" -}}
{{- $root := index . 0 -}}
automountServiceAccountToken: {{ index . 1 }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What every container of the chart has in common. */}}
{{- define "streamjob-operator.container" -}}
image: {{ include "streamjob-operator.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
terminationMessagePolicy: FallbackToLogsOnError
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* The settings of the operator, which the check before uninstalling shares. */}}
{{- define "streamjob-operator.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: STREAMJOB_NAMESPACES
  value: {{ .Values.watchNamespaces | uniq | join "," | quote }}
- name: STREAMJOB_RUNTIME_IMAGE
  value: {{ default (include "streamjob-operator.image" .) .Values.runtimeImage | quote }}
- name: STREAMJOB_LEASE_NAME
  value: {{ include "streamjob-operator.fullname" . | quote }}
- name: STREAMJOB_OPERATOR_ID
  value: {{ .Values.operatorId | quote }}
- name: STREAMJOB_CLUSTER_ID
  value: {{ .Values.clusterId | quote }}
- name: STREAMJOB_POD_LABELS
  value: {{ include "streamjob-operator.selectorLabels" . | fromYaml | include "streamjob-operator.pairs" | quote }}
- name: STREAMJOB_LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: STREAMJOB_WORKERS
  value: {{ .Values.concurrency | quote }}
- name: STREAMJOB_QPS
  value: {{ .Values.qps | quote }}
{{- end -}}

{{/* A map as `k=v` with commas between. */}}
{{- define "streamjob-operator.pairs" -}}
{{- $pairs := list -}}
{{- range $name, $value := . }}{{ $pairs = append $pairs (printf "%s=%s" $name $value) }}{{ end -}}
{{- join "," $pairs -}}
{{- end -}}
