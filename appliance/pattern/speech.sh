#!/bin/sh
# Makes the two spoken words that the demo source has on its right channel:
# 48 kHz, mono, signed 16 bit little endian, no header.
#
# Needs espeak-ng and sox. The result is committed, so that building needs neither;
# run it again only to change the words, and then the tests of this package.
set -eu
cd "$(dirname "$0")"
mkdir -p speech
say() {
	espeak-ng -v ko -s 130 -g 20 --stdout "$1" |
		sox -D -t wav - -r 48000 -c 1 -b 16 -e signed-integer -t raw "speech/$2.s16" norm -6 \
			silence 1 0 1% reverse silence 1 0 1% reverse
}
say 날씨 weather
say 음악 music
