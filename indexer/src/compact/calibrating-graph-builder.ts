/**
 * Builds a segment's graph and calibrates it: measures which settings (knobs) reach which recall. While rows are
 * appended, the q-net of every sample query scores each of them, which gives the exact answers. Once the mean of all
 * rows is known, each query's tangent at the mean ranks every row, as a search does that reads all vectors. Then the
 * graph is walked with growing expansions, and what each walk finds is compared with the exact answers. Recall is of documents:
 * one of several passages is as good as the best of them, and expansions are counted in documents, as searches count them.
 */

import { setImmediate as letOthersRun } from 'node:timers/promises'
import { expansionMax } from '@hypershard/proto/limits'
import { type BlockScorer, blockRows, QNetScorer, type Tangents } from '@hypershard/qnet'
import {
  type CalibratedGraph,
  DocumentGraph,
  type GraphBuilder,
  type RecallKnob,
  recallTargets,
  rowsReadPerRowKept,
} from '@hypershard/storage'
import type { SampleQueries } from './sample-queries.ts'
import { VectorOwners } from './vector-owners.ts'

/** Recall is measured on this many hits. */
const hits = 10
/**
 * Queries made from documents are easier than real ones, so a target counts only if the worst 25 % reach it on average.
 */
const worstShare = 0.25
/**
 * The knob's walk keeps this many times the rows that the sample queries needed. On WordNet's definitions, with queries
 * made of them, real ones (single words that the definitions avoid) needed three to four times as many for the same
 * recall. Where queries are the users' own it keeps nDCG: the few that a walk fails lose the very document that they
 * are after (decision 009).
 */
const walkReserve = 4
/**
 * The knob scores this many times the candidates that the sample queries needed. For users' own it is twice as many:
 * ten candidates that just reach .95 lose a place or two of many queries.
 */
const candidatesReserve = { made: 1, given: 2 }
/** The least standard deviation assumed between queries: a few of them may look more alike than they are. */
const deviationMin = 0.05
/** Rows added between two looks at other work: some hundredths of a second. */
const rowsPerStep = 128
const expansionMin = 16
const candidateSteps = [10, 20, 30, 50, 100, 200, 500, 1_000] as const

/**
 * One way to find candidates. `areHits`, for each query: whether its candidates, the most promising first, are exact
 * hits.
 */
interface Way {
  readonly expansion: number | null
  readonly areHits: readonly (readonly boolean[])[]
  /** For one query, on average. */
  readonly tookMs: number
}

export class CalibratingGraphBuilder implements GraphBuilder {
  readonly #width: number
  readonly #queries: SampleQueries
  readonly #rowsPerRowKept: number
  readonly #timeOf: typeof asMeasured
  readonly #scorer: QNetScorer
  readonly #blocks: Promise<BlockScorer[]>
  readonly #owners: VectorOwners
  /** For each query, f32 [vectors]: the exact scores, and the inner products with the query's gradient. */
  readonly #scores: readonly Float32Array[]
  readonly #products: readonly Float32Array[]
  readonly #sums: Float64Array
  #graph: DocumentGraph | undefined
  /** Vectors. */
  #rows = 0
  #scoreMs = 0

  /**
   * @param shape of the segment that is being built; `vectorsMax`: it may get fewer
   * @param rowsPerRowKept how many int8 vectors are read while a walk keeps one row
   * @param timeOf what work on so many rows is taken to cost: what it took here, unless a test counts rows instead
   */
  constructor(
    shape: { readonly vectorsMax: number; readonly width: number },
    queries: SampleQueries,
    rowsPerRowKept = rowsReadPerRowKept,
    timeOf = asMeasured,
  ) {
    this.#rowsPerRowKept = rowsPerRowKept
    this.#timeOf = timeOf
    this.#width = shape.width
    this.#queries = queries
    this.#scorer = new QNetScorer(queries.architecture)
    this.#blocks = Promise.all(queries.qnets.map(qnet => this.#scorer.prepareFp32(qnet)))
    this.#owners = new VectorOwners(shape.vectorsMax)
    this.#scores = queries.qnets.map(() => new Float32Array(shape.vectorsMax))
    this.#products = queries.qnets.map(() => new Float32Array(shape.vectorsMax))
    this.#sums = new Float64Array(shape.width)
  }

