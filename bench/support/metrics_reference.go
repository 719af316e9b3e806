// A server with as many series as a maglevd that is scraped, kept and written by Prometheus' own
// library: the reference of ../metrics.ts. One goroutine observes as many probes per second as
// maglevd makes, so that the values change. It writes its port as a line of JSON and ends with its
// standard input.
//
// Arguments: backends, and observations per second.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serversPerFrontend is that of scraped_daemon.ts.
const serversPerFrontend = 16

var states = []string{"unknown", "up", "down", "paused", "disabled", "removed"}

type observer struct {
	count    prometheus.Counter
	duration prometheus.Observer
}

func gauge(name string, labels ...string) *prometheus.GaugeVec {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: "As maglevd's."}, labels)
	prometheus.MustRegister(vec)
	return vec
}

func counter(name string, labels ...string) *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: "As maglevd's."}, labels)
	prometheus.MustRegister(vec)
	return vec
}

// register makes the series of all backends, and returns what a probe of each one changes.
func register(backends int) []observer {
	state := gauge("maglev_backend_state", "backend", "address", "healthcheck", "state")
	health := gauge("maglev_backend_health", "backend")
	enabled := gauge("maglev_backend_enabled", "backend")
	transitions := counter("maglev_backend_transitions_total", "backend", "from", "to")
	frontendState := gauge("maglev_frontend_state", "frontend", "state")
	weight := gauge("maglev_frontend_pool_backend_weight", "frontend", "pool", "backend")
	effective := gauge("maglev_frontend_pool_backend_effective_weight", "frontend", "pool", "backend")
	probes := counter("maglev_probe_total", "backend", "type", "result", "code")
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "maglev_probe_duration_seconds",
		Help:    "As maglevd's.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
	}, []string{"backend", "type"})
	prometheus.MustRegister(durations)

	observers := make([]observer, backends)
	for i := range observers {
		name := fmt.Sprintf("backend%d", i)
		frontend := fmt.Sprintf("frontend%d", i/serversPerFrontend)
		address := fmt.Sprintf("127.1.%d.%d", i>>8, i&255)
		for _, each := range states {
			state.WithLabelValues(name, address, "tcp", each).Set(0)
		}
		state.WithLabelValues(name, address, "tcp", "up").Set(1)
		health.WithLabelValues(name).Set(4)
		enabled.WithLabelValues(name).Set(1)
		transitions.WithLabelValues(name, "unknown", "up").Inc()
		if i%serversPerFrontend == 0 {
			for _, each := range states[:3] {
				frontendState.WithLabelValues(frontend, each).Set(0)
			}
		}
		weight.WithLabelValues(frontend, "pool0", name).Set(100)
		effective.WithLabelValues(frontend, "pool0", name).Set(100)
		observers[i] = observer{
			count:    probes.WithLabelValues(name, "tcp", "pass", "L4OK"),
			duration: durations.WithLabelValues(name, "tcp"),
		}
	}
	return observers
}

// observe counts probes of one backend after the other.
func observe(observers []observer, perSecond int) {
	const ticksPerSecond = 100
	next := 0
	for range time.Tick(time.Second / ticksPerSecond) {
		for i := 0; i < perSecond/ticksPerSecond; i++ {
			observers[next].count.Inc()
			observers[next].duration.Observe(0.00025)
			next = (next + 1) % len(observers)
		}
	}
}

func argument(place int) int {
	value, err := strconv.Atoi(os.Args[place])
	if err != nil || value < 1 {
		fmt.Fprintln(os.Stderr, "cannot start: need numbers of backends and of observations")
		os.Exit(2)
	}
	return value
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "cannot start: need numbers of backends and of observations")
		os.Exit(2)
	}
	observers := register(argument(1))
	go observe(observers, argument(2))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Like maglevd, it does not compress.
	handler := promhttp.HandlerFor(prometheus.DefaultGatherer, promhttp.HandlerOpts{
		DisableCompression: true,
	})
	go http.Serve(listener, handler)
	fmt.Printf("{\"event\":\"listening\",\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	io.Copy(io.Discard, os.Stdin)
}
