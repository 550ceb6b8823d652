import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromClient, LoadJob, LoadResult, ToClient } from './load-job.ts'

const program = fileURLToPath(new URL('./client-process.ts', import.meta.url))

export interface JobWatch {
  /** Called where the measured time begins and where it ends, each within a message's way. */
  readonly onBegin?: () => void
  readonly onEnd?: () => void
  /** Ends the measured time once it settles. */
  readonly until?: Promise<unknown>
}

/** The bench's side of the client process: one job at a time. */
export class LoadClient {
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(program, { serialization: 'advanced', execArgv: [] })
  }

  /** @throws Error when the job failed, or the process ended */
  async run(job: LoadJob, { onBegin, onEnd, until }: JobWatch = {}): Promise<LoadResult> {
    const stop = () => this.#send({ type: 'stop' })
    until?.then(stop, stop)
    return new Promise((resolve, reject) => {
      const onMessage = (message: FromClient) => {
        if (message.type === 'begin') onBegin?.()
        else if (message.type === 'end') onEnd?.()
        else {
          this.#child.off('message', onMessage).off('exit', onExit)
          if (message.type === 'result') resolve(message.result)
          else reject(new Error(`load client: ${message.message}`))
        }
      }
      const onExit = () => reject(new Error('the load client ended'))
      this.#child.on('message', onMessage).on('exit', onExit)
      this.#send({ type: 'job', job })
    })
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  #send(message: ToClient): void {
    if (this.#child.connected) this.#child.send(message)
  }
}
