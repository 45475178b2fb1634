package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"
)

// Target is one URL to watch.
type Target struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Config is the content of the configuration file.
type Config struct {
	Interval string   `json:"interval"`
	Targets  []Target `json:"targets"`

	every time.Duration
}

// LoadConfig reads and checks a configuration file.
func LoadConfig(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config := &Config{Interval: "30s"}
	if err := json.Unmarshal(text, config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if config.every, err = time.ParseDuration(config.Interval); err != nil {
		return nil, fmt.Errorf("%s: interval: %w", path, err)
	}
	if config.every < time.Second {
		return nil, fmt.Errorf("%s: interval: at least 1s", path)
	}
	if len(config.Targets) == 0 {
		return nil, fmt.Errorf("%s: %w", path, errors.New("no targets"))
	}
	for _, target := range config.Targets {
		parsed, err := url.Parse(target.URL)
		if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") {
			return nil, fmt.Errorf("%s: target %q: not an http or https URL", path, target.Name)
		}
	}
	return config, nil
}
