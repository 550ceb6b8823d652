import type { Logger } from '@hypershard/common'

/** Between the loss and the process's end: calls under way get their error, and callers see that it serves no more. */
const endAfterMs = 2_000

/** What a process does when its device fails: it says that it serves no more, then ends, so that it is started afresh. */
export class DeviceLoss {
  readonly #log: Logger
  readonly #end: (error: Error) => void
  readonly #later: (work: () => void, ms: number) => void
  /** Told at once. */
  onLost: (error: Error) => void = () => {}

  /**
   * @param end ends the process, whatever the device's thread does: it may be in a run that does not return
   * @param later does work after a while
   */
  constructor(
    log: Logger,
    end: (error: Error) => void,
    later = (work: () => void, ms: number): void => void setTimeout(work, ms).unref(),
  ) {
    this.#log = log
    this.#end = end
    this.#later = later
  }

  note(error: Error): void {
    this.#log.fatal({ err: error }, 'the device is lost')
    this.onLost(error)
    this.#later(() => this.#end(error), endAfterMs)
  }
}
