package rtsp

import (
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtcp"

	"hindsight/media"
)

// report sends a sender report for every track, all for the same moment: the
// position p, its wall time, and its RTP time on each track's clock. That is how
// a player keeps sound and picture together and knows the time of what it shows.
// The caller holds s.mu.
func (s *session) report(p media.Position, at time.Duration) {
	wall, _ := s.view.line.Wall(p)
	if wall.IsZero() {
		return // nothing true can be said
	}
	for _, t := range s.tracks {
		if !t.chosen || t.off() {
			continue
		}
		if isText(t.Track) {
			if !s.telling.TryLock() {
				continue // a caption is on its way behind a report of its own
			}
			defer s.telling.Unlock()
		}
		_ = s.control(t, t.senderReport(wall, at)) // a full queue: the next report comes in five seconds
	}
}

// senderReport says that the session time at is a wall time.
func (t *outTrack) senderReport(wall time.Time, at time.Duration) *rtcp.SenderReport {
	return &rtcp.SenderReport{SSRC: t.ssrc, NTPTime: ntp.Encode(wall), RTPTime: t.rtpTime(at), PacketCount: t.packets, OctetCount: t.octets}
}

// alive says nothing but that a source is there. The caller holds s.mu.
func (s *session) alive(t *outTrack) error {
	return s.control(t, &rtcp.ReceiverReport{SSRC: t.ssrc})
}

// goodbye says that a source is no more (RFC 3550 section 6.6). The caller of what it returns holds s.mu.
func (s *session) goodbye(why string) func(*outTrack) error {
	return func(t *outTrack) error {
		return s.control(t, &rtcp.ReceiverReport{SSRC: t.ssrc}, &rtcp.Goodbye{Sources: []uint32{t.ssrc}, Reason: why})
	}
}

// control sends one compound packet, which begins with a report and names the
// source (RFC 3550 section 6.1): without the name GStreamer does not join the tracks.
func (s *session) control(t *outTrack, report rtcp.Packet, more ...rtcp.Packet) error {
	c := rtcp.CompoundPacket{report, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: t.ssrc,
		Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "hindsight-" + s.view.camera}},
	}}}}
	c = append(c, more...)
	return s.rtsp.WritePacketRTCP(t.media, &c)
}
