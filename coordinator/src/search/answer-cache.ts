import { createHash } from 'node:crypto'
import { HitCounts } from '@hypershard/common'
import type { Manifest } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'
import { generationUid } from '../cluster/placement-of.ts'
import { isWhole } from './coverage.ts'
import type { SearchAnswer } from './search-answer.ts'
import type { SearchInput } from './search-input.ts'

/** What of a search decides its answer, beside the manifest version that it pins. */
type Asked = Omit<
  SearchInput,
  'index' | 'own' | 'composed' | 'generation' | 'minCoverage' | 'minSequence' | 'profile' | 'cache' | 'encodedWith'
>

/** An answer's own size, beside its hits, and what a hit takes beside its texts. Estimates on the high side. */
const answerBytes = 1_024
const hitBytes = 256
/** And what a leaf's score takes. */
const leafBytes = 16
/** And what a value of a facet takes beside its own text. */
const valueBytes = 64
/** And a mark of a highlight, in characters. */
const markUnits = 32
/** JavaScript keeps a character in one byte or two. */
const bytesOfCharacter = 2

/**
 * Answers that were whole, those asked for last. A manifest version never changes, so an answer of it holds as long as
 * searches pin that version: what is kept never goes stale, it is only asked for no more. One of a version that is gone
 * is dropped in its turn.
 * @example
 * ```ts
 * const key = AnswerCache.keyOf(input, manifest)
 * const known = answers.get(key)
 * ```
 */
export class AnswerCache {
  readonly counts = new HitCounts()
  readonly bytesMax: number
  readonly #answers: LRUCache<string, SearchAnswer>

  /** @param bytesMax of all answers together, about; 0 keeps none */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    // Nothing fits into one byte, which stands for no cache.
    this.#answers = new LRUCache({ maxSize: Math.max(1, bytesMax), sizeCalculation: bytesOf })
  }

  /** By content, so that a long query or filter costs no more than a short one. */
  static keyOf(input: SearchInput, manifest: Manifest): string {
    const { composed, encodedWith: _others, ...plain } = input
    const { index: _, own, generation: _generation, minCoverage, minSequence, profile, cache, ...asked } = plain
    return createHash('sha256')
      .update(
        JSON.stringify([generationUid(manifest), manifest.version, asked satisfies Asked, own?.name, composed?.name]),
      )
      .digest('base64')
  }

  /** What it holds, about. */
  get bytes(): number {
    return this.#answers.calculatedSize
  }

  get(key: string): SearchAnswer | undefined {
    return this.counts.note(this.#answers.get(key))
  }

  /** Keeps a whole answer: of a part, another server might give more, and what could not be reranked may be a moment later. */
  keep(key: string, answer: SearchAnswer): void {
    if (isWhole(answer.coverage) && answer.rerank?.code === undefined) this.#answers.set(key, answer)
  }
}

function bytesOf({ facets = [], groups = [], leaves = [], ...answer }: SearchAnswer): number {
  const hits = [...answer.hits, ...groups.flatMap(group => group.hits)]
  const values = facets.flatMap(facet => facet.values)
  const characters = charactersOf(hits) + values.reduce((sum, { value }) => sum + String(value).length, 0)
  return (
    answerBytes +
    hits.length * (hitBytes + leafBytes * leaves.length) +
    values.length * valueBytes +
    bytesOfCharacter * characters
  )
}

function charactersOf(hits: SearchAnswer['hits']): number {
  return hits.reduce((sum, { id, document, highlight }) => {
    const texts = document === undefined ? 0 : document.title.length + document.text.length + document.fieldsJson.length
    const fragments = highlight?.fragments.reduce(
      (own, { text, marks }) => own + text.length + marks.length * markUnits,
      0,
    )
    return sum + id.length + texts + (fragments ?? 0)
  }, 0)
}
