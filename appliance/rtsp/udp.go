package rtsp

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// usualUDP is the port that firewalls and other servers expect RTP from.
const usualUDP = 8000

// udpPair are the two sockets that all UDP readers are sent from: RTP on an
// even port, RTCP on the next (RFC 3550 section 11). They are opened here, not by
// gortsplib, so that a free pair can be looked for.
type udpPair struct{ rtp, rtcp *udpSocket }

// openUDP opens the pair at address, or, when that is empty, at the usual port
// beside the TCP address or at any free pair.
func openUDP(address, tcp string) (*udpPair, error) {
	if address != "" {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("rtsp: udp address %q: %w", address, err)
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n%2 != 0 {
			return nil, fmt.Errorf("rtsp: udp address %q: the port must be an even number", address)
		}
		if n != 0 {
			return bindPair(host, int(n))
		}
		return freePair(host)
	}
	host, _, err := net.SplitHostPort(tcp)
	if err != nil {
		return nil, fmt.Errorf("rtsp: address %q: %w", tcp, err)
	}
	if p, err := bindPair(host, usualUDP); err == nil {
		return p, nil
	}
	return freePair(host)
}

func freePair(host string) (*udpPair, error) {
	var all []error
	for range 64 {
		probe, err := listenUDP(host, 0)
		if err != nil {
			return nil, fmt.Errorf("rtsp: udp: %w", err)
		}
		port := probe.LocalAddr().(*net.UDPAddr).Port &^ 1
		_ = probe.Close()
		p, err := bindPair(host, port)
		if err == nil {
			return p, nil
		}
		all = append(all, err)
	}
	return nil, fmt.Errorf("rtsp: no two free udp ports in a row: %w", errors.Join(all...))
}

func bindPair(host string, port int) (*udpPair, error) {
	rtp, err := listenUDP(host, port)
	if err != nil {
		return nil, fmt.Errorf("rtsp: udp: %w", err)
	}
	rtcp, err := listenUDP(host, port+1)
	if err != nil {
		_ = rtp.Close()
		return nil, fmt.Errorf("rtsp: udp: %w", err)
	}
	return &udpPair{rtp: rtp, rtcp: rtcp}, nil
}

func listenUDP(host string, port int) (*udpSocket, error) {
	network := "udp"
	if host == "0.0.0.0" {
		network = "udp4"
	}
	c, err := net.ListenPacket(network, net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	u := c.(*net.UDPConn) // what ListenPacket returns for these networks
	_ = u.SetWriteBuffer(udpBuffer)
	return &udpSocket{UDPConn: u}, nil
}

// udpSocket counts what is sent and spares the deadline that gortsplib sets for
// every packet: no write to a UDP socket waits for a peer.
type udpSocket struct {
	*net.UDPConn
	sent     *atomic.Uint64
	deadline atomic.Int64 // as UnixNano
}

// SetWriteDeadline moves the deadline in steps of a second.
func (u *udpSocket) SetWriteDeadline(t time.Time) error {
	if d := t.UnixNano() - u.deadline.Load(); d < int64(time.Second) {
		return nil
	}
	u.deadline.Store(t.UnixNano())
	return u.UDPConn.SetWriteDeadline(t)
}

// WriteTo sends a datagram.
func (u *udpSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	n, err := u.UDPConn.WriteTo(b, to)
	u.sent.Add(uint64(n))
	return n, err
}

func (p *udpPair) close() {
	_ = p.rtp.Close()
	_ = p.rtcp.Close()
}
