/**
 * A neighbour graph over a segment's vectors: hierarchical navigable small world (Malkov and Yashunin, arXiv 1603.09320)
 * as usearch builds it, by inner product. A query vector finds its nearest rows by walking from neighbour to neighbour.
 */
import usearch from 'usearch'

/** Below so many documents reading all int8 vectors costs less than a walk that finds as much. */
export const graphDocumentsMin = 16_384

/** Neighbours a row has, twice as many on the ground level: usearch's own default. */
const connectivity = 16
/** Rows kept in the walk that finds the neighbours of a new row. */
const expansionOnAdd = 128
/** Rows kept in a search's walk that asks for fewer. */
const expansionOnSearch = 16
/** How far lengths of vectors may lie apart to count as equal. */
const lengthTolerance = 0.01

const { MetricKind, ScalarKind } = usearch

type GraphIndex = InstanceType<typeof usearch.Index>

function emptyIndex(width: number, quantization: (typeof ScalarKind)[keyof typeof ScalarKind]): GraphIndex {
  return new usearch.Index({
    dimensions: width,
    metric: MetricKind.IP,
    quantization,
    connectivity,
    multi: false,
    expansion_add: expansionOnAdd,
    expansion_search: expansionOnSearch,
  })
}

export class DocumentGraph {
  readonly #index: GraphIndex

  private constructor(index: GraphIndex) {
    this.#index = index
  }

  /**
   * An empty graph to append to. usearch's int8 keeps a vector's direction and forgets its length, so where lengths differ
   * vectors are kept in bf16, which takes twice the bytes and half as long again to build.
   * @param first f32 vectors, row-major [rows, width], from which it is told whether lengths differ
   */
  static empty(width: number, first: Float32Array): DocumentGraph {
    const { I8, BF16 } = ScalarKind
    return new DocumentGraph(emptyIndex(width, haveOneLength(first, width) ? I8 : BF16))
  }

  /**
   * A graph as it was saved, in memory mapped from the file: threads and processes that open the same file share it, and the
   * file may be unlinked. It must have been checked; what is not a graph can end the process.
   */
  static open(path: string, width: number): DocumentGraph {
    const index = emptyIndex(width, ScalarKind.I8)
    // The file says how its vectors are kept.
    index.view(path)
    return new DocumentGraph(index)
  }

  get rows(): number {
    return this.#index.size()
  }

  /**
   * Adds rows, numbered on from those there are.
   * @param vectors f32, row-major [rows, width]
   * @param threads that share the work; the calling thread waits
   */
  append(vectors: Float32Array, threads = 1): void {
    const first = this.rows
    const rows = vectors.length / this.#index.dimensions()
    const keys = BigUint64Array.from({ length: rows }, (_, row) => BigInt(first + row))
    this.#index.add(keys, vectors, threads)
  }

  /**
   * About the rows with the largest inner products, the largest first.
   * @param query f32 [width]
   * @param expansion how many rows are kept in the walk, and given at most; more find the largest more surely
   */
  nearest(query: Float32Array, expansion: number): number[] {
    return Array.from(this.#index.search(query, Math.min(expansion, this.rows), 1).keys, Number)
  }

  save(path: string): void {
    this.#index.save(path)
  }
}

function haveOneLength(vectors: Float32Array, width: number): boolean {
  let shortest = Number.POSITIVE_INFINITY
  let longest = 0
  for (let at = 0; at < vectors.length; at += width) {
    let squares = 0
    for (let dimension = 0; dimension < width; dimension++) squares += vectors[at + dimension]! ** 2
    shortest = Math.min(shortest, squares)
    longest = Math.max(longest, squares)
  }
  return Math.sqrt(longest) <= Math.sqrt(shortest) * (1 + lengthTolerance)
}
