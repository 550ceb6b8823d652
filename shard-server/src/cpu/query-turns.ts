import type { ScanStop } from '../ports.ts'
import type { TurnQueue } from './turn-queue.ts'

type Stop = Exclude<ScanStop, 'complete'>

export interface QueryTurnsOptions {
  readonly queue: TurnQueue
  /** Asked before each piece; anything but undefined ends the query there. */
  readonly stopBefore: (expectedPieceMs: number) => Stop | undefined
  readonly monotonicMs: () => number
}

/** One query's turns on a thread. */
export class QueryTurns {
  readonly #options: QueryTurnsOptions
  #pieceMs = 0
  #stop: Stop | undefined
  /** What its pieces took. */
  workMs = 0

  constructor(options: QueryTurnsOptions) {
    this.#options = options
  }

  /** Works on a piece when it is the query's turn, unless the query has ended by then. @returns why it has */
  take(piece: () => Promise<void> | void): Promise<Stop | undefined> {
    const { queue, stopBefore, monotonicMs } = this.#options
    return queue.run(async () => {
      this.#stop ??= stopBefore(this.#pieceMs)
      if (this.#stop !== undefined) return this.#stop
      const beginMs = monotonicMs()
      await piece()
      this.#pieceMs = monotonicMs() - beginMs
      this.workMs += this.#pieceMs
      return undefined
    })
  }
}
