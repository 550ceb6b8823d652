import { nothingScanned, type RequestContext } from '@hypershard/common'
import type { countRequestSchema } from '@hypershard/contract'
import type { z } from 'zod'
import type { FilterJson } from '../access/caller.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import { requireCoverage } from '../search/count-coverage.ts'
import type { Coverage } from '../search/coverage.ts'
import { readFilter } from '../search/read-filter.ts'
import { referenceTo } from '../search/stages/plan-fan-out.ts'
import { admitRead, type ReadParts } from './admit-read.ts'
import { type AskMember, askHolders, type HoldersOutcome } from './ask-holders.ts'
import { routeShards } from './route-shards.ts'

export interface CountInput {
  readonly index: string
  readonly filter: FilterJson | undefined
  /** 0 to 1 */
  readonly minCoverage: number
  /** The count sees everything up to this entry of the write log. */
  readonly minSequence: number
}

export function toCountInput(index: string, request: z.output<typeof countRequestSchema>): CountInput {
  const { filter, min_coverage: minCoverage, min_sequence: minSequence } = request
  return { index, filter, minCoverage, minSequence }
}

export interface CountAnswer {
  /** Documents that pass, of the shards that were looked at. */
  readonly count: number
  readonly coverage: Coverage
  readonly manifestVersion: number
  readonly tookMs: number
}

/**
 * pin → count in each shard → count coverage. How many documents pass a filter at one manifest version: exact, whatever the
 * number of shards, since each document is in one of them. Without a filter the manifest itself says it.
 * @throws HypershardError `index_not_found`, `invalid_request` (the filter), `insufficient_coverage`, `overloaded`
 */
export function countDocuments(input: CountInput, context: RequestContext, parts: ReadParts): Promise<CountAnswer> {
  const { clock } = context.deadline
  const startMs = clock.monotonicMs()
  return admitRead('count', input, context, parts, async inner => {
    const entry = parts.catalog.get(input.index)
    const { manifest } = entry
    const eligible = eligibleByShard(manifest)
    const outcome = await countShards(input, { entry, manifest }, inner, parts)
    if (inner.deadline.cancelled) inner.deadline.check('counting documents')
    const coverage = coverageOf(eligible, outcome)
    requireCoverage(coverage, input.minCoverage)
    const tookMs = clock.monotonicMs() - startMs
    return { count: coverage.documentsMatched, coverage, manifestVersion: manifest.version, tookMs }
  })
}

async function countShards(
  { filter: given }: CountInput,
  pinned: Parameters<typeof routeShards>[0],
  context: RequestContext,
  { cluster }: ReadParts,
): Promise<HoldersOutcome<number>> {
  const { manifest } = pinned
  const eligible = eligibleByShard(manifest)
  if (given === undefined) return { answers: new Map(eligible.entries()), failures: new Map() }
  const filter = readFilter(given, manifest)
  const shards = [...eligible.keys()].filter(shard => eligible[shard]! > 0)
  const ask: AskMember<number> = async (member, own, inner) => {
    const request = { manifest: referenceTo(manifest), shards: [...own], filter }
    const { counts } = await member.server.count(request, inner)
    return new Map(counts.map(({ shard, documents, error }) => [shard, error ? { error } : { answer: documents }]))
  }
  return askHolders(routeShards(pinned, shards, cluster), ask, context)
}

/** A server that claims more than its shard has is cut to that. */
function coverageOf(eligible: readonly number[], { answers, failures }: HoldersOutcome<number>): Coverage {
  const totalOf = (count: (shard: number) => number) => eligible.reduce((sum, _, shard) => sum + count(shard), 0)
  const documentsEligible = totalOf(shard => eligible[shard]!)
  const documentsCovered = totalOf(shard => (failures.has(shard) ? 0 : eligible[shard]!))
  const missing = [...failures.values()]
    .sort((a, b) => a.shard - b.shard)
    .map(failure => ({ ...failure, documentsMissing: eligible[failure.shard]! }))
  return {
    ...nothingScanned,
    documentsEligible,
    documentsMatched: totalOf(shard => Math.min(answers.get(shard) ?? 0, eligible[shard]!)),
    documentsCovered,
    ratio: documentsEligible === 0 ? 1 : documentsCovered / documentsEligible,
    nonFiniteScores: 0,
    missing,
  }
}
