// What the demo source burns into its picture, read back: the frame number and
// the time of day. The rows are those of appliance/pattern (squares.go).

/** Numbers are what the two rows of squares at the bottom say. */
export interface Numbers {
  frame: number // counted from the beginning of the run
  wall: number // ms since 1970, the low 32 bits
}

const bits = 32 // squares in a row
const black = 16
const white = 235

/** square is the edge of one square in pixels in a picture of that width. */
export const square = (width: number) => Math.floor(width / 40) & ~1

/** lumaOf makes of RGBA pixels what a camera's luma was, 16 for black and 235 for white. */
export function lumaOf(rgba: Uint8ClampedArray | Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgba.length >> 2)
  for (let i = 0; i < luma.length; i++) {
    const y = 0.299 * (rgba[4 * i] ?? 0) + 0.587 * (rgba[4 * i + 1] ?? 0) + 0.114 * (rgba[4 * i + 2] ?? 0)
    luma[i] = Math.round(black + (y * (white - black)) / 255)
  }
  return luma
}

/**
 * readNumbers reads the rows from the luma of a picture, or of its lowest rows
 * alone. null: a square is neither dark nor bright, or there is too little of it.
 */
export function readNumbers(luma: Uint8Array, width: number, height: number, s = square(width)): Numbers | null {
  if (s < 2 || width < bits * s || height < 2 * s || luma.length < width * height) return null
  const frame = readRow(luma, width, height - s, s)
  const wall = readRow(luma, width, height - 2 * s, s)
  return frame === null || wall === null ? null : { frame, wall }
}

function readRow(luma: Uint8Array, width: number, top: number, s: number): number | null {
  let v = 0
  const edge = Math.floor(s / 4)
  for (let i = 0; i < bits; i++) {
    const m = mean(luma, width, i * s + edge, top + edge, i * s + s - edge, top + s - edge)
    if (m > 92 && m < 160) return null
    v = v * 2 + (m >= 160 ? 1 : 0)
  }
  return v
}

function mean(luma: Uint8Array, width: number, x0: number, y0: number, x1: number, y1: number): number {
  let sum = 0
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += luma[y * width + x] ?? 0
  return Math.floor(sum / ((x1 - x0) * (y1 - y0)))
}

/** wallOf is the whole time of which a picture has the low bits, in ms since 1970, near another. */
export function wallOf(low: number, near: number): number {
  const all = 2 ** bits
  return low + Math.round((near - low) / all) * all
}
