import { type Tangents, vectorWidth } from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import type { ComposedQNets, LeafScores } from '../../ports.ts'
import type { TaskQuery } from '../messages.ts'
import { jointTangents, laterScorer, type QueryScorer } from '../query-scorer.ts'
import type { ScanSegment } from '../scan-segment.ts'
import { copyRows, type RowOfVectors, type VectorRows } from '../vector-rows.ts'
import { estimateScale, meanOf, rowsToScore, type SampleRows, scoredRows } from './estimate-scale.ts'
import { decidingLeaf, evaluate } from './expression.ts'
import { type LeafScale, scaleOf, standardised } from './leaf-scale.ts'

/** Scales kept, by q-net and sample: a query has several tasks on a thread. */
const scalesMax = 1_024

const samplesMax = 32

const scales = new LRUCache<string, LeafScale>({ max: scalesMax })

/** Of samples; a generation has one. */
const means = new LRUCache<string, Float32Array>({ max: samplesMax })

interface SampleOfLeaf {
  readonly sample: ComposedQNets['sample']
  readonly width: number
}

/** One leaf's tangent planes, and what its scores are worth. */
export interface LeafTangents extends Tangents {
  readonly scale: LeafScale
}

/** By leaf, at the same points. */
export type LeafTangentsAt = (points: Float32Array) => Promise<readonly LeafTangents[]>

interface Leaf {
  readonly scorer: QueryScorer
  readonly scale: () => Promise<LeafScale>
}

/** A row's place in a block that was scored. */
interface KeptRow {
  readonly byLeaf: readonly Float32Array[]
  readonly at: number
}

/** A composed query on this thread: a block is scored by each leaf, and by the expression over them. */
export class ComposedScorer {
  readonly #composed: ComposedQNets
  readonly #leaves: readonly Leaf[]
  readonly #kept = new Map<VectorRows, Map<number, KeptRow>>()

  constructor({ composed, ...work }: TaskQuery & { readonly composed: ComposedQNets }, onRead: () => void) {
    this.#composed = composed
    this.#leaves = composed.leaves.map(qnet => {
      const scorer = laterScorer({ ...work, qnet }, onRead)
      const width = vectorWidth(qnet.architecture)
      const key = [qnet.weights.copy, work.scoring, composed.sample.key].join('/')
      return { scorer, scale: () => scaleFor(key, scorer, { sample: composed.sample, width }) }
    })
  }

  /** As a `BlockScorer` has them: the same bits for a document in whatever block it stands. */
  async score(documents: Float32Array): Promise<Float32Array> {
    return evaluate(this.#composed.expression, await this.leafScores(documents))
  }

  /** The same of rows; what the leaves say of each is kept. */
  async scoreRows(rows: readonly RowOfVectors[]): Promise<Float32Array> {
    const byLeaf = await this.leafScores(copyRows(rows))
    for (const [at, { vectors, row }] of rows.entries()) {
      const known = this.#kept.get(vectors) ?? new Map<number, KeptRow>()
      this.#kept.set(vectors, known.set(row, { byLeaf, at }))
    }
    return evaluate(this.#composed.expression, byLeaf)
  }

  /** What the leaves say of rows that `scoreRows` has scored. */
  keptOf(rows: readonly RowOfVectors[]): LeafScores {
    const leaves = this.#leaves.length
    const scores = new Float32Array(rows.length * leaves)
    const deciding = rows.map(({ vectors, row }, place) => {
      const { byLeaf, at } = this.#kept.get(vectors)!.get(row)!
      const own = byLeaf.map(all => all.subarray(at, at + 1))
      for (const [leaf, [score]] of own.entries()) scores[place * leaves + leaf] = score!
      return decidingLeaf(this.#composed.expression, own)
    })
    return { scores, deciding: Uint8Array.from(deciding) }
  }

  /** By leaf, f32 [rows], made comparable. */
  async leafScores(documents: Float32Array): Promise<Float32Array[]> {
    const scores: Float32Array[] = []
    for (const { scorer, scale } of this.#leaves)
      scores.push(standardised(await scorer.score(documents), await scale()))
    return scores
  }

  /** For each shard, what gives its segments' tangents, by leaf: a leaf's of all shards are made in one run. */
  leafTangentsOf(shards: readonly (readonly ScanSegment[])[]): LeafTangentsAt[] {
    const leaves = this.#leaves.map(({ scorer, scale }) => ({ tangents: jointTangents(scorer, shards), scale }))
    return shards.map((_, at) => async points => {
      const made: LeafTangents[] = []
      for (const { tangents, scale } of leaves) made.push({ ...(await tangents[at]!(points)), scale: await scale() })
      return made
    })
  }
}

async function scaleFor(key: string, scorer: QueryScorer, { sample, width }: SampleOfLeaf): Promise<LeafScale> {
  const known = scales.get(key)
  if (known !== undefined) return known
  const rows = { vectors: sample.vectors, width }
  const scale = (await scaleByTangent(sample.key, scorer, rows)) ?? scaleOf(await scorer.score(sample.vectors))
  scales.set(key, scale)
  return scale
}

/** Undefined where all of the sample had better be scored. */
async function scaleByTangent(key: string, scorer: QueryScorer, rows: SampleRows): Promise<LeafScale | undefined> {
  if (rows.vectors.length <= 2 * scoredRows * rows.width) return undefined
  const point = means.get(key) ?? meanOf(rows)
  means.set(key, point)
  const { scores, gradients } = await scorer.tangentsAt(point)
  const plane = { point, score: scores[0]!, gradient: gradients }
  return estimateScale(rows, plane, await scorer.score(rowsToScore(rows)))
}
