import type { Deadline } from '@hypershard/common'
import type { ShardHit, ShardResult } from '@hypershard/proto/shard'
import type { FoundGroups, FoundInOrder } from '../filtering/filter-thread.ts'
import type { HeldRow, LeafScores, ScanAnswer, ScanHit, ScanRequest, ScoringBackend } from '../ports.ts'

type ComposedHit = NonNullable<ShardHit['composed']>

interface FoundHits {
  /** With the segments that the hits are of. */
  readonly work: ScanRequest
  readonly answer: ScanAnswer
  readonly groups: readonly FoundGroups[]
  readonly sorted: readonly FoundInOrder[]
  /** Of the call: the scoring may have used up its own. */
  readonly deadline: Deadline
}

/**
 * Gives the hits of a composed query what its leaves say of them.
 * @throws HypershardError as the backend's `leafScores`
 */
export async function addLeafScores(
  backend: Pick<ScoringBackend, 'leafScores'>,
  results: readonly ShardResult[],
  found: FoundHits,
): Promise<ShardResult[]> {
  const { work, deadline } = found
  const leaves = work.composed!.leaves.length
  const told = new Map<string, ComposedHit>()
  const tell = (places: Iterable<string>, { scores, deciding }: LeafScores) => {
    let at = 0
    for (const place of places) {
      told.set(place, { scores: [...scores.subarray(at * leaves, (at + 1) * leaves)], leaf: deciding[at]! })
      at++
    }
  }
  for (const scan of found.answer.scans) if (scan.leaves !== undefined) tell(scan.hits.map(placeOf), scan.leaves)
  const rows = new Map([...rowsOf(found)].filter(([place]) => !told.has(place)))
  if (rows.size > 0) {
    const endEpochMs = performance.timeOrigin + performance.now() + deadline.remainingMs
    tell(rows.keys(), await backend.leafScores({ ...work, endEpochMs }, [...rows.values()], deadline))
  }
  const scored = (hit: ShardHit): ShardHit => ({ ...hit, composed: told.get(placeOf(hit.address!))! })
  return results.map(({ hits, groups, ...result }) => ({
    ...result,
    hits: hits.map(scored),
    groups: groups && {
      ...groups,
      groups: groups.groups.map(group => ({ ...group, hits: group.hits.map(scored) })),
    },
  }))
}

/** By its place, each hit's row: a document may be in several groups. */
function rowsOf({ work, answer, groups, sorted }: FoundHits): Map<string, HeldRow> {
  const keys = new Map(work.shards.flatMap(({ segments }) => segments.map(({ position, key }) => [position, key])))
  const hits: ScanHit[] = [
    ...answer.scans.flatMap(scan => scan.hits),
    ...groups.flatMap(({ groups: own }) => own.flatMap(group => group.hits)),
    ...sorted.flatMap(({ sorted: own }) => own.map(({ hit }) => hit)),
  ]
  return new Map(
    hits.map(({ segment, row, passage }) => [placeOf({ segment, row }), { key: keys.get(segment)!, row, passage }]),
  )
}

function placeOf({ segment, row }: { readonly segment: number; readonly row: number }): string {
  return `${segment}/${row}`
}
