/** How the scoring threads share a query's work out, and put together what each of them found. */
import type { RowToScore } from '../ports.ts'
import type { ScoredCandidates } from './query-scorer.ts'
import { bestOf, type Ranked } from './rank-candidates.ts'

/** Fewer candidates are not worth a message to another thread. */
const candidatesPerThreadMin = 32

/**
 * The best of what several have ranked, as if one had ranked it all.
 * @param repeats whether a document may be there twice, see `bestOf`
 */
export function mergeRanked(
  parts: readonly Ranked[],
  { kept, repeats }: { readonly kept: number; readonly repeats: boolean },
): Ranked {
  return {
    candidates: bestOf(
      parts.flatMap(({ candidates }) => candidates),
      kept,
      repeats,
    ),
    scanned: parts.reduce((sum, { scanned }) => sum + scanned, 0),
    walked: parts.reduce((sum, { walked }) => sum + walked, 0),
    stop: parts.find(({ stop }) => stop !== undefined)?.stop,
  }
}

/** In order, in pieces of about the same size. */
export function divide(candidates: readonly RowToScore[], threads: number): (readonly RowToScore[])[] {
  const parts = Math.max(1, Math.min(threads, Math.floor(candidates.length / candidatesPerThreadMin)))
  const placeOf = (part: number) => Math.round((part * candidates.length) / parts)
  return Array.from({ length: parts }, (_, part) => candidates.slice(placeOf(part), placeOf(part + 1)))
}

/** Up to the first that is missing. */
export function joinScores(results: readonly ScoredCandidates[], parts: readonly (readonly RowToScore[])[]) {
  const cut = results.findIndex(({ scores }, part) => scores.length < parts[part]!.length)
  const whole = cut === -1 ? results : results.slice(0, cut + 1)
  const scores = Float32Array.from(whole.flatMap(result => [...result.scores]))
  const passages = whole.every(result => result.passages === undefined)
    ? undefined
    : Int32Array.from(whole.flatMap(result => [...(result.passages ?? [])]))
  return { scores, passages, stop: results.find(({ stop }) => stop !== undefined)?.stop }
}
