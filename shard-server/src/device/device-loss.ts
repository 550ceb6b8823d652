import type { Logger } from '@hypershard/common'

/** Between the loss and the process's end: calls under way get their error, and coordinators see that it serves no more. */
const endAfterMs = 2_000

/** What a server does when its device fails: it says that it serves no more, then ends, so that it is started afresh. */
export class DeviceLoss {
  readonly #log: Logger
  readonly #onDeath: (error: Error) => void
  #lost: Error | undefined
  /** Told at once. */
  onLost: () => void = () => {}

  readonly #later: (work: () => void, ms: number) => void

  /** @param later does work after a while */
  constructor(
    log: Logger,
    onDeath: (error: Error) => void,
    later = (work: () => void, ms: number): void => void setTimeout(work, ms).unref(),
  ) {
    this.#log = log
    this.#onDeath = onDeath
    this.#later = later
  }

  note(error: Error): void {
    this.#lost = error
    this.#log.fatal({ err: error }, 'the device is lost')
    this.onLost()
    this.#later(() => this.#onDeath(error), endAfterMs)
  }

  /** @throws HypershardError `unavailable` once it is lost */
  expectNone(): void {
    if (this.#lost !== undefined) throw this.#lost
  }
}
