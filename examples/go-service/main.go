// Command uptime watches a list of URLs and shows which of them answer.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"html/template"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

func handler(monitor *Monitor, page *template.Template) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := page.Execute(w, monitor.Snapshot()); err != nil {
			log.Printf("page: %v", err)
		}
	})
	mux.HandleFunc("GET /status.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(monitor.Snapshot()); err != nil {
			log.Printf("status: %v", err)
		}
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}

func main() {
	configPath := flag.String("config", "/etc/uptime.json", "configuration file")
	templates := flag.String("templates", "templates", "folder with the page template")
	listen := flag.String("listen", ":8080", "address to listen on")
	flag.Parse()

	config, err := LoadConfig(*configPath)
	if err != nil {
		log.Fatal(err)
	}
	page, err := template.ParseFiles(*templates + "/status.html")
	if err != nil {
		log.Fatal(err)
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	// Listening comes first: this service may be one of its own targets.
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	monitor := NewMonitor(config)
	go monitor.Run(ctx)

	server := &http.Server{Handler: handler(monitor, page), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		shutdown, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(shutdown)
	}()
	log.Printf("uptime listening on %s, %d targets", *listen, len(config.Targets))
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
