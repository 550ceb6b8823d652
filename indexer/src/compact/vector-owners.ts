/**
 * Whose the vectors of a segment are that is being built: a document has one, or where texts are cut into passages one each
 * passage. What ranks vectors ranks documents by it: a document is as good as its best vector.
 */
export class VectorOwners {
  readonly #vectorsMax: number
  /** By vector; undefined while every document has one. */
  #owners: Int32Array | undefined
  #documents = 0
  #vectors = 0

  constructor(vectorsMax: number) {
    this.#vectorsMax = vectorsMax
  }

  get documents(): number {
    return this.#documents
  }

  /** @param counts of the next documents' vectors; left out where each has one */
  append(vectors: number, counts?: readonly number[]): void {
    if (counts !== undefined) this.#owners ??= new Int32Array(this.#vectorsMax)
    for (const [at, count] of counts?.entries() ?? []) {
      this.#owners!.fill(this.#documents + at, this.#vectors, this.#vectors + count)
      this.#vectors += count
    }
    if (counts === undefined) this.#vectors += vectors
    this.#documents += counts?.length ?? vectors
  }

  /** How many vectors hold so many documents on average. */
  vectorsOf(documents: number): number {
    return Math.ceil((documents * this.#vectors) / this.#documents)
  }

  /**
   * By document, the highest of its vectors' values; NaN where one is.
   * @param values of the vectors, or of more
   */
  bestOf(values: Float32Array): Float32Array {
    const own = values.subarray(0, this.#vectors)
    if (this.#owners === undefined) return own
    const best = new Float32Array(this.#documents).fill(Number.NEGATIVE_INFINITY)
    for (const [vector, value] of own.entries()) {
      const owner = this.#owners[vector]!
      best[owner] = Math.max(best[owner]!, value)
    }
    return best
  }

  /** The documents of these vectors, each once, in the order in which it comes first. */
  documentsOf(vectors: readonly number[]): number[] {
    const owners = this.#owners
    return owners === undefined ? [...vectors] : [...new Set(vectors.map(vector => owners[vector]!))]
  }
}
