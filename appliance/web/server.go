package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hindsight/player"
)

// Server answers HTTP requests.
type Server struct {
	o       Options
	handler http.Handler
	exports chan struct{} // a place for each export being made
	metrics *prometheus.Registry
	meters  map[string]*meter // by camera

	patience time.Duration // with clients of exports, snapshots and of live captions
	queue    time.Duration // how long a snapshot waits for its turn
	beat     time.Duration // of live captions
	feeds    chan struct{} // a place for each follower of the captions
	files    chan struct{} // a place for each file of captions being made
	searches chan struct{} // a place for each answer with captions being made
	stills   chan struct{} // a place for each snapshot being decoded
	lists    chan struct{} // a place for each list of frames being made
	screens  chan struct{} // a place for each player
	shapes   map[string]*shapes
	counts   player.Counts
	closing  context.Context
	close    context.CancelFunc
}

// New makes a server that does not listen yet.
func New(o Options) (*Server, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	s := &Server{o: o, exports: make(chan struct{}, o.Exports), meters: map[string]*meter{}, patience: patience, queue: snapshotQueue, beat: liveBeat,
		feeds: make(chan struct{}, liveFeeds), files: make(chan struct{}, captionFiles), searches: make(chan struct{}, captionSearches),
		stills: make(chan struct{}, o.Snapshots), lists: make(chan struct{}, frameLists),
		screens: make(chan struct{}, screens), shapes: map[string]*shapes{}}
	s.closing, s.close = context.WithCancel(context.Background())
	for _, c := range o.Cameras {
		s.meters[c.Name], s.shapes[c.Name] = &meter{}, &shapes{}
	}
	s.metrics = s.registry()
	s.handler = s.routes()
	return s, nil
}

// Handler answers all requests, for a listener of somebody else's.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve answers on l until ctx ends, then gives open requests two seconds.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		s.close() // what would never end by itself
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if h.Shutdown(last) != nil {
			h.Close() //nolint:errcheck // it is what is left to do
		}
	})
	err := h.Serve(limit(l, connections))
	if stop() { // ctx has not ended: the listener failed
		return fmt.Errorf("http: %w", err)
	}
	<-ended
	return nil
}
