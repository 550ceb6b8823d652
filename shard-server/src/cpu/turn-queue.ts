import { setImmediate as letOthersRun } from 'node:timers/promises'

/**
 * Steps of work on one thread, one at a time, first come first served: whoever asks for its next step once the last is done
 * takes turns with the others. Between steps the thread reads its messages.
 */
export class TurnQueue {
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  /** @returns what the step does, once it has had its turn; never, when the queue was closed before */
  run<Result>(step: () => Promise<Result> | Result): Promise<Result> {
    const turn = this.#last.then(() => (this.#closed ? new Promise<never>(() => undefined) : step()))
    const next = () => letOthersRun()
    this.#last = turn.then(next, next)
    return turn
  }

  /** The step that is under way goes on, no other begins. */
  close(): void {
    this.#closed = true
  }
}
