// Answers, for each line {"pod", "level", "version"} on stdin, with one line saying what the Pod Security admission of
// Kubernetes says: {"allowed", "violations": [{"check", "reason", "detail"}]}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kubejson "sigs.k8s.io/json"
)

type request struct {
	Pod     json.RawMessage `json:"pod"`
	Level   string          `json:"level"`
	Version string          `json:"version"`
}

type violation struct {
	Check  policy.CheckID `json:"check"`
	Reason string         `json:"reason"`
	Detail string         `json:"detail"`
}

type verdict struct {
	Allowed    bool        `json:"allowed"`
	Violations []violation `json:"violations"`
}

// Upstream's results do not name their check, so each check notes its own refusals here.
var noted []violation

func notingChecks() []policy.Check {
	checks := policy.DefaultChecks()
	for _, check := range checks {
		for i := range check.Versions {
			checkPod := check.Versions[i].CheckPod
			check.Versions[i].CheckPod = func(metadata *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
				result := checkPod(metadata, spec)
				if !result.Allowed {
					noted = append(noted, violation{check.ID, result.ForbiddenReason, result.ForbiddenDetail})
				}
				return result
			}
		}
	}
	return checks
}

func evaluate(evaluator policy.Evaluator, line []byte) (verdict, error) {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return verdict{}, err
	}
	level, err := api.ParseLevel(asked.Level)
	if err != nil {
		return verdict{}, fmt.Errorf("level %q: %w", asked.Level, err)
	}
	version, err := api.ParseVersion(asked.Version)
	if err != nil {
		return verdict{}, fmt.Errorf("version %q: %w", asked.Version, err)
	}
	// The API server's own decoder: field names are case-sensitive, unlike in encoding/json.
	var pod corev1.Pod
	if err := kubejson.UnmarshalCaseSensitivePreserveInts(asked.Pod, &pod); err != nil {
		return verdict{}, err
	}
	noted = []violation{}
	results := evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: version}, &pod.ObjectMeta, &pod.Spec)
	return verdict{Allowed: policy.AggregateCheckResults(results).Allowed, Violations: noted}, nil
}

func run(in io.Reader, out io.Writer) error {
	evaluator, err := policy.NewEvaluator(notingChecks(), nil)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	for number := 1; lines.Scan(); number++ {
		answer, err := evaluate(evaluator, lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return buffered.Flush()
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pod-security oracle:", err)
		os.Exit(1)
	}
}
