import { lineErrorsMax } from '@hypershard/contract'
import type { CheckedOperation, LineError, LineProblem, ReceivedOperation } from './operation.ts'

/** A good line and where it stood. */
export interface GoodLine extends CheckedOperation {
  readonly line: number
}

/** Counts what comes in and keeps the bad lines back. */
export class LineTally {
  /** The first `lineErrorsMax`; `failed` counts them all. */
  readonly errors: LineError[] = []
  received = 0
  failed = 0

  async *goodOnes(operations: AsyncIterable<ReceivedOperation>): AsyncGenerator<GoodLine> {
    for await (const received of operations) {
      this.received++
      if ('operation' in received) yield received
      else this.fail(received.line, received.problem)
    }
  }

  fail(line: number, problem: LineProblem): void {
    this.failed++
    if (this.errors.length < lineErrorsMax) this.errors.push({ line, ...problem })
  }
}
