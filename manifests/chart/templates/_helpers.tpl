{{- /* The labels of each object. */}}
{{- define "kube-harden.labels" -}}
app.kubernetes.io/name: kube-harden
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
