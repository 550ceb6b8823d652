import { type Deadline, WorkGate } from '@hypershard/common'

/** How many may wait for one name; the next is refused as `overloaded`. */
const waitingMax = 1_000

/** One piece of work at a time for each name, in order of arrival. Names that nobody works on cost nothing. */
export class NameLocks {
  readonly #work: string
  readonly #locks = new Map<string, { readonly gate: WorkGate; users: number }>()

  /** @param work what is done under the locks, in the plural, for messages: `changes of one index` */
  constructor(work: string) {
    this.#work = work
  }

  /**
   * What nobody waits for any more is not begun.
   * @throws HypershardError `overloaded`, or `deadline_exceeded` or `cancelled` before it begins, or what `work` throws
   */
  async run<T>(name: string, deadline: Deadline, work: () => Promise<T>): Promise<T> {
    const lock = this.#lockOf(name)
    lock.users++
    try {
      return await lock.gate.run(deadline, () => {
        deadline.check(`the next of the ${this.#work}`)
        return work()
      })
    } finally {
      lock.users--
      if (lock.users === 0) this.#locks.delete(name)
    }
  }

  #lockOf(name: string) {
    const known = this.#locks.get(name)
    if (known !== undefined) return known
    const lock = {
      gate: new WorkGate({ work: this.#work, where: 'in this coordinator', inFlightMax: 1, waitingMax }),
      users: 0,
    }
    this.#locks.set(name, lock)
    return lock
  }
}
