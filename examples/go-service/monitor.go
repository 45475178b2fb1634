package main

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Status is the outcome of the newest check of one target.
type Status struct {
	Target
	Up      bool          `json:"up"`
	Detail  string        `json:"detail"`
	Took    time.Duration `json:"took_ns"`
	Checked time.Time     `json:"checked"`
}

// Monitor checks its targets over and over and remembers the newest outcome of each.
type Monitor struct {
	config *Config
	client *http.Client

	mu     sync.RWMutex
	status []Status
}

// NewMonitor returns a monitor that has not checked anything yet.
func NewMonitor(config *Config) *Monitor {
	status := make([]Status, len(config.Targets))
	for i, target := range config.Targets {
		status[i] = Status{Target: target, Detail: "not checked yet"}
	}
	return &Monitor{config: config, client: &http.Client{Timeout: 10 * time.Second}, status: status}
}

// Run checks all targets at once, then again after every interval, until the context ends.
func (m *Monitor) Run(ctx context.Context) {
	ticker := time.NewTicker(m.config.every)
	defer ticker.Stop()
	for {
		m.checkAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Snapshot returns a copy of the newest outcomes, in the order of the configuration.
func (m *Monitor) Snapshot() []Status {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return append([]Status(nil), m.status...)
}

func (m *Monitor) checkAll(ctx context.Context) {
	var wait sync.WaitGroup
	for i, target := range m.config.Targets {
		wait.Add(1)
		go func() {
			defer wait.Done()
			status := m.check(ctx, target)
			m.mu.Lock()
			m.status[i] = status
			m.mu.Unlock()
		}()
	}
	wait.Wait()
}

func (m *Monitor) check(ctx context.Context, target Target) Status {
	status := Status{Target: target, Checked: time.Now().UTC()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.URL, nil)
	if err != nil {
		status.Detail = err.Error()
		return status
	}
	response, err := m.client.Do(request)
	status.Took = time.Since(status.Checked)
	if err != nil {
		status.Detail = err.Error()
		return status
	}
	defer response.Body.Close()
	// A drained body lets the client use the connection again.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	status.Up = response.StatusCode < 500
	status.Detail = response.Status
	return status
}
