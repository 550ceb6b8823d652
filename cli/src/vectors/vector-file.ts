import type { FloatPrecision } from '@hypershard/common'

/** The vectors of a file, a row each, read from its beginning to its end while they are needed. */
export interface VectorFile {
  readonly path: string
  readonly rows: number
  readonly width: number
  readonly precision: FloatPrecision
  /**
   * The little-endian bytes of row after row; each may be used until the next is asked for.
   * @throws HypershardError `invalid_request` for a file that changes or ends while it is read
   */
  readRows(): AsyncGenerator<Buffer>
}
