import { interpretedPiecesMax } from '@hypershard/proto/limits'
import type { TextRange } from '../passages/cut-text.ts'

/**
 * What a word of a query is, in the order of the graph's columns. `join`: it joins pieces or leads up to them and is in none,
 * as "either", "or" and "something about". `shared`: of every piece, as "cancer" in "heart or lung cancer". `begin`,
 * `inside`: of one piece.
 */
export const tags = ['join', 'shared', 'begin', 'inside'] as const

export type Tag = (typeof tags)[number]

export interface TaggedWord extends TextRange {
  readonly tag: Tag
}

/** A piece's parts of the text, in their order: those that all pieces share, and its own. */
export type Piece = readonly TextRange[]

interface Run extends TextRange {
  readonly kind: 'join' | 'shared' | 'piece'
  /** Of a piece: whether its first word is one that begins a piece. */
  readonly begun: boolean
}

/**
 * The pieces of a query, two at least; none where the tags make none. Pure. The trainer has the same rules
 * (`training/hypershard_training/interpret/labels.py`), and a test holds both to the same texts.
 */
export function piecesOf(words: readonly TaggedWord[]): Piece[] {
  const runs = runsOf(words)
  const places = [...runs.keys()].filter(place => runs[place]!.kind === 'piece')
  const [first, last] = [places[0], places.at(-1)]
  if (first === undefined || last === undefined) return []
  if (places.length < 2 || places.length > interpretedPiecesMax) return []
  // Between two pieces there is what joins them, and nothing that all share.
  const joined = places.slice(1).every((place, at) => place - places[at]! === 2 && runs[place - 1]!.kind === 'join')
  if (!joined || places.some(place => !runs[place]!.begun)) return []
  const shared = (part: readonly Run[]) => part.filter(({ kind }) => kind === 'shared').map(rangeOf)
  const head = shared(runs.slice(0, first))
  const tail = shared(runs.slice(last + 1))
  return places.map(place => [...head, rangeOf(runs[place]!), ...tail])
}

/** Words beside one another of one kind; a word that begins a piece begins a run. */
function runsOf(words: readonly TaggedWord[]): Run[] {
  const runs: Run[] = []
  for (const { tag, begin, end } of words) {
    const kind = tag === 'join' || tag === 'shared' ? tag : 'piece'
    const before = runs.at(-1)
    if (before?.kind === kind && tag !== 'begin') runs[runs.length - 1] = { ...before, end }
    else runs.push({ kind, begun: tag === 'begin', begin, end })
  }
  return runs
}

function rangeOf({ begin, end }: TextRange): TextRange {
  return { begin, end }
}
