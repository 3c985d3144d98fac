package encode

// widest is the highest rate that the variable-rate engine is given: it has to
// stay clearly below 48 kHz (see newVariable). What lies above 20 kHz is lost, which Opus
// does not keep either (RFC 6716 section 2.1.1).
const widest = 46000

// resampler makes 48 kHz of any rate, at a pace that may change at any time.
// Rates above widest are brought down to it first at a fixed ratio.
type resampler struct {
	fixed    *soxr // nil: not needed
	vary     *soxr
	ratio    float64 // of the variable stage, nominal
	inner    float64 // samples between the stages for one input sample
	pace     float64
	channels int
	between  []float32
	out      []float32
}

func newResampler(rate, channels int) (*resampler, error) {
	inner := min(rate, widest)
	r := &resampler{ratio: float64(inner) / opusRate, inner: float64(inner) / float64(rate), pace: 1, channels: channels,
		between: make([]float32, 2048*channels), out: make([]float32, 2048*channels)}
	var err error
	if inner != rate {
		if r.fixed, err = newFixed(float64(rate), float64(inner), channels); err != nil {
			return nil, err
		}
	}
	if r.vary, err = newVariable(r.ratio, channels); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// first is the input position that the first output sample stands for.
func (r *resampler) first() float64 { return firstPosition(r.ratio) / r.inner }

// push takes samples and calls emit with what is ready, made at the given pace:
// so many times the nominal number of input samples for an output sample.
func (r *resampler) push(samples []float32, pace float64, emit func([]float32)) error {
	if pace != r.pace {
		if err := r.vary.setRatio(r.ratio * pace); err != nil {
			return err
		}
		r.pace = pace
	}
	if r.fixed == nil {
		return drive(r.vary, samples, r.out, func(out []float32) error { emit(out); return nil })
	}
	return drive(r.fixed, samples, r.between, func(inner []float32) error {
		return drive(r.vary, inner, r.out, func(out []float32) error { emit(out); return nil })
	})
}

// drive gives a stage all of in and passes on what comes out of it.
func drive(s *soxr, in, buf []float32, emit func([]float32) error) error {
	for {
		took, wrote, err := s.process(in, buf)
		if err != nil {
			return err
		}
		in = in[took:]
		if wrote > 0 {
			if err := emit(buf[:wrote]); err != nil {
				return err
			}
		}
		if wrote < len(buf) && len(in) == 0 {
			return nil
		}
	}
}

func (r *resampler) close() {
	if r.fixed != nil {
		r.fixed.close()
	}
	if r.vary != nil {
		r.vary.close()
	}
}

// firstPosition is where in the input the variable engine takes its first
// output from: a quarter of the fraction of two steps (vr_set_io_ratio in soxr 0.1.3).
func firstPosition(ratio float64) float64 {
	step := 2 * ratio
	return (step - float64(int(step))) / 4
}
