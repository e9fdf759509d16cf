// Package checks holds what the promises of both programs say again and again.
package checks

import (
	"errors"
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
)

// AnyCode stands for an error code that clients do not depend on.
const AnyCode int64 = -1

// Must fails the test at once if a call that had to succeed did not.
func Must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Equal compares what is seen with what was promised.
func Equal[T comparable](t *testing.T, seen, promised T) {
	t.Helper()
	if seen != promised {
		t.Errorf("seen: %v, promised: %v", seen, promised)
	}
}

// Refused asserts that a call was refused with this HTTP status and first error code, in a message that contains these words.
func Refused(t *testing.T, err error, status int, code int64, containing string) *cloudflare.Error {
	t.Helper()
	var refusal *cloudflare.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("%v, where %d/%d was expected", err, status, code)
	}
	if len(refusal.Errors) == 0 {
		t.Fatalf("a refusal without an error: %v", refusal)
	}
	first := refusal.Errors[0]
	if refusal.StatusCode != status || (code != AnyCode && first.Code != code) {
		t.Errorf("%v, where %d/%d was expected", refusal, status, code)
	}
	if !strings.Contains(strings.ToLower(first.Message), strings.ToLower(containing)) {
		t.Errorf("%q does not say %q", first.Message, containing)
	}
	return refusal
}

// Pager is what every list of the SDK pages through.
type Pager[T any] interface {
	Next() bool
	Current() T
	Err() error
}

// All reads a list to its end; more than ten thousand elements mean that it has none.
func All[T any](t *testing.T, pager Pager[T]) []T {
	t.Helper()
	var all []T
	for pager.Next() {
		all = append(all, pager.Current())
		if len(all) > 10_000 {
			t.Fatal("the list does not end")
		}
	}
	if err := pager.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
