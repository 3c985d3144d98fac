import { describe, expect, test } from 'vitest'
import { lumaOf, readNumbers, square, wallOf } from '../flows/lib/numbers'

/** draw is what appliance/pattern draws: most significant bit first, the time above the number. */
function draw(width: number, height: number, frame: number, wall: number): Uint8Array {
  const s = square(width)
  const luma = new Uint8Array(width * height).fill(128)
  for (const [v, top] of [[frame, height - s], [wall, height - 2 * s]] as const)
    for (let y = top; y < top + s; y++)
      for (let x = 0; x < 32 * s; x++) luma[y * width + x] = Math.floor(v / 2 ** (31 - Math.floor(x / s))) % 2 ? 235 : 16
  return luma
}

describe('the numbers in the picture', () => {
  test.each([[1280, 720, 32], [1920, 1080, 48], [640, 480, 16], [320, 240, 8], [854, 480, 20], [80, 60, 2]])('at %dx%d', (w, h, s) => {
    expect(square(w)).toBe(s)
    for (const v of [0, 1, 0x80000000, 0xffffffff, 0xdeadbeef, 12345]) expect(readNumbers(draw(w, h, v, 0xffffffff - v), w, h)).toEqual({ frame: v, wall: 0xffffffff - v })
  })

  test('stand where the source draws them', () => {
    const luma = draw(320, 240, 1, 0x80000000)
    expect([luma[239 * 320 + 31 * 8], luma[239 * 320 + 31 * 8 - 1], luma[224 * 320], luma[224 * 320 + 8], luma[223 * 320]]).toEqual([235, 16, 235, 16, 128])
  })

  test('the lowest rows are enough', () => {
    const luma = draw(320, 240, 77, 88)
    expect(readNumbers(luma.slice(224 * 320), 320, 16)).toEqual({ frame: 77, wall: 88 })
  })

  test('grey or too little cannot be read', () => {
    expect(readNumbers(new Uint8Array(320 * 240).fill(126), 320, 240)).toBeNull()
    expect(readNumbers(new Uint8Array(100), 320, 240)).toBeNull()
    expect(readNumbers(new Uint8Array(320 * 240), 320, 15)).toBeNull()
  })

  test('luma of what a screen shows', () => {
    expect([...lumaOf(new Uint8Array([0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 255]))]).toEqual([16, 235, 81])
  })

  test('the time of day is the nearest with these bits', () => {
    const now = Date.UTC(2026, 10, 24, 10, 15)
    for (const t of [now, now - 3_600_000, now + 2000]) expect(wallOf(t % 2 ** 32, now)).toBe(t)
  })
})
