import { compareIds } from '@hypershard/common/browser'

export interface ScoredDocument {
  readonly id: string
  readonly score: number
}

/** Hits by query, best first, in the order of `trecOrder`; no document twice. */
export type Run = ReadonlyMap<string, readonly ScoredDocument[]>

/**
 * The order in which trec_eval judges hits, whatever ranks a run claims: score descending, and at equal scores id
 * descending by bytes (comp_sim_docno in its form_res_rels.c). It reads scores as 32-bit floats, so scores that differ
 * by less are equal too.
 */
export function trecOrder(hits: readonly ScoredDocument[]): ScoredDocument[] {
  return [...hits].sort((a, b) => {
    const [scoreA, scoreB] = [Math.fround(a.score), Math.fround(b.score)]
    return scoreA === scoreB ? compareIds(b.id, a.id) : scoreB > scoreA ? 1 : -1
  })
}
