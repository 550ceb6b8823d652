import type { Tangents } from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import type { ScanCopy } from '../ports.ts'
import type { ScanSegment } from './scan-segment.ts'
import { meansOf } from './tangent-planes.ts'

/** Tangents kept, of 1.5 KB each at a width of 384: for the next page, or the next who asks the same. */
const keptMax = 1_024

interface Tangent {
  readonly score: number
  readonly gradient: Float32Array
}

/** By q-net, as its copy of weights is numbered, and segment. */
const kept = new LRUCache<string, Tangent>({ max: keptMax })
const numbers = new WeakMap<ScanCopy, number>()
let next = 0

/**
 * A q-net's tangents at the means of segments: those that were made before, and all others in one run. A point's is the same
 * to the bit beside whatever others.
 * @param copy of the q-net's weights
 */
export async function tangentsOf(
  copy: number,
  segments: readonly ScanSegment[],
  make: (points: Float32Array) => Promise<Tangents>,
): Promise<Tangents> {
  const keys = segments.map(({ segment }) => [copy, numberOf(segment.scanCopy)].join('/'))
  const found = keys.map(key => kept.get(key))
  const missing = [...found.keys()].filter(at => found[at] === undefined)
  const width = segments[0]?.segment.vectors.width ?? 0
  if (missing.length > 0) {
    const made = await make(meansOf(missing.map(at => segments[at]!)))
    for (const [place, at] of missing.entries()) {
      const gradient = made.gradients.slice(place * width, (place + 1) * width)
      const tangent = { score: made.scores[place]!, gradient }
      found[at] = tangent
      // Where it is none, whoever asks next is told why again.
      if (Number.isFinite(tangent.score)) kept.set(keys[at]!, tangent)
    }
  }
  const gradients = new Float32Array(segments.length * width)
  for (const [at, { gradient }] of (found as Tangent[]).entries()) gradients.set(gradient, at * width)
  return { scores: Float32Array.from(found as Tangent[], ({ score }) => score), gradients }
}

function numberOf(scanCopy: ScanCopy): number {
  const known = numbers.get(scanCopy)
  if (known !== undefined) return known
  const number = next++
  numbers.set(scanCopy, number)
  return number
}
