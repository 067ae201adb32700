// Answers, for each pod on stdin, one a line, with one line: how many bytes it takes as protocol buffers. Called with
// "fields", it says instead which fields the messages of a pod have: {"Message": "name:number:kind …"}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Messages that are written as something else in JSON.
var special = []reflect.Type{
	reflect.TypeFor[resource.Quantity](),
	reflect.TypeFor[intstr.IntOrString](),
	reflect.TypeFor[metav1.Time](),
}

// What the API server leaves out where an object is too large with it.
const dispensable = "managedFields"

// How a field is written: "!" although it is empty, "*" each entry of a list, "%" each entry of a map from texts.
func kindOf(field reflect.Type) (kind string, message reflect.Type, err error) {
	mark := "!"
	switch field.Kind() {
	case reflect.Pointer:
		field, mark = field.Elem(), ""
	case reflect.Slice:
		field, mark = field.Elem(), "*"
	case reflect.Map:
		if field.Key().Kind() != reflect.String {
			return "", nil, fmt.Errorf("a map from %s", field.Key())
		}
		field, mark = field.Elem(), "%"
	}
	switch field.Kind() {
	case reflect.String:
		return "string" + mark, nil, nil
	case reflect.Bool:
		return "bool" + mark, nil, nil
	case reflect.Int32, reflect.Int64:
		return "int" + mark, nil, nil
	case reflect.Struct:
		if slices.Contains(special, field) {
			return field.Name() + mark, nil, nil
		}
		return field.Name() + mark, field, nil
	}
	return "", nil, fmt.Errorf("a field of kind %s", field.Kind())
}

func collect(message reflect.Type, found map[string]string) error {
	if _, isKnown := found[message.Name()]; isKnown {
		return nil
	}
	found[message.Name()] = ""
	var fields []string
	for i := range message.NumField() {
		field := message.Field(i)
		tag := strings.Split(field.Tag.Get("protobuf"), ",")
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		// The kind and the version of an object are not in its message.
		if tag[0] == "" && field.Type == reflect.TypeFor[metav1.TypeMeta]() || name == dispensable {
			continue
		}
		if len(tag) < 2 {
			return fmt.Errorf("%s.%s has no number", message.Name(), field.Name)
		}
		kind, within, err := kindOf(field.Type)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", message.Name(), field.Name, err)
		}
		fields = append(fields, name+":"+tag[1]+":"+kind)
		if within != nil {
			if err := collect(within, found); err != nil {
				return err
			}
		}
	}
	found[message.Name()] = strings.Join(fields, " ")
	return nil
}

func printFields() error {
	found := map[string]string{}
	if err := collect(reflect.TypeFor[corev1.Pod](), found); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func answerPods() error {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var pod corev1.Pod
			if err := json.Unmarshal(line, &pod); err != nil {
				return err
			}
			pod.ManagedFields = nil
			fmt.Println(pod.Size())
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func main() {
	run := answerPods
	if slices.Equal(os.Args[1:], []string{"fields"}) {
		run = printFields
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
