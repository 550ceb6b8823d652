import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib'

export type Compression = 'gzip' | 'zstd' | 'brotli'

const decompressors = { gzip: createGunzip, zstd: createZstdDecompress, brotli: createBrotliDecompress }

/**
 * Unpacks a stream of bytes piece by piece; what is held of it is a chunk or two, however much it becomes. Files that
 * were joined, such as those of `cat a.zst b.zst` or of a compressor with several threads, are read to their end.
 * @throws Error of zlib for bytes that are torn, or that end too early
 */
export async function* decompress(bytes: AsyncIterable<Uint8Array>, compression: Compression): AsyncGenerator<Buffer> {
  let part = new Part(compression)
  try {
    for await (const chunk of bytes) {
      for (let rest = chunk; rest.length > 0; ) {
        // zlib goes on with the next part of a gzip file by itself, and stops without a word behind a zstd frame.
        if (part.ended) part = new Part(compression)
        const before = part.bytesUsed
        yield* part.write(rest)
        rest = rest.subarray(part.bytesUsed - before)
      }
    }
    if (!part.ended) yield* part.end()
  } finally {
    part.destroy()
  }
}

/** One decompressor of zlib, given a chunk at a time, so that nobody loses count of what it used. */
class Part {
  readonly #stream: Transform & { readonly bytesWritten: number }
  #error: Error | undefined
  #changed = Promise.withResolvers<void>()
  ended = false

  constructor(compression: Compression) {
    this.#stream = decompressors[compression]()
    this.#stream.on('readable', () => this.#tell())
    this.#stream.on('end', () => {
      this.ended = true
      this.#tell()
    })
    this.#stream.on('error', error => {
      this.#error = error
      this.#tell()
    })
  }

  get bytesUsed(): number {
    return this.#stream.bytesWritten
  }

  /** What a chunk becomes. It is used whole unless the part has ended then. */
  write(chunk: Uint8Array): AsyncGenerator<Buffer> {
    return this.#give(done => this.#stream.write(chunk, done))
  }

  end(): AsyncGenerator<Buffer> {
    return this.#give(() => this.#stream.end())
  }

  destroy(): void {
    this.#stream.destroy()
  }

  async *#give(start: (done: () => void) => void): AsyncGenerator<Buffer> {
    let done = false
    start(() => {
      done = true
      this.#tell()
    })
    for (;;) {
      const changed = this.#changed.promise
      for (let piece = this.#stream.read(); piece !== null; piece = this.#stream.read()) yield piece
      if (this.#error !== undefined) throw this.#error
      if (done || this.ended) return
      await changed
    }
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
