package desktop

// Plays is what the window's page says that it can play: the answers of
// MediaSource.isTypeSupported.
type Plays struct {
	MSE  bool `json:"mse"`  // there is a MediaSource
	H264 bool `json:"h264"` // video/mp4 with avc1, Baseline
	High bool `json:"high"` // and with the High profile
	Opus bool `json:"opus"` // audio/mp4 with opus
	AAC  bool `json:"aac"`  // audio/mp4 with mp4a.40.2
}

// Part is a package that the machine lacks, and what does not work without it.
type Part struct {
	Package string `json:"package"`
	For     string `json:"for"` // pictures, sound, or everything
}

// Lacks names the packages, as Debian has them, that what cannot be played is in. They were
// found by taking them away one by one: openh264 and opusparse are in the bad
// plug-ins, libav has AAC and the High profile.
func Lacks(p Plays) []Part {
	lack := []Part{}
	if !p.MSE {
		return append(lack, Part{"libwebkit2gtk-4.1-0", "everything"})
	}
	switch {
	case !p.Opus && !p.H264:
		lack = append(lack, Part{"gstreamer1.0-plugins-bad", "everything"})
	case !p.Opus:
		lack = append(lack, Part{"gstreamer1.0-plugins-bad", "sound"})
	case !p.H264:
		lack = append(lack, Part{"gstreamer1.0-plugins-bad", "pictures"})
	}
	switch {
	case !p.AAC:
		lack = append(lack, Part{"gstreamer1.0-libav", "sound"})
	case !p.High:
		lack = append(lack, Part{"gstreamer1.0-libav", "pictures"})
	}
	return lack
}
