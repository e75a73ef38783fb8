{{/*
What the operator does where StreamJobs are. Of Secrets it reads those that a StreamJob names, and can't list them; what it makes is collected with its
StreamJob, so that it deletes only planning pods, workers without a StatefulSet, a StatefulSet that is made anew, claims of workers that are gone for good and
old releases itself. The file operator/kube/README.md names the calls behind this.
*/}}
{{- define "streamjob-operator.rules" -}}
- apiGroups: [streamjob.dev]
  resources: [streamjobs]
  verbs: [get, list, watch, patch]
- apiGroups: [streamjob.dev]
  resources: [streamjobs/status]
  verbs: [update]
# What it makes blocks the deletion of its owner until it is gone.
- apiGroups: [streamjob.dev]
  resources: [streamjobs/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# Made by the controller of StatefulSets.
- apiGroups: ['']
  resources: [persistentvolumeclaims]
  verbs: [list, patch, delete]
- apiGroups: ['']
  resources: [pods]
  verbs: [list, watch, create, delete]
- apiGroups: ['']
  resources: [configmaps]
  verbs: [get, list, create, delete]
- apiGroups: ['']
  resources: [secrets]
  verbs: [get]
- apiGroups: ['']
  resources: [serviceaccounts, services]
  verbs: [get, create, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* The subject of every binding. */}}
{{- define "streamjob-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "streamjob-operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
