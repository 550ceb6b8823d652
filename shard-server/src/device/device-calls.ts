import { type Deadline, type HypershardError, messageOf } from '@hypershard/common'
import { deviceLost, isDeviceLost } from '@hypershard/qnet'
import type { ThreadCalls } from '../threads/thread-calls.ts'
import type { DeviceAnswer, DeviceResult, ToDeviceThread } from './messages.ts'

/** The thread of a device as this server knows it. */
export type DeviceThread = Pick<ThreadCalls<ToDeviceThread, DeviceAnswer>, 'call' | 'post' | 'close'>

type Numbered<Message> = Message extends { readonly call: number } ? Omit<Message, 'call'> : never
type Question = Exclude<Numbered<ToDeviceThread>, { readonly type: 'cancel' }>
type ResultOf<Asked extends Question> = Extract<
  DeviceResult,
  { readonly type: { probe: 'ready'; hold: 'held'; rank: 'rank' }[Asked['type']] }
>

/** A device that has not answered so long after a query's end hangs. */
const hungMs = 30_000
/** What has no deadline, bringing a segment to the device, may wait behind queries and compile a graph for each chunk. */
const unboundedMsMax = 600_000

/** Does work after a while, unless it is called off. @returns what calls it off */
export type Later = (work: () => void, ms: number) => () => void

const afterMs: Later = (work, ms) => {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

/** Calls of a device's thread, until the device is lost: by an error of a run, the end of its thread, or silence. */
export class DeviceCalls {
  readonly #thread: DeviceThread
  readonly #onLost: (error: Error) => void
  readonly #later: Later
  /** Tells those who wait. */
  readonly #losing = Promise.withResolvers<never>()
  #closing = false
  lost: HypershardError | undefined

  constructor(
    startThread: (onDeath: (error: Error) => void) => DeviceThread,
    onLost: (error: Error) => void,
    later = afterMs,
  ) {
    this.#onLost = onLost
    this.#later = later
    this.#losing.promise.catch(() => undefined)
    this.#thread = startThread(error => this.#lose(deviceLost(messageOf(error))))
  }

  /** @throws HypershardError `unavailable` once the device is lost */
  expectAlive(): void {
    if (this.lost !== undefined) throw this.lost
  }

  post(message: ToDeviceThread): void {
    if (this.lost === undefined) this.#thread.post(message)
  }

  /**
   * Ends when the thread has answered, which it does soon after the deadline or a cancellation.
   * @throws HypershardError `unavailable` when the device is lost
   */
  async call<Asked extends Question>(
    question: Asked,
    deadline?: Deadline,
  ): Promise<Omit<DeviceAnswer, 'result'> & { readonly result: ResultOf<Asked> }> {
    this.expectAlive()
    const { call, answer } = this.#thread.call(number => ({ ...question, call: number }) as ToDeviceThread)
    const cancel = () => this.post({ type: 'cancel', call })
    deadline?.signal.addEventListener('abort', cancel, { once: true })
    if (deadline?.signal.aborted) cancel()
    const endMs = deadline === undefined ? unboundedMsMax : deadline.remainingMs
    const callOff = this.#later(() => this.#lose(deviceLost('it hangs')), endMs + hungMs)
    try {
      return (await Promise.race([answer, this.#losing.promise])) as never
    } catch (error) {
      if (isDeviceLost(error)) this.#lose(error as HypershardError)
      // The thread's end is what others see as a defect.
      throw this.lost ?? error
    } finally {
      callOff()
      deadline?.signal.removeEventListener('abort', cancel)
    }
  }

  /** Does not wait for the thread of a device that is lost: it may be in a run that does not return. */
  async close(): Promise<void> {
    this.#closing = true
    const closed = this.#thread.close()
    if (this.lost === undefined) await closed
  }

  #lose(error: HypershardError): void {
    if (this.lost !== undefined || this.#closing) return
    this.lost = error
    this.#losing.reject(error)
    this.#onLost(error)
  }
}
