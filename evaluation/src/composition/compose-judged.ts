/**
 * Test sets of composed queries, made of queries that people have judged: what is relevant to a composed query follows
 * from what is relevant to its pieces, so that nobody has to judge anything anew.
 */
import { HypershardError, randomWords } from '@hypershard/common/browser'
import type { Judgements } from '../formats/parse-judgements.ts'
import type { Queries } from '../formats/parse-queries.ts'

/**
 * How pieces are joined, and which documents are relevant to what comes of it:
 *
 * - `any`: those relevant to one piece or more, by their highest grade. The pieces share none.
 * - `all`: those relevant to every piece, by their lowest grade.
 * - `not`: those relevant to the first piece and to no other, by their grade there. Each other piece shares one with it.
 */
export const compositionKinds = ['any', 'all', 'not'] as const

export type CompositionKind = (typeof compositionKinds)[number]

export interface WantedCompositions {
  readonly kind: CompositionKind
  /** 2 to 16. */
  readonly pieces: number
  /** How many; fewer come where the judgements do not give as many. */
  readonly count: number
  /** A whole number from 0 to 2^32 - 1. */
  readonly seed: number
}

export interface ComposedQuery {
  readonly id: string
  /** Ids of the queries that it is made of; with `not`, the first is what is looked for. */
  readonly pieces: readonly string[]
  /** Above 0. */
  readonly grades: ReadonlyMap<string, number>
}

/** Draws for each composition wanted; a collection that gives none in so many will give few in more. */
const drawsForEach = 100

/**
 * Draws queries and joins them. The same seed gives the same, and a greater `count` goes on behind a smaller one.
 * @throws HypershardError `invalid_request` where the judgements give none at all
 * @example
 * ```ts
 * const { queries, judgements } = await readBeirFolder('sample', 'test')
 * composeJudged({ queries, judgements }, { kind: 'any', pieces: 2, count: 100, seed: 1 })
 * ```
 */
export function composeJudged(
  { queries, judgements }: { readonly queries: Queries; readonly judgements: Judgements },
  { kind, pieces, count, seed }: WantedCompositions,
): ComposedQuery[] {
  const relevant = relevantOf(queries, judgements)
  const draw = drawsOf(kind, relevant, pieces, randomWords(seed))
  const composed = new Map<string, ComposedQuery>()
  for (let draws = 0; draws < count * drawsForEach && composed.size < count; draws++) {
    const drawn = draw()
    if (drawn === undefined) continue
    // Only with `not` does it matter which piece comes first.
    const key = JSON.stringify(kind === 'not' ? drawn : [...drawn].sort())
    if (composed.has(key)) continue
    const grades = gradesOf[kind](drawn.map(id => relevant.get(id)!))
    if (grades.size > 0) composed.set(key, { id: `${kind}-${composed.size + 1}`, pieces: drawn, grades })
  }
  if (composed.size === 0) throw new HypershardError('invalid_request', `${nothing[kind]} ${pieces} queries`)
  return [...composed.values()]
}

const nothing: Readonly<Record<CompositionKind, string>> = {
  any: 'the judgements have relevant documents, none of them shared, of fewer than',
  all: 'no document is relevant to as many as',
  not: 'no query has relevant documents beside those that it shares with others, of as many as',
}

type Grades = ReadonlyMap<string, number>

/** Of each query that has some, in the order of the judgements. */
function relevantOf(queries: Queries, judgements: Judgements): ReadonlyMap<string, Grades> {
  const relevant = new Map<string, Grades>()
  for (const [id, grades] of judgements) {
    const above = new Map([...grades].filter(([, grade]) => grade > 0))
    if (above.size > 0 && (queries.get(id)?.trim() ?? '') !== '') relevant.set(id, above)
  }
  return relevant
}

const gradesOf: Readonly<Record<CompositionKind, (all: readonly Grades[]) => Grades>> = {
  any: all => {
    const union = new Map<string, number>()
    for (const grades of all) {
      for (const [id, grade] of grades) {
        // Shared by two pieces: they are not two needs.
        if (union.has(id)) return new Map()
        union.set(id, grade)
      }
    }
    return union
  },
  all: ([first, ...others]) =>
    new Map(
      [...first!]
        .filter(([id]) => others.every(grades => grades.has(id)))
        .map(([id, grade]) => [id, Math.min(grade, ...others.map(grades => grades.get(id)!))]),
    ),
  not: ([first, ...others]) => new Map([...first!].filter(([id]) => others.every(grades => !grades.has(id)))),
}

/** A draw of different queries, or undefined for one that gives nothing. */
function drawsOf(
  kind: CompositionKind,
  relevant: ReadonlyMap<string, Grades>,
  pieces: number,
  nextWord: () => number,
): () => readonly string[] | undefined {
  const below = (bound: number) => Math.floor((nextWord() / 2 ** 32) * bound)
  const some = (of: readonly string[], wanted: number) => {
    const drawn = new Set<string>()
    for (let draws = 0; drawn.size < wanted && draws < wanted * drawsForEach; draws++) drawn.add(of[below(of.length)]!)
    return [...drawn]
  }
  const ids = [...relevant.keys()]
  if (kind === 'any') return () => (ids.length < pieces ? undefined : some(ids, pieces))
  const sharers = [...sharersOf(relevant).values()].filter(({ length }) => length >= (kind === 'all' ? pieces : 2))
  if (kind === 'all') return () => (sharers.length === 0 ? undefined : some(sharers[below(sharers.length)]!, pieces))
  const rivals = rivalsOf(sharers, pieces - 1)
  return () => {
    const [first, others] = rivals[below(rivals.length)] ?? []
    return first === undefined ? undefined : [first, ...some(others!, pieces - 1)]
  }
}

/** The queries that each document is relevant to. */
function sharersOf(relevant: ReadonlyMap<string, Grades>): ReadonlyMap<string, readonly string[]> {
  const sharers = new Map<string, string[]>()
  for (const [query, grades] of relevant) {
    for (const document of grades.keys()) {
      const of = sharers.get(document)
      if (of === undefined) sharers.set(document, [query])
      else of.push(query)
    }
  }
  return sharers
}

/** Of each query, those that share a relevant document with it, where there are so many. */
function rivalsOf(sharers: readonly (readonly string[])[], least: number): (readonly [string, readonly string[]])[] {
  const rivals = new Map<string, Set<string>>()
  for (const alike of sharers) {
    for (const query of alike) {
      const of = rivals.get(query) ?? new Set()
      rivals.set(query, of)
      for (const other of alike) if (other !== query) of.add(other)
    }
  }
  return [...rivals].filter(([, of]) => of.size >= least).map(([query, of]) => [query, [...of]] as const)
}
