/** Ways to make one ranking of several, of the pieces of a composed query: what one search of it is compared with. */
import { compareIds } from '@hypershard/common/browser'
import type { AnsweredHit } from '../runs/keep-rank-order.ts'

/**
 * - `sum`: of the scores. Where the scorer is an inner product, what one vector finds that is the pieces' mean.
 * - `standard-sum`: of the scores, each piece's less their mean and divided by their deviation. For an inner product it
 *   is one vector too: the pieces, each with a weight.
 * - `maximum`: the highest score.
 * - `standard-maximum`: the highest, each piece's less their mean and divided by their deviation.
 * - `rank`: the best rank; of equal ones that of the piece that stands first.
 */
export const hitJoins = ['sum', 'standard-sum', 'maximum', 'standard-maximum', 'rank'] as const

export type HitJoin = (typeof hitJoins)[number]

/** Whether a way needs the scores of all documents, and not of the best alone. */
export function joinsAll(join: HitJoin): boolean {
  return join !== 'maximum' && join !== 'rank'
}

/**
 * @param rankings of each piece, best first, no document twice; one that a ranking lacks counts in sums as its last there
 * @returns the best `limit`; of equal ones those with the smaller id first
 * @example
 * ```ts
 * joinHits([[{ id: 'a', score: 3 }], [{ id: 'b', score: 2 }]], { join: 'maximum', limit: 10 }) // a, b
 * ```
 */
export function joinHits(
  rankings: readonly (readonly AnsweredHit[])[],
  { join, limit }: { readonly join: HitJoin; readonly limit: number },
): AnsweredHit[] {
  const joined = new Map<string, number>()
  for (const { id } of rankings.flat()) joined.set(id, 0)
  const pieces = rankings.map((ranking, at) => scoresOf[join](ranking, at, rankings.length))
  const isSum = join === 'sum' || join === 'standard-sum'
  for (const id of joined.keys()) {
    const found = pieces.map(({ scores }) => scores.get(id))
    const sum = () => found.reduce<number>((all, score, at) => all + (score ?? pieces[at]!.lacking), 0)
    joined.set(id, isSum ? sum() : Math.max(...found.filter(score => score !== undefined)))
  }
  return [...joined]
    .map(([id, score]) => ({ id, score }))
    .sort((a, b) => b.score - a.score || compareIds(a.id, b.id))
    .slice(0, limit)
}

interface Piece {
  readonly scores: ReadonlyMap<string, number>
  /** In sums, of a document that the piece's ranking does not have. */
  readonly lacking: number
}

type Scores = (ranking: readonly AnsweredHit[], at: number, pieces: number) => Piece

const scoresOf: Readonly<Record<HitJoin, Scores>> = {
  sum: asTheyAre,
  maximum: asTheyAre,
  'standard-sum': standardised,
  'standard-maximum': standardised,
  rank: (ranking, at, pieces) => ({
    scores: new Map(ranking.map(({ id }, rank) => [id, -(rank * pieces + at)])),
    lacking: 0,
  }),
}

function asTheyAre(ranking: readonly AnsweredHit[]): Piece {
  const lowest = ranking.reduce((least, { score }) => Math.min(least, score ?? least), Number.POSITIVE_INFINITY)
  const lacking = Number.isFinite(lowest) ? lowest : 0
  return { scores: new Map(ranking.map(({ id, score }) => [id, score ?? lacking])), lacking }
}

function standardised(ranking: readonly AnsweredHit[]): Piece {
  const { scores, lacking } = asTheyAre(ranking)
  const values = [...scores.values()]
  const mean = values.reduce((sum, score) => sum + score, 0) / Math.max(1, values.length)
  const variance = values.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, values.length)
  const standard = (score: number) => (variance > 0 ? (score - mean) / Math.sqrt(variance) : 0)
  return { scores: new Map([...scores].map(([id, score]) => [id, standard(score)])), lacking: standard(lacking) }
}