  async append(vectors: Float32Array, counts?: readonly number[]): Promise<void> {
    this.#owners.append(vectors.length / this.#width, counts)
    this.#graph ??= DocumentGraph.empty(this.#width, vectors)
    for (const [at, value] of vectors.entries()) this.#sums[at % this.#width]! += value
    for (const step of stepsOf(vectors, rowsPerStep * this.#width)) {
      this.#graph.append(step)
      await letOthersRun()
    }
    for (const block of stepsOf(vectors, blockRows * this.#width)) await this.#score(block)
  }

  async finish(vectors: AsyncIterable<Float32Array>): Promise<CalibratedGraph> {
    const mean = Float32Array.from(this.#sums, sum => sum / this.#rows)
    const tangents = await Promise.all(this.#queries.qnets.map(qnet => this.#scorer.tangents(qnet, mean)))
    await this.#multiply(vectors, tangents)
    const usable = tangents
      .map(({ gradients }, query) => {
        const [scores, products] = [this.#owners.bestOf(this.#scores[query]!), this.#products[query]!]
        return { gradients, scores, products: products.subarray(0, this.#rows) }
      })
      .filter(({ gradients, scores }) => gradients.every(Number.isFinite) && scores.every(Number.isFinite))
    const recallKnobs = usable.length === 0 ? [] : await this.#findKnobs(usable)
    return { graph: this.#graph!, recallKnobs }
  }

  async #score(block: Float32Array): Promise<void> {
    const beginMs = performance.now()
    for (const [query, scorer] of (await this.#blocks).entries()) {
      this.#scores[query]!.set(await scorer.score(block), this.#rows)
      await letOthersRun()
    }
    const rows = block.length / this.#width
    this.#scoreMs += this.#timeOf({ rows: rows * this.#queries.qnets.length, measuredMs: performance.now() - beginMs })
    this.#rows += rows
  }

  async #multiply(vectors: AsyncIterable<Float32Array>, tangents: readonly Tangents[]): Promise<void> {
    let row = 0
    for await (const piece of vectors) {
      for (let at = 0; at < piece.length; at += this.#width, row++) {
        for (const [query, { gradients }] of tangents.entries()) {
          this.#products[query]![row] = product(piece, at, gradients)
        }
      }
      await letOthersRun()
    }
  }

  async #findKnobs(usable: readonly UsableQuery[]): Promise<RecallKnob[]> {
    const ways: Way[] = []
    let msPerRowKept = 0
    for (const expansion of [...expansions(expansionMax / walkReserve), null]) {
      const areHits: boolean[][] = []
      let tookMs = 0
      const kept = expansion === null ? undefined : this.#owners.vectorsOf(expansion)
      for (const { gradients, scores, products } of usable) {
        const least = lowestOf(scores, hits)
        const beginMs = performance.now()
        // Sorted by their products, as a search does: the walk's own distances are coarse.
        const rows = kept === undefined ? this.#bestRows(products) : this.#graph!.nearest(gradients, kept)
        rows.sort((a, b) => products[b]! - products[a]!)
        tookMs += this.#timeOf({ rows: kept ?? this.#rows, measuredMs: performance.now() - beginMs })
        areHits.push(this.#owners.documentsOf(rows).map(document => scores[document]! >= least))
        await letOthersRun()
      }
      const walkMs = tookMs / usable.length
      if (kept !== undefined) msPerRowKept = walkMs / kept
      // Estimated from the walks: here vectors come in pieces, so reading them all cannot be timed as a search would
      // read them.
      const scanMs = (msPerRowKept * this.#rows) / this.#rowsPerRowKept
      ways.push({ expansion, areHits, tookMs: expansion === null ? scanMs : walkMs })
    }
    return this.#cheapest(ways)
  }

  /** The vectors with the largest products, of as many documents as the largest candidate step, in no order. */
  #bestRows(products: Float32Array): number[] {
    const least = lowestOf(this.#owners.bestOf(products), candidateSteps.at(-1)!)
    const rows: number[] = []
    for (const [row, value] of products.entries()) if (value >= least) rows.push(row)
    return rows
  }

  #cheapest(ways: readonly Way[]): RecallKnob[] {
    const { kind, qnets } = this.#queries
    const [scoredTimes, reached] = [candidatesReserve[kind], kind === 'made' ? meanOfWorst : surelyReached]
    const { documents } = this.#owners
    const msPerDocument = this.#scoreMs / (documents * qnets.length)
    const tries = ways.flatMap(({ expansion, areHits, tookMs }) =>
      candidateSteps
        .filter(candidates => candidates <= (expansion ?? documents))
        .map(candidates => ({
          expansion: expansion && expansion * walkReserve,
          candidates: candidates * scoredTimes,
          costMs: (expansion === null ? tookMs : tookMs * walkReserve) + candidates * scoredTimes * msPerDocument,
          recall: reached(areHits.map(own => recallOf(own.slice(0, candidates), documents))),
        })),
    )
    tries.sort((a, b) => a.costMs - b.costMs)
    return recallTargets.flatMap(recall => {
      const best = tries.find(tried => tried.recall >= recall)
      return best === undefined ? [] : [{ recall, expansion: best.expansion, candidates: best.candidates }]
    })
  }
}

/** With finite scores and tangents. */
interface UsableQuery {
  readonly gradients: Float32Array
  /** By document. */
  readonly scores: Float32Array
  /** By vector. */
  readonly products: Float32Array
}

function asMeasured({ measuredMs }: { rows: number; measuredMs: number }): number {
  return measuredMs
}

function expansions(most: number): number[] {
  const list: number[] = []
  for (let expansion = expansionMin; expansion <= most; expansion *= 2) list.push(expansion)
  return list
}

function product(vectors: Float32Array, at: number, gradient: Float32Array): number {
  let sum = 0
  for (let dimension = 0; dimension < gradient.length; dimension++) {
    sum += vectors[at + dimension]! * gradient[dimension]!
  }
  return sum
}

/** The lowest of the best `count` values. */
function lowestOf(values: Float32Array, count: number): number {
  return values.slice().sort().at(-Math.min(count, values.length))!
}

function recallOf(areHits: readonly boolean[], documents: number): number {
  const wanted = Math.min(hits, documents)
  return Math.min(wanted, areHits.filter(isHit => isHit).length) / wanted
}

/** The mean of the worst quarter, see `worstShare`. */
function meanOfWorst(values: readonly number[]): number {
  return meanOf(values.toSorted((a, b) => a - b).slice(0, Math.ceil(values.length * worstShare)))
}

/** Lower bound: mean minus one standard error. */
function surelyReached(values: readonly number[]): number {
  const mean = meanOf(values)
  const deviation = Math.sqrt(meanOf(values.map(value => (value - mean) ** 2)))
  // Where every query finds everything there is no spread to allow for.
  if (mean === 1) return 1
  return mean - Math.max(deviation, deviationMin) / Math.sqrt(values.length)
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function* stepsOf(values: Float32Array, size: number): Generator<Float32Array> {
  for (let from = 0; from < values.length; from += size) yield values.slice(from, from + size)
}
