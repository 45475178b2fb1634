package main

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPageShowsWhatTheTargetsAnswer(t *testing.T) {
	up := httptest.NewServer(http.NotFoundHandler())
	defer up.Close()
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer down.Close()

	monitor := NewMonitor(&Config{Targets: []Target{{"fine", up.URL}, {"broken", down.URL}}})
	monitor.checkAll(t.Context())

	page := template.Must(template.ParseFiles("templates/status.html"))
	recorder := httptest.NewRecorder()
	handler(monitor, page).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, want := range []string{`class="up">fine`, `class="down">broken`, "502 Bad Gateway"} {
		if !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, recorder.Body)
		}
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{"targets":[]}`: "no targets",
		`{"interval":"soon","targets":[{"url":"http://a"}]}`:        "interval",
		`{"interval":"1ms","targets":[{"url":"http://a"}]}`:         "at least 1s",
		`{"targets":[{"name":"files","url":"file:///etc/passwd"}]}`: `target "files"`,
	} {
		path := filepath.Join(t.TempDir(), "uptime.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadConfig(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
