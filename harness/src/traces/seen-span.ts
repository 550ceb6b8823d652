/** A span that has ended, whoever recorded it. */
export interface SeenSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first span of a trace. */
  readonly parentId: string
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer' | 'unspecified'
  /** Which process recorded it. */
  readonly service: string
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly failed: boolean
  /** Ids of spans of other traces. */
  readonly links: readonly string[]
}

/** A span with those below it. */
export interface SpanTree {
  readonly span: SeenSpan
  readonly children: readonly SpanTree[]
}

/** The spans of one trace as trees, by their starts: more than one where a parent is missing. */
export function treesOf(spans: readonly SeenSpan[]): readonly SpanTree[] {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const below = (parentId: string): SpanTree[] =>
    inOrder(spans.filter(span => span.parentId === parentId)).map(span => ({ span, children: below(span.spanId) }))
  return inOrder(spans.filter(({ parentId }) => !known.has(parentId))).map(span => ({
    span,
    children: below(span.spanId),
  }))
}

/**
 * Names alone, a line each, indented, in the order of the alphabet: spans begin in the same millisecond. What stands
 * beside each other under one name more than once is told once.
 */
export function outlineOf(trees: readonly SpanTree[], indent = ''): string {
  const byName = Map.groupBy(trees, ({ span }) => span.name)
  const sorted = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const lines = sorted.map(([name, same]) => {
    const inner = outlineOf(
      same.flatMap(({ children }) => children),
      `${indent}  `,
    )
    return `${indent}${name}\n${inner}`
  })
  return lines.join('')
}

function inOrder(spans: readonly SeenSpan[]): SeenSpan[] {
  return spans.toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs)
}
