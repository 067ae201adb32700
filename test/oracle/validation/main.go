// Does to pods what the API server does before and after its webhooks: reads one pod a line, defaults and validates it,
// and answers with a line {"errors": [...], "object": {...}}, the object as a webhook would get it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/capabilities"
)

type answer struct {
	Errors []string        `json:"errors"`
	Object json.RawMessage `json:"object,omitempty"`
}

func main() {
	// As clusters are set up: --allow-privileged.
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<28)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		if err := encoder.Encode(judge(lines.Bytes())); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func judge(line []byte) answer {
	decoded, _, err := legacyscheme.Codecs.UniversalDecoder(corev1.SchemeGroupVersion).Decode(line, nil, nil)
	if err != nil {
		return answer{Errors: []string{err.Error()}}
	}
	// The universal decoder defaults the versioned object and hands it over as v1; validation wants the internal one.
	versioned, ok := decoded.(*corev1.Pod)
	if !ok {
		return answer{Errors: []string{fmt.Sprintf("%T is no pod", decoded)}}
	}
	object, err := runtime.Encode(legacyscheme.Codecs.LegacyCodec(corev1.SchemeGroupVersion), versioned)
	if err != nil {
		return answer{Errors: []string{err.Error()}}
	}
	internal := &core.Pod{}
	if err := legacyscheme.Scheme.Convert(versioned, internal, nil); err != nil {
		return answer{Errors: []string{err.Error()}}
	}
	options := podutil.GetValidationOptionsFromPodSpecAndMeta(&internal.Spec, nil, &internal.ObjectMeta, nil)
	errors := []string{}
	for _, problem := range validation.ValidatePodCreate(internal, options) {
		errors = append(errors, problem.Error())
	}
	return answer{Errors: errors, Object: object}
}
