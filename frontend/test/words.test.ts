import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'svelte/compiler'
import { describe, expect, it } from 'vitest'

// What is the same in every language: names, and the key on a button.
const names = /^(Hindsight|API|MP4|C|dB|UTC)$/
const spoken = ['aria-label', 'aria-description', 'aria-valuetext', 'aria-roledescription', 'title', 'placeholder', 'alt', 'label']
const silent = ['code', 'style', 'script'] // an address or a command is no language

interface Node {
  type?: string
  name?: string
  data?: string
  value?: unknown
  [key: string]: unknown
}

/** written are the words that stand in the markup of a component itself. */
function written(source: string): string[] {
  const out: string[] = []
  const take = (text: string) => {
    if (text.includes('://')) return // an address
    for (const word of text.split(/[\s·…×.,:;()↓←→%/]+/)) if (/\p{L}/u.test(word) && !names.test(word)) out.push(word)
  }
  const go = (node: unknown) => {
    if (Array.isArray(node)) return node.forEach(go)
    if (typeof node !== 'object' || node === null) return
    const n = node as Node
    if (n.type === 'StyleDirective' || (n.type === 'RegularElement' && silent.includes(n.name ?? ''))) return
    if (n.type === 'Text') return take(n.data ?? '')
    if (n.type === 'Attribute') {
      if (spoken.includes(n.name ?? '')) strings(n.value).forEach(take)
      return
    }
    // A text chosen in the markup: {busy ? 'Saving' : 'Save'}.
    if (n.type === 'ExpressionTag') return strings(n.expression).forEach(take)
    for (const [key, value] of Object.entries(n)) if (key !== 'expression' && key !== 'metadata' && key !== 'css') go(value)
  }
  go((parse(source, { modern: true }) as unknown as { fragment: unknown }).fragment)
  return out
}

/** strings are the literals that an expression may become; those given to a call are no text of the page. */
function strings(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(strings)
  if (typeof node !== 'object' || node === null) return []
  const n = node as Node
  switch (n.type) {
    case 'Text':
      return [n.data ?? '']
    case 'ExpressionTag':
      return strings(n.expression)
    case 'Literal':
      return typeof n.value === 'string' ? [n.value] : []
    case 'ConditionalExpression':
      return [...strings(n.consequent), ...strings(n.alternate)]
    case 'LogicalExpression':
      return [...strings(n.left), ...strings(n.right)]
    case 'BinaryExpression':
      return n.operator === '+' ? [...strings(n.left), ...strings(n.right)] : []
    case 'TemplateLiteral':
      return [...(n.quasis as { value: { cooked: string } }[]).map((q) => q.value.cooked), ...strings(n.expressions)]
  }
  return []
}

const root = join(import.meta.dirname, '../src')
const components = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.svelte'))

describe('words on the screen', () => {
  it('are seen by this test where they are written', () => {
    const source = '<p title="one" class="two">three {n} <code>four</code> {yes ? `five ${n}` : t("six")}</p>{#if x}<input placeholder={"seven"} />{/if}'
    expect(written(source)).toEqual(['one', 'three', 'five', 'seven'])
  })

  it.each(components)('of %s come from the table of a language', (file) => {
    expect(written(readFileSync(join(root, file), 'utf8'))).toEqual([])
  })
})
